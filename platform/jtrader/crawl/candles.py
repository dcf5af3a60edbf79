"""The crawl of one instrument's candles, page by page. It can be killed after any page: what is stored is the only
state."""

import threading
from collections.abc import Sequence

from jtrader.crawl.check import Doubt, check
from jtrader.crawl.gaps import VENUE_DOWN, explain, settled
from jtrader.crawl.plan import missing, without
from jtrader.crawl.result import InstrumentResult, Tally
from jtrader.crawl.witness import NOBODY, Witness
from jtrader.crawl.writing import Behind
from jtrader.domain.errors import BadInput, Broken, Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.domain.times import DAY, HOUR, MINUTE, Span, iso
from jtrader.ports.market_data import CandleSource
from jtrader.ports.stores import CandleStore, Gap

SETTLES = HOUR
"""How long after its time a minute may still come."""


class CandleCrawl:
    """Fills the range `whole` of one instrument from its venue."""

    def __init__(
        self,
        instrument: InstrumentId,
        whole: Span,
        source: CandleSource,
        store: CandleStore,
        tally: Tally,
        newest: int,
        witness: Witness = NOBODY,
        again: bool = False,
    ) -> None:
        """`newest`: the venue's time; `again` also asks for what was put aside."""
        self._instrument = instrument
        self._whole = whole
        self._source = source
        self._store = store
        self._tally = tally
        self._settled_until = newest - SETTLES
        self._witness = witness
        self._again = again
        self._todo: list[Span] = []
        self._doubtful: set[int] = set()
        self._written: list[int] = []
        self._aside: set[int] = set()

    def run(self, stop: threading.Event) -> InstrumentResult:
        """`stop` ends it early, at a page's end. Raises Unavailable, Broken, BadInput (unknown instrument; no candle at
        all in the range)."""
        known = settled(self._store.gaps(), self._instrument, self._whole, self._again)
        stored = self._times(self._whole)
        self._todo = without(missing(stored, *self._whole), (Span(gap.start, gap.end) for gap in known))
        self._aside = {one.row.ts for one in self._store.aside(self._instrument, *self._whole)}
        self._tally.begin(self._todo)
        with Behind(self._store_all) as behind:
            for span in self._todo:
                self._fill(span, stop, behind)
        stored = sorted({*stored, *self._written}) if self._written else stored
        gaps = self._explained(stored, known)
        if not stop.is_set():
            if not (stored or known or gaps or self._again):
                raise BadInput(f"{self._instrument} has no candle at its venue {self._range()}; choose a later range")
            self._store.record_gaps(self._instrument, *self._whole, gaps)
        return self._tally.result(stored[0] if stored else None, len(stored), len(gaps))

    def _fill(self, span: Span, stop: threading.Event, behind: Behind[Candle]) -> None:
        """Fetches a hole up to its end, or to where the venue has nothing more."""
        while span.start < span.end and not stop.is_set():
            page = self._ask(span)
            self._tally.pages += 1
            good, doubtful = check(page, self._instrument, span)
            self._put_aside([*doubtful, *self._witness.doubts(good)])
            behind.add([candle for candle in good if candle.ts not in self._doubtful] if self._doubtful else good)
            reached = self._reached(page, span)
            self._tally.advance(span.start, reached)
            span = Span(reached, span.end)

    def _store_all(self, candles: Sequence[Candle]) -> None:
        self._tally.new += self._store.upsert(candles)
        self._written += [candle.ts for candle in candles]
        if self._aside:
            self._store.replace([candle for candle in candles if candle.ts in self._aside])

    def _ask(self, span: Span) -> Sequence[Candle]:
        """Where the venue gives no answer, what was to be asked is known to be missing for that reason."""
        try:
            return self._source.candles(self._instrument, *span)
        except Unavailable:
            for start, end in self._todo:
                if end > span.start:
                    left = Gap(instrument=self._instrument, start=max(start, span.start), end=end, cause=VENUE_DOWN)
                    self._store.record_gaps(self._instrument, left.start, left.end, [left])
            raise

    def _put_aside(self, doubtful: Sequence[Doubt]) -> None:
        for candle, reason in doubtful:
            self._store.quarantine(candle, reason)
            self._doubtful.add(candle.ts)
        self._tally.quarantined += len(doubtful)

    def _reached(self, page: Sequence[Candle], span: Span) -> int:
        """Where to go on: after the page's newest minute; an empty page means that the venue has no more."""
        inside = [candle.ts for candle in page if span.start <= candle.ts < span.end]
        if page and not inside:
            raise Broken(f"{self._instrument}: the venue answered with other minutes than asked for, {self._range()}")
        return max(inside) // MINUTE * MINUTE + MINUTE if inside else span.end

    def _explained(self, stored: Sequence[int], known: Sequence[Gap]) -> list[Gap]:
        holes = missing(stored, *self._whole)
        before = Span(self._whole.start - DAY, self._whole.start)
        has_past = bool(holes and holes[0].start == self._whole.start and self._times(before))
        doubtful = self._doubtful.difference(stored)
        settled_until, nobody_traded = self._settled_until, self._witness.nobody_traded
        return explain(self._instrument, holes, known, doubtful, self._whole, settled_until, has_past, nobody_traded)

    def _times(self, span: Span) -> list[int]:
        return list(self._store.times(self._instrument, *span))

    def _range(self) -> str:
        return f"from {iso(self._whole.start)} to {iso(self._whole.end)}"
