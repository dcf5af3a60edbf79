"""Columns come back exact, and small."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.ticks import walk
from jtrader.domain.errors import Broken
from jtrader.store.ticks import columns as c
from jtrader.store.ticks.batch import pack
from jtrader.store.ticks.kinds import KINDS

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(INT64))
def test_whole_numbers_come_back(values: list[int]) -> None:
    packed = c.pack_integers(np.array(values, np.int64))
    assert c.unpack_integers(packed, len(values)).tolist() == values


@given(st.lists(st.floats() | st.decimals(-(10**9), 10**9, places=3).map(float)))
def test_floats_come_back_to_the_last_bit(values: list[float]) -> None:
    array = np.array(values, np.float64)
    found = c.unpack_floats(c.pack_floats(array), len(values))
    assert found.tobytes() == array.tobytes()


@given(st.lists(st.integers(0, 10**25)) | st.lists(st.text() | st.uuids().map(str)))
def test_ids_come_back_as_what_they_were(ids: list[int | str]) -> None:
    found = c.unpack_ids(c.pack_ids(c.id_array(ids)), len(ids)).tolist()
    assert found == ids
    assert [type(each) for each in found] == [type(each) for each in ids]


@pytest.mark.parametrize(
    ("values", "bytes_each"),
    [
        (np.arange(10**9, 10**9 + 10_000), 0.1),
        (np.arange(10_000) * 60_000_000_000, 0.1),
        (np.repeat(np.arange(1_000), 10) * 1_000_000 + 1_768_471_200 * 10**9, 0.3),
    ],
)
def test_steps_cost_next_to_nothing(values: np.ndarray, bytes_each: float) -> None:
    assert len(c.pack_integers(values)) < bytes_each * len(values) + 40


@pytest.mark.parametrize(
    ("values", "form"),
    [([0.1, 42_000.3], b"D"), ([1e-8], b"D"), ([1 / 3], b"R"), ([float("nan")], b"R"), ([-0.0], b"R"), ([1e300], b"R")],
)
def test_decimals_are_kept_as_whole_numbers_and_nothing_is_rounded(values: list[float], form: bytes) -> None:
    packed = c.pack_floats(np.array(values))
    assert packed[:1] == form
    assert c.unpack_floats(packed, len(values)).tobytes() == np.array(values).tobytes()


@pytest.mark.parametrize("unpack", [c.unpack_integers, c.unpack_floats, c.unpack_ids])
def test_what_is_no_column_is_refused(unpack) -> None:
    for data in (b"", b"?", b"x" * 30):
        with pytest.raises(Broken, match="restore it from a backup"):
            unpack(data, 3)
    with pytest.raises(Broken, match="not 4"):
        unpack(c.pack_integers(np.arange(3)), 4) if unpack is not c.unpack_floats else unpack(
            c.pack_floats(np.arange(3) / 3), 4
        )


def test_a_trade_takes_a_few_bytes() -> None:
    trades = walk(20_000)
    [batch] = pack(trades)
    size = sum(map(len, batch.columns.values()))
    assert size / len(trades) < 5
    assert KINDS["trade"].events(trades[0].instrument, batch.table()) == trades
