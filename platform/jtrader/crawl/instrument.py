"""The crawl of one instrument, page by page. It can be killed after any page: what is stored is the only state."""

import threading
from collections.abc import Callable, Sequence

from jtrader.crawl.check import check
from jtrader.crawl.gaps import explain, settled
from jtrader.crawl.plan import Span, missing, without
from jtrader.crawl.result import InstrumentResult
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.domain.times import MINUTE, iso
from jtrader.ports.market_data import CandleSource
from jtrader.ports.stores import CandleStore

Progress = Callable[[InstrumentId, int, int], None]
"""(instrument, minutes done, minutes of the range): once at the start and after each page, from the working thread."""


class InstrumentCrawl:
    """Fills the range `whole` of one instrument from its venue; `stop` ends it early, at a page's end."""

    def __init__(
        self,
        instrument: InstrumentId,
        whole: Span,
        source: CandleSource,
        store: CandleStore,
        progress: Progress,
        stop: threading.Event,
    ) -> None:
        self._instrument = instrument
        self._whole = whole
        self._source = source
        self._store = store
        self._progress = progress
        self._stop = stop
        self._new = 0
        self._pages = 0
        self._left = 0
        self._doubtful: set[int] = set()

    def run(self) -> InstrumentResult:
        """Raises Unavailable, Broken, BadInput (unknown instrument; no candle at all in the range)."""
        known = settled(self._store.gaps(), self._instrument, self._whole)
        stored = self._times()
        todo = without(missing(stored, *self._whole), known)
        self._left = sum(span.minutes for span in todo)
        self._tell()
        for span in todo:
            self._fill(span)
        if todo:
            stored = self._times()
        gaps = explain(self._instrument, missing(stored, *self._whole), known, self._doubtful, self._whole)
        if not self._stop.is_set():
            if not (stored or known or self._doubtful):
                raise BadInput(f"{self._instrument} has no candle at its venue {self._range()}; choose a later range")
            self._store.record_gaps(self._instrument, *self._whole, gaps)
        return InstrumentResult(
            instrument=self._instrument,
            first=stored[0] if stored else None,
            stored=len(stored),
            new=self._new,
            pages=self._pages,
            gaps=len(gaps),
            quarantined=len(self._doubtful),
        )

    def _fill(self, span: Span) -> None:
        """Fetches a hole up to its end, or to where the venue has nothing more."""
        while span.start < span.end and not self._stop.is_set():
            page = self._source.candles(self._instrument, *span)
            self._pages += 1
            good, doubtful = check(page, self._instrument, span)
            for candle, reason in doubtful:
                self._store.quarantine(candle, reason)
                self._doubtful.add(candle.ts)
            if good:
                self._new += self._store.upsert(good)
            reached = self._reached(page, span)
            self._left -= (reached - span.start) // MINUTE
            self._tell()
            span = Span(reached, span.end)

    def _reached(self, page: Sequence[Candle], span: Span) -> int:
        """Where to go on: after the page's newest minute; an empty page means that the venue has no more."""
        inside = [candle.ts for candle in page if span.start <= candle.ts < span.end]
        if page and not inside:
            raise Broken(f"{self._instrument}: the venue answered with other minutes than asked for, {self._range()}")
        return max(inside) // MINUTE * MINUTE + MINUTE if inside else span.end

    def _times(self) -> list[int]:
        return list(self._store.times(self._instrument, *self._whole))

    def _range(self) -> str:
        return f"from {iso(self._whole.start)} to {iso(self._whole.end)}"

    def _tell(self) -> None:
        self._progress(self._instrument, self._whole.minutes - self._left, self._whole.minutes)
