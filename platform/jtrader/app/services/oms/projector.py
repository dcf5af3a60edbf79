"""The outbox: a thread that follows the journal, books it in a ledger of its own, and writes the rows to Postgres.

Trading never waits for it. While Postgres is away it falls behind, and catches up by itself; what was written already
is skipped by its number.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from jtrader.domain.books import PnlPoint
from jtrader.domain.errors import Broken, Unavailable
from jtrader.domain.events import Sequenced
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import use_exact_context
from jtrader.domain.times import MINUTE
from jtrader.ledger import rules
from jtrader.ledger.book import Ledger
from jtrader.ports.stores import Booked, Projection
from jtrader.store.journal.reader import JournalTail

BATCH = 500
IDLE_SECONDS = 1.0
RETRY_SECONDS = 2.0

T = TypeVar("T")

log = logging.getLogger(__name__)


class Projector:
    """`wake` after each commit; `position` is the last event that is in Postgres, `failure` why it stands still."""

    def __init__(
        self,
        folder: Path,
        instruments: Iterable[Instrument],
        open_projection: Callable[[], Projection],
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self.position = 0
        self.failure = ""
        self._folder = folder
        self._ledger = Ledger(instruments)
        self._minute = 0
        self._open_projection = open_projection
        self._retry_seconds = retry_seconds
        self._committed = 0
        self._signal = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="projector", daemon=True)

    def start(self, committed: int) -> None:
        self._committed = committed
        self._thread.start()

    def wake(self, committed: int) -> None:
        self._committed = committed
        self._signal.set()

    def stop(self, seconds: float) -> None:
        """Lets it write what is committed, for at most `seconds`."""
        self._stopping.set()
        self._signal.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        use_exact_context()
        try:
            self._follow(self._patiently(self._open_projection))
        except _Stopped:
            return
        except Exception as error:  # isolated: trading goes on without its read model
            log.exception("the projection has ended; restart the oms when its cause is mended")
            self.failure = str(error) or type(error).__name__

    def _patiently(self, action: Callable[[], T]) -> T:
        """Tries until it works or the thread is asked to stop."""
        while True:
            try:
                result = action()
            except Unavailable as error:
                if self.failure != str(error):
                    log.warning("projection stands at %d of %d: %s", self.position, self._committed, error)
                self.failure = str(error)
            else:
                self.failure = ""
                return result
            if self._stopping.wait(self._retry_seconds):
                raise _Stopped

    def _follow(self, projection: Projection) -> None:
        """From the projection's own position to the journal's end, and on; returns when asked to stop."""
        self.position = self._patiently(projection.position)
        if self.position > self._committed:
            raise Broken(
                f"the projection is at event {self.position}, the journal ends at {self._committed}: the database"
                " belongs to another journal; empty its tables and it is filled again"
            )
        before, self.position = self.position, self._patiently(lambda: projection.begin(rules.VERSION))
        if self.position < before:
            log.warning(
                "the ledger's rules have changed: the projection is written anew from the journal's first event"
            )
        tail = JournalTail(self._folder)
        while True:
            self._signal.clear()
            while entries := tail.read(self._committed):
                for start in range(0, len(entries), BATCH):
                    self._book(projection, entries[start : start + BATCH])
            if self._stopping.is_set():
                return
            self._signal.wait(IDLE_SECONDS)

    def _book(self, projection: Projection, entries: Sequence[Sequenced]) -> None:
        """One transaction, with P&L points once a market minute. What is in Postgres already is only booked here."""
        fresh: list[Booked] = []
        points: list[PnlPoint] = []
        for entry in entries:
            if fresh and entry.event.ts // MINUTE > fresh[-1].entry.event.ts // MINUTE:
                points += self._points(fresh[-1].entry.event.ts)
            booked = Booked(entry, self._ledger.apply(entry.event))
            if entry.seq > self.position:
                fresh.append(booked)
        if not fresh:
            return
        last = fresh[-1].entry
        points += self._points(last.event.ts)
        positions = self._ledger.positions()
        self._patiently(lambda: projection.apply(fresh, positions, points))
        self.position = last.seq

    def _points(self, ts: int) -> list[PnlPoint]:
        """P&L as it is booked now, unless its minute has points already."""
        if ts // MINUTE <= self._minute:
            return []
        self._minute = ts // MINUTE
        return self._ledger.pnl_points(ts)


class _Stopped(Exception):
    """Asked to stop while waiting for Postgres."""
