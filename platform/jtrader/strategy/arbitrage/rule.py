"""Cross-venue arbitrage: buys on the market that is cheap and sells on the one that is dear, out when they are level.

Idea: the same coin has one price; where two markets differ by more than it costs to trade, the pair earns the
difference when they meet again. Nothing is moved between venues: both legs are closed where they were opened.

    gain of entering = (bid_dear · (1 − fee) − ask_cheap · (1 + fee)) / ask_cheap ≥ edge
    cost of leaving  = (ask_sold · (1 + fee) − bid_bought · (1 − fee)) / bid_bought ≤ exit

with each market's taker fee. Parameters: `notional` of a leg in quote currency, `edge` and `exit` as fractions; what a
round earns is about edge − exit, so that `exit` may be above zero: level prices cost two fees to leave at. `max_age` in
seconds: quotes further apart than it are not compared. At most what stands at both best prices is taken.

It loses when one leg fills and the other doesn't (each leg is wanted again every few seconds, at the price of then),
when the difference has a cause that stays (withdrawals closed, other funding, another quote coin), and in the race for
it: who is slower pays the edge.
"""

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Quote
from jtrader.domain.money import ZERO
from jtrader.domain.times import SECOND
from jtrader.strategy.api import Decision, Setup, Strategy, View
from jtrader.strategy.legs import base_of, restored, same_amount, targets, two_legs

Fraction = Annotated[float, msgspec.Meta(ge=-0.1, le=0.1)]


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    notional: Decimal
    edge: Fraction = 0.002
    exit: Fraction = 0.001
    max_age: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)] = 2.0

    def __post_init__(self) -> None:
        if self.notional <= 0:
            raise BadInput(f"notional = {self.notional} must be above zero")
        if not self.exit < self.edge:
            raise BadInput(f"exit = {self.exit} must be below edge = {self.edge}: else a round earns nothing")


class Rule(Strategy):
    params: Params
    timer = 5 * SECOND
    """At which a leg that was refused is wanted anew."""

    def __init__(self, setup: Setup, params: Params) -> None:
        super().__init__(setup, params)
        self._legs = two_legs(setup)
        first, second = self._legs
        if first.market == second.market or first.base != second.base or (first.is_spot and second.is_spot):
            names = f"{first.id} and {second.id}"
            raise BadInput(f"arbitrage needs one coin on two markets, one of them to be sold short, not {names}")
        self._quotes: dict[InstrumentId, Quote] = {}
        self._wanted = {first.id: ZERO, second.id: ZERO}
        self._has_traded = False

    @property
    def warmup(self) -> int:
        return 1

    def on_quote(self, quote: Quote, view: View) -> Decision:
        self._quotes[view.instrument.id] = quote
        if len(self._quotes) < 2 or self._apart() > self.params.max_age * SECOND:
            self.counters["abstained_quotes"] += 1
            return None
        self.counters["decisions"] += 1
        first, second = self._legs
        if not any(self._wanted.values()):
            return self._entry(first, second) or self._entry(second, first)
        bought, sold = (first, second) if self._wanted[first.id] > 0 else (second, first)
        cost = self._cost(bought, sold)
        if cost > self.params.exit:
            return None
        return self._go({bought.id: ZERO, sold.id: ZERO}, f"level again: leaving costs {cost:.5f}")

    def on_timer(self, ts: int) -> Decision:  # noqa: ARG002
        return targets(self._wanted, "arbitrage") if self._has_traded else None

    def save(self) -> dict[str, Any]:
        quotes = {name: [q.ts, q.bid, q.bid_quantity, q.ask, q.ask_quantity] for name, q in self._quotes.items()}
        wanted = {name: str(quantity) for name, quantity in self._wanted.items()}
        return {"wanted": wanted, "quotes": quotes, "traded": self._has_traded}

    def restore(self, state: dict[str, Any]) -> None:
        self._wanted = restored(state["wanted"], self._wanted)
        self._quotes = {name: Quote(name, *row) for name, row in state["quotes"].items() if name in self._wanted}
        self._has_traded = state["traded"]

    def _entry(self, cheap: Instrument, dear: Instrument) -> Decision:
        ask, bid = self._quotes[cheap.id], self._quotes[dear.id]
        gain = (bid.bid * (1 - float(dear.taker_fee)) - ask.ask * (1 + float(cheap.taker_fee))) / ask.ask
        if gain < self.params.edge or dear.is_spot:
            return None
        base = base_of(self.params.notional, cheap, ask.ask)
        for leg, offered in ((cheap, ask.ask_quantity), (dear, bid.bid_quantity)):
            base = min(base, leg.quantity_from_float(offered) * leg.contract_value)
        bought, sold = same_amount(cheap, dear, base)
        if bought < cheap.min_quantity or sold < dear.min_quantity:
            return None
        return self._go({cheap.id: bought, dear.id: -sold}, f"{dear.id} is dearer by {gain:.5f} after fees")

    def _cost(self, bought: Instrument, sold: Instrument) -> float:
        bid, ask = self._quotes[bought.id].bid, self._quotes[sold.id].ask
        return (ask * (1 + float(sold.taker_fee)) - bid * (1 - float(bought.taker_fee))) / bid

    def _apart(self) -> int:
        times = [quote.ts for quote in self._quotes.values()]
        return max(times) - min(times)

    def _go(self, wanted: dict[InstrumentId, Decimal], reason: str) -> Decision:
        self._wanted, self._has_traded = wanted, True
        return targets(wanted, reason)
