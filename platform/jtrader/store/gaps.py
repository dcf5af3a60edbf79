"""Recorded holes as values: what stays of them when a range is looked at again."""

from collections.abc import Iterable

import msgspec

from jtrader.domain.times import Span
from jtrader.ports.stores import Gap


def outside(gaps: Iterable[Gap], start: int, end: int) -> list[Gap]:
    """The parts of the gaps that lie before `start` or from `end` on, in order; their causes stay."""
    kept = []
    for gap in sorted(gaps, key=lambda g: g.start):
        before = msgspec.structs.replace(gap, end=min(gap.end, start))
        after = msgspec.structs.replace(gap, start=max(gap.start, end))
        kept += [part for part in (before, after) if part.start < part.end]
    return kept


def united(ranges: Iterable[Span]) -> list[Span]:
    """Ascending; what overlaps or touches is one."""
    whole: list[Span] = []
    for start, end in sorted(ranges):
        if whole and start <= whole[-1].end:
            whole[-1] = Span(whole[-1].start, max(end, whole[-1].end))
        elif start < end:
            whole.append(Span(start, end))
    return whole
