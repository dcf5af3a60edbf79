"""Stop: dormant until the watched price crosses the trigger, then out at the market within a collar.

It is watched here, or, with `native`, by the venue: a conditional order that survives us. Where the venue refuses that
order, it is watched here after all.
"""

from decimal import Decimal

from msgspec.structs import replace

from jtrader.domain.instrument import Instrument
from jtrader.domain.money import plain
from jtrader.domain.order import Intent, OrderStatus, OrderType, ParentState, TimeInForce
from jtrader.execution.algorithm import ParentView, Plan, Slice
from jtrader.execution.params import Params, read_params
from jtrader.execution.triggers import (
    Latch,
    TriggerParams,
    blind,
    crosses,
    get_out,
    latch_of,
    price_fault,
    trigger_fault,
    watched,
    worst,
)

_NEVER_STOOD = (OrderStatus.REFUSED, OrderStatus.REJECTED)


class StopParams(TriggerParams, frozen=True, kw_only=True):
    trigger: Decimal
    native: bool = False


class Stop:
    one_shot = False
    needs_market = True
    params: type[Params] = StopParams

    def check(self, intent: Intent, instrument: Instrument) -> str:
        return trigger_fault(intent, instrument, StopParams, needs_limit=False) or price_fault(
            "trigger", read_params(intent, StopParams).trigger, instrument
        )

    def plan(self, view: ParentView) -> Plan:
        params = read_params(view.intent, StopParams)
        latch = wait(view, params, OrderType.STOP)
        return get_out(view, latch, params.collar_bps) if isinstance(latch, Latch) else latch


def wait(view: ParentView, params: StopParams, native: OrderType) -> Latch | Plan:
    """The latch once it is triggered, else what to do until then."""
    latch = latch_of(view)
    if latch.triggered:
        return latch
    if params.native and not latch.local:
        kept = _kept_by_venue(view, params, native, latch)
        if isinstance(kept, Plan):
            return kept
        latch = kept
    seen = watched(view, params.source)
    if isinstance(seen, str):
        return blind(seen, latch)
    reached = worst(view.intent.side, seen)
    if not latch.triggered and not crosses(view.intent.side, reached, params.trigger):
        return Plan(reason=f"waits for {params.source} {plain(params.trigger)}", memo=latch.memo(), save=latch.local)
    return latch if latch.triggered else replace(latch, triggered=view.now, price=reached)


def _kept_by_venue(view: ParentView, params: StopParams, native: OrderType, latch: Latch) -> Plan | Latch:
    """What to do while the venue keeps it; the latch where it does not any more."""
    newest = view.newest
    if view.live:
        return Plan(reason=f"the venue waits for {params.source} {plain(params.trigger)}", memo=latch.memo())
    if newest is None:
        order = Slice(
            quantity=view.left,
            type=native,
            time_in_force=TimeInForce.GTC,
            price=view.intent.limit_price,
            trigger_price=params.trigger,
            trigger_by=params.source,
        )
        return Plan(place=(order,), reason="placed at the venue", memo=latch.memo())
    if newest.status in _NEVER_STOOD:
        return replace(latch, local=True)
    if newest.filled:
        return replace(latch, local=True, triggered=view.now, price=params.trigger)
    return Plan(state=ParentState.FAILED, reason=f"the venue ended it: {newest.reason or newest.status}")
