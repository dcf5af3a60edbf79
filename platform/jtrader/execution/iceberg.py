"""Iceberg: one visible child of the display size at the limit; when it has filled, the next. Each refill joins the end
of the queue. Sizes may vary at random within `variance`, the same way after a restart."""

import zlib
from decimal import Decimal

from msgspec.structs import replace

from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ONE, plain
from jtrader.domain.order import Intent
from jtrader.domain.times import SECOND
from jtrader.execution.algorithm import ParentView, Plan
from jtrader.execution.driver import stuck
from jtrader.execution.params import Params, limit_fault, params_fault, read_params, window_fault
from jtrader.execution.sizing import least, lots_of, resting


class IcebergParams(Params, frozen=True, kw_only=True):
    display: Decimal
    """The visible quantity, in order units."""
    variance: Decimal = Decimal(0)
    """Peaks differ from it by up to this fraction."""
    refill_delay: float = 0.0
    """Seconds of market time from the last peak's end to the next; told to the nearest look."""
    post_only: bool = False

    def fault(self) -> str:
        if self.display <= 0:
            return f"'display' is {self.display}; it must be above 0"
        if not 0 <= self.variance < 1:
            return f"'variance' is {self.variance}; it lies between 0 and 1"
        return "" if self.refill_delay >= 0 else f"'refill_delay' is {self.refill_delay}; it can't be below 0"


class Iceberg:
    one_shot = False
    needs_market = True
    params: type[Params] = IcebergParams

    def check(self, intent: Intent, instrument: Instrument) -> str:
        fault = (
            params_fault(intent, IcebergParams)
            or limit_fault(intent, instrument.price_tick, needed=True)
            or window_fault(intent, needs_end=False)
        )
        if fault:
            return fault
        display = read_params(intent, IcebergParams).display
        if instrument.quantity_down(display) < instrument.min_quantity:
            return f"'display' {plain(display)} is below the least quantity {plain(instrument.min_quantity)}"
        return ""

    def plan(self, view: ParentView) -> Plan:
        if view.live:
            return Plan(reason="a peak rests", memo={})
        params = read_params(view.intent, IcebergParams)
        ended = view.memo.get("ended")
        if view.children and ended is None and params.refill_delay:
            return Plan(reason="refills soon", memo={"ended": view.now}, save=True)
        if ended is not None and view.now < ended + params.refill_delay * SECOND:
            return Plan(reason="refills soon", memo=dict(view.memo))
        price = view.intent.limit_price
        quantity = lots_of(view, max(peak(view, params), least(view, price)), price)
        if price is None or not quantity:
            return replace(stuck(view), memo=dict(view.memo))
        return Plan(place=(resting(quantity, price, params.post_only),), reason="a peak rests", memo={"ended": None})


def peak(view: ParentView, params: IcebergParams) -> Decimal:
    """The next peak's size."""
    seed = zlib.crc32(f"{view.intent.parent_id} {view.children}".encode())
    share = Decimal(seed) / Decimal(1 << 32) * 2 - ONE
    return params.display * (ONE + params.variance * share)
