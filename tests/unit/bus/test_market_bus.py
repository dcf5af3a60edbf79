"""Market data over the bus arrives complete, in order, and a loss is seen."""

import asyncio
import contextlib
import os
import random
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from jtrader.bus.conflation import Conflation
from jtrader.bus.market import KINDS, UNKNOWN_COUNT, Batch, MarketPublisher, MarketSubscriber
from jtrader.bus.publishing import holding
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import (
    Candle,
    Depth,
    Event,
    FeedStatus,
    Funding,
    Mark,
    OpenInterest,
    Quote,
    Trade,
    TradingStatus,
)
from jtrader.domain.order_book import OrderBook

BTC = InstrumentId("binance_usdm:BTCUSDT")
ETH = InstrumentId("binance_usdm:ETHUSDT")


def trade(number: int, instrument: InstrumentId = BTC) -> Trade:
    return Trade(instrument, number, number, 100.0, 1.0, 1)


@contextlib.contextmanager
def wire(publisher: MarketPublisher, *kinds: str, conflate: bool = False) -> Iterator[AsyncIterator[Batch]]:
    """Batches of BTC that `publisher` sends; closes both ends."""
    with (
        contextlib.closing(publisher),
        contextlib.closing(MarketSubscriber(publisher.uri, [BTC], kinds or KINDS, conflate=conflate)) as end,
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
        Depth(BTC, 1, ((99.0, 1.0),), (), 7, snapshot=True),
        Funding(BTC, 1, 0.0001),
        OpenInterest(BTC, 1, 12_345.0),
        TradingStatus(BTC, 1, "halted"),
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
            if (state := holding([event])) is not None:
                self._newest[topic] = state
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


def quote(number: int) -> Quote:
    return Quote(BTC, number, 99.0, float(number), 101.0, 1.0)


def depth(number: int, *bids: tuple[float, float], snapshot: bool = False) -> Depth:
    return Depth(BTC, number, bids, ((101.0, 1.0),) if snapshot else (), number, snapshot)


async def burst(publisher: MarketPublisher, batches: AsyncIterator[Batch], events: list[Event]) -> list[Batch]:
    """What a subscriber gets that was busy while `events` were published one by one, up to the last trade."""
    await joined(publisher, batches, trade(0))
    await drained(batches, publisher, trade(-1))
    for event in events:
        publisher.publish([event])
    await asyncio.to_thread(threading.Event().wait, 0.05)
    return await drained(batches, publisher, trade(-2))


def test_a_slow_subscriber_gets_every_trade_and_the_newest_state_only() -> None:
    told: list[Event] = []
    for number in range(1, 301):
        told += [trade(number), quote(number), Mark(BTC, number, 100.0, 100.0, 0.0, number)]

    async def run() -> None:
        publisher = MarketPublisher("tcp://127.0.0.1:*")
        with wire(publisher, conflate=True) as batches:
            seen = await burst(publisher, batches, told)
        assert [t.trade_id for b in seen if b.kind == "trade" for t in b.events] == [*range(1, 301), -2]
        for kind, newest in (("quote", quote(300)), ("mark", told[-1])):
            of_kind = [b for b in seen if b.kind == kind]
            assert of_kind[-1].events == (newest,)
            assert sum(len(b.events) + b.conflated for b in of_kind) == 300
            assert sum(len(b.events) for b in of_kind) < 30
        assert all(b.missed == 0 for b in seen)

    asyncio.run(run())


def test_conflated_books_end_as_every_update_would_have_left_them() -> None:
    rng = random.Random(5)
    told: list[Event] = [depth(1, (99.0, 1.0), (98.0, 2.0), snapshot=True)]
    told += [depth(n, (90.0 + rng.randrange(10), float(rng.randrange(3)))) for n in range(2, 400)]
    every, latest = OrderBook(BTC), OrderBook(BTC)
    for event in told:
        every.apply(event)

    async def run() -> None:
        publisher = MarketPublisher("tcp://127.0.0.1:*")
        with wire(publisher, conflate=True) as batches:
            for batch in await burst(publisher, batches, told):
                for event in batch.events:
                    if isinstance(event, Depth):
                        latest.apply(event)

    asyncio.run(run())
    assert (list(latest.bids.levels()), latest.update_id) == (list(every.bids.levels()), 399)


def test_states_keep_their_place_among_what_is_told_in_full() -> None:
    """A quote from before the connection was lost comes before the word of the loss."""
    down, up = FeedStatus(BTC, 5, 1, "down"), FeedStatus(BTC, 6, 2, "up")
    told = [quote(1), quote(2), down, up, depth(7, (99.0, 1.0), snapshot=True), depth(8, (98.0, 1.0))]

    async def run() -> None:
        publisher = MarketPublisher("tcp://127.0.0.1:*")
        with wire(publisher, conflate=True) as batches:
            seen = [event for batch in await burst(publisher, batches, told) for event in batch.events]
        whole = Depth(BTC, 8, ((99.0, 1.0), (98.0, 1.0)), ((101.0, 1.0),), 8, snapshot=True)
        assert seen == [quote(2), down, up, whole, trade(-2)]

    asyncio.run(run())


def test_updates_from_before_a_loss_are_not_mixed_with_those_after_it() -> None:
    states = Conflation()
    states.add(0, b"t", (depth(1, (99.0, 1.0), snapshot=True),), 0)
    states.add(1, b"t", (depth(4, (98.0, 1.0)),), 2)
    states.add(2, b"q", (quote(1),), 0)
    states.add(3, b"q", (), 3)
    assert list(states.newest()) == [
        (1, b"t", (Depth(BTC, 4, ((98.0, 1.0),), (), 4),), 2, 1),
        (3, b"q", (quote(1),), 3, 0),
    ]


def test_who_subscribes_a_book_or_lost_some_of_it_gets_it_whole() -> None:
    book = OrderBook(BTC)

    def whole(_: InstrumentId) -> Depth:
        return Depth(BTC, book.ts, tuple(book.bids.levels()), tuple(book.asks.levels()), book.update_id, True)

    async def run() -> None:
        publisher = LossyPublisher("tcp://127.0.0.1:*", book_of=whole)

        async def next_snapshot(batches: AsyncIterator[Batch]) -> Depth:
            while True:
                arrival = asyncio.ensure_future(anext(batches))
                while not (await asyncio.wait([arrival], timeout=0.02))[0]:
                    publisher.beat()
                for event in arrival.result().events:
                    if isinstance(event, Depth) and event.snapshot:
                        return event

        def tell(event: Depth) -> None:
            book.apply(event)
            publisher.publish([event])

        tell(depth(1, (99.0, 1.0), snapshot=True))
        with contextlib.closing(MarketSubscriber(publisher.uri, [BTC], ["depth"])) as late:
            batches = late.batches()
            assert (await next_snapshot(batches)).update_id == 1
            for round_of_loss in (10, 20):
                publisher.losing = True
                tell(depth(round_of_loss, (98.0, 1.0)))
                publisher.losing = False
                tell(depth(round_of_loss + 1, (97.0, 1.0)))
                assert (await next_snapshot(batches)).update_id == round_of_loss + 1
        publisher.close()

    asyncio.run(run())


UP, DOWN, STALE = (FeedStatus(BTC, n, n, state) for n, state in enumerate(("up", "down", "stale"), start=1))
HALTED, NEW_RULES = TradingStatus(BTC, 1, "halted"), TradingStatus(BTC, 2, "rules")
MARK = Mark(BTC, 1, 100.0, 100.0, 0.0, 9)


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        ([UP, HALTED], [UP, HALTED]),
        ([HALTED, NEW_RULES, UP, STALE], [STALE, HALTED]),
        ([UP, MARK, quote(1), quote(2)], [UP, MARK, quote(2)]),
        ([quote(1), UP], [UP, quote(1)]),
        ([UP, quote(1), DOWN], [DOWN]),
        ([trade(1), Funding(BTC, 1, 0.0001)], []),
    ],
    ids=["halted", "rules hide no halt", "prices", "status first", "no quote of a feed that is down", "no history"],
)
def test_who_comes_late_hears_what_holds_and_nobody_hears_it_twice(told: list[Event], heard: list[Event]) -> None:
    async def run() -> None:
        publisher = MarketPublisher("tcp://127.0.0.1:*")
        with wire(publisher) as early:
            await joined(publisher, early, trade(0))
            await drained(early, publisher, trade(-1))
            publisher.publish(told)
            with contextlib.closing(MarketSubscriber(publisher.uri, [BTC])) as end:
                late = end.batches()
                seen: list[Event] = []
                while not any(isinstance(event, Trade) and event.trade_id == -2 for event in seen):
                    arrival = asyncio.ensure_future(anext(late))
                    while not (await asyncio.wait([arrival], timeout=0.02))[0]:
                        publisher.beat()
                        publisher.publish([trade(-2)])
                    seen += arrival.result().events
                assert [event for event in seen if not isinstance(event, Trade)] == heard
            publisher.publish([trade(-3)])
            after = [event async for batch in _until(early, trade(-3)) for event in batch.events]
            states = [e for e in after if not isinstance(e, Trade)]
            assert sorted(map(str, states)) == sorted(str(e) for e in told if not isinstance(e, Trade))

    asyncio.run(run())


@pytest.mark.parametrize("lost", [DOWN, HALTED, quote(5), MARK], ids=lambda event: type(event).__name__)
def test_a_lost_last_state_is_told_again(lost: Event) -> None:
    async def run() -> None:
        publisher = LossyPublisher("tcp://127.0.0.1:*")
        with wire(publisher) as batches:
            await joined(publisher, batches, trade(0))
            publisher.publish([UP, TradingStatus(BTC, 0, "trading"), quote(1), Mark(BTC, 0, 99.0, 99.0, 0.0, 9)])
            await drained(batches, publisher, trade(1))
            publisher.beat()
            publisher.losing = True
            publisher.publish([lost])
            publisher.losing = False
            seen: list[Event] = []
            while lost not in seen:
                arrival = asyncio.ensure_future(anext(batches))
                while not (await asyncio.wait([arrival], timeout=0.02))[0]:
                    publisher.beat()
                seen += arrival.result().events
            assert seen == [lost]

    asyncio.run(run())


async def _until(batches: AsyncIterator[Batch], marker: Trade) -> AsyncIterator[Batch]:
    while True:
        batch = await next_batch(batches)
        yield batch
        if marker in batch.events:
            return


def test_queues_are_bounded_and_every_message_is_told_or_counted_as_missed() -> None:
    """Trades are never conflated: who is away for too long loses some, and knows how many."""
    sent = 30_000

    async def run() -> None:
        with (
            contextlib.closing(MarketPublisher("tcp://127.0.0.1:*", queue=100)) as publisher,
            contextlib.closing(MarketSubscriber(publisher.uri, [BTC], ["trade"], conflate=True, queue=100)) as end,
        ):
            batches = end.batches()
            await joined(publisher, batches, trade(0))
            await drained(batches, publisher, trade(-1))
            padding = Trade(BTC, 1, "x" * 2_000, 100.0, 1.0, 1)
            for _ in range(sent):
                publisher.publish([padding])
            told = missed = 0
            while told + missed < sent:
                arrival = asyncio.ensure_future(anext(batches))
                while not (await asyncio.wait([arrival], timeout=0.05))[0]:
                    publisher.beat()
                told += len(arrival.result().events)
                missed += arrival.result().missed
            assert told + missed == sent
            assert missed > 0
            assert told < sent / 2

    asyncio.run(run())


def test_what_waits_for_one_that_stands_still_is_bounded(tmp_path: Path) -> None:
    """A process that never reads, and books of 4 kB: fewer of them may wait than small messages."""
    book = depth(1, *((float(price), 1.0) for price in range(1, 220)), snapshot=True)

    async def run() -> None:
        uri = f"ipc://{tmp_path}/bus"
        with contextlib.closing(MarketPublisher(uri, book_of=lambda _: None)) as publisher:
            reader = await asyncio.create_subprocess_exec(
                sys.executable, "-c", STANDS_STILL, uri, stdout=asyncio.subprocess.PIPE
            )
            assert reader.stdout is not None
            try:
                waits = asyncio.create_task(reader.stdout.read())
                while not waits.done():
                    publisher.publish([trade(1)])
                    await asyncio.sleep(0.01)
                assert waits.result() == b"hears\n"
                before = resident()
                for _ in range(20_000):
                    publisher.publish([book])
                assert resident() - before < 40_000_000
            finally:
                reader.kill()
                await reader.wait()

    asyncio.run(run())


def test_subscribers_that_are_killed_do_the_publisher_no_harm(tmp_path: Path) -> None:
    """In processes of their own: what harms it may end it."""
    uri = f"ipc://{tmp_path}/bus"
    publisher = subprocess.Popen([sys.executable, "-c", PUBLISHES, uri], stdin=subprocess.PIPE)
    try:
        for _ in range(8):
            readers = [subprocess.Popen([sys.executable, "-c", LISTENS, uri], stdout=subprocess.PIPE) for _ in "123"]
            for reader in readers:
                assert reader.stdout is not None
                assert reader.stdout.readline() == b"hears\n"
            for reader in readers:
                reader.kill()
                reader.communicate()
            assert publisher.poll() is None
        publisher.communicate(timeout=20)
        assert publisher.returncode == 0
    finally:
        publisher.kill()
        publisher.wait()


PUBLISHES = """
import sys, threading
from jtrader.bus.market import MarketPublisher
from jtrader.domain.market import Trade
publisher = MarketPublisher(sys.argv[1], 1, lambda _: None)
end = threading.Thread(target=sys.stdin.read)
end.start()
while end.is_alive():
    for price in range(1, 101):
        publisher.publish([Trade("binance_usdm:BTCUSDT", 1, price, price * 10.0, 1.0, 1)])
    publisher.beat()
publisher.close()
"""

LISTENS = """
import sys, zmq
end = zmq.Context().socket(zmq.SUB)
end.rcvtimeo = 5_000
end.subscribe(b"")
end.connect(sys.argv[1])
end.recv()
print("hears", flush=True)
while True:
    end.recv()
"""

STANDS_STILL = """
import os, signal, sys, zmq
end = zmq.Context().socket(zmq.SUB)
end.subscribe(b"")
end.connect(sys.argv[1])
end.recv()
print("hears", flush=True)
os.close(1)
os.kill(os.getpid(), signal.SIGSTOP)
"""


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_a_market_can_be_subscribed_by_kind_and_no_name_is_taken_for_another() -> None:
    perp, dated = InstrumentId("binance_coinm:BTCUSD"), InstrumentId("binance_coinm:BTCUSD_261225")

    async def run() -> None:
        with (
            contextlib.closing(MarketPublisher("tcp://127.0.0.1:*")) as publisher,
            contextlib.closing(MarketSubscriber(publisher.uri, [perp], ["trade"])) as one,
            contextlib.closing(MarketSubscriber(publisher.uri, kinds=["trade"], markets=["binance_coinm"])) as both,
        ):
            sides = [one.batches(), both.batches()]
            for side in sides:
                await joined(publisher, side, trade(0, perp))
            publisher.publish([trade(1, dated), Quote(perp, 1, 99.0, 1.0, 101.0, 1.0), trade(2), trade(9, perp)])
            seen: list[list[Event]] = []
            for side in sides:
                seen.append([])
                while not seen[-1] or seen[-1][-1].trade_id != 9:
                    seen[-1] += (await next_batch(side)).events
            assert {event.instrument for event in seen[0]} == {perp}
            assert [e for e in seen[1] if e.trade_id] == [trade(1, dated), trade(9, perp)]

    asyncio.run(run())


def test_an_address_other_machines_could_reach_is_refused() -> None:
    with pytest.raises(BadInput, match=r"not on this machine"):
        MarketPublisher("tcp://0.0.0.0:5555")


def test_a_taken_address_says_so() -> None:
    holder = MarketPublisher("tcp://127.0.0.1:*")
    with pytest.raises(Unavailable, match="can't listen"):
        MarketPublisher(holder.uri)
    holder.close()
