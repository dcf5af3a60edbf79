"""Market data over PUB/SUB: one topic an instrument and kind, numbered, so that a loss is seen at once.

What is dropped, and where: a publisher keeps at most `PUBLISHER_MESSAGES` for a subscriber, `PUBLISHER_BOOKS` where it
tells books, and a subscriber at most `QUEUE_MESSAGES`; beyond that the newest are dropped, and the next message or beat
of the topic shows how many. A subscriber with `conflate` first gives up what only shows a state (`CONFLATED`); trades,
candles, funding and statuses it gets each, in order. Who comes late, and who has lost messages, is told what now holds:
status, quote, mark, the whole book.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from operator import itemgetter
from typing import Any

import msgspec
import zmq

from jtrader.bus.conflation import Conflation
from jtrader.bus.publishing import MarketPublisher, holding
from jtrader.bus.sockets import QUEUE_MESSAGES, SEQUENCE, connect
from jtrader.bus.topics import (
    ASK,
    CONFLATED,
    END,
    KINDS,
    STATES,
    UNKNOWN_COUNT,
    asked_of,
    missed_between,
    parse_topic,
    prefixes,
    topic_of,
)
from jtrader.bus.waiting import readable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, Event

__all__ = ["KINDS", "UNKNOWN_COUNT", "Batch", "MarketPublisher", "MarketSubscriber"]

ROUND = 1_024
"""Messages that are taken from the socket at a time before other tasks have their turn."""
BACKLOG = 16 * ROUND
"""The same where they are conflated: one round should see all that has piled up."""


class Batch(msgspec.Struct, frozen=True, gc=False):
    """Events of one topic in the publisher's order. `missed` messages were lost just before or among them (0 = none),
    `conflated` events were left out because newer ones say it all."""

    instrument: InstrumentId
    kind: str
    events: tuple[Event, ...]
    missed: int = 0
    conflated: int = 0


class _Line:
    """What a subscriber knows of one topic."""

    __slots__ = ("decode", "instrument", "is_conflated", "kind", "last", "state", "topic")

    def __init__(self, topic: bytes, decode: Callable[[Any], tuple[Event, ...]], is_conflated: bool) -> None:
        self.topic = topic
        self.instrument, self.kind = parse_topic(topic)
        self.decode = decode
        self.is_conflated = is_conflated and self.kind in CONFLATED
        self.last: int | None = None
        self.state: Event | None = None
        """The newest received of what an answer may tell again."""


class MarketSubscriber:
    """Connects a SUB socket, also before the publisher is there. Use it as `async for batch in subscriber`."""

    def __init__(
        self,
        uri: str,
        instruments: Sequence[str] = (),
        kinds: Sequence[str] = KINDS,
        markets: Sequence[str] = (),
        conflate: bool = False,
        queue: int = QUEUE_MESSAGES,
    ) -> None:
        """Subscribes every kind of every instrument, and of all instruments of `markets`; with neither, all that the
        publisher has. `conflate`: what piles up is told as the newest quote, mark and book. `queue`: how many messages
        may wait here."""
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.set_hwm(queue)
        self._address = ASK + os.urandom(6).hex().encode() + ASK
        wanted = [InstrumentId(name) for name in instruments]
        for topic in prefixes(wanted, markets, kinds):
            self._socket.subscribe(topic)
        states = [kind for kind in STATES if kind in kinds]
        wishes = [self._address + topic for topic in prefixes(wanted, markets, states)] if states else []
        for wish in wishes:
            self._socket.subscribe(wish)
        self._asked = set(wishes)
        self._conflate = conflate
        self._decode = msgspec.msgpack.Decoder(tuple[Event, ...]).decode
        self._lines: dict[bytes, _Line] = {}
        connect(self._context, self._socket, uri)

    async def rounds(self) -> AsyncIterator[list[Batch]]:
        """What has arrived meanwhile, in order; never empty."""
        has_rested = True
        while True:
            frames = self._arrived()
            if not frames:
                await readable(self._socket)
                has_rested = True
                continue
            if not has_rested:
                await asyncio.sleep(0)
            has_rested = False
            if found := self._read(frames):
                yield found

    async def batches(self) -> AsyncIterator[Batch]:
        """Every message as a Batch, in order. A beat that shows a loss comes as a Batch without events."""
        async for found in self.rounds():
            for batch in found:
                yield batch

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self.batches()

    def ask(self, instrument: InstrumentId, kind: str) -> None:
        """What now holds of a subscribed kind that shows a state is told once more, within about a second."""
        self._ask(topic_of(instrument, kind))

    def close(self) -> None:
        self._context.destroy(linger=0)

    def _arrived(self) -> list[bytes]:
        frames: list[bytes] = []
        receive = self._socket.recv
        most = BACKLOG if self._conflate else ROUND
        with contextlib.suppress(zmq.Again):
            while len(frames) < most:
                frames.append(receive(zmq.NOBLOCK))
        return frames

    def _read(self, frames: Sequence[bytes]) -> list[Batch]:
        found: list[tuple[int, Batch]] = []
        states = Conflation()
        for place, frame in enumerate(frames):
            end = frame.index(END) + 1
            line = self._lines.get(frame[:end]) or self._line(frame[:end])
            events = line.decode(memoryview(frame)[end + SEQUENCE.size :])
            (number,) = SEQUENCE.unpack_from(frame, end)
            if frame[:1] == ASK:
                events, missed = self._answered(line, number, events)
            else:
                missed = 0 if line.last is None else missed_between(line.last, number, is_beat=not events)
                line.last = number
                line.state = holding(events) or line.state
                if missed:
                    self._ask_after_loss(line, events)
            if line.is_conflated and len(frames) > 1:
                states.add(place, line.topic, events, missed)
            elif events or missed:
                found.append((place, Batch(line.instrument, line.kind, events, missed)))
        for place, topic, events, missed, left_out in states.newest():
            line = self._lines[topic]
            found.append((place, Batch(line.instrument, line.kind, events, missed, left_out)))
        return [batch for _, batch in (sorted(found, key=itemgetter(0)) if self._conflate else found)]

    def _line(self, name: bytes) -> _Line:
        """By a topic, or by the one that an answer carries."""
        topic = asked_of(name)[1] if name.startswith(ASK) else name
        if topic not in self._lines:
            self._lines[topic] = _Line(topic, self._decode, self._conflate)
        line = self._lines[name] = self._lines[topic]
        return line

    def _answered(self, line: _Line, number: int, events: tuple[Event, ...]) -> tuple[tuple[Event, ...], int]:
        """(what of an answer is news, messages missed before it)."""
        missed = 0 if line.last is None else missed_between(line.last, number, is_beat=True)
        line.last = number
        if events[-1] == line.state:
            return (), missed
        line.state = holding(events)
        return events, missed

    def _ask_after_loss(self, line: _Line, events: Sequence[Event]) -> None:
        """What comes after a loss shows the state by itself, unless it is a change of one."""
        is_change = line.kind == "trading" or (
            line.kind == "depth" and not any(isinstance(event, Depth) and event.snapshot for event in events)
        )
        if line.kind in STATES and (is_change or not events):
            self._ask(line.topic)

    def _ask(self, topic: bytes) -> None:
        """A new subscription reaches the publisher; only a topic that was left can be subscribed anew."""
        wish = self._address + topic
        if wish in self._asked:
            self._socket.unsubscribe(wish)
        self._asked.add(wish)
        self._socket.subscribe(wish)
