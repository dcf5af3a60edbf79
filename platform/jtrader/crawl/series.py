"""The crawl of rows that come at the venue's own times: settled funding, open interest. Which ranges were asked is
recorded, so that a second run asks nothing."""

import itertools
import math
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from jtrader.crawl.gaps import VENUE_DOWN, VENUE_HAS_NONE
from jtrader.crawl.plan import unasked
from jtrader.crawl.result import InstrumentResult, Tally
from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Funding, MarketEvent, OpenInterest
from jtrader.domain.times import HOUR, Span, iso
from jtrader.ports.stores import CrawlLedger, Gap, SeriesStore

Row = TypeVar("Row", bound=MarketEvent)

SETTLES = HOUR
"""How long after its time a row may still come."""
LATE = 1.5
"""A row that comes later than so many times its usual distance leaves a hole."""


class SeriesCrawl(Generic[Row]):
    """Fills the range `whole` of one instrument. `newest`: the venue's time; `usual`: the rows' distance, ns, 0 =
    unknown."""

    def __init__(
        self,
        instrument: InstrumentId,
        whole: Span,
        fetch: Callable[[InstrumentId, int, int], Sequence[Row]],
        store: SeriesStore[Row],
        ledger: CrawlLedger[Row],
        tally: Tally,
        newest: int,
        usual: int = 0,
    ) -> None:
        self._instrument = instrument
        self._whole = whole
        self._fetch = fetch
        self._store = store
        self._ledger = ledger
        self.tally = tally
        self._settled = newest - SETTLES
        self._usual = usual

    def run(self, stop: threading.Event) -> InstrumentResult:
        asked, gaps = self._ledger.asked(self._instrument), self._ledger.gaps(self._instrument, *self._whole)
        todo = unasked(self._whole, asked, gaps, self._instrument)
        self.tally.begin(todo)
        for span in todo:
            self._fill(span, stop)
        times = self._store.times(self._instrument, *self._whole)
        return self.tally.result(times[0] if times else None, len(times), self._gaps())

    def _fill(self, span: Span, stop: threading.Event) -> None:
        at = span.start
        while at < span.end and not stop.is_set():
            page = self._ask(Span(at, span.end))
            self.tally.pages += 1
            good = [row for row in page if self._is_good(row, Span(at, span.end))]
            if good:
                self.tally.new += self._store.upsert(good)
                self._ledger.replace(good)
            inside = [row.ts for row in page if at <= row.ts < span.end]
            reached = max(inside) + 1 if inside else max(at, min(span.end, self._settled))
            if reached > at:
                self._ledger.record_asked(self._instrument, at, reached)
                self._record_holes(Span(at, reached), [row.ts for row in good])
            self.tally.advance(at, reached if inside else span.end)
            if not inside:
                return
            at = reached

    def _ask(self, span: Span) -> Sequence[Row]:
        try:
            return self._fetch(self._instrument, *span)
        except Unavailable:
            gap = Gap(instrument=self._instrument, start=span.start, end=span.end, cause=VENUE_DOWN)
            self._ledger.record_gaps(self._instrument, *span, [gap])
            raise

    def _is_good(self, row: Row, span: Span) -> bool:
        """What is of another instrument or time, or no number, is put aside."""
        value = _value(row)
        reason = ""
        if row.instrument != self._instrument:
            reason = f"it is of {row.instrument}, asked for was {self._instrument}"
        elif not span.start <= row.ts < span.end:
            reason = f"{iso(row.ts)} is outside the range that was asked for, {iso(span.start)} to {iso(span.end)}"
        elif not math.isfinite(value) or (isinstance(row, OpenInterest) and value < 0):
            reason = f"{value} can't be"
        if reason:
            self._ledger.quarantine(row, reason, self._instrument)
            self.tally.quarantined += 1
        return not reason

    def _record_holes(self, span: Span, times: Sequence[int]) -> None:
        """Where the distance to the row before is longer than usual, or nothing at all is told, the venue has none."""
        whole = Gap(instrument=self._instrument, start=span.start, end=span.end, cause=VENUE_HAS_NONE)
        gaps = [] if times or self._store.times(self._instrument, *self._whole) else [whole]
        if self._usual:
            before = self._store.times(self._instrument, span.start - 2 * self._usual, span.start)
            known = [before[-1] if before else span.start - 1, *sorted(times)]
            known += [span.end] if not times else []
            gaps = [
                Gap(instrument=self._instrument, start=max(low + 1, span.start), end=high, cause=VENUE_HAS_NONE)
                for low, high in itertools.pairwise(known)
                if high - low > LATE * self._usual
            ]
        self._ledger.record_gaps(self._instrument, *span, gaps)

    def _gaps(self) -> int:
        return len(self._ledger.gaps(self._instrument, *self._whole))


def _value(row: MarketEvent) -> float:
    if isinstance(row, Funding):
        return row.rate
    return row.quantity if isinstance(row, OpenInterest) else math.nan
