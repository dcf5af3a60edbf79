"""Market making with inventory skew: rests a bid and an ask around a price that leans against what it holds.

Idea: earn the spread from both sides, and move both quotes down when long, up when short, so that the inventory comes
back by itself. After Avellaneda and Stoikov, High-frequency trading in a limit order book, Quantitative Finance 8(3),
2008, equations for the reservation price and the spread, in relative prices and with a horizon that doesn't run out:

    reservation = mid · (1 − q·γ·σ²·τ);  half spread = mid · (γ·σ²·τ / 2 + ln(1 + γ/κ) / γ)

q is the position as a share of the most it may hold (−1 … 1), σ the deviation of one-minute log returns over `window`
minutes, τ the `horizon` in minutes. Quotes are post-only limit intents, moved when they are `reprice` ticks or more
away from where they should be: cancelled first, placed anew when that is done. At most one move each `rest` seconds.

Parameters: `notional` of a quote and `max_notional` of the position in quote currency, `gamma` the aversion to
inventory, `kappa` how fast fills get rarer with the distance (5000: a factor e each 2 bp; 1/kappa is about the half
spread).

It loses to those who know more: a trend fills one side until `max_notional`; on a jump the quote is hit before it
moves; where the venue's maker fee is above the half spread every round loses. Stop it with cancel or flatten.
"""

import math
from collections import deque
from decimal import Decimal
from itertools import pairwise
from statistics import fmean
from typing import Annotated, Any

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Product
from jtrader.domain.market import Candle, Quote
from jtrader.domain.money import ZERO
from jtrader.domain.order import Intent, Side
from jtrader.domain.times import MINUTE, SECOND
from jtrader.strategy.api import Cancel, Decision, Setup, Strategy, View
from jtrader.strategy.targets import size


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    notional: Decimal
    max_notional: Decimal
    gamma: Annotated[float, msgspec.Meta(gt=0.0, le=1e6)] = 50.0
    kappa: Annotated[float, msgspec.Meta(gt=0.0, le=1e9)] = 5000.0
    horizon: Annotated[float, msgspec.Meta(gt=0.0, le=1440.0)] = 30.0
    window: Annotated[int, msgspec.Meta(ge=3, le=1440)] = 30
    reprice: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 2
    rest: Annotated[float, msgspec.Meta(ge=0.1, le=3600.0)] = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.notional <= self.max_notional:
            raise BadInput(f"notional = {self.notional} must be above zero and at most max_notional")


def quotes(mid: float, share: float, variance: float, params: Params) -> tuple[float, float]:
    """(bid, ask) before rounding; `share` is q, `variance` σ² a minute."""
    risk = params.gamma * variance * params.horizon
    half = risk / 2 + math.log1p(params.gamma / params.kappa) / params.gamma
    return mid * (1 - share * risk - half), mid * (1 - share * risk + half)


class Rule(Strategy):
    params: Params

    def __init__(self, setup: Setup, params: Params) -> None:
        super().__init__(setup, params)
        for leg in setup.instruments.values():
            if leg.product not in (Product.SPOT, Product.LINEAR):
                raise BadInput(f"market_making can't trade {leg.id}: it is {leg.product}, not spot or linear")
        self._closes = {name: deque[float](maxlen=params.window + 1) for name in setup.instruments}
        self._last: dict[InstrumentId, int] = {}
        self._moved: dict[InstrumentId, int] = {}

    @property
    def warmup(self) -> int:
        return self.params.window + 1

    def change(self, params: Params) -> None:
        super().change(params)
        self._closes = {name: deque(closes, maxlen=params.window + 1) for name, closes in self._closes.items()}

    def warm(self, candle: Candle) -> None:
        closes = self._closes[candle.instrument]
        if candle.ts != self._last.get(candle.instrument, candle.ts - MINUTE) + MINUTE:
            closes.clear()
        closes.append(candle.close)
        self._last[candle.instrument] = candle.ts

    def on_quote(self, quote: Quote, view: View) -> Decision:
        closes = self._closes[quote.instrument]
        if len(closes) <= self.params.window:
            self.counters["abstained_history"] += 1
            return None
        if quote.ts < self._moved.get(quote.instrument, 0) + self.params.rest * SECOND:
            return None
        most = size(view.instrument, self.params.max_notional, quote.mid)
        share = max(-1.0, min(1.0, float(view.position / most))) if most else 0.0
        variance = fmean(math.log(new / old) ** 2 for old, new in pairwise(closes))
        bid, ask = quotes(quote.mid, share, variance, self.params)
        instrument = view.instrument
        below = min(instrument.ticks_down(bid), instrument.ticks_up(quote.ask) - 1)
        above = max(instrument.ticks_up(ask), instrument.ticks_down(quote.bid) + 1)
        self.counters["decisions"] += 1
        moves = [*self._side(Side.BUY, below, most, quote, view), *self._side(Side.SELL, above, most, quote, view)]
        if moves:
            self._moved[quote.instrument] = quote.ts
        return moves

    def save(self) -> dict[str, Any]:
        return {"moved": dict(self._moved)}

    def restore(self, state: dict[str, Any]) -> None:
        self._moved = {name: ts for name, ts in state["moved"].items() if name in self._closes}

    def _side(self, side: Side, ticks: int, most: Decimal, quote: Quote, view: View) -> list[Intent | Cancel]:
        """What brings the one quote of a side to its place: nothing where it is near enough."""
        price = view.instrument.price_at(ticks)
        working = [order for order in view.orders if order.side is side]
        if working:
            far = [
                o
                for o in working
                if o.price and abs(o.price - price) >= self.params.reprice * view.instrument.price_tick
            ]
            return [Cancel(parent_id=order.parent_id, reason="the quote moves") for order in far]
        room = most - side.sign * view.position
        if side is Side.SELL and view.instrument.is_spot:
            room = min(room, view.position)
        quantity = min(
            size(view.instrument, self.params.notional, quote.mid), view.instrument.quantity_down(max(room, ZERO))
        )
        if ticks <= 0 or quantity < view.instrument.min_quantity or quantity * price < view.instrument.min_notional:
            return []
        intent = self.setup.intent(
            quote.instrument,
            side.sign * quantity,
            quote.ts,
            str(side),
            "market making",
            algorithm="limit",
            limit_price=price,
            params={"post_only": True},
        )
        return [intent]
