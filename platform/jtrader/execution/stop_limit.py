"""Stop-limit: once triggered, a limit order at the intent's limit. One that does not fill is an open risk, so after
`escalate_after` it is cancelled and placed anew at the other side's best (`reprice`) or taken out (`market`): both go
beyond the limit, because the intent asked for it."""

from decimal import Decimal
from enum import StrEnum

from msgspec.structs import replace

from jtrader.domain.instrument import Instrument
from jtrader.domain.order import Intent, OrderType
from jtrader.domain.times import SECOND
from jtrader.execution.algorithm import ParentView, Plan
from jtrader.execution.driver import stuck, to_cancel
from jtrader.execution.params import Params, read_params
from jtrader.execution.sizing import lots_of, other_best, resting
from jtrader.execution.stop import StopParams, wait
from jtrader.execution.triggers import Latch, get_out, price_fault, trigger_fault


class Escalation(StrEnum):
    REPRICE = "reprice"
    MARKET = "market"


class StopLimitParams(StopParams, frozen=True, kw_only=True):
    escalate_after: float | None = None
    """Seconds of market time; unset = the limit order stays."""
    escalate: Escalation = Escalation.MARKET

    def fault(self) -> str:
        if self.escalate_after is not None and self.escalate_after < 1:
            return f"'escalate_after' is {self.escalate_after} s; it must be at least 1"
        if self.escalate_after is not None and self.native:
            return "'escalate_after' needs a stop that is watched here: leave 'native' out"
        return super().fault()


class StopLimit:
    one_shot = False
    needs_market = True
    params: type[Params] = StopLimitParams

    def check(self, intent: Intent, instrument: Instrument) -> str:
        return trigger_fault(intent, instrument, StopLimitParams, needs_limit=True) or price_fault(
            "trigger", read_params(intent, StopLimitParams).trigger, instrument
        )

    def plan(self, view: ParentView) -> Plan:
        params = read_params(view.intent, StopLimitParams)
        latch = wait(view, params, OrderType.STOP_LIMIT)
        if isinstance(latch, Plan):
            return latch
        if latch.escalated and params.escalate is Escalation.MARKET:
            return get_out(view, latch, params.collar_bps)
        if view.live:
            return self._look_after(view, params, latch)
        price = other_best(view) if latch.escalated else view.intent.limit_price
        return _rest(view, latch, price)

    def _look_after(self, view: ParentView, params: StopLimitParams, latch: Latch) -> Plan:
        after = params.escalate_after
        oldest = min(child.ts for child in view.live)
        if after is None or view.now - oldest < after * SECOND:
            return Plan(reason="triggered, the limit order works", memo=latch.memo())
        gone = replace(latch, escalated=True)
        return Plan(cancel=to_cancel(view), reason=f"unfilled for {after:g} s: escalates", memo=gone.memo())


def _rest(view: ParentView, latch: Latch, price: Decimal | None) -> Plan:
    quantity = lots_of(view, view.left, price)
    if price is None or not quantity:
        return replace(stuck(view), memo=latch.memo())
    return Plan(
        place=(resting(quantity, price, post_only=False),),
        reason="triggered, the limit order works",
        memo=latch.memo(),
    )
