"""The order books of a feed: kept proven, fetched again when lost, with bounded haste."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence

from jtrader.domain.errors import JtraderError
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, Level
from jtrader.exchange.common.books import BookKeeper, BookLost, BookSnapshot, SnapshotSource, SnapshotTooOld
from jtrader.exchange.common.sequences import Policy

log = logging.getLogger(__name__)

SNAPSHOT_TRIES = 8
"""Snapshots asked for, with growing pauses, before a long one: a venue whose snapshots never fit isn't hammered."""
LONG_PAUSE = 60.0
ANSWER_SECONDS = 2.0
"""How long a snapshot in the stream may take before it is asked for again."""


class LiveBooks:
    """Keepers by instrument. With a `source` snapshots come from REST, else `ask` requests one in the stream, where it
    ends in `snapshot`. `tell` gets the events of a book that was fetched; `lost` and `found` hear of nonsense."""

    def __init__(
        self,
        instruments: Iterable[InstrumentId],
        policy: Policy,
        source: SnapshotSource | None,
        ask: Callable[[InstrumentId], None],
        now: Callable[[], int],
        on_nonsense: Callable[[InstrumentId], None],
        on_found: Callable[[InstrumentId, Sequence[Depth]], None],
        is_asked_for: bool = False,
    ) -> None:
        """`now` is market time, ns. `is_asked_for`: snapshots come in the stream, but as answers: updates wait for
        them."""
        comes_by_itself = source is None and not is_asked_for
        self._keepers = {name: BookKeeper(name, policy, in_stream=comes_by_itself) for name in instruments}
        self._comes_by_itself = comes_by_itself
        self._source = source
        self._ask = ask
        self._now = now
        self._on_nonsense = on_nonsense
        self._on_found = on_found
        self._fetches: dict[InstrumentId, asyncio.Task[None]] = {}
        self._fetching = asyncio.Semaphore(2)
        self._left_out: set[InstrumentId] = set()

    def __getitem__(self, instrument: InstrumentId) -> BookKeeper:
        return self._keepers[instrument]

    @property
    def gaps(self) -> int:
        return sum(keeper.gaps for keeper in self._keepers.values())

    @property
    def nonsense(self) -> int:
        return sum(keeper.nonsense for keeper in self._keepers.values())

    def update(
        self,
        instrument: InstrumentId,
        ts: int,
        bids: tuple[Level, ...],
        asks: tuple[Level, ...],
        first: int,
        last: int,
        previous: int,
    ) -> Depth | None:
        try:
            return self._keepers[instrument].update(ts, bids, asks, first, last, previous)
        except BookLost as lost:
            self._on_lost(instrument, lost)
            return None

    def snapshot(self, instrument: InstrumentId, whole: BookSnapshot) -> None:
        """A snapshot that came in the stream."""
        try:
            told = self._keepers[instrument].snapshot(whole, self._now())
        except SnapshotTooOld as error:
            log.info("%s", error)
            self._fetch(instrument)
        except BookLost as lost:
            self._on_lost(instrument, lost)
        else:
            self._on_found(instrument, told)

    def whole(self, instrument: InstrumentId) -> Depth | None:
        """A book that stands, as one event."""
        book = self._keepers[instrument].book
        if not book.is_known:
            return None
        bids, asks = tuple(book.bids.levels()), tuple(book.asks.levels())
        return Depth(instrument, book.ts, bids, asks, book.update_id, snapshot=True)

    def on_up(self) -> None:
        """Connected and subscribed: snapshots are fetched now where they don't come by themselves."""
        if not self._comes_by_itself:
            for instrument in self._keepers:
                self._fetch(instrument)

    def on_down(self) -> None:
        self.stop()
        for keeper in self._keepers.values():
            keeper.restart()

    def lose(self, instrument: InstrumentId) -> None:
        """What was told of a book can't be: it is fetched again."""
        self._keepers[instrument].restart()
        self._fetch(instrument)

    def leave_out(self, instrument: InstrumentId) -> None:
        """Nothing of this book is asked for any more."""
        self._left_out.add(instrument)
        if (fetch := self._fetches.pop(instrument, None)) is not None:
            fetch.cancel()

    def stop(self) -> list["asyncio.Task[None]"]:
        """Cancels what is being fetched; returns it to be waited for."""
        tasks, self._fetches = list(self._fetches.values()), {}
        for task in tasks:
            task.cancel()
        return tasks

    def _on_lost(self, instrument: InstrumentId, lost: BookLost) -> None:
        log.warning("%s", lost)
        if lost.is_nonsense:
            self._on_nonsense(instrument)
        self._fetch(instrument)

    def _fetch(self, instrument: InstrumentId) -> None:
        """One fetch a book at a time."""
        if instrument in self._left_out:
            return
        running = self._fetches.get(instrument)
        if running is None or running.done():
            self._fetches[instrument] = asyncio.get_running_loop().create_task(self._fetch_book(instrument))

    async def _fetch_book(self, instrument: InstrumentId) -> None:
        """Until the book stands."""
        keeper, wait, tries = self._keepers[instrument], 0.25, 0
        while not keeper.is_live:
            try:
                await self._ask_for(instrument)
            except (SnapshotTooOld, BookLost) as error:
                log.info("%s", error)
            except JtraderError as error:
                log.warning("%s: no snapshot of the book: %s", instrument, error)
            if keeper.is_live:
                return
            tries += 1
            wait = min(2 * wait, 15.0)
            await asyncio.sleep(LONG_PAUSE if tries % SNAPSHOT_TRIES == 0 else random.uniform(wait / 2, wait))

    async def _ask_for(self, instrument: InstrumentId) -> None:
        if self._source is None:
            self._ask(instrument)
            await asyncio.sleep(ANSWER_SECONDS)
            return
        async with self._fetching:
            whole = await asyncio.to_thread(self._source.book, instrument)
        self._on_found(instrument, self._keepers[instrument].snapshot(whole, self._now()))
