"""Where things are kept. Market data is keyed so that writing twice changes nothing."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

import msgspec

from jtrader.domain.books import PnlPoint, PositionState, Posting, Statement
from jtrader.domain.events import Event, Sequenced
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Depth, MarketEvent
from jtrader.domain.times import Span

Tick = TypeVar("Tick", bound=MarketEvent)


FOREVER = 2**63 - 1
"""The end of a range that has none, ns."""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded hole in [start, end) ns with its cause: `no_trades` (proven: nobody traded), `venue_has_none`,
    `not_fetched`, `quarantined`, `venue_down` (asked, no answer; or the feed had no connection), `we_were_down` (nobody
    asked), `lost` (on the way from the feed to the store)."""

    instrument: InstrumentId
    start: int
    end: int
    cause: str


class Aside(msgspec.Struct, Generic[Tick], frozen=True, kw_only=True):
    """A row that was put aside, why, and the good one that took its place since."""

    row: Tick
    reason: str
    replaced: Tick | None = None


class CrawlLedger(Protocol[Tick]):
    """What of one kind of data was asked of the venues, which holes are known and what was put aside, by instrument.
    Raises Unavailable."""

    def asked(self, instrument: InstrumentId) -> Sequence[Span]:
        """Ranges whose rows are stored as far as the venue told them, ascending, joined."""
        ...

    def record_asked(self, instrument: InstrumentId, start: int, end: int) -> None: ...

    def forget(self, instrument: InstrumentId, before: int) -> None:
        """What was asked and is known from before that time, once the rows are removed."""
        ...

    def record_gaps(self, instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]) -> None:
        """Replaces what was recorded for the range; `gaps` lie in it."""
        ...

    def gaps(self, instrument: InstrumentId | None = None, start: int = 0, end: int = FOREVER) -> Sequence[Gap]:
        """Those that reach into [start, end), uncut, of one instrument or of all, by instrument and time."""
        ...

    def quarantine(self, row: Tick, reason: str, asked: InstrumentId | None = None) -> None:
        """Puts aside; the same row again changes nothing but the reason, a different one of the same time stands beside
        it. `asked`: whose rows were asked for, where the row is of another instrument."""
        ...

    def aside(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Aside[Tick]]:
        """What was put aside of start ≤ ts < end when the instrument was asked for, ascending; also what was replaced
        since."""
        ...

    def replace(self, good: Sequence[Tick]) -> None:
        """Entries of these times say from now on that a good row took their place."""
        ...


class SeriesStore(Protocol[Tick]):
    """Rows unique by (instrument, ts): candles, settled funding, open interest. Raises Unavailable."""

    def upsert(self, rows: Sequence[Tick]) -> int:
        """Returns how many documents are new or changed."""
        ...

    def read(self, instrument: InstrumentId, start: int, end: int) -> Iterator[Tick]:
        """start ≤ ts < end, ascending."""
        ...

    def times(self, instrument: InstrumentId, start: int, end: int) -> Sequence[int]:
        """The stored times in [start, end), ascending; a candle's is its open time."""
        ...

    def oldest(self, instrument: InstrumentId) -> int | None:
        """The first stored time."""
        ...

    def newest(self, instrument: InstrumentId) -> int | None:
        """The last stored time."""
        ...

    def has_before(self, instrument: InstrumentId, ts: int) -> bool:
        """Whether any row is older than `ts`, however much older."""
        ...

    def count(self) -> int: ...

    def remove(self, instrument: InstrumentId, start: int, end: int) -> int:
        """Removes start ≤ ts < end; returns how many there were."""
        ...


class CandleStore(SeriesStore[Candle], CrawlLedger[Candle], Protocol):
    """1-minute candles, their gaps, and what was put aside. Which were asked for shows by the minutes themselves: each
    is stored or in a gap."""

    def packed(self, instrument: InstrumentId, start: int, end: int) -> bytes:
        """Rows with start ≤ ts < end, ascending, 48 bytes each: ts as int64, then open, high, low, close, volume as
        doubles, little-endian."""
        ...


class PinnedInstrument(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot has of an instrument: times of its first and last candle, ns; the holes known then."""

    instrument: InstrumentId
    count: int
    first: int
    last: int
    gaps: tuple[Gap, ...]


class PinnedDay(msgspec.Struct, frozen=True, kw_only=True):
    """sha256 over the packed rows of an instrument's UTC day, as far as it lies in the snapshot's range."""

    instrument: InstrumentId
    day: str
    count: int
    hash: str


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Candles of [start, end) ns, pinned. `id` is sha256 over range and rows; `created` is wall time, ISO."""

    id: str
    start: int
    end: int
    created: str
    commit: str
    instruments: tuple[PinnedInstrument, ...]
    days: tuple[PinnedDay, ...]


class SnapshotStore(Protocol):
    """Raises Unavailable."""

    def save(self, snapshot: Snapshot) -> Snapshot:
        """The same rows again are the same snapshot: returns what is stored under the id, the first that was saved."""
        ...

    def load(self, name: str) -> Snapshot:
        """By its id or the start of it. Raises BadInput for none, or for several."""
        ...

    def newest(self, limit: int = 20) -> Sequence[Snapshot]: ...

    def pinned(self) -> Sequence[tuple[InstrumentId, Span]]:
        """What all snapshots hold: candles that must stay as they are."""
        ...

    def forget(self, name: str) -> Snapshot:
        """Lets go of what `load` finds; the candles stay until their time."""
        ...


class IdRange(NamedTuple):
    """Trade ids `first` … `last`, both inside."""

    first: int
    last: int


class Contiguity(msgspec.Struct, frozen=True, kw_only=True):
    """The trade ids of a stretch of time: whole when nothing is missing between the lowest and the highest."""

    instrument: InstrumentId
    first: int | None
    last: int | None
    """None where nothing is stored."""
    count: int
    missing: tuple[IdRange, ...]
    """Neither stored nor known to be absent at the venue."""

    @property
    def is_whole(self) -> bool:
        return not self.missing


class TickStore(Protocol):
    """What feeds tell, tick by tick: trades, unique by id, and quotes, books, marks, funding, open interest, status,
    unique by the time of receipt. What is appended comes in as it is; `compact` packs closed hours. Every method raises
    Unavailable when the store is away."""

    def append(self, events: Sequence[MarketEvent], received: int = 0) -> None:
        """Idempotent. `received`: wall time of receipt of the first event, ns; the others take the nanoseconds after
        it, and two calls with different events share none. Trades don't need it."""
        ...

    def read(self, kind: type[Tick], instrument: InstrumentId, start: int, end: int) -> Iterator[Tick]:
        """start ≤ ts < end (venue time): trades in order of (ts, id), others hour by hour in order of receipt."""
        ...

    def replay(self, instrument: InstrumentId, start: int, end: int) -> Iterator[Depth]:
        """The book as it stood at `start` as one snapshot, if it was known, then the updates of [start, end). From a
        gap on nothing is told until the book was told whole again: what changed meanwhile nobody knows."""
        ...

    def newest(self, kind: type[Tick], instrument: InstrumentId, before: int = FOREVER) -> Tick | None:
        """The last one by venue time, before a time."""
        ...

    def newest_receipt(self, kind: type[MarketEvent], instrument: InstrumentId) -> int:
        """The last time of receipt in the newest hour, ns; 0 where nothing is stored. Not of trades."""
        ...

    def count(self, kind: type[MarketEvent]) -> int:
        """How many rows are stored; rows that were appended in overlapping batches count once compacted."""
        ...

    def contiguity(self, instrument: InstrumentId, start: int, end: int) -> Contiguity:
        """Of the trades with start ≤ ts < end. Raises BadInput where the venue does not number its trades."""
        ...

    def record_absent(self, instrument: InstrumentId, absent: Sequence[IdRange]) -> None:
        """Trade ids that the venue itself does not have: they are not missing."""
        ...

    def forget(self, kind: type[MarketEvent], before: int) -> int:
        """Removes all hours that end at or before `before` (ns) with what is known of their gaps; returns how many
        documents there were."""
        ...

    def compact(self, before: int) -> int:
        """Packs all hours that end at or before `before` (ns) and have new rows; returns how many. Safe to run at any
        time, also twice at once."""
        ...

    def record_gaps(
        self, kind: type[MarketEvent], instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]
    ) -> None:
        """Replaces what was recorded for the range."""
        ...

    def gaps(self, kind: type[MarketEvent]) -> Sequence[Gap]: ...


class DayQuality(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of data of one instrument on one UTC day: `expected` and `stored` in minutes (funding: settlements),
    `gaps` the same by cause; `quarantined` rows that no good one has replaced."""

    date: dt.date
    instrument: InstrumentId
    kind: str
    expected: int
    stored: int
    gaps: dict[str, int]
    quarantined: int

    @property
    def coverage(self) -> float:
        """Of what the venue can have: minutes in which nobody traded are none of it."""
        wanted = self.expected - self.gaps.get("no_trades", 0)
        return self.stored / wanted if wanted > 0 else 1.0


class QualityStore(Protocol):
    """Keyed (date, instrument, kind). Raises Unavailable."""

    def save(self, rows: Sequence[DayQuality]) -> None:
        """Newer figures take the place of older ones."""
        ...

    def since(self, date: dt.date) -> Sequence[DayQuality]:
        """By date, newest first, then instrument and kind."""
        ...


class InstrumentStore(Protocol):
    """Every version of an instrument's rules, keyed (instrument, valid_from)."""

    def save(self, versions: Sequence[Instrument]) -> None:
        """The same version again changes nothing."""
        ...

    def load(self, at: int | None = None) -> Sequence[Instrument]:
        """The version of each instrument that is in force at `at` (ns; none = the newest), by id. What was not known
        yet at that time is left out."""
        ...

    def history(self, instrument: InstrumentId) -> Sequence[Instrument]:
        """All versions, ascending by `valid_from`."""
        ...


class Journal(Protocol):
    """Append-only, checksummed, replayable. `append` buffers; nothing is promised before `commit` returned."""

    def append(self, event: Event) -> int:
        """Returns the event's index (1, 2, 3 …)."""
        ...

    def commit(self) -> None:
        """fsync of all appended so far. A failure is fatal: the process must stop."""
        ...

    def replay(self, after: int = 0) -> Iterator[Sequenced]: ...

    def close(self) -> None: ...


class Booked(msgspec.Struct, frozen=True):
    """A journal event with what the ledger posted for it."""

    entry: Sequenced
    postings: tuple[Posting, ...] = ()


class Projection(Protocol):
    """The read model in Postgres: applies journal events in order, each once, and remembers how far it is."""

    def position(self) -> int:
        """Index of the last event applied; 0 for none. Raises Unavailable."""
        ...

    def begin(self, rules: int) -> int:
        """Before the first `apply`: the position to go on from. Where its rows were booked by another version of the
        ledger's rules they are all removed, and it is 0. Raises Unavailable."""
        ...

    def apply(self, batch: Sequence[Booked], positions: Sequence[PositionState], pnl: Sequence[PnlPoint]) -> None:
        """One transaction: rows of the events after `position`, the new position, the positions as of the batch's end
        (upserted), new P&L points. What was applied already is ignored. Raises Unavailable."""
        ...


class StatementStore(Protocol):
    """Reconciled days. The key is (account, date, version)."""

    def save(self, statement: Statement) -> Statement:
        """An equal statement of the same account and date is not written again; a different one becomes the next
        version. Returns what is stored. Raises Unavailable."""
        ...

    def latest(self, account: AccountId, date: dt.date) -> Statement | None: ...

    def before(self, account: AccountId, date: dt.date) -> Statement | None:
        """The newest statement of an earlier day."""
        ...
