"""All at once at the market: one child, whatever it does not fill is given up."""

from jtrader.domain.instrument import Instrument
from jtrader.domain.order import Intent, OrderType, TimeInForce
from jtrader.execution.algorithm import ParentView, Plan, Slice
from jtrader.execution.params import Params, params_fault, window_fault
from jtrader.execution.single import ended


class Market:
    one_shot = True
    needs_market = False
    params: type[Params] = Params

    def check(self, intent: Intent, instrument: Instrument) -> str:  # noqa: ARG002
        if intent.limit_price is not None:
            return "algorithm 'market' takes no limit_price; use 'limit'"
        return params_fault(intent, Params) or window_fault(intent, needs_end=False)

    def plan(self, view: ParentView) -> Plan:
        if view.children:
            return ended(view)
        return Plan(place=(Slice(quantity=view.left, type=OrderType.MARKET, time_in_force=TimeInForce.IOC),))
