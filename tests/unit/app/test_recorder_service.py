"""The recorder from bus to store, in one process: losses are repaired, an absent store costs nothing."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.ticks import BTC, quote, snapshot, trade, trades, updates
from fixtures.trade_source import MemoryTrades, stored
from jtrader.app.services import recorder as service
from jtrader.app.services.heartbeat import Heartbeat
from jtrader.bus.market import MarketPublisher, MarketSubscriber
from jtrader.domain.errors import Unavailable
from jtrader.domain.market import Depth, Event, Quote
from jtrader.store.memory.ticks import MemoryTickStore
from jtrader.store.recorder.intake import Intake
from jtrader.store.recorder.repair import TradeRepair
from jtrader.store.recorder.writer import BatchWriter
from jtrader.store.spill.folder import Spill
from jtrader.store.ticks.batch import pack

EVERY = trades(1, 400)


class Store(MemoryTickStore):
    """Can be away."""

    is_away = False

    def write(self, batches: Any) -> None:
        self._check()
        super().write(batches)

    def newest(self, kind: Any, instrument: Any) -> Any:
        self._check()
        return super().newest(kind, instrument)

    def _check(self) -> None:
        if self.is_away:
            raise Unavailable("the store is away")


class Stage:
    def __init__(self, home: Path, store: Store, source: MemoryTrades, spill_bytes: int = 10**8) -> None:
        def is_numbered(_: str) -> bool:
            return True

        self.home = home
        self.store = store
        self.book: Depth | None = None
        self.publisher = MarketPublisher("tcp://127.0.0.1:*", epoch=1, book_of=lambda _: self.book)
        self.subscriber = MarketSubscriber(self.publisher.uri, markets=["binance_usdm"])
        self.spill = Spill(home / "spill", spill_bytes)
        self.writer = BatchWriter(store, self.spill)
        self.recorder = service.Recorder(
            Intake(time.time_ns, is_numbered),
            self.writer,
            store,
            TradeRepair(store, lambda _: source, is_numbered),
            Heartbeat(home, "recorder"),
            [BTC],
            service.Pace(flush=0.02, repair=0.02, compact=0.02, beat=0.02),
        )

    def tell(self, *events: Event) -> None:
        self.publisher.publish(events)

    def health(self) -> dict[str, Any]:
        return dict(json.loads((self.home / "run" / "health" / "recorder.json").read_text())["detail"])


@contextlib.asynccontextmanager
async def stage(home: Path, store: Store, source: MemoryTrades, spill_bytes: int = 10**8) -> AsyncIterator[Stage]:
    made = Stage(home, store, source, spill_bytes)
    task = asyncio.create_task(made.recorder.run(made.subscriber))
    try:
        while not made.recorder.is_hearing:
            made.tell(quote(0))
            await asyncio.sleep(0.01)
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        made.subscriber.close()
        made.publisher.close()
        made.spill.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def test_trades_lost_on_the_way_come_from_the_venue(tmp_path: Path) -> None:
    async def run() -> None:
        store, source = Store(), MemoryTrades(EVERY)
        async with stage(tmp_path, store, source) as made:
            made.tell(*EVERY[:100])
            made.tell(*EVERY[150:200])
            made.tell(*EVERY[210:400])
            await until(lambda: stored(store, BTC) == EVERY)
            await until(lambda: made.health()["repaired_trades"] == 60)
            assert made.health()["state"] == "recording"

    asyncio.run(run())


def test_a_start_finds_what_was_missed_since_the_last_one(tmp_path: Path) -> None:
    async def run() -> None:
        store, source = Store(), MemoryTrades(EVERY)
        store.append([*EVERY[:50], *EVERY[60:100]])
        store.append([quote(-100)], received=1)
        async with stage(tmp_path, store, source) as made:
            made.tell(quote(200), *EVERY[200:])
            await until(lambda: stored(store, BTC) == EVERY)
            await until(lambda: len(store.gaps(Quote)) > 0)
            assert store.gaps(Quote)[0].cause == "we_were_down"

    asyncio.run(run())


@pytest.mark.parametrize("from_the_start", [False, True])
def test_while_the_store_is_away_everything_waits_on_the_disk(tmp_path: Path, from_the_start: bool) -> None:
    async def run() -> None:
        store, source = Store(), MemoryTrades(EVERY)
        store.append(EVERY[:20])
        store.is_away = from_the_start
        async with stage(tmp_path, store, source) as made:
            made.tell(*EVERY[30:100])
            if not from_the_start:
                await until(lambda: len(stored(store, BTC)) == 100)
            store.is_away = True
            for first in range(100, 300, 50):
                made.tell(*EVERY[first : first + 50])
                await until(lambda first=first: made.writer.spilled_rows >= first - 60)
            made.tell(*EVERY[320:])
            await until(lambda: made.health()["state"] == "spilling" and made.health()["spilled_bytes"] > 0)
            assert "away" in made.health()["trouble"]
            assert len(stored(store, BTC)) == (20 if from_the_start else 100)
            store.is_away = False
            await until(lambda: stored(store, BTC) == EVERY)
            await until(lambda: made.health()["state"] == "recording")
            assert (made.health()["spilled_bytes"], made.health()["dropped_rows"]) == (0, 0)

    asyncio.run(run())


def test_what_an_earlier_process_spilled_is_no_gap(tmp_path: Path) -> None:
    """It was killed while the store was away: it was down only from its last row on."""

    async def run() -> None:
        store = Store()
        store.append(EVERY[:20])
        store.append([quote(-300)], received=1)
        spill = Spill(tmp_path / "spill", 10**8, segment_bytes=1)
        for number in range(2, 60):
            spill.put(pack([quote(number - 200)], received=number))
        spill.put(pack(EVERY[20:60]))
        spill.close()
        async with stage(tmp_path, store, MemoryTrades(EVERY)) as made:
            made.tell(quote(200), *EVERY[60:100])
            await until(lambda: stored(store, BTC) == EVERY[:100])
            await until(lambda: len(store.gaps(Quote)) > 0)
            [gap] = store.gaps(Quote)
            assert (gap.start, gap.end, gap.cause) == (quote(-141).ts + 1, quote(0).ts, "we_were_down")
            assert made.health()["repaired_trades"] == 0
            await until(lambda: made.health()["state"] == "recording")

    asyncio.run(run())


def test_what_was_dropped_is_a_gap_and_the_book_is_asked_for_anew(tmp_path: Path) -> None:
    told = updates(40)

    async def run() -> None:
        store = Store()
        async with stage(tmp_path, store, MemoryTrades(EVERY), spill_bytes=10) as made:
            made.tell(*told[:10])
            await until(lambda: store.count(Depth) == 10)
            made.publisher.beat()  # what it asked for at its start is answered
            store.is_away = True
            made.tell(*told[10:20])
            made.tell(quote(15))
            await until(lambda: made.writer.dropped_rows >= 11)
            made.book = snapshot(told[39].ts, [(99.0, 1.0)], [(101.0, 1.0)], 77)
            store.is_away = False
            await until(lambda: made.writer.state == "recording")
            made.tell(told[25])
            for _ in range(200):
                made.publisher.beat()
                await asyncio.sleep(0.01)
                if any(gap.end == told[39].ts for gap in store.gaps(Depth)):
                    break
            assert [(g.start, g.end, g.cause) for g in store.gaps(Depth)] == [(told[10].ts, told[39].ts, "lost")]
            assert [(g.start, g.end, g.cause) for g in store.gaps(Quote)] == [(quote(15).ts, quote(15).ts + 1, "lost")]
            assert list(store.replay(BTC, told[0].ts, 2**62)) == [*told[:10], made.book]

    asyncio.run(run())


def test_what_the_venue_tells_no_more_ends_as_a_gap_and_recording_goes_on(tmp_path: Path) -> None:
    async def run() -> None:
        store, source = Store(), MemoryTrades([])
        async with stage(tmp_path, store, source) as made:
            made.tell(*EVERY[:100])
            made.tell(*EVERY[150:200])
            await until(lambda: len(store.gaps(type(trade(1)))) == 1)
            [gap] = store.gaps(type(trade(1)))
            assert (gap.start, gap.end, gap.cause) == (trade(100).ts, trade(151).ts, "not_fetched")
            made.tell(*EVERY[200:])
            await until(lambda: len(stored(store, BTC)) == 350)

    asyncio.run(run())


def test_hours_that_are_over_are_packed_and_the_beat_tells_what_happens(tmp_path: Path) -> None:
    asked: list[int] = []

    class Packing(Store):
        def compact(self, before: int) -> int:
            asked.append(before)
            return 1

    async def run() -> None:
        async with stage(tmp_path, Packing(), MemoryTrades([])) as made:
            made.tell(*EVERY[:100])
            await until(lambda: len(asked) > 1 and made.health()["compacted_hours"] > 1)
            assert asked[-1] == EVERY[99].ts - service.COMPACT_AFTER
            assert made.health()["rows"] >= 100
            assert made.health()["market_time"] == "2026-01-15T10:01:40Z"

    asyncio.run(run())


def test_what_was_heard_is_written_before_it_ends(tmp_path: Path) -> None:
    """Cancelled between two rounds of writing, and in the middle of one."""
    started, may_end = threading.Event(), threading.Event()

    class Slow(Store):
        def write(self, batches: Any) -> None:
            started.set()
            assert may_end.wait(10)
            super().write(batches)

    async def run() -> None:
        store = Slow()
        async with stage(tmp_path, store, MemoryTrades([])) as made:
            made.tell(*EVERY[:100])
            await asyncio.to_thread(started.wait, 10)
            made.tell(*EVERY[100:200])
            await until(lambda: made.recorder.waiting >= 100)
            asyncio.get_running_loop().call_later(0.05, may_end.set)
        assert stored(store, BTC) == EVERY[:200]

    asyncio.run(run())
