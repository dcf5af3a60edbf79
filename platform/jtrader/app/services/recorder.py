"""The recorder's process: what the bus tells → MongoDB, whole; what was lost of the trades is asked of the venue; the
instruments' rules are kept in step."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from jtrader.app.services.heartbeat import Heartbeat
from jtrader.app.services.listing_keeper import ListingKeeper
from jtrader.app.services.running import run_service
from jtrader.app.settings import Settings
from jtrader.app.wiring.data import markets_of
from jtrader.app.wiring.recording import LazyTrades, is_numbered, open_rules, open_spill, open_ticks
from jtrader.bus.market import Batch, MarketSubscriber
from jtrader.domain.errors import JtraderError, Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, MarketEvent, Trade
from jtrader.domain.times import DAY, MINUTE, iso
from jtrader.ports.stores import TickStore
from jtrader.store.recorder.intake import STREAMED, Intake, Lost, Portion
from jtrader.store.recorder.repair import TradeRepair
from jtrader.store.recorder.writer import BatchWriter
from jtrader.store.ticks.kinds import KINDS

FLUSH_ROWS = 20_000
"""Rows that are written without waiting for the second to be over."""
MOST_WAITING = 1_000_000
"""Rows in memory above which the bus is not read: what then is lost there is seen by its numbers and repaired."""
AWAY_SECONDS = 2.0
"""How long a write waits for a store that went away before it spills, and a spilling recorder between two attempts."""
ANSWER_SECONDS = 10.0
"""How long it may think about one request."""
COMPACT_AFTER = 5 * MINUTE
"""Market time after the end of an hour until it is packed."""
LOOK_BACK = DAY
"""Market time before the newest stored trade over which the ids are proven at a start."""
REPAIR_TRIES = 5
COUNTS = ("bus_losses", "gaps", "repaired_trades", "absent_trades", "proofs", "compacted_hours")

T = TypeVar("T")

log = logging.getLogger(__name__)


class Pace(NamedTuple):
    """Wall seconds between two rounds of each kind of work."""

    flush: float = 1.0
    repair: float = 10.0
    """After one that failed."""
    compact: float = 60.0
    beat: float = 1.0


class Recorder:
    """`run` records until cancelled, and writes what it has before it ends. One thread at a time writes; repair and
    compaction have their own."""

    def __init__(
        self,
        intake: Intake,
        writer: BatchWriter,
        store: TickStore,
        repair: TradeRepair,
        heartbeat: Heartbeat,
        instruments: Sequence[InstrumentId],
        pace: Pace = Pace(),  # noqa: B008 (a value)
    ) -> None:
        self._pace = pace
        self._intake = intake
        self._writer = writer
        self._store = store
        self._repair = repair
        self._heartbeat = heartbeat
        self._instruments = instruments
        self._subscriber: MarketSubscriber | None = None
        self._is_resumed = False
        self._due = asyncio.Event()
        self._taken = asyncio.Event()
        self._threads: set[asyncio.Future[Any]] = set()
        self._suspects: dict[InstrumentId, int] = {}
        self._lost: list[Lost] = []
        self._away_since: int | None = None
        self._tries: Counter[InstrumentId] = Counter()
        self._flushed_at = time.monotonic()
        self.counts = Counter(dict.fromkeys(COUNTS, 0))

    @property
    def is_hearing(self) -> bool:
        """Whether the bus has told anything yet."""
        return self._intake.market_time > 0

    @property
    def waiting(self) -> int:
        """Rows in memory."""
        return self._intake.rows

    async def run(self, subscriber: MarketSubscriber) -> None:
        self._subscriber = subscriber
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(subscriber))
                tasks.create_task(self._write())
                tasks.create_task(self._mend())
                tasks.create_task(self._compact())
                tasks.create_task(self._beat())
        finally:
            await asyncio.gather(*self._threads, return_exceptions=True)
            await self._flush()

    async def _in_thread(self, work: Callable[..., T], *values: Any) -> T:
        """Its end is waited for also when who asked is cancelled: it uses the store."""
        running = asyncio.ensure_future(asyncio.to_thread(work, *values))
        self._threads.add(running)
        running.add_done_callback(self._threads.discard)
        return await asyncio.shield(running)

    async def _listen(self, subscriber: MarketSubscriber) -> None:
        async for batches in subscriber.rounds():
            for batch in batches:
                self._see(batch)
            if self._intake.rows >= FLUSH_ROWS:
                self._due.set()
            while self._intake.rows >= MOST_WAITING:
                self._taken.clear()
                await self._taken.wait()

    def _see(self, batch: Batch) -> None:
        self.counts["bus_losses"] += batch.missed != 0
        if batch.kind in KINDS:
            self._intake.see(KINDS[batch.kind].event, batch.instrument, batch.events, batch.missed)

    async def _write(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pace.flush):
                    await self._due.wait()
            self._due.clear()
            await self._flush()

    async def _flush(self) -> None:
        """Writes what waits. What is missing before it can be asked for afterwards."""
        if not self._is_resumed:
            await self._resume()
        portions, suspects = self._intake.take(), self._intake.take_suspects()
        self._taken.set()
        self._lost += self._intake.take_lost()
        was_away = self._writer.state != "recording"
        await self._in_thread(self._store_all, portions)
        self._note_suspects(suspects)
        self._note_dropped()
        if self._writer.state != "recording":
            self._away_since = self._away_since or self._intake.market_time - MINUTE
        elif was_away and self._away_since is not None:
            self._note_suspects(dict.fromkeys(self._instruments, self._away_since))
            self._away_since = None
        self._flushed_at = time.monotonic()

    def _note_dropped(self) -> None:
        """Once something is kept again: until then more is dropped."""
        if self._writer.state == "full":
            return
        for kind, instrument, start, end in self._writer.take_dropped():
            self._intake.dropped(KINDS[kind].event, instrument, start, end)
            if KINDS[kind].event is Depth and self._subscriber is not None:
                self._subscriber.ask(instrument, kind)

    def _store_all(self, portions: Sequence[Portion]) -> None:
        self._writer.write([batch for portion in portions for batch in portion.batches()])
        if self._is_resumed:
            self._writer.drain()
        while self._lost and self._writer.state == "recording":
            kind, gap = self._lost[0]
            try:
                self._store.record_gaps(kind, gap.instrument, gap.start, gap.end, [gap])
            except Unavailable:
                return
            self._lost.pop(0)
            self.counts["gaps"] += 1

    async def _resume(self) -> None:
        """What is stored from before this start, read before anything is added to it: first what an earlier process
        left in the spill, a piece at a time."""
        if self._writer.is_inheriting:
            await self._in_thread(self._writer.drain)
            if self._writer.is_inheriting:
                return
        try:
            newest, receipt = await self._in_thread(self._newest)
        except Unavailable as error:
            self._writer.hold(str(error))
            return
        self._intake.start_above(receipt)
        for event in newest:
            self._intake.expect(event)
            if isinstance(event, Trade) and is_numbered(event.instrument):
                self._note_suspects({event.instrument: event.ts - LOOK_BACK})
        self._is_resumed = True

    def _newest(self) -> tuple[list[MarketEvent], int]:
        """The newest of each kind and instrument, and the last time of receipt."""
        kinds: tuple[type[MarketEvent], ...] = (Trade, *STREAMED)
        found = [self._store.newest(kind, name) for name in self._instruments for kind in kinds]
        receipts = (self._store.newest_receipt(kind, name) for name in self._instruments for kind in STREAMED)
        return [event for event in found if event is not None], max(receipts, default=0)

    def _note_suspects(self, suspects: Mapping[InstrumentId, int]) -> None:
        for instrument, since in suspects.items():
            self._suspects[instrument] = min(since, self._suspects.get(instrument, since))

    async def _mend(self) -> None:
        while True:
            if self._writer.state == "recording" and self._suspects:
                await self._mend_one(*self._suspects.popitem())
            else:
                await asyncio.sleep(self._pace.flush)

    async def _mend_one(self, instrument: InstrumentId, since: int) -> None:
        """Proves the trades of an instrument whole, with what the venue still tells; after some tries what is missing
        becomes a gap."""
        try:
            repaired = await self._in_thread(self._repair.repair, instrument, since)
            self.counts["repaired_trades"] += repaired.found
            self.counts["absent_trades"] += repaired.absent
            if repaired.rest is not None:
                self._note_suspects({instrument: repaired.rest})
                return
            if repaired.is_whole:
                self.counts["proofs"] += 1
                del self._tries[instrument]
                return
            trouble = "the venue tells no more of them"
        except JtraderError as error:
            trouble = str(error)
        self._tries[instrument] += 1
        log.warning("%s: trades since %s are missing: %s", instrument, iso(since), trouble)
        if self._tries[instrument] < REPAIR_TRIES:
            await asyncio.sleep(self._pace.repair)
            self._note_suspects({instrument: since})
            return
        del self._tries[instrument]
        with contextlib.suppress(Unavailable):
            await self._in_thread(self._repair.give_up, instrument, since, "not_fetched")

    async def _compact(self) -> None:
        while True:
            await asyncio.sleep(self._pace.compact)
            if self._writer.state == "recording" and self._intake.market_time:
                try:
                    before = self._intake.market_time - COMPACT_AFTER
                    self.counts["compacted_hours"] += await self._in_thread(self._store.compact, before)
                except Unavailable as error:
                    log.warning("hours are packed later: %s", error)

    async def _beat(self) -> None:
        """Ready unless rows are being dropped: with its store away the recorder still does its work."""
        rows, at = 0, time.monotonic()
        while True:
            await asyncio.sleep(self._pace.beat)
            before, rows, before_at, at = rows, self._writer.rows + self._writer.spilled_rows, at, time.monotonic()
            newest = self._intake.market_time
            self._heartbeat.beat(
                self._writer.state != "full",
                state=self._writer.state,
                rows=self._writer.rows,
                rows_per_s=round((rows - before) / (at - before_at)),
                waiting_rows=self._intake.rows,
                lag_s=round(at - self._flushed_at, 1),
                market_time=iso(newest) if newest else "",
                spilled_bytes=self._writer.spilled_bytes,
                dropped_rows=self._writer.dropped_rows,
                suspects=sorted(self._suspects),
                trouble=self._writer.trouble,
                **self.counts,
            )


async def serve(settings: Settings) -> None:
    names = [*settings.crawl_instruments, *(name for s in settings.strategies for name in s.instruments)]
    instruments = [InstrumentId(name) for name in dict.fromkeys(names)]
    sources = LazyTrades(settings)
    with contextlib.ExitStack() as opened:
        opened.callback(sources.close)
        store = opened.enter_context(open_ticks(settings, AWAY_SECONDS, ANSWER_SECONDS))
        spill = opened.enter_context(contextlib.closing(open_spill(settings)))
        rules = opened.enter_context(open_rules(settings, AWAY_SECONDS, ANSWER_SECONDS))
        address, markets = settings.need("market_data_uri"), markets_of(instruments, settings)
        subscriber = MarketSubscriber(address, kinds=settings.recorder.kinds, markets=markets)
        opened.callback(subscriber.close)
        changes = MarketSubscriber(address, kinds=("trading",), markets=markets)
        opened.callback(changes.close)
        keeper = ListingKeeper(sources.of, rules, markets)
        recorder = Recorder(
            Intake(time.time_ns, is_numbered),
            BatchWriter(store, spill),
            store,
            TradeRepair(store, sources, is_numbered),
            Heartbeat(settings.root, "recorder"),
            instruments,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keeper.follow(changes))
            tasks.create_task(keeper.run())
            tasks.create_task(recorder.run(subscriber))


if __name__ == "__main__":
    run_service("recorder", serve)
