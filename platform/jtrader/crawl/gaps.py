"""Why rows are missing. Gaps are data: each hole of a crawled range gets a cause, and no row is ever made up."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import MINUTE, Span
from jtrader.ports.stores import Gap

NO_TRADES = "no_trades"
VENUE_HAS_NONE = "venue_has_none"
QUARANTINED = "quarantined"
NOT_FETCHED = "not_fetched"
VENUE_DOWN = "venue_down"
WE_WERE_DOWN = "we_were_down"
LOST = "lost"
CAUSES = (NO_TRADES, VENUE_HAS_NONE, QUARANTINED, NOT_FETCHED, VENUE_DOWN, WE_WERE_DOWN, LOST)

_SETTLED = frozenset({NO_TRADES, VENUE_HAS_NONE, QUARANTINED})


def is_settled(cause: str) -> bool:
    """Whether asking again would bring the same."""
    return cause in _SETTLED


def settled(gaps: Iterable[Gap], instrument: InstrumentId, whole: Span, again: bool = False) -> list[Gap]:
    """The recorded holes of the range that need no second look; `again` looks once more at what was put aside."""
    return [
        gap
        for gap in gaps
        if gap.instrument == instrument
        and gap.start < whole.end
        and gap.end > whole.start
        and is_settled(gap.cause)
        and not (again and gap.cause == QUARANTINED)
    ]


def explain(
    instrument: InstrumentId,
    holes: Sequence[Span],
    known: Sequence[Gap],
    doubtful: Iterable[int],
    whole: Span,
    settled_until: int,
    has_past: bool = False,
    nobody_traded: Callable[[Span], bool] = lambda hole: False,  # noqa: ARG005
) -> list[Gap]:
    """The holes with their causes, cut where the cause changes, in order.

    A settled gap keeps its cause; minutes put aside by this run are quarantined; in the others nobody traded where that
    can be proven, else the venue has none. Two exceptions: at the end of a range that reaches beyond `settled_until`
    they may still come and are asked for again next time; at its start, where nothing is stored before (`has_past`),
    the venue's history has not begun, which is no hole in it.
    """
    gaps = []
    aside = [Gap(instrument=instrument, start=ts, end=ts + MINUTE, cause=QUARANTINED) for ts in sorted(doubtful)]
    for hole in holes:
        told: list[Gap] = []
        for gap in (*aside, *known):
            told += [part for part in _within(gap, hole) if not _covered(part, told)]
        for start, end in _left(hole, told):
            if start == whole.start and not has_past:
                continue
            if end == whole.end > settled_until:
                cause = NOT_FETCHED
            else:
                cause = NO_TRADES if nobody_traded(Span(start, end)) else VENUE_HAS_NONE
            told.append(Gap(instrument=instrument, start=start, end=end, cause=cause))
        gaps += merged(told)
    return gaps


def merged(parts: Iterable[Gap]) -> list[Gap]:
    """In order; neighbours of one cause are one."""
    whole: list[Gap] = []
    for part in sorted(parts, key=lambda gap: gap.start):
        if whole and whole[-1].cause == part.cause and whole[-1].end >= part.start:
            whole[-1] = msgspec.structs.replace(whole[-1], end=max(whole[-1].end, part.end))
        else:
            whole.append(part)
    return whole


def _within(gap: Gap, hole: Span) -> list[Gap]:
    start, end = max(gap.start, hole.start), min(gap.end, hole.end)
    return [msgspec.structs.replace(gap, start=start, end=end)] if start < end else []


def _covered(part: Gap, told: Iterable[Gap]) -> bool:
    return any(one.start <= part.start and part.end <= one.end for one in told)


def _left(hole: Span, told: Iterable[Gap]) -> list[Span]:
    left, at = [], hole.start
    for gap in sorted(told, key=lambda one: one.start):
        if gap.start > at:
            left.append(Span(at, gap.start))
        at = max(at, gap.end)
    return [*left, Span(at, hole.end)] if at < hole.end else left
