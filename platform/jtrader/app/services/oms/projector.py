"""The outbox: a thread that follows the journal, books it in a ledger of its own, and writes the rows to Postgres.

Trading never waits for it. While Postgres is away it falls behind, and catches up by itself; what was written already
is skipped by its number.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from jtrader.domain.books import PnlPoint
from jtrader.domain.errors import Broken, JtraderError, Unavailable
from jtrader.domain.events import Sequenced
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import use_exact_context
from jtrader.domain.times import MINUTE
from jtrader.ledger.book import Ledger
from jtrader.ports.stores import Booked, Projection
from jtrader.store.journal.reader import JournalTail

BATCH = 500
IDLE_SECONDS = 1.0
RETRY_SECONDS = 2.0

log = logging.getLogger(__name__)


class Projector:
    """`wake` after each commit; `position` is the last event that is in Postgres, `failure` why it stands still."""

    def __init__(
        self, folder: Path, instruments: Iterable[Instrument], open_projection: Callable[[], Projection]
    ) -> None:
        self.position = 0
        self.failure = ""
        self._folder = folder
        self._instruments = tuple(instruments)
        self._open_projection = open_projection
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
        while True:
            try:
                self._follow()
                return
            except Unavailable as error:
                self._fail(error)
            except Exception as error:  # isolated: trading goes on without its read model
                if not isinstance(error, JtraderError):
                    log.exception("projection failed")
                self._fail(error)
            if self._stopping.wait(RETRY_SECONDS):
                return

    def _fail(self, error: Exception) -> None:
        if self.failure != str(error):
            log.warning("projection stands at %d of %d: %s", self.position, self._committed, error)
        self.failure = str(error) or type(error).__name__

    def _follow(self) -> None:
        """From the projection's own position to the journal's end, and on; returns when asked to stop."""
        projection = self._open_projection()
        self.position = projection.position()
        if self.position > self._committed:
            raise Broken(
                f"the projection is at event {self.position}, the journal ends at {self._committed}: the database"
                " belongs to another journal; empty its tables and it is filled again"
            )
        ledger = Ledger(self._instruments)
        tail = JournalTail(self._folder)
        minute = 0
        while True:
            self._signal.clear()
            while entries := tail.read(self._committed):
                for start in range(0, len(entries), BATCH):
                    batch = entries[start : start + BATCH]
                    booked = [Booked(entry, ledger.apply(entry.event)) for entry in batch]
                    minute = self._write(projection, ledger, booked, minute)
            self.failure = ""
            if self._stopping.is_set():
                return
            self._signal.wait(IDLE_SECONDS)

    def _write(self, projection: Projection, ledger: Ledger, booked: list[Booked], minute: int) -> int:
        """One transaction; P&L points once a market minute. Returns the minute of the last point."""
        last: Sequenced = booked[-1].entry
        if last.seq <= self.position:
            return minute
        points: list[PnlPoint] = []
        if last.event.ts // MINUTE > minute:
            minute = last.event.ts // MINUTE
            points = ledger.pnl_points(last.event.ts)
        projection.apply([b for b in booked if b.entry.seq > self.position], ledger.positions(), points)
        self.position = last.seq
        return minute
