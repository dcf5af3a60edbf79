"""All at once at the market: one child, whatever it does not fill is given up."""

from collections.abc import Sequence

from jtrader.domain.instrument import Instrument
from jtrader.domain.order import Intent, OrderType, TimeInForce
from jtrader.execution.algorithm import ParentView, Slice


class Market:
    def check(self, intent: Intent, instrument: Instrument) -> str:  # noqa: ARG002
        return "" if intent.limit_price is None else "algorithm 'market' takes no limit_price; use 'limit'"

    def plan(self, view: ParentView) -> Sequence[Slice]:
        if view.children:
            return ()
        return (Slice(quantity=view.left, type=OrderType.MARKET, time_in_force=TimeInForce.IOC),)

    def is_over(self, view: ParentView) -> bool:
        return view.children > 0 and not view.working
