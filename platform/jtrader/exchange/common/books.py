"""Keeps proven order books: updates wait for a snapshot, follow it without a hole, and never show what can't be.

    keeper = BookKeeper(instrument, sequences.futures_ids)
    keeper.update(ts, bids, asks, first=U, last=u, previous=pu)   → None: waits for a snapshot
    keeper.snapshot(BookSnapshot(ts, bids, asks, lastUpdateId))   → [Depth(snapshot=True), Depth, …]
    keeper.update(…)                                              → Depth to hand on, or None for old news
                                                                    raises BookLost: fetch another snapshot

A venue that sends its snapshots on the same connection (BitMEX `partial`, HTX contracts) hands them to `snapshot`, and
makes the keeper with `in_stream=True`: what comes before such a snapshot is older than it. `feed.Feed` asks for
snapshots and acts on what is lost: adapters call its `book_update` and `book_snapshot`, not the keeper.
"""

from collections import deque
from typing import NamedTuple, Protocol

import msgspec

from jtrader.domain.errors import BadInput, JtraderError
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, Level
from jtrader.domain.order_book import OrderBook
from jtrader.exchange.common.sequences import Policy, Step

MOST_WAITING = 5_000
"""Updates kept while a snapshot is on its way; older ones fall out, and the snapshot has to be newer then."""


class BookSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A whole book. `ts` in ns, 0 where the venue tells none; `number` is what the updates continue from."""

    ts: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    number: int = 0


class SnapshotSource(Protocol):
    """A venue's REST, as a feed asks it from a thread of its own."""

    def book(self, instrument: InstrumentId) -> BookSnapshot:
        """Raises Unavailable, BadInput, Broken."""
        ...


class BookLost(JtraderError):
    """The book is not known any more and a new snapshot is needed. `is_nonsense`: not a hole in the sequence, but
    prices that can't be (crossed, zero, NaN)."""

    def __init__(self, message: str, is_nonsense: bool = False) -> None:
        super().__init__(message)
        self.is_nonsense = is_nonsense


class SnapshotTooOld(JtraderError):
    """The snapshot ends before the oldest update that is kept: fetch a newer one."""


class _Update(NamedTuple):
    ts: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    first: int
    last: int
    previous: int


class BookKeeper:
    """One instrument's book. `book` is what has been proven so far; counters: `gaps`, `nonsense`, `snapshots`."""

    def __init__(
        self,
        instrument: InstrumentId,
        policy: Policy,
        in_stream: bool = False,
        most_waiting: int = MOST_WAITING,
        most_levels: int = 10_000,
    ) -> None:
        self.instrument = instrument
        self.book = OrderBook(instrument, most_levels)
        self.gaps = 0
        self.nonsense = 0
        self.snapshots = 0
        self._policy = policy
        self._waiting: deque[_Update] = deque(maxlen=0 if in_stream else most_waiting)
        self._fresh = False

    @property
    def is_live(self) -> bool:
        """The book stands and follows its updates."""
        return self.book.is_known

    def update(
        self,
        ts: int,
        bids: tuple[Level, ...],
        asks: tuple[Level, ...],
        first: int = 0,
        last: int = 0,
        previous: int = 0,
    ) -> Depth | None:
        """One update as the venue sent it. None: it waits for a snapshot, or is old. Raises BookLost."""
        book = self.book
        if not book.is_known:
            self._waiting.append(_Update(ts, bids, asks, first, last, previous))
            return None
        step = self._policy(book.update_id, first, last, previous, self._fresh)
        if step is Step.OLD:
            return None
        if step is Step.GAP:
            self.gaps += 1
            self._lose(_Update(ts, bids, asks, first, last, previous))
            raise BookLost(f"{self.instrument}: the book stood at {book.update_id}, the next update is {first}..{last}")
        self._fresh = False
        try:
            book.change(ts, bids, asks, last)
        except BadInput as error:
            raise self._nonsense(str(error)) from error
        if (standing := book.bids.prices) and (offered := book.asks.prices) and standing[-1] >= offered[0]:
            raise self._nonsense(f"bid {book.bids.best} is not below ask {book.asks.best}")
        return Depth(self.instrument, ts, bids, asks, last)

    def snapshot(self, whole: BookSnapshot, now: int = 0) -> list[Depth]:
        """A whole book and the waiting updates that follow it, as events; `now` (ns) dates a snapshot that tells no
        time. Raises SnapshotTooOld, BookLost."""
        book, waiting = self.book, list(self._waiting)
        fresh = [u for u in waiting if self._policy(whole.number, u.first, u.last, u.previous, True) is not Step.OLD]
        if fresh and self._policy(whole.number, *fresh[0][3:], True) is Step.GAP:
            raise SnapshotTooOld(
                f"{self.instrument}: the snapshot ends at {whole.number}, the oldest update is {fresh[0].first}"
            )
        ts = whole.ts or now
        try:
            book.replace(ts, whole.bids, whole.asks, whole.number)
        except BadInput as error:
            raise self._nonsense(str(error)) from error
        if book.is_crossed:
            raise self._nonsense(f"a snapshot has bid {book.bids.best} and ask {book.asks.best}")
        self._waiting.clear()
        self._fresh = True
        self.snapshots += 1
        told = [Depth(self.instrument, ts, whole.bids, whole.asks, whole.number, snapshot=True)]
        for number, update in enumerate(fresh):
            try:
                followed = self.update(*update)
            except BookLost:
                self._waiting.extend(fresh[number + 1 :])
                raise
            if followed is not None:
                told.append(followed)
        return told

    def restart(self) -> None:
        """A new connection: what it sends continues nothing."""
        self._waiting.clear()
        self.book.lose()

    def _lose(self, unused: _Update) -> None:
        self.book.lose()
        self._waiting.clear()
        self._waiting.append(unused)

    def _nonsense(self, what: str) -> BookLost:
        self.nonsense += 1
        self.restart()
        return BookLost(f"{self.instrument}: {what}", is_nonsense=True)
