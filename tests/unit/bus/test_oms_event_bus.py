"""OMS events: every one once and in order, whatever PUB lost."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

import pytest

from jtrader.bus.oms_events import EventPublisher, EventSubscriber
from jtrader.domain.errors import Broken
from jtrader.domain.events import MarkSeen, Sequenced
from jtrader.domain.ids import InstrumentId


def event(seq: int) -> Sequenced:
    return Sequenced(seq, MarkSeen(ts=seq, instrument=InstrumentId("binance_usdm:BTCUSDT"), mark=Decimal(seq)))


class PagedJournal:
    """Answers events after an index, three at a time."""

    def __init__(self, last: int) -> None:
        self.events = [event(n) for n in range(1, last + 1)]

    async def since(self, after: int) -> Sequence[Sequenced]:
        return self.events[after : after + 3]


async def take(events: AsyncIterator[Sequenced], count: int) -> list[int]:
    return [(await asyncio.wait_for(anext(events), 5)).seq for _ in range(count)]


def test_history_then_live_then_a_loss_then_a_lost_tail() -> None:
    async def run() -> None:
        journal = PagedJournal(7)
        publisher = EventPublisher("tcp://127.0.0.1:*")
        subscriber = EventSubscriber(publisher.uri, journal.since, after=2)
        events = subscriber.events()
        assert await take(events, 5) == [3, 4, 5, 6, 7]

        journal.events.append(event(8))
        arrival = asyncio.ensure_future(take(events, 1))
        while not (await asyncio.wait([arrival], timeout=0.02))[0]:
            publisher.beat(8)
        assert arrival.result() == [8]

        journal.events += [event(n) for n in range(9, 14)]
        publisher.publish([event(13)])
        assert await take(events, 5) == [9, 10, 11, 12, 13]

        publisher.publish([event(13)])
        journal.events.append(event(14))
        publisher.beat(14)
        assert await take(events, 1) == [14]
        assert subscriber.last == 14
        subscriber.close()
        publisher.close()

    asyncio.run(run())


def test_a_hole_in_the_journal_is_not_stepped_over() -> None:
    async def run() -> None:
        async def since(after: int) -> Sequence[Sequenced]:
            return [event(after + 2)]

        subscriber = EventSubscriber("tcp://127.0.0.1:1", since)
        with pytest.raises(Broken, match="event 2 after 0"):
            await take(subscriber.events(), 1)
        subscriber.close()

    asyncio.run(run())
