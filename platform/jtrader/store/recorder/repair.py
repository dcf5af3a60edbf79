"""Trades that were lost on the way are asked of the venue, and what is stored is proven whole by their ids."""

import logging
from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Trade, trade_fault
from jtrader.domain.times import Span, iso
from jtrader.ports.market_data import TradeSource
from jtrader.ports.stores import Gap, IdRange, TickStore

EVER = 2**62
MOST_PAGES = 1_000
"""Of the venue's answers in one repair of a hole; what is missing then comes with the next."""

log = logging.getLogger(__name__)

SourceOf = Callable[[InstrumentId], TradeSource]
PutAside = Callable[[Trade, str], None]
"""(trade, why it can't be); it is not stored."""


def _say(trade: Trade, reason: str) -> None:
    log.error("%s: trade %s is not stored: %s", trade.instrument, trade.trade_id, reason)


class Repaired(msgspec.Struct, frozen=True):
    found: int = 0
    """Trades that the venue told."""
    absent: int = 0
    """Ids that it does not have."""
    is_whole: bool = True
    """Proven: by ids without a hole, or by a list of the venue that reaches back to what was stored."""
    rest: int | None = None
    """The venue has more, after this time: `repair` again from there."""


class TradeRepair:
    """`repair` raises Unavailable when the store or the venue is away; it can be repeated at any time."""

    def __init__(
        self,
        store: TickStore,
        source_of: SourceOf,
        is_numbered: Callable[[InstrumentId], bool],
        put_aside: PutAside = _say,
        tells_absence: bool = True,
    ) -> None:
        """`tells_absence`: a number that the source leaves out is none of the venue's; a file proves nothing."""
        self._store = store
        self._source_of = source_of
        self._is_numbered = is_numbered
        self._put_aside = put_aside
        self._tells_absence = tells_absence

    def repair(self, instrument: InstrumentId, since: int, until: int = EVER) -> Repaired:
        """Fetches what is missing after `since` (ns of venue time), a moment before the loss; of numbered trades up to
        `until`."""
        if self._is_numbered(instrument):
            return self._by_number(instrument, since, until)
        return self._by_time(instrument, since)

    def give_up(self, instrument: InstrumentId, since: int, cause: str, until: int = EVER) -> None:
        """Records as gaps what is missing after `since`."""
        for gap in self.missing(instrument, since, cause, until):
            self._store.record_gaps(Trade, instrument, gap.start, gap.end, [gap])

    def missing(
        self, instrument: InstrumentId, since: int, cause: str, until: int = EVER, aside: Collection[int | str] = ()
    ) -> list[Gap]:
        """What is missing after `since`, for that cause: `quarantined` where all of it is in `aside`."""
        missing = self._store.contiguity(instrument, since, until).missing if self._is_numbered(instrument) else ()
        if not missing:
            return []
        gaps = []
        for hole, (start, end) in zip(missing, self._borders(instrument, missing, since, until), strict=True):
            is_aside = bool(aside) and all(number in aside for number in range(hole.first, hole.last + 1))
            why = "quarantined" if is_aside else cause
            gaps.append(Gap(instrument=instrument, start=start, end=end, cause=why))
            log.error("%s: trades %d to %d stay missing (%s)", instrument, hole.first, hole.last, why)
        return gaps

    def _borders(self, instrument: InstrumentId, missing: Sequence[IdRange], since: int, until: int) -> list[Span]:
        """From the nearest stored trade before each hole to the nearest after it: beside it the venue may have none."""
        firsts = [hole.first for hole in missing]
        before: list[Trade | None] = [None] * len(missing)
        after: list[Trade | None] = [None] * len(missing)
        for trade in self._store.read(Trade, instrument, since, until):
            place = bisect_left(firsts, _number(trade))
            if place < len(missing):
                before[place] = max(trade, before[place] or trade, key=_number)
            if place:
                after[place - 1] = min(trade, after[place - 1] or trade, key=_number)
        for place in range(1, len(missing)):
            before[place] = before[place] or before[place - 1]
        for place in reversed(range(len(missing) - 1)):
            after[place] = after[place] or after[place + 1]
        spans = []
        for last, first in zip(before, after, strict=True):
            start = since if last is None else last.ts
            spans.append(Span(start, max(start if first is None else first.ts, start + 1)))
        return spans

    def _by_number(self, instrument: InstrumentId, since: int, until: int) -> Repaired:
        before = self._store.contiguity(instrument, since, until)
        if before.is_whole:
            return Repaired()
        source, found, absent, rest = self._source_of(instrument), 0, 0, None
        for hole in before.missing:
            more, none, is_cut = self._fill(source, instrument, hole, Span(since, until))
            found, absent, rest = found + more, absent + none, since if is_cut else rest
        after = self._store.contiguity(instrument, since, until)
        log.info("%s: %d trades since %s came from the venue", instrument, found, iso(since))
        return Repaired(found, absent, after.is_whole, None if after.is_whole else rest)

    def _fill(self, source: TradeSource, instrument: InstrumentId, hole: IdRange, span: Span) -> tuple[int, int, bool]:
        """(trades found, ids that the venue does not have, whether it would tell more) of a hole."""
        found, absent, wanted = 0, 0, hole.first
        for _ in range(MOST_PAGES):
            if wanted > hole.last or not (page := source.trades_from(instrument, wanted)):
                return found, absent, False
            told = self._sound([trade for trade in page if _number(trade) <= hole.last], instrument, span)
            self._store.append(told)
            skipped = _skipped(wanted, [_number(trade) for trade in page], hole.last) if self._tells_absence else []
            if skipped:
                self._store.record_absent(instrument, skipped)
            found += len(told)
            absent += sum(one.last - one.first + 1 for one in skipped)
            wanted = _number(page[-1]) + 1
        return found, absent, wanted <= hole.last

    def _by_time(self, instrument: InstrumentId, since: int) -> Repaired:
        last = self._store.newest(Trade, instrument, since + 1)
        start = since if last is None else last.ts
        known = {trade.trade_id for trade in self._store.read(Trade, instrument, start, start + 1)}
        gap_start, source, found = start, self._source_of(instrument), 0
        first, is_whole, rest = EVER, not known, None
        seen: set[int | str] = set()
        for _ in range(MOST_PAGES):
            page = source.trades(instrument, start, EVER)
            fresh = [trade for trade in page if trade.trade_id not in seen]
            if not fresh:
                break
            self._store.append(self._sound(fresh, instrument, Span(gap_start, EVER)))
            seen = {trade.trade_id for trade in page}
            found, first, is_whole = found + len(fresh), min(first, fresh[0].ts), is_whole or bool(known & seen)
            start = max(fresh[-1].ts, start)
        else:
            rest = start
        if found and not is_whole:
            gap = Gap(instrument=instrument, start=gap_start, end=max(first, gap_start + 1), cause="venue_has_none")
            self._store.record_gaps(Trade, instrument, gap.start, gap.end, [gap])
            log.error("%s: the venue tells no trades from %s to %s any more", instrument, iso(gap.start), iso(gap.end))
        return Repaired(found, 0, (is_whole or not found) and rest is None, rest)

    def _sound(self, page: Sequence[Trade], instrument: InstrumentId, span: Span) -> list[Trade]:
        """Puts aside what can't be."""
        sound = []
        for trade in page:
            if reason := trade_fault(trade, instrument, span):
                self._put_aside(trade, reason)
            else:
                sound.append(trade)
        return sound


def _number(trade: Trade) -> int:
    if not isinstance(trade.trade_id, int):
        raise BadInput(f"{trade.instrument}: trade {trade.trade_id!r} carries no number")
    return trade.trade_id


def _skipped(wanted: int, told: Sequence[int], last: int) -> list[IdRange]:
    """The ids from `wanted` up to the page's end or `last` that the page leaves out."""
    skipped = []
    for number in told:
        if number > wanted and wanted <= last:
            skipped.append(IdRange(wanted, min(number - 1, last)))
        wanted = number + 1
    return skipped
