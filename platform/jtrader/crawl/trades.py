"""The crawl of one instrument's public trades: by number where the venue numbers them, so that none can be missing
unseen, by time elsewhere."""

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from msgspec.structs import replace

from jtrader.crawl.gaps import QUARANTINED, VENUE_DOWN, VENUE_HAS_NONE, merged
from jtrader.crawl.plan import unasked
from jtrader.crawl.result import InstrumentResult, Tally
from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Trade, trade_fault
from jtrader.domain.times import Span
from jtrader.ports.market_data import TradeSource
from jtrader.ports.stores import CrawlLedger, Gap, TickStore

Prove = Callable[[InstrumentId, Span], Sequence[Gap]]
"""Asks for what the numbers show to be missing, and tells what still is, with the cause; where none is missing it only
looks."""


class TradeCrawl:
    """Fills the range `whole` of one instrument. Without `prove` the trades carry no numbers."""

    def __init__(
        self,
        instrument: InstrumentId,
        whole: Span,
        source: TradeSource,
        store: TickStore,
        ledger: CrawlLedger[Trade],
        tally: Tally,
        prove: Prove | None,
        tells_all: bool = False,
        again: bool = False,
    ) -> None:
        """`tells_all`: the source has the whole range; a venue may tell its last trades only. `again` also asks for
        what was put aside."""
        self._instrument = instrument
        self._whole = whole
        self._source = source
        self._store = store
        self._ledger = ledger
        self.tally = tally
        self._prove = prove
        self._tells_all = tells_all
        self._again = again
        self._aside: set[int | str] = set()

    def run(self, stop: threading.Event) -> InstrumentResult:
        """Raises Unavailable, Broken, BadInput (unknown instrument; old trades are shown to holders of keys only)."""
        asked, gaps = self._ledger.asked(self._instrument), self._ledger.gaps(self._instrument, *self._whole)
        todo = unasked(self._whole, asked, gaps, self._instrument, self._again)
        self._aside = (
            {one.row.trade_id for one in self._ledger.aside(self._instrument, *self._whole)} if todo else set()
        )
        self.tally.begin(todo)
        for span in todo:
            self._fill(span, stop)
        first, stored = None, 0
        for trade in self._store.read(Trade, self._instrument, *self._whole):
            first, stored = trade.ts if first is None else first, stored + 1
        return self.tally.result(first, stored, self._gaps())

    def _fill(self, span: Span, stop: threading.Event) -> None:
        """What is known of a page's range is replaced once the page is stored: a kill costs one page, and no hole that
        was known is forgotten before it is filled."""
        at, last, gaps = span.start, None, list[Gap]()
        for number, page in enumerate(self._pages(span, stop)):
            good = [trade for trade in page if self._is_good(trade, span)]
            self._store.append(good)
            self._replace(good)
            self.tally.new += len(good)
            reached = good[-1].ts if good else at if page else span.end
            gaps = [replace(gap, start=max(gap.start, at)) for gap in gaps if gap.end > at]
            gaps += [] if number else self._before(span, good)
            gaps += self._moments_aside(page, good, span)
            if self._prove is not None and not _is_unbroken(last, page, good):
                gaps += self._prove(self._instrument, Span(at, reached + 1))
            gaps = merged(gaps)
            self._ledger.record_gaps(self._instrument, at, reached, gaps)
            self._ledger.record_asked(self._instrument, at, reached)
            self.tally.advance(at, reached)
            at, last = reached, good[-1] if good else last

    def _pages(self, span: Span, stop: threading.Event) -> Iterator[Sequence[Trade]]:
        """Until the venue tells no more of the range; the last page may be empty."""
        page = self._ask(span, partial(self._source.trades, self._instrument, *span))
        while True:
            self.tally.pages += 1
            yield page
            if not page or stop.is_set():
                return
            reached = max((trade.ts for trade in page if trade.ts < span.end), default=span.start)
            page = self._ask(Span(reached, span.end), partial(self._after, page, Span(reached, span.end)))

    def _after(self, page: Sequence[Trade], left: Span) -> list[Trade]:
        last = page[-1]
        if isinstance(last.trade_id, int) and self._prove is not None:
            rest = self._source.trades_from(self._instrument, last.trade_id + 1)
            return [trade for trade in rest if trade.ts < left.end]
        seen = {trade.trade_id for trade in page}
        return [trade for trade in self._source.trades(self._instrument, *left) if trade.trade_id not in seen]

    def _ask(self, span: Span, ask: Callable[[], Sequence[Trade]]) -> Sequence[Trade]:
        try:
            return ask()
        except Unavailable:
            gap = Gap(instrument=self._instrument, start=span.start, end=span.end, cause=VENUE_DOWN)
            self._ledger.record_gaps(self._instrument, *span, [gap])
            raise

    def _replace(self, good: Sequence[Trade]) -> None:
        if self._aside and (back := [trade for trade in good if trade.trade_id in self._aside]):
            self._ledger.replace(back)

    def _before(self, span: Span, page: Sequence[Trade]) -> list[Gap]:
        """A venue that tells its last trades only has none before the first it told."""
        first = page[0].ts if page else span.end
        if self._tells_all or first <= span.start or self._ask(span, partial(self._earlier, span, page)):
            return []
        return [Gap(instrument=self._instrument, start=span.start, end=first, cause=VENUE_HAS_NONE)]

    def _earlier(self, span: Span, page: Sequence[Trade]) -> Sequence[Trade]:
        """What the venue still tells from before the page."""
        first = page[0].trade_id if page else ""
        if self._prove is None or not isinstance(first, int):
            return self._source.trades(self._instrument, 0, span.start)
        told = self._source.trades_from(self._instrument, max(first - 1, 0))
        return [trade for trade in told if isinstance(trade.trade_id, int) and trade.trade_id < first]

    def _is_good(self, trade: Trade, span: Span) -> bool:
        if reason := trade_fault(trade, self._instrument, span):
            self._ledger.quarantine(trade, reason, self._instrument)
            self.tally.quarantined += 1
        return not reason

    def _moments_aside(self, page: Sequence[Trade], good: Sequence[Trade], span: Span) -> list[Gap]:
        if len(good) == len(page):
            return []
        sound = {trade.trade_id for trade in good}
        bad = [trade.ts for trade in page if trade.trade_id not in sound and span.start <= trade.ts < span.end]
        return [Gap(instrument=self._instrument, start=ts, end=ts + 1, cause=QUARANTINED) for ts in bad]

    def _gaps(self) -> int:
        return len(self._ledger.gaps(self._instrument, *self._whole))


def _is_unbroken(last: Trade | None, page: Sequence[Trade], good: Sequence[Trade]) -> bool:
    """Whether the page goes on at the number after `last`, and leaves none out. The last page, an empty one, tells
    nothing of what may be stored behind it."""
    numbers = [
        trade.trade_id for trade in (*(() if last is None else (last,)), *good) if isinstance(trade.trade_id, int)
    ]
    return (
        bool(good)
        and len(good) == len(page)
        and (not numbers or numbers == list(range(numbers[0], numbers[0] + len(numbers))))
    )
