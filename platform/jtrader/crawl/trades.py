"""The crawl of one instrument's public trades: by number where the venue numbers them, so that none can be missing
unseen, by time elsewhere."""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from jtrader.crawl.gaps import VENUE_DOWN, VENUE_HAS_NONE
from jtrader.crawl.plan import unasked
from jtrader.crawl.result import InstrumentResult, Tally
from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Trade
from jtrader.domain.times import Span, iso
from jtrader.ports.market_data import TradeSource
from jtrader.ports.stores import CrawlLedger, Gap, TickStore

Prove = Callable[[InstrumentId, Span], bool]
"""Asks for what the numbers show to be missing, and says whether all is there; where none is missing it only looks."""


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
    ) -> None:
        """`tells_all`: the source has the whole range; a venue may tell its last trades only."""
        self._instrument = instrument
        self._whole = whole
        self._source = source
        self._store = store
        self._ledger = ledger
        self._tally = tally
        self._prove = prove
        self._tells_all = tells_all

    def run(self, stop: threading.Event) -> InstrumentResult:
        """Raises Unavailable, Broken, BadInput (unknown instrument; old trades are shown to holders of keys only)."""
        todo = unasked(self._whole, self._ledger.asked(self._instrument), self._ledger.gaps(), self._instrument)
        self._tally.begin(todo)
        for span in todo:
            self._fill(span, stop)
        first, stored = None, 0
        for trade in self._store.read(Trade, self._instrument, *self._whole):
            first, stored = trade.ts if first is None else first, stored + 1
        return self._tally.result(first, stored, self._gaps())

    def _fill(self, span: Span, stop: threading.Event) -> None:
        at, told = span.start, False
        for page in self._pages(span, stop):
            good = [trade for trade in page if self._is_good(trade, span)]
            self._store.append(good)
            self._tally.new += len(good)
            if not told:
                self._check_reach(span, page)
            told = True
            reached = min(max(at, page[-1].ts), span.end) if page else span.end
            self._ledger.record_asked(self._instrument, at, reached)
            self._tally.advance(at, reached)
            at = reached
        if stop.is_set():
            return
        if self._prove is None or self._prove(self._instrument, span):
            self._ledger.record_asked(self._instrument, *span)
        self._tally.advance(at, span.end)

    def _pages(self, span: Span, stop: threading.Event) -> Iterator[Sequence[Trade]]:
        """Until the venue tells no more of the range; the last page may be empty."""
        page = self._ask(span, partial(self._source.trades, self._instrument, *span))
        while True:
            self._tally.pages += 1
            yield page
            if not page or stop.is_set():
                return
            page = self._ask(Span(page[-1].ts, span.end), partial(self._after, page, span.end))

    def _after(self, page: Sequence[Trade], end: int) -> list[Trade]:
        last = page[-1]
        if isinstance(last.trade_id, int) and self._prove is not None:
            rest = self._source.trades_from(self._instrument, last.trade_id + 1)
            return [trade for trade in rest if trade.ts < end]
        seen = {trade.trade_id for trade in page}
        return [trade for trade in self._source.trades(self._instrument, last.ts, end) if trade.trade_id not in seen]

    def _ask(self, span: Span, ask: Callable[[], Sequence[Trade]]) -> Sequence[Trade]:
        try:
            return ask()
        except Unavailable:
            gap = Gap(instrument=self._instrument, start=span.start, end=span.end, cause=VENUE_DOWN)
            self._ledger.record_gaps(self._instrument, *span, [gap])
            raise

    def _check_reach(self, span: Span, page: Sequence[Trade]) -> None:
        """A venue that tells its last trades only has none before the first it told."""
        self._ledger.record_gaps(self._instrument, *span, [])
        first = page[0].ts if page else span.end
        if self._tells_all or first == span.start:
            return
        if not self._ask(span, partial(self._earlier, span, page)):
            gap = Gap(instrument=self._instrument, start=span.start, end=first, cause=VENUE_HAS_NONE)
            self._ledger.record_gaps(self._instrument, span.start, first, [gap])

    def _earlier(self, span: Span, page: Sequence[Trade]) -> Sequence[Trade]:
        """What the venue still tells from before the page."""
        first = page[0].trade_id if page else ""
        if self._prove is None or not isinstance(first, int):
            return self._source.trades(self._instrument, 0, span.start)
        told = self._source.trades_from(self._instrument, max(first - 1, 0))
        return [trade for trade in told if isinstance(trade.trade_id, int) and trade.trade_id < first]

    def _is_good(self, trade: Trade, span: Span) -> bool:
        reason = ""
        if trade.instrument != self._instrument:
            reason = f"it is of {trade.instrument}, asked for was {self._instrument}"
        elif not span.start <= trade.ts < span.end:
            reason = f"{iso(trade.ts)} is outside the range that was asked for, {iso(span.start)} to {iso(span.end)}"
        elif not all(math.isfinite(value) and value > 0 for value in (trade.price, trade.quantity)):
            reason = f"price {trade.price} or quantity {trade.quantity} is not finite and above zero"
        elif trade.side not in (1, -1):
            reason = f"side {trade.side} is neither 1 nor -1"
        if reason:
            self._ledger.quarantine(trade, reason)
            self._tally.quarantined += 1
        return not reason

    def _gaps(self) -> int:
        return sum(
            gap.instrument == self._instrument and gap.start < self._whole.end and gap.end > self._whole.start
            for gap in self._ledger.gaps()
        )
