"""Timers of the dead man's switch: an account's orders on one market end unless it is set again in time.

They count wall time, as heartbeats do.
"""

import asyncio
from collections.abc import Callable

Ring = Callable[[str, str], None]
"""(market, account)"""


class Switches:
    """By market and account."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._running: dict[tuple[str, str], asyncio.TimerHandle] = {}

    def set(self, market: str, account: str, millis: int) -> None:
        """From now; 0 ends it."""
        name = (market, account)
        before = self._running.pop(name, None)
        if before is not None:
            before.cancel()
        if millis:
            self._running[name] = asyncio.get_running_loop().call_later(millis / 1_000, self._rung, name)

    def close(self) -> None:
        for timer in self._running.values():
            timer.cancel()

    def _rung(self, name: tuple[str, str]) -> None:
        del self._running[name]
        self._ring(*name)
