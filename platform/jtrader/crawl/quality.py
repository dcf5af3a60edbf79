"""How whole a day is: what was to be expected, what is stored, why the rest is missing, what was put aside.

Candles, trades and open interest count in minutes (of trades: minutes whose trades are known to be whole), funding in
settlements. What nobody asked for and no feed told is blamed on the feed's own records: while it had no connection the
venue was down, otherwise we were.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from jtrader.crawl.gaps import VENUE_DOWN, WE_WERE_DOWN, merged
from jtrader.crawl.plan import Kind, missing, without
from jtrader.crawl.work import Places
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import FeedStatus
from jtrader.domain.times import DAY, HOUR, MINUTE, Span, day_bounds
from jtrader.ports.stores import DayQuality, Gap

JUDGED = (Kind.CANDLES, Kind.TRADES, Kind.FUNDING, Kind.OPEN_INTEREST)


class Judge:
    """Judges days up to `until` (market time, ns). Writes what it finds unexplained into the gap ledgers."""

    def __init__(self, places: Places, until: int) -> None:
        self._places = places
        self._until = until

    def day(self, rules: Instrument, kind: Kind, date: dt.date) -> DayQuality | None:
        """None where nothing of the kind is kept of the instrument, or the day has not begun. Raises Unavailable."""
        start, end = day_bounds(date)
        span = Span(max(start, self._begin(rules.id, kind, start)), min(end, self._until))
        if span.start >= span.end:
            return None
        self._explain(rules.id, kind, span)
        ledger = self._places.ledger(kind)
        unit = rules.funding_interval if kind is Kind.FUNDING else MINUTE
        gaps = _inside(ledger.gaps(), rules.id, span)
        expected = _count(span, unit)
        lost = Counter[str]()
        for gap in gaps:
            lost[gap.cause] += _count(Span(gap.start, gap.end), unit)
        return DayQuality(
            date=date,
            instrument=rules.id,
            kind=kind,
            expected=expected,
            stored=self._stored(rules.id, kind, span, expected - sum(lost.values())),
            gaps={cause: count for cause, count in sorted(lost.items()) if count},
            quarantined=sum(one.replaced is None for one in ledger.aside(rules.id, *span)),
        )

    def _begin(self, name: InstrumentId, kind: Kind, day: int) -> int:
        """Where the kind's past begins, as far as it matters on this day; far ahead where there is none."""
        if kind is Kind.CANDLES:
            known = self._places.candles.times(name, 0, day + DAY)
            return known[0] if known else self._until
        asked = [span.start for span in self._places.ledger(kind).asked(name)]
        gaps = [gap.start for gap in self._places.ledger(kind).gaps() if gap.instrument == name]
        return min([*asked, *gaps], default=self._until)

    def _stored(self, name: InstrumentId, kind: Kind, span: Span, covered: int) -> int:
        if kind is Kind.CANDLES:
            return len(self._places.candles.times(name, *span))
        if kind is Kind.FUNDING:
            return len(self._places.funding.times(name, *span))
        return max(covered, 0)

    def _explain(self, name: InstrumentId, kind: Kind, span: Span) -> None:
        """Records a cause for what has none yet."""
        ledger = self._places.ledger(kind)
        if kind is Kind.CANDLES:
            holes = missing(self._places.candles.times(name, *span), *span)
        else:
            holes = without([span], [*ledger.asked(name), *self._recorded(name, kind, span)])
        known = [Span(gap.start, gap.end) for gap in _inside(ledger.gaps(), name, span)]
        for hole in without(holes, known):
            statuses = list(self._places.trades.read(FeedStatus, name, hole.start - DAY, hole.end))
            ledger.record_gaps(name, *hole, blame(name, hole, statuses))

    def _recorded(self, name: InstrumentId, kind: Kind, span: Span) -> list[Span]:
        """Hours of trades that came by the feed, without a hole in their numbers."""
        whole = []
        for hour in range(span.start // HOUR * HOUR, span.end, HOUR) if kind is Kind.TRADES else ():
            try:
                found = self._places.trades.contiguity(name, hour, hour + HOUR)
            except BadInput:  # not numbered: only what was asked for is known to be whole
                return []
            if found.count and found.is_whole:
                whole.append(Span(hour, hour + HOUR))
        return whole


def blame(name: InstrumentId, hole: Span, statuses: Sequence[FeedStatus]) -> list[Gap]:
    """Who was away in a stretch that nobody told of, by what the feed said of itself before and in it (ascending)."""
    gaps, at, cause = [], hole.start, WE_WERE_DOWN
    for status in statuses:
        if status.ts > at:
            gaps.append(Gap(instrument=name, start=at, end=min(status.ts, hole.end), cause=cause))
            at = min(status.ts, hole.end)
        cause = VENUE_DOWN if status.state == "down" else WE_WERE_DOWN
    if at < hole.end:
        gaps.append(Gap(instrument=name, start=at, end=hole.end, cause=cause))
    return merged(gaps)


def _inside(gaps: Sequence[Gap], name: InstrumentId, span: Span) -> list[Gap]:
    """Cut to the span."""
    return [
        Gap(instrument=name, start=max(gap.start, span.start), end=min(gap.end, span.end), cause=gap.cause)
        for gap in gaps
        if gap.instrument == name and gap.start < span.end and gap.end > span.start
    ]


def _count(span: Span, unit: int) -> int:
    """How many moments that are whole multiples of the unit lie in the span; 0 where there are none."""
    return (-span.start // unit) - (-span.end // unit) if unit else 0
