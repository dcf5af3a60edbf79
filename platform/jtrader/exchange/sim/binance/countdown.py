"""The dead man's switch of the futures: all orders of a symbol are cancelled unless the countdown is started again.

It counts wall time, as heartbeats do. Conditional orders are cancelled with the others. Source: Binance's Auto-Cancel
All Open Orders.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import illegal, missing

Ring = Callable[[], None]


class Countdowns:
    """By market, account and symbol. `told` is called after orders were cancelled."""

    def __init__(self, told: Ring) -> None:
        self._told = told
        self._running: dict[tuple[str, str, str], asyncio.TimerHandle] = {}

    def start(self, call: Call) -> dict[str, Any]:
        """`countdownTime` in ms; 0 ends it."""
        lasts = call.integer("countdownTime")
        if lasts is None:
            raise missing("countdownTime")
        if lasts < 0:
            raise illegal("countdownTime")
        symbol = call.listing().symbol
        name = (call.market, call.account.name, symbol)
        before = self._running.pop(name, None)
        if before is not None:
            before.cancel()
        if lasts:
            loop = asyncio.get_running_loop()
            self._running[name] = loop.call_later(lasts / 1_000, self._ring, call, name)
        return {"symbol": symbol, "countdownTime": str(lasts)}

    def close(self) -> None:
        for timer in self._running.values():
            timer.cancel()

    def _ring(self, call: Call, name: tuple[str, str, str]) -> None:
        del self._running[name]
        call.venue.cancel_all(call.account, name[2], call.world.now)
        self._told()
