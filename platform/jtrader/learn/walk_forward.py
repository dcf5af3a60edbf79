"""Purged and embargoed walk-forward splits.

The time line is cut into folds + 1 equal blocks. Fold k tests on block k and trains on rows before it whose label was
known before the block began (purge: labels that overlap the test tell its answers) and at least the embargo earlier
(features of the first test rows still look back over the end of training). After López de Prado, Advances in Financial
Machine Learning, chapter 7.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jtrader.domain.errors import BadInput

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Fold:
    """`train` and `test` are masks over all rows, shape (n,); the test block is [start, end) in ns."""

    number: int
    start: int
    end: int
    train: Mask
    test: Mask


def folds(ts: Ints, label_end: Ints, count: int, embargo: int) -> Iterator[Fold]:
    """`ts` and `label_end` in ns, any order, shape (n,); `embargo` in ns. Raises BadInput where the range is too short.

    For each fold: label_end of every training row + embargo ≤ start ≤ ts of every test row < end.
    """
    if len(ts) == 0:
        raise BadInput("there is no row to validate on")
    first, last = int(ts.min()), int(ts.max()) + 1
    if last - first < count + 1:
        raise BadInput(f"{count} folds need at least {count + 1} different times")
    borders = [first + (last - first) * block // (count + 1) for block in range(count + 2)]
    for number in range(1, count + 1):
        start, end = borders[number], borders[number + 1]
        train = label_end + embargo <= start
        test = (ts >= start) & (ts < end)
        yield Fold(number=number, start=start, end=end, train=train, test=test)
