"""Live features equal batch features on the same candles, and no feature sees the future."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.domain.times import MINUTE
from jtrader.features import FEATURES, Columns, LiveWindow, batch, present

NAMES = tuple(FEATURES)
BTC = InstrumentId("binance_usdm:BTCUSDT")
START = 1_768_490_000_000_000_000 // MINUTE * MINUTE


def market(seed: int, rows: int, gaps: int, calm: float, quiet: float) -> list[Candle]:
    """A random walk with missing minutes, standing prices (`calm` share) and minutes without volume (`quiet`)."""
    rng = np.random.default_rng(seed)
    missing = rng.choice(rows, size=min(gaps, rows), replace=False) if rows else []
    candles, price = [], float(rng.uniform(0.5, 90_000))
    for i in range(rows):
        opened = price
        if rng.random() >= calm:
            price *= math.exp(rng.normal(0, 1e-3))
        spread = abs(rng.normal(0, 3e-4)) if opened != price else 0.0
        volume = 0.0 if rng.random() < quiet else float(rng.gamma(2.0, 5.0))
        high, low = max(opened, price) * (1 + spread), min(opened, price) * (1 - spread)
        if i not in missing:
            candles.append(Candle(BTC, START + i * MINUTE, opened, high, low, price, volume))
    return candles


markets = st.builds(
    market,
    seed=st.integers(0, 2**32),
    rows=st.integers(0, 260),
    gaps=st.integers(0, 3),
    calm=st.sampled_from([0.0, 0.3, 1.0]),
    quiet=st.sampled_from([0.0, 0.3, 1.0]),
)


@given(candles=markets, names=st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
@settings(max_examples=60, deadline=None)
def test_live_window_equals_batch(candles: list[Candle], names: list[str]) -> None:
    whole = batch(names, Columns.of(candles))
    complete = present(whole)
    window = LiveWindow(names)
    for i, candle in enumerate(candles):
        row = window.push(candle)
        assert (row is not None) == bool(complete[i])
        if row is not None:
            assert list(row) == names
            for name in names:
                assert math.isclose(row[name], whole[name][i], rel_tol=1e-9, abs_tol=1e-9), name


@given(candles=markets, cut=st.integers(0, 260))
@settings(max_examples=60, deadline=None)
def test_cutting_the_future_changes_no_past_value(candles: list[Candle], cut: int) -> None:
    whole = batch(NAMES, Columns.of(candles))
    past = batch(NAMES, Columns.of(candles[:cut]))
    for name in NAMES:
        np.testing.assert_allclose(past[name], whole[name][:cut], rtol=1e-9, atol=1e-9, err_msg=name)


@given(candles=markets, cut=st.integers(0, 200))
@settings(max_examples=60, deadline=None)
def test_a_feature_needs_exactly_its_history(candles: list[Candle], cut: int) -> None:
    """With the rows before a row's history cut away its value stays; with one row fewer it is absent."""
    tail = candles[cut:]
    if not tail:
        return
    whole = batch(NAMES, Columns.of(candles))
    for name, feature in FEATURES.items():
        exact = batch([name], Columns.of(tail[-feature.history :]))[name][-1]
        short = batch([name], Columns.of(tail[-feature.history :][1:]))[name]
        if len(tail) >= feature.history:
            np.testing.assert_allclose(exact, whole[name][-1], rtol=1e-9, atol=1e-9, err_msg=name)
        assert not np.isfinite(short).any(), name
