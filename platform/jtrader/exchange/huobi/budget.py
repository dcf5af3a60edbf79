"""HTX counts requests over two seconds: the minute's budget, and within it no more than such a stretch allows."""

import asyncio
import time
from collections import deque
from pathlib import Path

from jtrader.exchange.common.budget import WeightBudget

PER_MINUTE, MINUTE_RESERVE = 600.0, 120.0
"""ccxt's units of cost, of which HTX allows ten a second: 24 contract orders, 50 spot orders, 10 pages of history."""
COIN_MARGINED = 10 / 24
"""Of an account's request there: 72 orders and 72 queries in 3 s are allowed. ccxt has 1 for each."""
STRETCH_SECONDS, PER_STRETCH, STRETCH_RESERVE = 2.0, 20.0, 4.0


def weight(api: str, method: str, path: str, cost: float) -> float:  # noqa: ARG001
    """See Meter."""
    is_coin_margined = path.startswith(("swap-api/", "api/"))
    return COIN_MARGINED if is_coin_margined else cost


class HuobiBudget(WeightBudget):
    """The reserves are for urgent requests, of the minute and of each stretch."""

    def __init__(self, pause_file: Path | None = None) -> None:
        super().__init__("huobi", PER_MINUTE, MINUTE_RESERVE, pause_file)
        self._lately: deque[tuple[float, float]] = deque()

    async def take(self, weight: float, urgent: bool = False, most_wait: float | None = None) -> None:
        await super().take(weight, urgent, most_wait)
        room = PER_STRETCH if urgent else PER_STRETCH - STRETCH_RESERVE
        while (used := self._used_lately()) and used + weight > room:
            await asyncio.sleep(self._lately[0][0] + STRETCH_SECONDS - time.monotonic() + 0.001)
        self._lately.append((time.monotonic(), weight))

    def _used_lately(self) -> float:
        horizon = time.monotonic() - STRETCH_SECONDS
        while self._lately and self._lately[0][0] <= horizon:
            self._lately.popleft()
        return sum(weight for _, weight in self._lately)
