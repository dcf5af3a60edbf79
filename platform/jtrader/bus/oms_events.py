"""OMS events over PUB/SUB: frames `[b"oms", journal index, JSON of Sequenced]`; lost ones are fetched by RPC.

An empty payload is a beat with the journal's last index, so that a lost last event is seen within a second.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import msgspec
import zmq
import zmq.asyncio

from jtrader.bus.sockets import QUEUE_MESSAGES, SEQUENCE, bind, connect
from jtrader.domain.errors import Broken
from jtrader.domain.events import Sequenced

_TOPIC = b"oms"

FetchEvents = Callable[[int], Awaitable[Sequence[Sequenced]]]
"""Events after an index, ascending, at most one page; empty when there are none (RPC `events_since`)."""


class EventPublisher:
    """Publishes what is on disk already. Never waits."""

    def __init__(self, uri: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.set_hwm(QUEUE_MESSAGES)
        self.uri = bind(self._context, self._socket, uri)
        self._encoder = msgspec.json.Encoder()

    def publish(self, events: Sequence[Sequenced]) -> None:
        for event in events:
            self._socket.send_multipart((_TOPIC, SEQUENCE.pack(event.seq), self._encoder.encode(event)))

    def beat(self, last: int) -> None:
        """Says that the journal stands at `last`; call it about once a second."""
        self._socket.send_multipart((_TOPIC, SEQUENCE.pack(last), b""))

    def close(self) -> None:
        self._context.destroy(linger=0)


class EventSubscriber:
    """Hands on every event once and in order, from after a given index: what PUB lost is fetched."""

    def __init__(self, uri: str, fetch: FetchEvents, after: int = 0) -> None:
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.set_hwm(QUEUE_MESSAGES)
        self._socket.subscribe(_TOPIC)
        connect(self._context, self._socket, uri)
        self._fetch = fetch
        self._decoder = msgspec.json.Decoder(Sequenced)
        self.last = after
        """Index of the last event handed on."""

    async def events(self) -> AsyncIterator[Sequenced]:
        """Starts with what was journaled before the subscription; raises what `fetch` raises."""
        async for event in self._fetched():
            yield event
        while True:
            _, sequence, payload = await self._socket.recv_multipart()
            (index,) = SEQUENCE.unpack(sequence)
            if index > self.last + (1 if payload else 0):
                async for event in self._fetched():
                    yield event
            if payload and index == self.last + 1:
                self.last = index
                yield self._decoder.decode(payload)

    def __aiter__(self) -> AsyncIterator[Sequenced]:
        return self.events()

    def close(self) -> None:
        self._context.destroy(linger=0)

    async def _fetched(self) -> AsyncIterator[Sequenced]:
        while page := await self._fetch(self.last):
            for event in page:
                if event.seq != self.last + 1:
                    raise Broken(f"the oms answered event {event.seq} after {self.last}: its journal has a hole")
                self.last = event.seq
                yield event
