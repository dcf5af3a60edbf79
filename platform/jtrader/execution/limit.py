"""One resting order at the intent's limit, good till cancelled."""

from collections.abc import Sequence

from jtrader.domain.instrument import Instrument
from jtrader.domain.money import plain
from jtrader.domain.order import Intent, OrderType, TimeInForce
from jtrader.execution.algorithm import ParentView, Slice


class Limit:
    def check(self, intent: Intent, instrument: Instrument) -> str:
        if intent.limit_price is None:
            return "algorithm 'limit' needs a limit_price"
        if intent.limit_price <= 0 or not instrument.price_on_grid(intent.limit_price):
            return f"limit_price {plain(intent.limit_price)} is not a multiple of {plain(instrument.price_tick)}"
        return ""

    def plan(self, view: ParentView) -> Sequence[Slice]:
        if view.children:
            return ()
        return (
            Slice(
                quantity=view.left,
                type=OrderType.LIMIT,
                time_in_force=TimeInForce.GTC,
                price=view.intent.limit_price,
            ),
        )

    def is_over(self, view: ParentView) -> bool:
        return view.children > 0 and not view.working
