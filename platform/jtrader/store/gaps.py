"""Recorded holes as values: what stays of them when a range is looked at again."""

from collections.abc import Iterable

import msgspec

from jtrader.ports.stores import Gap


def outside(gaps: Iterable[Gap], start: int, end: int) -> list[Gap]:
    """The parts of the gaps that lie before `start` or from `end` on, in order; their causes stay."""
    kept = []
    for gap in sorted(gaps, key=lambda g: g.start):
        before = msgspec.structs.replace(gap, end=min(gap.end, start))
        after = msgspec.structs.replace(gap, start=max(gap.start, end))
        kept += [part for part in (before, after) if part.start < part.end]
    return kept
