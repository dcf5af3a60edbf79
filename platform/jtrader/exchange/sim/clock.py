"""Market time of the simulator: stands still, or runs at a speed. Wall time is an argument."""

from jtrader.domain.errors import BadInput
from jtrader.domain.times import SECOND

MAX_SPEED = 10_000.0
LAGGING = SECOND // 2
"""A wall gap longer than this (a busy machine) is not caught up: market time slips instead of bursting."""


class SimClock:
    """`reach(wall)` says where market time should be; the world is then moved there, and `reached` tells the clock."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.speed = 0.0
        self.until: int | None = None
        self.slipped = 0
        """Wall ns that were not caught up."""
        self._last_wall = 0

    @property
    def is_running(self) -> bool:
        return self.speed > 0

    def run(self, speed: float, until: int | None, wall: int) -> None:
        """Raises BadInput for a speed or an end that can't be."""
        if not 0 < speed <= MAX_SPEED:
            raise BadInput(f"speed {speed} is not above 0 up to {MAX_SPEED:g}")
        if until is not None and until < self.now:
            raise BadInput(f"until {until} is before market time {self.now}; time does not go back")
        self.speed = speed
        self.until = until
        self._last_wall = wall

    def pause(self) -> None:
        self.speed = 0.0
        self.until = None

    def reach(self, wall: int) -> int:
        """The market time for this wall time, at most `until`."""
        if not self.is_running:
            return self.now
        gap = wall - self._last_wall
        if gap > LAGGING:
            self.slipped += gap - LAGGING
            gap = LAGGING
        self._last_wall = wall
        target = self.now + int(gap * self.speed)
        return target if self.until is None else min(target, self.until)

    def reached(self, now: int) -> None:
        """Market time is `now`; the clock pauses at `until`."""
        self.now = now
        if self.until is not None and now >= self.until:
            self.pause()
