"""A desk's day of orders, made from a seed: what its strategies want and the venue tells, as inputs of the engine.

Limit orders, most of them filled in up to three parts, some cancelled; the venue acknowledges before it fills. Ten
orders a second of market time, a tick and fresh quotes each second.
"""

import random
from collections.abc import Iterator
from decimal import Decimal

import msgspec

from fixtures.oms_desk import ALPHA, ASK, BID, LIMITS, PERP, Desk, accounts, venue_order
from fixtures.oms_desk import INSTRUMENTS as INSTRUMENTS
from jtrader.domain.events import Event
from jtrader.domain.market import Quote
from jtrader.domain.order import OrderStatus, Side
from jtrader.domain.times import SECOND
from jtrader.engine.commands import SubmitOrder
from jtrader.engine.engine import Engine, Outcome
from jtrader.engine.inputs import CancelAsked, FillReported, Input, IntentSubmitted, Moment, OrderReported, Ticked

ORDERS_A_SECOND = 10
STRATEGIES = ("momentum", "carry", "pairs", "maker")
ENOUGH = 10**9
WIDE = msgspec.structs.replace(
    LIMITS,
    max_position_notional=Decimal(ENOUGH),
    max_gross_notional=Decimal(ENOUGH),
    max_net_notional=Decimal(ENOUGH),
    max_daily_loss=Decimal(ENOUGH),
    max_drawdown=Decimal(ENOUGH),
    max_repeats=ENOUGH,
    leverage=Decimal(100),
)
Given = tuple[Input | Quote, Moment]


def engine() -> Engine:
    return Engine(INSTRUMENTS, accounts(WIDE))


class Flow(Desk):
    """Remembers what was given to the engine, so that a fresh one can be given the same."""

    def __init__(self, seed: int) -> None:
        self.given: list[Given] = []
        self._rng = random.Random(seed)
        super().__init__(WIDE, ENOUGH)

    def do(self, given: Input) -> Outcome:
        now = Moment(self.market, self.wall)
        self.given.append((given, now))
        outcome = self.engine.handle(given, now)
        self.events += outcome.events
        return outcome

    def quote(self, bid: float = BID, ask: float = ASK) -> None:
        now = Moment(self.market, self.wall)
        quote = Quote(PERP, self.market, bid, 1.0, ask, 1.0)
        self.given.append((quote, now))
        self.engine.see(quote, self.wall)

    def order(self) -> None:  # type: ignore[override]
        """One life of an order, from the intent to its end."""
        rng = self._rng
        side = Side.BUY if self.net() < 0 else Side.SELL if self.net() > 0 else rng.choice(tuple(Side))
        tenths = rng.randint(1, 3)
        price = Decimal("50000.0") + rng.randrange(-100, 100) / Decimal(10)
        intent = self.intent(side, f"0.{tenths}", strategy=rng.choice(STRATEGIES), algorithm="limit", limit_price=price)
        outcome = self.do(IntentSubmitted(intent))
        assert outcome.answer is not None
        assert outcome.answer.accepted, outcome.answer.reason
        [child] = [command.order for command in outcome.commands if isinstance(command, SubmitOrder)]
        self.do(OrderReported(venue_order(child, OrderStatus.NEW)))
        if rng.random() < 0.1:
            self.do(CancelAsked(client_order_id=child.client_order_id, actor="ann", reason="changed her mind"))
            self.do(OrderReported(venue_order(child, OrderStatus.CANCELED)))
            return
        for _ in range(tenths):
            self.do(FillReported(self.execution(child, "0.1", price=price, fee=price / 10_000)))

    def run(self, orders: int) -> Iterator[list[Event]]:
        """The events of each second; what is `given` grows meanwhile."""
        for number in range(orders):
            if number % ORDERS_A_SECOND == 0:
                self.market += SECOND
                self.wall += SECOND
                self.quote()
                self.do(Ticked())
                yield self.events
                self.events = []
            self.order()
        yield self.events
        self.events = []


__all__ = ["ALPHA", "INSTRUMENTS", "Flow", "Given", "engine"]
