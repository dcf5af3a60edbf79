"""Where things are kept. Market data is keyed so that writing twice changes nothing."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec

from jtrader.domain.books import PnlPoint, PositionState, Posting, Statement
from jtrader.domain.events import Event, Sequenced
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded hole in [start, end) ns with its cause: `venue_has_none`, `not_fetched`, `quarantined`."""

    instrument: InstrumentId
    start: int
    end: int
    cause: str


class CandleStore(Protocol):
    """1-minute candles, unique by (instrument, ts)."""

    def upsert(self, candles: Sequence[Candle]) -> int:
        """Returns how many documents are new or changed. Raises Unavailable."""
        ...

    def read(self, instrument: InstrumentId, start: int, end: int) -> Iterator[Candle]:
        """start ≤ ts < end, ascending."""
        ...

    def times(self, instrument: InstrumentId, start: int, end: int) -> Sequence[int]:
        """The stored open times in [start, end), ascending."""
        ...

    def count(self) -> int: ...

    def quarantine(self, candle: Candle, reason: str) -> None: ...

    def record_gaps(self, instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]) -> None:
        """Replaces what was recorded for the range."""
        ...

    def gaps(self) -> Sequence[Gap]: ...


class InstrumentStore(Protocol):
    def save(self, instruments: Sequence[Instrument]) -> None: ...

    def load(self) -> Sequence[Instrument]: ...


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
