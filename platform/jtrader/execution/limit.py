"""One resting order at the intent's limit, good till cancelled; with `post_only` it never takes from the market."""

from jtrader.domain.instrument import Instrument
from jtrader.domain.order import Intent, OrderType, ParentState, TimeInForce
from jtrader.execution.algorithm import ParentView, Plan, Slice
from jtrader.execution.params import Params, limit_fault, params_fault, read_params, window_fault
from jtrader.execution.single import ended


class LimitParams(Params, frozen=True, kw_only=True):
    post_only: bool = False


class Limit:
    one_shot = True
    needs_market = False
    params: type[Params] = Params

    def check(self, intent: Intent, instrument: Instrument) -> str:
        return (
            limit_fault(intent, instrument.price_tick, needed=True)
            or params_fault(intent, LimitParams)
            or window_fault(intent, needs_end=False)
        )

    def plan(self, view: ParentView) -> Plan:
        if view.live and view.state is ParentState.PAUSED:
            return Plan(state=ParentState.PAUSED, reason="waits for the cancel of its order")
        if view.live or (view.children and view.state is not ParentState.PAUSED):
            return ended(view)
        price = view.intent.limit_price
        rests = TimeInForce.POST_ONLY if read_params(view.intent, LimitParams).post_only else TimeInForce.GTC
        return Plan(place=(Slice(quantity=view.left, type=OrderType.LIMIT, time_in_force=rests, price=price),))
