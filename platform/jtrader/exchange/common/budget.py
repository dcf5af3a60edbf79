"""How much a venue may be asked: a minute's weights with a reserve for cancels and exits, and a pause that all
processes of this machine keep, since venues count and ban by IP address.

    budget = WeightBudget("binance_usdm", per_minute=2_400, reserve=400, pause_file=home / "pause-binance_usdm")
    await budget.take(5)                      # waits for room; raises RetryLater where that would take too long
    await budget.take(1, urgent=True)         # a cancel or a reduce-only exit: may use the reserve
    budget.told(used=1_234)                   # the venue's own count, from a header of its answer
    budget.pause(seconds)                     # after a 429 or 418 with Retry-After; nobody asks until it is over
"""

import asyncio
import fcntl
import logging
import time
from collections.abc import Callable
from pathlib import Path

from jtrader.ports.broker import RetryLater

log = logging.getLogger(__name__)

MOST_WAIT_SECONDS = 61.0
"""Longer than this nobody waits for room: the caller gets RetryLater and decides."""


class SharedPause:
    """Until when (wall time) a venue must not be asked, in a small file that every process reads. Without a file it is
    this process's own."""

    def __init__(self, file: Path | None = None, wall: Callable[[], float] = time.time) -> None:
        self._file = file
        self._wall = wall
        self._until = 0.0
        self._read_at = -1

    def extend(self, seconds: float) -> None:
        """At least so long from now on. Never shortens what another process has set."""
        until = self._wall() + seconds
        self._until = max(self._until, until)
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a+") as shared:
            fcntl.flock(shared, fcntl.LOCK_EX)
            shared.seek(0)
            if _seconds(shared.read()) < until:
                shared.truncate(0)
                shared.write(f"{until:.3f}\n")
                shared.flush()

    def left(self) -> float:
        """Seconds still to wait; 0 = none."""
        if self._file is not None:
            self._look()
        return max(0.0, self._until - self._wall())

    def _look(self) -> None:
        assert self._file is not None
        try:
            changed = self._file.stat().st_mtime_ns
            if changed != self._read_at:
                self._until = max(self._until, _seconds(self._file.read_text()))
                self._read_at = changed
        except FileNotFoundError:
            return


class WeightBudget:
    """One venue's weights in this process. What other processes use is known from the venue's headers (`told`)."""

    def __init__(
        self,
        name: str,
        per_minute: float,
        reserve: float,
        pause_file: Path | None = None,
        most_wait: float = MOST_WAIT_SECONDS,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`reserve` of `per_minute` is for urgent requests only. `wall` tells seconds since 1970."""
        self.name = name
        self._all = per_minute
        self._common = per_minute - reserve
        self._most_wait = most_wait
        self._wall = wall
        self._pause = SharedPause(pause_file, wall)
        self._minute = 0
        self._used = 0.0

    @property
    def used(self) -> float:
        """Weights of this minute, as far as known."""
        self._turn()
        return self._used

    @property
    def paused_for(self) -> float:
        return self._pause.left()

    async def take(self, weight: float, urgent: bool = False, most_wait: float | None = None) -> None:
        """Counts a request that is about to be sent. Raises RetryLater, and nothing is counted, during a pause or where
        the next minute is farther off than `most_wait` (s)."""
        room = self._all if urgent else self._common
        while True:
            if (left := self._pause.left()) > 0:
                raise RetryLater(f"{self.name} asked for a pause; {left:.1f} s of it are left", after=left)
            self._turn()
            if self._used + weight <= room or self._used == 0:
                self._used += weight
                return
            wait = 60.0 - self._wall() % 60.0 + 0.05
            if wait > (self._most_wait if most_wait is None else most_wait):
                raise RetryLater(f"{self.name}: this minute's {room:g} weights are used up", after=wait)
            await asyncio.sleep(wait)

    def told(self, used: float) -> None:
        """What the venue has counted this minute, all processes together."""
        self._turn()
        self._used = max(self._used, used)

    def pause(self, seconds: float) -> None:
        log.error("%s asks for a pause of %.1f s", self.name, seconds)
        self._pause.extend(seconds)

    def _turn(self) -> None:
        """Venues count by the clock's minute."""
        minute = int(self._wall() // 60)
        if minute != self._minute:
            self._minute, self._used = minute, 0.0


def _seconds(text: str) -> float:
    """The file's content; an unreadable one (cut by a full disk) is no pause."""
    try:
        return float(text)
    except ValueError:
        return 0.0
