"""The publisher's side of market data (see `market`): numbers what it sends, remembers what now holds, and tells it to
who asks."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec
import zmq

from jtrader.bus.sockets import SEQUENCE, bind
from jtrader.bus.topics import ASK, EMPTY, STATES, asked_of, parse_topic, topic_of
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, Event, FeedStatus, Mark, Quote, TradingStatus

PUBLISHER_MESSAGES = 20_000
"""What may wait for one subscriber, beside what the kernel's buffers hold: some MB of messages of about 100 bytes."""
PUBLISHER_BOOKS = 5_000
"""The same of a publisher that tells books: their updates have some kB each."""
_ANSWER_EVERY = 64
"""Calls of `publish` between two looks for new subscribers."""
_SUBSCRIBED = 1
_HOLDING = frozenset({FeedStatus, TradingStatus, Mark, Quote})
_VOID = ("down", "quarantined")
"""States of a feed in which its last quote holds no more."""

BookOf = Callable[[InstrumentId], Depth | None]
"""The whole book as it stands now, as one snapshot; None where it is not known."""


class MarketPublisher:
    """Binds a PUB socket. `publish` never waits: a subscriber that is too slow loses messages and sees it.

    Who asks is told what now holds of each topic that shows a state: the newest status, quote, mark, and with `book_of`
    the whole book. Nobody else hears that.
    """

    def __init__(
        self,
        uri: str,
        epoch: int = 0,
        book_of: BookOf | None = None,
        queue: int | None = None,
    ) -> None:
        """`epoch`: a number that grows with each start of the publisher, below 2^32 (wall seconds do). `queue`: how
        many messages may wait for a subscriber; without it by whether there are books among them."""
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)
        # set once: libzmq 4.3.5 crashes where it is changed while a subscriber goes away
        self._socket.set_hwm(queue or (PUBLISHER_MESSAGES if book_of is None else PUBLISHER_BOOKS))
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self.uri = bind(self._context, self._socket, uri)
        self._base = epoch << 32
        self._last: dict[bytes, int] = {}
        self._sent: Counter[bytes] = Counter()
        self._newest: dict[bytes, Event] = {}
        """By topic that shows a state."""
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
            if type(batch[-1]) in _HOLDING and (state := holding(batch)) is not None:
                self._newest[topic] = state
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
        """Tells who asks since the last time, in an order in which each can be believed: statuses first."""
        asked: list[bytes] = []
        while int(self._socket.get(zmq.EVENTS)) & zmq.POLLIN:
            message = self._socket.recv(zmq.NOBLOCK)
            if message[0] == _SUBSCRIBED and message[1:].startswith(ASK):
                asked.append(message[1:])
        wishes = [asked_of(wish) for wish in dict.fromkeys(asked)]
        for kind in STATES if wishes else ():
            for topic in [topic for topic in self._last if parse_topic(topic)[1] == kind]:
                addresses = {address for address, start in wishes if topic.startswith(start)}
                if addresses and (state := self._state(topic)) is not None:
                    frame = topic + SEQUENCE.pack(self._last[topic]) + self._encode([state])
                    for address in addresses:
                        self._socket.send(address + frame)

    def _state(self, topic: bytes) -> Event | None:
        """What now holds; None where nothing does."""
        instrument, kind = parse_topic(topic)
        if kind == "depth":
            return self._book_of(instrument) if self._book_of is not None else None
        status = self._newest.get(topic_of(instrument, "status"))
        if kind == "quote" and isinstance(status, FeedStatus) and status.state in _VOID:
            return None
        return self._newest.get(topic)


def holding(events: Sequence[Event]) -> Event | None:
    """What of a message holds until the next one: the newest status, quote or mark. That rules have changed is no state
    of trading: the one before holds on."""
    for event in reversed(events):
        if isinstance(event, FeedStatus | Quote | Mark) or (
            isinstance(event, TradingStatus) and event.state != "rules"
        ):
            return event
        if not isinstance(event, TradingStatus):
            return None
    return None
