"""How whole a day is: what was to be expected, what is stored, why the rest is missing, what was put aside.

Candles and trades count in minutes (of trades: minutes whose trades are known to be whole), funding in settlements,
open interest in the steps by which its venue tells it. What nobody asked for and no feed told is blamed on the feed's
own records: while it had no connection, heard nothing or could not believe what it heard the venue was down, otherwise
we were.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate

from jtrader.crawl.gaps import VENUE_DOWN, WE_WERE_DOWN, merged
from jtrader.crawl.plan import Kind, missing, without
from jtrader.crawl.work import Places
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import FeedStatus
from jtrader.domain.times import DAY, HOUR, MINUTE, Span, day_bounds
from jtrader.ports.stores import Contiguity, DayQuality, Gap, IdRange

StepOf = Callable[[Market], int]
"""The distance, ns, of the open interest that a market tells of its past; 0 where it tells none or that is unknown."""
LOOK_BACK = (DAY, 30 * DAY, 100 * 365 * DAY)
"""How far a feed's last word before a hole is looked for, one after the other."""
JUDGED = (Kind.CANDLES, Kind.TRADES, Kind.FUNDING, Kind.OPEN_INTEREST)


class Judge:
    """Judges days up to `until` (market time, ns). Writes what it finds unexplained into the gap ledgers."""

    def __init__(self, places: Places, until: int, open_interest_step: StepOf = lambda market: 0) -> None:  # noqa: ARG005
        self._places = places
        self._until = until
        self._step = open_interest_step

    def day(self, rules: Instrument, kind: Kind, date: dt.date) -> DayQuality | None:
        """None where nothing of the kind is kept of the instrument, or the day has not begun. Raises Unavailable."""
        start, end = day_bounds(date)
        span = Span(max(start, self._begin(rules.id, kind)), min(end, self._until))
        if span.start >= span.end:
            return None
        self._explain(rules.id, kind, span)
        ledger = self._places.ledger(kind)
        unit = self._unit(rules, kind)
        gaps = _inside(ledger.gaps(rules.id, *span), rules.id, span)
        expected = _count(span, unit)
        lost = Counter[str]()
        for gap in gaps:
            lost[gap.cause] += _count(Span(gap.start, gap.end), unit)
        return DayQuality(
            date=date,
            instrument=rules.id,
            kind=kind,
            expected=expected,
            stored=self._stored(rules, kind, span, expected - sum(lost.values())),
            gaps={cause: count for cause, count in sorted(lost.items()) if count},
            quarantined=sum(one.replaced is None for one in ledger.aside(rules.id, *span)),
        )

    def _begin(self, name: InstrumentId, kind: Kind) -> int:
        """Where the kind's past begins; far ahead where there is none."""
        if kind is Kind.CANDLES:
            first = self._places.candles.oldest(name)
            return self._until if first is None else first
        asked = [span.start for span in self._places.ledger(kind).asked(name)]
        gaps = [gap.start for gap in self._places.ledger(kind).gaps(name)]
        return min([*asked, *gaps], default=self._until)

    def _unit(self, rules: Instrument, kind: Kind) -> int:
        if kind is Kind.FUNDING:
            return rules.funding_interval
        return (self._step(rules.market) or MINUTE) if kind is Kind.OPEN_INTEREST else MINUTE

    def _stored(self, rules: Instrument, kind: Kind, span: Span, covered: int) -> int:
        if kind is Kind.CANDLES:
            return len(self._places.candles.times(rules.id, *span))
        if kind is Kind.FUNDING:
            return len(self._places.funding.times(rules.id, *span))
        if kind is Kind.OPEN_INTEREST and self._step(rules.market):
            return len(self._places.open_interest.times(rules.id, *span))
        return max(covered, 0)

    def _explain(self, name: InstrumentId, kind: Kind, span: Span) -> None:
        """Records a cause for what has none yet."""
        ledger = self._places.ledger(kind)
        if kind is Kind.CANDLES:
            holes = missing(self._places.candles.times(name, *span), *span)
        else:
            holes = without([span], [*ledger.asked(name), *self._recorded(name, kind, span)])
        known = [Span(gap.start, gap.end) for gap in _inside(ledger.gaps(name, *span), name, span)]
        for hole in without(holes, known):
            ledger.record_gaps(name, *hole, blame(name, hole, self._statuses(name, hole)))

    def _statuses(self, name: InstrumentId, hole: Span) -> list[FeedStatus]:
        """Those in the hole and, however old, the last one before it."""
        found: list[FeedStatus] = []
        for back in LOOK_BACK:
            found = list(self._places.trades.read(FeedStatus, name, max(hole.start - back, 0), hole.end))
            if found and found[0].ts <= hole.start:
                break
        return found

    def _recorded(self, name: InstrumentId, kind: Kind, span: Span) -> list[Span]:
        """Hours of trades that came by the feed, without a hole in their numbers from the trade before to the trade
        after."""
        if kind is not Kind.TRADES:
            return []
        hours = range(span.start // HOUR * HOUR - HOUR, span.end + HOUR, HOUR)
        try:
            told = [self._places.trades.contiguity(name, hour, hour + HOUR) for hour in hours]
            lost = self._places.trades.contiguity(name, hours[0], hours[-1] + HOUR).missing
        except BadInput:  # not numbered: only what was asked for is known to be whole
            return []
        before = list(accumulate((one.last for one in told), _known))
        after = list(accumulate((one.first for one in reversed(told)), _known))[::-1]
        return [
            Span(hour, hour + HOUR)
            for hour, one, low, high in zip(hours[1:-1], told[1:-1], before[:-2], after[2:], strict=True)
            if _is_whole(one, low, high, lost)
        ]


def _known(old: int | None, new: int | None) -> int | None:
    return old if new is None else new


def _is_whole(hour: Contiguity, before: int | None, after: int | None, lost: Iterable[IdRange]) -> bool:
    """`before` and `after`: the numbers of the trades next to the hour. An hour without a trade is whole between two
    whose numbers follow each other."""
    low = hour.first if before is None else before
    high = hour.last if after is None else after
    return low is not None and high is not None and not any(low < one.last and one.first < high for one in lost)


def blame(name: InstrumentId, hole: Span, statuses: Sequence[FeedStatus]) -> list[Gap]:
    """Who was away in a stretch that nobody told of, by what the feed said of itself before and in it (ascending)."""
    gaps, at, cause = [], hole.start, WE_WERE_DOWN
    for status in statuses:
        if status.ts > at:
            gaps.append(Gap(instrument=name, start=at, end=min(status.ts, hole.end), cause=cause))
            at = min(status.ts, hole.end)
        cause = WE_WERE_DOWN if status.state == "up" else VENUE_DOWN
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
