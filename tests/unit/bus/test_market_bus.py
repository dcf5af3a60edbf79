"""Market data over the bus arrives complete, in order, and a loss is seen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from jtrader.bus.market import KINDS, UNKNOWN_COUNT, Batch, MarketPublisher, MarketSubscriber
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Event, FeedStatus, Mark, Quote, Trade

BTC = InstrumentId("binance_usdm:BTCUSDT")
ETH = InstrumentId("binance_usdm:ETHUSDT")


def trade(number: int, instrument: InstrumentId = BTC) -> Trade:
    return Trade(instrument, number, number, 100.0, 1.0, 1)


@contextlib.contextmanager
def wire(publisher: MarketPublisher, *kinds: str) -> Iterator[AsyncIterator[Batch]]:
    """Batches of BTC that `publisher` sends; closes both ends."""
    with (
        contextlib.closing(publisher),
        contextlib.closing(MarketSubscriber(publisher.uri, [BTC], kinds or KINDS)) as end,
    ):
        yield end.batches()


async def next_batch(batches: AsyncIterator[Batch]) -> Batch:
    return await asyncio.wait_for(anext(batches), 5)


async def joined(publisher: MarketPublisher, batches: AsyncIterator[Batch], probe: Event) -> Batch:
    """Publishes `probe` until the subscription is live; returns the first batch that arrives."""
    arrival = asyncio.ensure_future(anext(batches))
    while not (await asyncio.wait([arrival], timeout=0.02))[0]:
        publisher.publish([probe])
    return arrival.result()


async def drained(batches: AsyncIterator[Batch], publisher: MarketPublisher, marker: Trade) -> list[Batch]:
    """Everything up to the batch that holds `marker`, which is published now."""
    publisher.publish([marker])
    seen = [await next_batch(batches)]
    while marker not in seen[-1].events:
        seen.append(await next_batch(batches))
    return seen


@pytest.mark.parametrize(
    "event",
    [
        Candle(BTC, 60, 1.0, 2.0, 0.5, 1.5, 10.0),
        trade(1),
        Quote(BTC, 1, 99.0, 1.0, 101.0, 2.0),
        Mark(BTC, 1, 100.0, 100.5, 0.0001, 28_800),
        FeedStatus(BTC, 1, 3, "up"),
    ],
)
def test_every_kind_arrives_as_it_was_sent(event: Event) -> None:
    async def run() -> None:
        publisher = MarketPublisher("tcp://127.0.0.1:*")
        with wire(publisher) as batches:
            batch = await joined(publisher, batches, event)
        assert batch.events == (event,)
        assert (batch.instrument, batch.missed) == (BTC, 0)

    asyncio.run(run())


def test_ten_thousand_trades_arrive_in_order_and_only_for_the_subscribed_instrument() -> None:
    async def run() -> None:
        publisher = MarketPublisher("tcp://127.0.0.1:*")
        with wire(publisher, "trade") as batches:
            await joined(publisher, batches, trade(0))
            await drained(batches, publisher, trade(-1))
            for start in range(1, 10_001, 100):
                publisher.publish([trade(n) for n in range(start, start + 100)] + [trade(start, ETH)])
            seen = await drained(batches, publisher, trade(-2))
        assert [t.trade_id for batch in seen for t in batch.events] == [*range(1, 10_001), -2]
        assert all(batch.missed == 0 for batch in seen)

    asyncio.run(run())


class LossyPublisher(MarketPublisher):
    """Numbers messages as usual and loses those asked for, as a full socket does."""

    losing = False

    def publish(self, events: list[Event]) -> None:
        if not self.losing:
            return super().publish(events)
        for event in events:
            topic = self._topic(event)
            self._last[topic] = self._last.get(topic, self._base) + 1
        return None


def test_a_lost_message_is_reported_with_the_next_one() -> None:
    async def run() -> None:
        publisher = LossyPublisher("tcp://127.0.0.1:*")
        with wire(publisher) as batches:
            await joined(publisher, batches, trade(0))
            await drained(batches, publisher, trade(1))
            publisher.losing = True
            publisher.publish([trade(2)])
            publisher.publish([trade(3)])
            publisher.losing = False
            publisher.publish([trade(4)])
            batch = await next_batch(batches)
            assert (batch.missed, batch.events) == (2, (trade(4),))

    asyncio.run(run())


def test_a_lost_last_message_is_reported_by_the_beat() -> None:
    async def run() -> None:
        publisher = LossyPublisher("tcp://127.0.0.1:*")
        with wire(publisher) as batches:
            await joined(publisher, batches, trade(0))
            await drained(batches, publisher, trade(1))
            publisher.beat()
            publisher.losing = True
            publisher.publish([trade(2)])
            publisher.losing = False
            publisher.beat()
            publisher.beat()
            lost = await next_batch(batches)
            assert (lost.missed, lost.events, lost.kind) == (1, (), "trade")
            assert [b.missed for b in await drained(batches, publisher, trade(3))] == [0]

    asyncio.run(run())


def test_a_restarted_publisher_is_reported_as_a_loss_of_unknown_size() -> None:
    async def run() -> None:
        first = MarketPublisher("tcp://127.0.0.1:*", epoch=1)
        with wire(first) as batches:
            await joined(first, batches, trade(0))
            first.close()
            with contextlib.closing(MarketPublisher(first.uri, epoch=2)) as second:
                batch = await joined(second, batches, trade(9))
                while batch.missed == 0:
                    batch = await next_batch(batches)
        assert (batch.missed, batch.events) == (UNKNOWN_COUNT, (trade(9),))

    asyncio.run(run())


def test_an_address_other_machines_could_reach_is_refused() -> None:
    with pytest.raises(BadInput, match=r"not on this machine"):
        MarketPublisher("tcp://0.0.0.0:5555")


def test_a_taken_address_says_so() -> None:
    holder = MarketPublisher("tcp://127.0.0.1:*")
    with pytest.raises(Unavailable, match="can't listen"):
        MarketPublisher(holder.uri)
    holder.close()
