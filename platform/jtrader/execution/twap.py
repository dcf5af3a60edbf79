"""TWAP: equal slices over the window. The k-th slice, at start + k·interval, brings what is sent to Q·(k+1)/n.

A slice that can't be sent whole (lots, the venue's least, a refusal) is carried into the next; the last takes the rest.
"""

from decimal import Decimal

import msgspec
from msgspec.structs import replace

from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ONE, ZERO
from jtrader.domain.order import Intent
from jtrader.domain.times import SECOND
from jtrader.execution.algorithm import ParentView, Plan
from jtrader.execution.params import Params, limit_fault, params_fault, read_params, window_fault
from jtrader.execution.schedule import Grid, Missed, Progress, Schedule, participation_cap
from jtrader.execution.sizing import least, own_best
from jtrader.execution.working import Manner, Style, collar_of, work


class ScheduleParams(Params, frozen=True, kw_only=True):
    """Of every schedule. Times in seconds of market time; fractions between 0 and 1."""

    interval: float = 60.0
    style: Style = Style.TAKER
    cross_after: float | None = None
    """Passive and peg: what is late by this is taken; unset = never."""
    collar_bps: Decimal = Decimal(50)
    """How far from the mid a taking child may go; the account's collar where that is narrower."""
    max_participation: float | None = None
    missed: Missed = Missed.RESCHEDULE
    most_slices: Decimal = Decimal(3)
    """At most so many slices are sent in one interval, however late the parent is."""
    min_rest: float = 5.0

    def fault(self) -> str:
        if self.interval < 1:
            return f"'interval' is {self.interval} s; it must be at least 1"
        if self.collar_bps <= 0 or self.most_slices < 1 or self.min_rest < 1:
            return "'collar_bps' must be above 0, 'most_slices' and 'min_rest' at least 1"
        if self.cross_after is not None and (self.cross_after < 0 or self.style is Style.TAKER):
            return "'cross_after' is for the styles passive and peg, and at least 0"
        if self.max_participation is not None and not 0 < self.max_participation < 1:
            return f"'max_participation' is {self.max_participation}; it lies between 0 and 1"
        return ""

    @property
    def manner(self) -> Manner:
        cross = None if self.cross_after is None else int(self.cross_after * SECOND)
        return Manner(self.style, collar_of(self.collar_bps), cross, int(self.min_rest * SECOND))


class TwapParams(ScheduleParams, frozen=True, kw_only=True):
    jitter: float = 0.0
    """Moves slices by up to this fraction of an interval, and their sizes by up to half of it, so that they can't be
    guessed; the path stays within one slice of the straight one."""

    def fault(self) -> str:
        if not 0 <= self.jitter <= 0.5:
            return f"'jitter' is {self.jitter}; it lies between 0 and 0.5"
        return super().fault()


class Twap:
    one_shot = False
    needs_market = True
    params: type[Params] = TwapParams

    def check(self, intent: Intent, instrument: Instrument) -> str:
        return (
            params_fault(intent, TwapParams)
            or limit_fault(intent, instrument.price_tick)
            or window_fault(intent, needs_end=True)
        )

    def plan(self, view: ParentView) -> Plan:
        params = read_params(view.intent, TwapParams)
        return follow(view, path(view, params, params.jitter), params)


def path(view: ParentView, params: ScheduleParams, jitter: float = 0.0) -> Schedule:
    """The straight line over the window."""
    start, end = view.start, view.intent.end or view.start
    span = Decimal(end - start)
    grid = Grid(start, end, int(params.interval * SECOND), jitter, view.intent.parent_id)
    return Schedule(
        grid, lambda ts: min(max(Decimal(ts - start) / span, ZERO), ONE), view.intent.quantity, params.missed
    )


def follow(view: ParentView, schedule: Schedule, params: ScheduleParams) -> Plan:
    """One look at a schedule."""
    progress = schedule.progress(view)
    cap = min(
        view.intent.quantity,
        max(schedule.allowed(progress, params.most_slices), progress.begun + least(view, own_best(view))),
        participation_cap(progress.volume, params.max_participation, view.intent.quantity),
    )
    manner = params.manner
    ago = schedule.grid.index(view.now - (manner.cross_after or 0))
    late = schedule.target(ago, progress)
    plan = work(view, min(schedule.target(progress.k, progress), cap), min(late, cap), manner)
    return replace(plan, memo=memo_of(progress), save=progress.k != view.memo.get("k"))


def memo_of(progress: Progress) -> dict[str, object]:
    told: dict[str, object] = msgspec.to_builtins(progress)
    return told
