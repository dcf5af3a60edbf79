"""The crawl of one instrument's candles, page by page. It can be killed after any page: what is stored is the only
state."""

import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise

from jtrader.crawl.ahead import Ahead
from jtrader.crawl.check import Checked, Doubt, check
from jtrader.crawl.gaps import VENUE_DOWN, explain, settled
from jtrader.crawl.plan import missing, without
from jtrader.crawl.result import InstrumentResult, Tally
from jtrader.crawl.witness import NOBODY, Witness
from jtrader.crawl.writing import Behind
from jtrader.domain.errors import BadInput, Broken, Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.domain.times import HOUR, MINUTE, Span, iso
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
        self.tally = tally
        self._settled_until = newest - SETTLES
        self._witness = witness
        self._again = again
        self._todo: list[Span] = []
        self._skipped: list[Span] = []
        self._doubtful: set[int] = set()
        self._written: list[int] = []
        self._aside: set[int] = set()

    def run(self, stop: threading.Event) -> InstrumentResult:
        """`stop` ends it early, at a page's end. Raises Unavailable, Broken, BadInput (unknown instrument; no candle at
        all in the range)."""
        known = settled(self._store.gaps(self._instrument, *self._whole), self._instrument, self._whole, self._again)
        stored = list(self._store.times(self._instrument, *self._whole))
        self._todo = without(missing(stored, *self._whole), (Span(gap.start, gap.end) for gap in known))
        self._aside = {one.row.ts for one in self._store.aside(self._instrument, *self._whole)}
        self.tally.begin(self._todo)
        with Ahead(self._page) as ahead, Behind(self._store_all) as behind:
            for span in self._todo:
                for start, reached in self._fill(span, stop, ahead, behind):
                    self.tally.advance(start, reached)
            self._todo, self._skipped = self._skipped, []
            for span in self._todo:
                list(self._fill(span, stop, ahead, behind))
        stored = sorted({*stored, *self._written}) if self._written else stored
        gaps = self._explained(stored, known)
        if not stop.is_set():
            if not (stored or known or gaps or self._again):
                raise BadInput(f"{self._instrument} has no candle at its venue {self._range()}; choose a later range")
            self._store.record_gaps(self._instrument, *self._whole, gaps)
        return self.tally.result(stored[0] if stored else None, len(stored), len(gaps))

    def _fill(self, span: Span, stop: threading.Event, ahead: Ahead[Candle], behind: Behind[Candle]) -> Iterator[Span]:
        """Fetches a hole up to its end, or to where the venue has nothing more; yields what each page covers."""
        while span.start < span.end and not stop.is_set():
            page = self._ask(span, ahead)
            self.tally.pages += 1
            told = check(page, self._instrument, span)
            denied = self._witness.doubts(told.good)
            self._put_aside([*told.doubtful, *denied])
            times = {doubt.candle.ts for doubt in denied}
            behind.add([candle for candle in told.good if candle.ts not in times] if times else told.good)
            self._note_skipped(told)
            reached = self._reached(page, told, span)
            yield Span(span.start, reached)
            span = Span(reached, span.end)

    def _note_skipped(self, told: Checked) -> None:
        """The widest hole inside a page is asked for once more: the page may have left it out."""
        if not told.good or (not told.doubtful and told.reached - told.good[0].ts == len(told.good) * MINUTE):
            return
        rows = (*told.good, *(doubt.candle for doubt in told.doubtful))
        times = {candle.ts // MINUTE * MINUTE for candle in rows}
        inside = sorted(ts for ts in times if told.good[0].ts <= ts < told.reached)
        low, high = max(pairwise(inside), key=lambda pair: pair[1] - pair[0], default=(0, 0))
        if high - low > MINUTE:
            self._skipped.append(Span(low + MINUTE, high))

    def _store_all(self, candles: Sequence[Candle]) -> None:
        self.tally.new += self._store.upsert(candles)
        self._written += [candle.ts for candle in candles]
        if self._aside:
            self._store.replace([candle for candle in candles if candle.ts in self._aside])

    def _page(self, span: Span) -> Sequence[Candle]:
        return self._source.candles(self._instrument, *span)

    def _ask(self, span: Span, ahead: Ahead[Candle]) -> Sequence[Candle]:
        """Where the venue gives no answer, what was to be asked is known to be missing for that reason."""
        try:
            return ahead.ask(span)
        except Unavailable:
            for start, end in self._todo:
                if end > span.start:
                    left = Gap(instrument=self._instrument, start=max(start, span.start), end=end, cause=VENUE_DOWN)
                    self._store.record_gaps(self._instrument, left.start, left.end, [left])
            raise

    def _put_aside(self, doubtful: Sequence[Doubt]) -> None:
        for candle, reason in doubtful:
            self._store.quarantine(candle, reason, self._instrument)
            self._doubtful.add(candle.ts)
            self._aside.add(candle.ts)
        self.tally.quarantined += len(doubtful)

    def _reached(self, page: Sequence[Candle], told: Checked, span: Span) -> int:
        """Where to go on; an empty page means that the venue has no more."""
        if page and told.reached == span.start:
            raise Broken(f"{self._instrument}: the venue answered with other minutes than asked for, {self._range()}")
        return told.reached if page else span.end

    def _explained(self, stored: Sequence[int], known: Sequence[Gap]) -> list[Gap]:
        holes = missing(stored, *self._whole)
        begins_empty = bool(holes) and holes[0].start == self._whole.start
        has_past = begins_empty and self._store.has_before(self._instrument, self._whole.start)
        doubtful = self._doubtful.difference(stored)
        settled_until, nobody_traded = self._settled_until, self._witness.nobody_traded
        return explain(self._instrument, holes, known, doubtful, self._whole, settled_until, has_past, nobody_traded)

    def _range(self) -> str:
        return f"from {iso(self._whole.start)} to {iso(self._whole.end)}"
