"""Heartbeats, in wall time: the venue asks whether a client is there, and leaves one that does not answer.

Market streams: every 5 s, gone after two unanswered pings; the contracts' notifications after three; spot's private
stream every 20 s, after three (huobiapi.github.io: heartbeat of spot v1, coin_margined_swap v1). An answer counts when
it brings one of the last pings' times.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from jtrader.exchange.sim.sockets import Socket
from jtrader.exchange.sim.wall import venue_wall_ns

Word = Callable[[int], dict[str, Any]]
"""A ping that tells a time in ms."""


class Rhythm(msgspec.Struct, frozen=True):
    """A ping every `seconds`; with `patience` of them unanswered the next is the end."""

    word: Word
    seconds: float
    patience: int


def market_rhythm(beat: float) -> Rhythm:
    return Rhythm(lambda ms: {"ping": ms}, beat, 2)


def notice_rhythm(beat: float) -> Rhythm:
    return Rhythm(lambda ms: {"op": "ping", "ts": str(ms)}, beat, 3)


def spot_private_rhythm(beat: float) -> Rhythm:
    return Rhythm(lambda ms: {"action": "ping", "data": {"ts": ms}}, 4 * beat, 3)


class Heart:
    """Of one connection; `stop` it when the connection ends."""

    def __init__(self, socket: Socket, rhythm: Rhythm) -> None:
        self._socket = socket
        self._rhythm = rhythm
        self._asked: deque[int] = deque(maxlen=rhythm.patience)
        self._timer = self._later()

    def answered(self, ms: Any) -> None:
        """What came back: a number or its text."""
        if str(ms) in map(str, self._asked):
            self._asked.clear()

    def stop(self) -> None:
        self._timer.cancel()

    def _later(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(self._rhythm.seconds, self._beat)

    def _beat(self) -> None:
        if len(self._asked) == self._rhythm.patience:
            self._socket.close()
            return
        now = venue_wall_ns() // 1_000_000
        self._asked.append(now)
        self._socket.send(msgspec.json.encode(self._rhythm.word(now)))
        self._timer = self._later()
