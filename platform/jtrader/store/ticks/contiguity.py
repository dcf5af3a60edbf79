"""Which trade ids are missing."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from jtrader.ports.stores import IdRange
from jtrader.store.ticks.columns import Integers


def runs(ids: Integers) -> list[IdRange]:
    """Unbroken runs of whole numbers that stand in any order."""
    if not len(ids):
        return []
    ordered = np.unique(ids)
    breaks = np.flatnonzero(np.diff(ordered) > 1)
    firsts = ordered[np.concatenate(([0], breaks + 1))].tolist()
    lasts = ordered[np.concatenate((breaks, [len(ordered) - 1]))].tolist()
    return [IdRange(first, last) for first, last in zip(firsts, lasts, strict=True)]


def joined(ranges: Iterable[IdRange]) -> list[IdRange]:
    """The same numbers in as few ranges as possible, ascending."""
    found: list[IdRange] = []
    for one in sorted(ranges):
        if found and one.first <= found[-1].last + 1:
            found[-1] = IdRange(found[-1].first, max(found[-1].last, one.last))
        else:
            found.append(one)
    return found


def between(ranges: Sequence[IdRange]) -> list[IdRange]:
    """The holes between joined ranges."""
    return [IdRange(a.last + 1, b.first - 1) for a, b in pairwise(ranges)]


def within(ranges: Iterable[IdRange], first: int, last: int) -> list[IdRange]:
    """What of the ranges lies in first … last."""
    return [IdRange(max(r.first, first), min(r.last, last)) for r in ranges if r.first <= last and r.last >= first]
