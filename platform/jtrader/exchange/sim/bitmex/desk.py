"""What BitMEX keeps of accounts beside the venue's books: risk limits, and the timers of cancelAllAfter."""

import asyncio
from collections.abc import Callable

from jtrader.domain.times import MILLISECOND

CancelAll = Callable[[str], None]
"""Cancels every order of an account, by name, and tells it."""


class Desk:
    def __init__(self, cancel_all: CancelAll) -> None:
        self._cancel_all = cancel_all
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.risk_limits: dict[tuple[str, str], int] = {}
        """By account and symbol, in the settling coin's smallest unit."""

    def cancel_after(self, account: str, timeout_ms: int) -> None:
        """A dead man's switch in wall time: it strikes unless it is set again before; 0 takes it back."""
        running = self._timers.pop(account, None)
        if running is not None:
            running.cancel()
        if timeout_ms > 0:
            loop = asyncio.get_running_loop()
            self._timers[account] = loop.call_later(timeout_ms * MILLISECOND / 1e9, self._strike, account)

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _strike(self, account: str) -> None:
        self._timers.pop(account, None)
        self._cancel_all(account)
