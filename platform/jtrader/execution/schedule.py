"""Schedules: how much should be done by when. A curve says which fraction of the window's work lies before a time; it
is sampled in slices, and re-anchored when time has passed in which nothing could be done."""

import zlib
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from jtrader.domain.money import ONE, ZERO
from jtrader.execution.algorithm import ParentView

Curve = Callable[[int], Decimal]
"""Market time → fraction of the work before it, 0 at the start and 1 at the end; never falls."""


class Missed(StrEnum):
    """What becomes of slices whose time has passed during a pause, stale data or a restart."""

    RESCHEDULE = "reschedule"  # the rest is spread over the time left
    CATCH_UP = "catch_up"  # done at once, at most `most_slices` slices an interval
    SKIP_MISSED = "skip_missed"  # left undone


class Grid(msgspec.Struct, frozen=True):
    """Slices of `interval` from `start` to `end` (ns); the k-th begins at start + k·interval, moved by at most `jitter`
    of itself. `seed` makes jitter the same after a restart."""

    start: int
    end: int
    interval: int
    jitter: float = 0.0
    seed: str = ""

    @property
    def slices(self) -> int:
        return -(-(self.end - self.start) // self.interval)

    def index(self, now: int) -> int:
        """The slice that has begun last; −1 before the start."""
        if now < self.start:
            return -1
        k = min((now - self.start) // self.interval, self.slices - 1)
        begins = self.start + k * self.interval
        length = min(self.interval, self.end - begins)
        return k - 1 if k and now < begins + int(self.random(k, "time") * self.jitter * length) else k

    def end_of(self, k: int) -> int:
        return self.start if k < 0 else min(self.start + (k + 1) * self.interval, self.end)

    def random(self, k: int, what: str) -> float:
        """Within [0, 1), the same for ever."""
        return zlib.crc32(f"{self.seed} {k} {what}".encode()) / (1 << 32)


class Progress(msgspec.Struct, frozen=True):
    """The memo of a schedule. `base` was done at `since`, when it was anchored last; `skipped` was left undone for
    good; at the last look the slice was `k`, which had begun with `begun` done; others traded `volume` so far."""

    base: Decimal
    since: int
    skipped: Decimal = ZERO
    k: int = -1
    begun: Decimal = ZERO
    volume: Decimal = ZERO


class Schedule(msgspec.Struct, frozen=True):
    """One parent's cumulative path."""

    grid: Grid
    curve: Curve
    quantity: Decimal
    missed: Missed

    def progress(self, view: ParentView) -> Progress:
        """Where it stands at this look, from the memo of the last. Resumed within a slice it goes on with that slice:
        nothing was missed, and a restart sends none twice."""
        done, k = view.filled + view.working, self.grid.index(view.now)
        if view.memo:
            told = msgspec.convert(view.memo, Progress)
            is_late = view.resumed
        else:
            told, is_late = Progress(ZERO, self.grid.start), True
        if is_late and self.missed is Missed.RESCHEDULE and k > told.k:
            told = replace(told, base=done, since=self.grid.end_of(k - 1))
        if is_late and self.missed is Missed.SKIP_MISSED and k - 1 > told.k:
            lost = self.fraction(k - 1) - self.fraction(told.k)
            told = replace(told, skipped=told.skipped + self.quantity * lost)
        if k != told.k:
            told = replace(told, k=k, begun=done)
        others = told.volume + sum((Decimal(repr(size)) for size in view.trades), ZERO) - view.own
        return replace(told, volume=others)

    def fraction(self, k: int) -> Decimal:
        """Of the window's work, what should be done with the k-th slice."""
        if k < 0:
            return ZERO
        if k >= self.grid.slices - 1:
            return ONE
        sampled = self.curve(self.grid.end_of(k))
        if not self.grid.jitter:
            return sampled
        slice_ = sampled - self.curve(self.grid.end_of(k - 1))
        shift = Decimal(repr((self.grid.random(k, "size") - 0.5) * self.grid.jitter))
        return min(max(sampled + slice_ * shift, ZERO), ONE)

    def target(self, k: int, progress: Progress) -> Decimal:
        """What should be done once the k-th slice is sent; never falls with k."""
        fraction = self.fraction(k)
        if self.missed is Missed.RESCHEDULE:
            before = self.curve(progress.since)
            if before >= ONE:
                return self.quantity
            share = max(fraction - before, ZERO) / (ONE - before)
            return progress.base + (self.quantity - progress.base) * share
        return max(self.quantity * fraction - progress.skipped, ZERO)

    def allowed(self, progress: Progress, most_slices: Decimal) -> Decimal:
        """What may be done by the end of this slice, however late the parent is."""
        own = self.target(progress.k, progress) - self.target(progress.k - 1, progress)
        return progress.begun + most_slices * max(own, self.quantity / self.grid.slices)


def participation_cap(volume: Decimal, rate: float | Decimal | None, quantity: Decimal) -> Decimal:
    """What may be done while others traded `volume`, so that own/(own + others) ≤ rate."""
    if rate is None:
        return quantity
    share = Decimal(str(rate))
    return max(volume, ZERO) * share / (ONE - share)
