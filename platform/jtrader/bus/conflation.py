"""What is left of many messages that only show a state: the newest state."""

from collections.abc import Iterator, Sequence

from jtrader.bus.topics import UNKNOWN_COUNT
from jtrader.domain.market import Depth, Event
from jtrader.domain.order_book import merged


class Conflation:
    """Collects a round of messages by topic; `newest` hands out one event a topic."""

    def __init__(self) -> None:
        self._events: dict[bytes, list[Event]] = {}
        self._missed: dict[bytes, int] = {}
        self._seen: dict[bytes, int] = {}
        self._place: dict[bytes, int] = {}

    def add(self, place: int, topic: bytes, events: Sequence[Event], missed: int) -> None:
        """`place` is the message's number in the round; `missed` messages were lost just before. What a book's updates
        after a loss change is not known before its next snapshot, so those before the loss are dropped."""
        kept = self._events.get(topic, [])
        self._place[topic] = place
        self._missed[topic] = _sum(self._missed.get(topic, 0), missed)
        self._seen[topic] = self._seen.get(topic, 0) + len(events)
        is_book = bool(events) and isinstance(events[0], Depth)
        self._events[topic] = [*(kept if not missed else ()), *events] if is_book else list(events[-1:]) or kept

    def newest(self) -> Iterator[tuple[int, bytes, tuple[Event, ...], int, int]]:
        """(place of the last message, topic, the newest state, messages missed, events left out)."""
        for topic, events in self._events.items():
            missed = self._missed[topic]
            updates = [event for event in events if isinstance(event, Depth)]
            told: tuple[Event, ...] = (merged(updates),) if updates else tuple(events)
            if told or missed:
                yield self._place[topic], topic, told, missed, self._seen[topic] - len(told)


def _sum(before: int, now: int) -> int:
    return UNKNOWN_COUNT if UNKNOWN_COUNT in (before, now) else before + now
