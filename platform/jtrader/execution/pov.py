"""POV: keeps own/(own + others) near a rate by following what others trade since the start.

Own trades are taken out of the market's, else it would chase itself. A print above `block` counts as one of that size.
A parent that must complete breaks the rate at its end: the sweep is reported by its reason.
"""

from decimal import Decimal

import msgspec
from msgspec.structs import replace

from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.domain.order import Intent
from jtrader.domain.times import MINUTE, SECOND
from jtrader.execution.algorithm import ParentView, Plan
from jtrader.execution.params import Params, limit_fault, params_fault, read_params, window_fault
from jtrader.execution.schedule import participation_cap
from jtrader.execution.working import Manner, Style, collar_of, work


class PovParams(Params, frozen=True, kw_only=True):
    rate: float
    """Own share of all volume, between 0 and 1."""
    block: float | None = None
    """In order units; unset = prints count whole."""
    min_per_minute: Decimal = Decimal(0)
    """Order units that are traded however quiet the market is; unset = it idles with the market."""
    max_per_minute: Decimal | None = None
    """Order units that are traded at most however busy it is."""
    style: Style = Style.TAKER
    collar_bps: Decimal = Decimal(50)
    min_rest: float = 5.0

    def fault(self) -> str:
        if not 0 < self.rate < 1:
            return f"'rate' is {self.rate}; it lies between 0 and 1"
        if self.min_per_minute < 0 or (self.max_per_minute is not None and self.max_per_minute <= self.min_per_minute):
            return "'min_per_minute' can't be below 0, and 'max_per_minute' must be above it"
        if (self.block is not None and self.block <= 0) or self.collar_bps <= 0 or self.min_rest < 1:
            return "'block' and 'collar_bps' must be above 0, 'min_rest' at least 1"
        return ""


class Followed(msgspec.Struct, frozen=True):
    """The memo: what others traded, for how long (ns of market time in which it could act), and how much may still be
    sent at once under `max_per_minute`."""

    volume: Decimal = ZERO
    elapsed: int = 0
    at: int = 0
    room: Decimal = ZERO


class Pov:
    one_shot = False
    needs_market = True
    params: type[Params] = PovParams

    def check(self, intent: Intent, instrument: Instrument) -> str:
        return (
            params_fault(intent, PovParams)
            or limit_fault(intent, instrument.price_tick)
            or window_fault(intent, needs_end=False)
        )

    def plan(self, view: ParentView) -> Plan:
        params = read_params(view.intent, PovParams)
        told = follow_market(view, params)
        done = view.filled + view.working
        target = max(
            participation_cap(told.volume, params.rate, view.intent.quantity),
            params.min_per_minute * told.elapsed / MINUTE,
        )
        target = min(target, view.intent.quantity)
        if params.max_per_minute is not None:
            target = min(target, done + told.room)
        plan = work(view, target, target, Manner(params.style, collar_of(params.collar_bps), None, _rest(params)))
        if params.max_per_minute is not None:
            told = replace(told, room=told.room - sum((piece.quantity for piece in plan.place), ZERO))
        return replace(plan, memo=msgspec.to_builtins(told))


def follow_market(view: ParentView, params: PovParams) -> Followed:
    """The memo after this look. Time in which it was held up does not count."""
    told = msgspec.convert(view.memo, Followed)
    passed = 0 if view.resumed or not told.at else view.now - told.at
    sizes = (size if params.block is None else min(size, params.block) for size in view.trades)
    volume = told.volume + sum((Decimal(repr(size)) for size in sizes), ZERO) - view.own
    room = ZERO
    if params.max_per_minute is not None:
        most = params.max_per_minute
        room = most if not told.at else min(told.room + most * passed / MINUTE, most)
    return Followed(volume, told.elapsed + passed, view.now, room)


def _rest(params: PovParams) -> int:
    return int(params.min_rest * SECOND)
