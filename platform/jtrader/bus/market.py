"""Market data over PUB/SUB: one topic an instrument and kind, numbered, so that a loss is seen at once.

Frames: `[topic, sequence, msgpack array of events]`. The sequence holds the publisher's epoch in its upper 32 bits
(a later start has a greater one) and the topic's message number in the lower. An empty array is a beat: it repeats the
number of the topic's last message, so that a lost last message is seen too.
"""

from collections.abc import AsyncIterator, Iterable, Sequence

import msgspec
import zmq
import zmq.asyncio

from jtrader.bus.sockets import QUEUE_MESSAGES, SEQUENCE, bind, connect
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Event

KINDS = ("candle", "trade", "quote", "mark", "status")
UNKNOWN_COUNT = -1
"""`Batch.missed` when the publisher has restarted: something may be missing, nobody knows how much."""

_NUMBER = (1 << 32) - 1


def topic_of(instrument: str, kind: str = "") -> bytes:
    """`binance_usdm:BTCUSDT|quote`; without a kind the prefix of all topics of the instrument."""
    return f"{instrument}|{kind}".encode()


class Batch(msgspec.Struct, frozen=True):
    """Events of one topic in the publisher's order. `missed` messages were lost just before them (0 = none)."""

    instrument: InstrumentId
    kind: str
    events: tuple[Event, ...]
    missed: int = 0


class MarketPublisher:
    """Binds a PUB socket. `publish` never waits: a subscriber that is too slow loses messages and sees it."""

    def __init__(self, uri: str, epoch: int = 0) -> None:
        """`epoch`: a number that grows with each start of the publisher, below 2^32 (wall seconds do)."""
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.set_hwm(QUEUE_MESSAGES)
        self.uri = bind(self._context, self._socket, uri)
        self._base = epoch << 32
        self._last: dict[bytes, int] = {}
        self._topics: dict[tuple[InstrumentId, type[Event]], bytes] = {}
        self._encoder = msgspec.msgpack.Encoder()

    def publish(self, events: Iterable[Event]) -> None:
        """Sends events in order, one message a topic; the order between topics is kept for their first events."""
        by_topic: dict[bytes, list[Event]] = {}
        for event in events:
            by_topic.setdefault(self._topic(event), []).append(event)
        for topic, batch in by_topic.items():
            number = self._last.get(topic, self._base) + 1
            self._last[topic] = number
            self._socket.send_multipart((topic, SEQUENCE.pack(number), self._encoder.encode(batch)))

    def beat(self) -> None:
        """Repeats each topic's last number; call it about once a second."""
        for topic, number in self._last.items():
            self._socket.send_multipart((topic, SEQUENCE.pack(number), b"\x90"))

    def close(self) -> None:
        self._context.destroy(linger=0)

    def _topic(self, event: Event) -> bytes:
        key = (event.instrument, type(event))
        topic = self._topics.get(key)
        if topic is None:
            topic = self._topics[key] = topic_of(event.instrument, str(type(event).__struct_config__.tag))
        return topic


class MarketSubscriber:
    """Connects a SUB socket, also before the publisher is there. Use it as `async for batch in subscriber`."""

    def __init__(self, uri: str, instruments: Sequence[str] = (), kinds: Sequence[str] = KINDS) -> None:
        """Subscribes every kind of every instrument; no instruments = all of the publisher's topics."""
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.set_hwm(QUEUE_MESSAGES)
        for topic in [topic_of(instrument, kind) for instrument in instruments for kind in kinds] or [b""]:
            self._socket.subscribe(topic)
        self._now: zmq.Socket[bytes] = zmq.Socket.shadow(self._socket)
        self._decoder = msgspec.msgpack.Decoder(tuple[Event, ...])
        self._last: dict[bytes, int] = {}
        connect(self._context, self._socket, uri)

    async def batches(self) -> AsyncIterator[Batch]:
        """Every message as a Batch, in order. A beat that shows a loss comes as a Batch without events."""
        while True:
            await self._socket.poll()
            while (frames := self._receive()) is not None:
                batch = self._read(*frames)
                if batch is not None:
                    yield batch

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self.batches()

    def close(self) -> None:
        self._context.destroy(linger=0)

    def _receive(self) -> list[bytes] | None:
        try:
            return self._now.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None

    def _read(self, topic: bytes, sequence: bytes, payload: bytes) -> Batch | None:
        (number,) = SEQUENCE.unpack(sequence)
        events = self._decoder.decode(payload)
        missed = self._missed(topic, number, is_beat=not events)
        if not events and not missed:
            return None
        instrument, _, kind = topic.decode().partition("|")
        return Batch(InstrumentId(instrument), kind, events, missed)

    def _missed(self, topic: bytes, number: int, is_beat: bool) -> int:
        """Messages lost between the last one seen and this one; the first message of a topic sets the start."""
        last = self._last.get(topic)
        self._last[topic] = number
        if last is None:
            return 0
        if number >> 32 != last >> 32:
            return UNKNOWN_COUNT
        missed = (number & _NUMBER) - (last & _NUMBER) - (0 if is_beat else 1)
        return missed if missed >= 0 else UNKNOWN_COUNT
