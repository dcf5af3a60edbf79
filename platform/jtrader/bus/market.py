"""Market data over PUB/SUB: one topic an instrument and kind, numbered, so that a loss is seen at once.

What is dropped, and where: a publisher keeps at most `PUBLISHER_MESSAGES` for a subscriber and a subscriber at most
`QUEUE_MESSAGES`; beyond that the newest are dropped, and the next message or beat of the topic shows how many. A
subscriber with `conflate` first gives up what only shows a state (`CONFLATED`); trades, candles, funding and statuses
it gets each, in order. A book whose updates were lost comes whole again by itself.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

import msgspec
import zmq

from jtrader.bus.conflation import Conflation
from jtrader.bus.sockets import QUEUE_MESSAGES, SEQUENCE, bind, connect
from jtrader.bus.topics import (
    ASK,
    CONFLATED,
    EMPTY,
    END,
    KINDS,
    UNKNOWN_COUNT,
    missed_between,
    parse_topic,
    prefixes,
    topic_of,
)
from jtrader.bus.waiting import readable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, Event

__all__ = ["KINDS", "UNKNOWN_COUNT", "Batch", "MarketPublisher", "MarketSubscriber"]

PUBLISHER_MESSAGES = 20_000
ROUND = 1_024
"""Messages that are taken from the socket at a time before other tasks have their turn."""
BACKLOG = 16 * ROUND
"""The same where they are conflated: one round should see all that has piled up."""
_ANSWER_EVERY = 64
"""Calls of `publish` between two looks for new subscribers."""
_SUBSCRIBED = 1

BookOf = Callable[[InstrumentId], Depth | None]
"""The whole book as it stands now, as one snapshot; None where it is not known."""


class Batch(msgspec.Struct, frozen=True, gc=False):
    """Events of one topic in the publisher's order. `missed` messages were lost just before or among them (0 = none),
    `conflated` events were left out because newer ones say it all."""

    instrument: InstrumentId
    kind: str
    events: tuple[Event, ...]
    missed: int = 0
    conflated: int = 0


class MarketPublisher:
    """Binds a PUB socket. `publish` never waits: a subscriber that is too slow loses messages and sees it.

    With `book_of`, who subscribes an order book, or has lost some of it, gets it whole.
    """

    def __init__(
        self, uri: str, epoch: int = 0, book_of: BookOf | None = None, queue: int = PUBLISHER_MESSAGES
    ) -> None:
        """`epoch`: a number that grows with each start of the publisher, below 2^32 (wall seconds do). `queue`: how
        many messages may wait for a subscriber."""
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.set_hwm(queue)
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self.uri = bind(self._context, self._socket, uri)
        self._base = epoch << 32
        self._last: dict[bytes, int] = {}
        self._sent: Counter[bytes] = Counter()
        self._topics: dict[tuple[InstrumentId, type[Event]], bytes] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._book_of = book_of
        self._calls = 0

    @property
    def counts(self) -> Counter[str]:
        """Events published, by kind."""
        counts: Counter[str] = Counter()
        for topic, number in self._sent.items():
            counts[parse_topic(topic)[1]] += number
        return counts

    def publish(self, events: Iterable[Event]) -> None:
        """Sends events in order, one message a topic; the order between topics is kept for their first events."""
        by_topic: dict[bytes, list[Event]] = {}
        topics = self._topics
        for event in events:
            topic = topics.get((event.instrument, type(event))) or self._topic(event)
            if topic in by_topic:
                by_topic[topic].append(event)
            else:
                by_topic[topic] = [event]
        for topic, batch in by_topic.items():
            number = self._last.get(topic, self._base) + 1
            self._last[topic] = number
            self._sent[topic] += len(batch)
            self._socket.send(topic + SEQUENCE.pack(number) + self._encode(batch))
        self._calls += 1
        if self._calls % _ANSWER_EVERY == 0:
            self._answer()

    def beat(self) -> None:
        """Repeats each topic's last number; call it about once a second."""
        self._answer()
        for topic, number in self._last.items():
            self._socket.send(topic + SEQUENCE.pack(number) + EMPTY)

    def close(self) -> None:
        self._context.destroy(linger=0)

    def _topic(self, event: Event) -> bytes:
        key = (event.instrument, type(event))
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = topic_of(event.instrument, str(type(event).__struct_config__.tag))
        return topic

    def _answer(self) -> None:
        """Tells the books that new subscriptions are about."""
        asked: list[bytes] = []
        while int(self._socket.get(zmq.EVENTS)) & zmq.POLLIN:
            message = self._socket.recv(zmq.NOBLOCK)
            if message[0] == _SUBSCRIBED:
                asked.append(message[1:].removeprefix(ASK))
        if self._book_of is None or not asked:
            return
        for topic in [topic for topic in self._last if topic.startswith(tuple(asked))]:
            instrument, kind = parse_topic(topic)
            if kind == "depth" and (book := self._book_of(instrument)) is not None:
                self.publish([book])


class _Line:
    """What a subscriber knows of one topic."""

    __slots__ = ("decode", "instrument", "is_conflated", "kind", "last", "topic")

    def __init__(self, topic: bytes, decode: Callable[[Any], tuple[Event, ...]], is_conflated: bool) -> None:
        self.topic = topic
        self.instrument, self.kind = parse_topic(topic)
        self.decode = decode
        self.is_conflated = is_conflated and self.kind in CONFLATED
        self.last: int | None = None


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
        for topic in prefixes([InstrumentId(name) for name in instruments], markets, kinds):
            self._socket.subscribe(topic)
        self._conflate = conflate
        self._decode = msgspec.msgpack.Decoder(tuple[Event, ...]).decode
        self._lines: dict[bytes, _Line] = {}
        self._asked: set[bytes] = set()
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
            missed = 0 if line.last is None else missed_between(line.last, number, is_beat=not events)
            line.last = number
            if missed and line.kind == "depth":
                self._ask_for_book(line, events)
            if line.is_conflated and len(frames) > 1:
                states.add(place, line.topic, events, missed)
            elif events or missed:
                found.append((place, Batch(line.instrument, line.kind, events, missed)))
        for place, topic, events, missed, left_out in states.newest():
            line = self._lines[topic]
            found.append((place, Batch(line.instrument, line.kind, events, missed, left_out)))
        return [batch for _, batch in (sorted(found, key=itemgetter(0)) if self._conflate else found)]

    def _line(self, topic: bytes) -> _Line:
        line = self._lines[topic] = _Line(topic, self._decode, self._conflate)
        return line

    def _ask_for_book(self, line: _Line, events: Sequence[Event]) -> None:
        """A new subscription reaches the publisher; only a topic that was left can be subscribed anew."""
        if any(isinstance(event, Depth) and event.snapshot for event in events):
            return
        wish = ASK + line.topic
        if wish in self._asked:
            self._socket.unsubscribe(wish)
        self._asked.add(wish)
        self._socket.subscribe(wish)
