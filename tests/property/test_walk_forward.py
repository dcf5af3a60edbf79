"""No training row may know anything of the test block: neither by its label nor by its time."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jtrader.domain.errors import BadInput
from jtrader.domain.times import MINUTE
from jtrader.learn.walk_forward import folds


@st.composite
def rows(draw):
    """Minutes of one to three instruments with holes, a label horizon, a number of folds and an embargo."""
    times = draw(st.lists(st.integers(0, 3_000), min_size=60, max_size=300))
    horizon = draw(st.integers(1, 60))
    return np.array(times, dtype=np.int64) * MINUTE, horizon, draw(st.integers(2, 8)), draw(st.integers(0, 200))


@given(rows())
def test_training_rows_end_before_the_test_begins(case) -> None:
    ts, horizon, count, embargo_minutes = case
    label_end, embargo = ts + (1 + horizon) * MINUTE, embargo_minutes * MINUTE
    if ts.max() - ts.min() < count + 1:
        return
    found = list(folds(ts, label_end, count, embargo))
    assert len(found) == count
    for fold in found:
        assert not (fold.train & fold.test).any()
        for row in np.flatnonzero(fold.train):
            assert label_end[row] + embargo <= fold.start
        for row in np.flatnonzero(fold.test):
            assert fold.start <= ts[row] < fold.end
        kept_out = ~fold.train & (ts < fold.start)
        assert (label_end[kept_out] + embargo > fold.start).all(), "nothing is left out without a reason"


@given(rows())
def test_each_row_after_the_first_block_is_tested_once(case) -> None:
    ts, horizon, count, embargo_minutes = case
    if ts.max() - ts.min() < count + 1:
        return
    found = list(folds(ts, ts + (1 + horizon) * MINUTE, count, embargo_minutes * MINUTE))
    times_tested = np.sum([fold.test for fold in found], axis=0)
    assert (times_tested == (ts >= found[0].start)).all()
    assert all(earlier.end == later.start for earlier, later in itertools.pairwise(found))
    assert found[-1].end == ts.max() + 1


@pytest.mark.parametrize("ts", [[], [5], [5, 5, 5]])
def test_too_little_is_refused(ts: list[int]) -> None:
    times = np.array(ts, dtype=np.int64)
    with pytest.raises(BadInput):
        list(folds(times, times + MINUTE, 3, 0))
