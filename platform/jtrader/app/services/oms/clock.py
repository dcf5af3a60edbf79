"""The two times of the oms: market time from what the venue said last, wall time that never steps back."""

import time
from collections.abc import Callable


class OmsClock:
    """ports.Clock. Market time is the newest of what the feed, the venue's reports and its REST have told."""

    def __init__(self, market_time: int, seen: Callable[[], int]) -> None:
        """`seen`: the newest event time of the feed."""
        self._told = market_time
        self._seen = seen
        self._anchor = time.time_ns() - time.monotonic_ns()

    def hear(self, market_time: int) -> None:
        """A time that the venue named in a report."""
        self._told = max(self._told, market_time)

    def market(self) -> int:
        return max(self._told, self._seen())

    def wall(self) -> int:
        """Anchored once, then monotonic: a step of the system clock moves no timeout and no proof of absence."""
        return self._anchor + time.monotonic_ns()
