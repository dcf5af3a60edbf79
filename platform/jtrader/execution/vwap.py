"""VWAP: slices in proportion to the volume that the market is expected to trade, corrected by what it does trade.

`curve` holds the expected share of each equal part of the UTC day (24 numbers = hours, 1440 = minutes), from
`volume_curve` over history. With `blend`, the schedule moves towards the realised share of `expected_volume` (others'
trades alone), at most `band` away from the curve.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec.structs import replace

from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle
from jtrader.domain.money import ONE, ZERO
from jtrader.domain.order import Intent
from jtrader.domain.times import DAY
from jtrader.execution.algorithm import ParentView, Plan
from jtrader.execution.params import Params, limit_fault, params_fault, read_params, window_fault
from jtrader.execution.schedule import Curve, Progress, Schedule
from jtrader.execution.twap import ScheduleParams, follow, path


class VwapParams(ScheduleParams, frozen=True, kw_only=True):
    curve: tuple[float, ...]
    blend: float = 0.0
    expected_volume: float | None = None
    """What others should trade over the window, in order units."""
    band: float = 0.1

    def fault(self) -> str:
        if not 1 <= len(self.curve) <= 1440 or DAY % len(self.curve):
            return f"'curve' has {len(self.curve)} parts; it must divide the day into at most 1440 equal ones"
        if min(self.curve) < 0 or not sum(self.curve) > 0:
            return "'curve' must have no part below 0 and one above it"
        if not (0 <= self.blend <= 1 and 0 <= self.band <= 1):
            return "'blend' and 'band' lie between 0 and 1"
        if self.blend and not (self.expected_volume or 0) > 0:
            return "'blend' needs 'expected_volume' above 0"
        return super().fault()


class Vwap:
    one_shot = False
    needs_market = True
    params: type[Params] = VwapParams

    def check(self, intent: Intent, instrument: Instrument) -> str:
        fault = (
            params_fault(intent, VwapParams)
            or limit_fault(intent, instrument.price_tick)
            or window_fault(intent, needs_end=True)
        )
        if fault:
            return fault
        weights = read_params(intent, VwapParams).curve
        if not volume_between(weights, intent.start or intent.ts, intent.end or 0):
            return "'curve' expects no volume at all between start and end"
        return ""

    def plan(self, view: ParentView) -> Plan:
        params = read_params(view.intent, VwapParams)
        straight = path(view, params)
        expected = curve_over(params.curve, straight.grid.start, straight.grid.end)
        schedule = Schedule(straight.grid, expected, straight.quantity, straight.missed)
        if not params.blend:
            return follow(view, schedule, params)
        return follow(view, replace(schedule, curve=blended(expected, params, schedule.progress(view), view)), params)


def curve_over(weights: Sequence[float], start: int, end: int) -> Curve:
    """The share of the window's expected volume before a time; straight within a part of the day."""
    whole = volume_between(weights, start, end)
    return lambda ts: min(max(volume_between(weights, start, min(ts, end)) / whole, ZERO), ONE)


def blended(expected: Curve, params: VwapParams, progress: Progress, view: ParentView) -> Curve:
    """The curve moved towards the share of the expected volume that was realised so far, within the band."""
    realised = min(max(progress.volume / Decimal(repr(params.expected_volume)), ZERO), ONE)
    ahead = realised - expected(view.now)
    band = Decimal(repr(params.band))
    shift = min(max(Decimal(repr(params.blend)) * ahead, -band), band)

    def curve(ts: int) -> Decimal:
        plain = expected(ts)
        return plain if plain <= ZERO or plain >= ONE else min(max(plain + shift, ZERO), ONE)

    return curve


def volume_between(weights: Sequence[float], start: int, end: int) -> Decimal:
    """The expected volume from `start` to `end`, in the curve's own unit."""
    part = DAY // len(weights)
    total = ZERO
    now = start
    while now < end:
        until = min((now // part + 1) * part, end)
        total += Decimal(repr(weights[now % DAY // part])) * (until - now) / part
        now = until
    return total


def volume_curve(candles: Iterable[Candle], parts: int = 24, weekday: int | None = None) -> tuple[float, ...]:
    """The mean share of each part of the UTC day in the volume of candles, of one weekday (0 = Monday) where it is
    named. Raises BadInput without any volume or for parts that don't divide the day."""
    if not 1 <= parts <= 1440 or DAY % parts:
        raise BadInput(f"{parts} parts don't divide the day into at most 1440 equal ones")
    volumes = [0.0] * parts
    for candle in candles:
        if weekday is None or (candle.ts // DAY + 3) % 7 == weekday:
            volumes[candle.ts % DAY * parts // DAY] += candle.volume
    whole = sum(volumes)
    if not whole > 0:
        raise BadInput("a volume curve needs candles with volume")
    return tuple(volume / whole for volume in volumes)
