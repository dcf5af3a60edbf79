"""Why minutes are missing. Gaps are data: each hole of a crawled range gets a cause, and no candle is ever made up."""

from collections.abc import Iterable, Sequence

import msgspec

from jtrader.crawl.plan import Span, without
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import MINUTE
from jtrader.ports.stores import Gap

VENUE_HAS_NONE = "venue_has_none"
QUARANTINED = "quarantined"
NOT_FETCHED = "not_fetched"


def settled(gaps: Iterable[Gap], instrument: InstrumentId, whole: Span) -> list[Gap]:
    """The recorded holes of the range that need no second look: asking again would bring the same."""
    return [
        gap
        for gap in gaps
        if gap.instrument == instrument and gap.cause != NOT_FETCHED and gap.start < whole.end and gap.end > whole.start
    ]


def explain(
    instrument: InstrumentId, holes: Sequence[Span], known: Sequence[Gap], doubtful: Iterable[int], whole: Span
) -> list[Gap]:
    """The holes with their causes, cut where the cause changes, in order.

    A settled gap keeps its cause; minutes put aside by this run are quarantined; the venue has none of the others,
    with two exceptions: at the end of the range they may still come and are asked for again next time; at its start
    the venue's history has not begun, which is no hole in it.
    """
    gaps = []
    aside = [Gap(instrument=instrument, start=ts, end=ts + MINUTE, cause=QUARANTINED) for ts in doubtful]
    for hole in holes:
        told = [part for gap in (*aside, *known) if (part := _within(gap, hole))]
        told += [
            Gap(instrument=instrument, start=start, end=end, cause=NOT_FETCHED if end == whole.end else VENUE_HAS_NONE)
            for start, end in without([hole], told)
            if start != whole.start
        ]
        gaps += _merged(told)
    return gaps


def _within(gap: Gap, hole: Span) -> Gap | None:
    start, end = max(gap.start, hole.start), min(gap.end, hole.end)
    return msgspec.structs.replace(gap, start=start, end=end) if start < end else None


def _merged(parts: Iterable[Gap]) -> list[Gap]:
    merged: list[Gap] = []
    for part in sorted(parts, key=lambda gap: gap.start):
        if merged and merged[-1].cause == part.cause and merged[-1].end >= part.start:
            merged[-1] = msgspec.structs.replace(merged[-1], end=max(merged[-1].end, part.end))
        else:
            merged.append(part)
    return merged
