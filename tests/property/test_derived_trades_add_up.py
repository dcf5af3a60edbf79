"""Whatever the candle: the trades derived for it aggregate to it exactly."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fixtures.simmarket import aggregate
from jtrader.domain.times import MINUTE
from jtrader.exchange.sim.market.columns import Stretch
from jtrader.exchange.sim.market.completion import Draws, complete, impossible
from jtrader.exchange.sim.market.tape import Kline, Print
from jtrader.exchange.sim.market.unfold import solve, unfold

ticks = st.integers(1, 40) | st.integers(10**6, 10**6 + 5_000)
lots = st.integers(0, 8) | st.integers(9, 10**9)


@st.composite
def candles(draw: st.DrawFn) -> np.ndarray:
    prices = [draw(ticks)]
    prices += [prices[0] + draw(st.integers(0, 3) | st.integers(0, 2_000)) for _ in range(3)]
    opened, closed = draw(st.permutations(prices))[:2]
    candle = np.array([[opened], [max(prices)], [min(prices)], [closed], [draw(lots)]])
    if impossible(candle)[0]:
        candle[4, 0] += 4
    if candle[4, 0] == 0:
        candle[:4] = opened
    return candle


@given(candles(), st.floats(0, 1), st.floats(0, 300), st.integers(0, 2**32))
def test_any_candle_of_prices_and_volume(candle: np.ndarray, share: float, count: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = complete(candle, np.array([share]), np.array([count]), Draws.of(rng, 1))
    stretch = Stretch(29_000_000, table, first_id=1_000)
    kline = stretch.kline(29_000_000)
    assert [kline.open, kline.high, kline.low, kline.close, kline.volume] == candle[:, 0].tolist()
    prints = unfold(kline, 1_000, count / 2, rng)
    if kline.volume == 0:
        assert (prints, kline.count, kline.turnover) == ([], 0, 0)
        return
    assert aggregate(kline.minute_ns, prints) == kline
    assert [p.id for p in prints] == list(range(1_000, 1_000 + kline.count))
    assert all(p.quantity > 0 for p in prints)
    times = [p.ts for p in prints]
    assert times == sorted(times)
    assert kline.minute_ns <= times[0] <= times[-1] < kline.minute_ns + MINUTE


@st.composite
def tapes(draw: st.DrawFn) -> list[Print]:
    middle = draw(st.integers(100, 10_000))
    trade = st.tuples(st.integers(-30, 30), st.integers(1, 50) | st.integers(1, 10**6), st.booleans())
    trades = draw(st.lists(trade, min_size=1, max_size=60))
    return [Print(i, i, middle + price, size, buys) for i, (price, size, buys) in enumerate(trades)]


@given(tapes(), st.integers(0, 2**32))
def test_a_recorded_minute_with_all_its_sums_is_rebuilt_or_known_to_be_too_thin(tape: list[Print], seed: int) -> None:
    kline = aggregate(0, tape)
    if solve(kline) is None:
        ones = sum(p.quantity == 1 for p in tape)
        assert ones < len(tape), "a tape of single lots is always one of those that can be built"
        return
    assert aggregate(0, unfold(kline, 0, 10, np.random.default_rng(seed))) == kline


def test_real_minutes_can_all_be_rebuilt() -> None:
    rng = np.random.default_rng(5)
    for minute in range(60):
        count = int(rng.integers(100, 2_000))
        walk = 1_000_000 + np.cumsum(rng.integers(-3, 4, count))
        sizes = np.maximum(np.exp(rng.normal(3, 2, count)).astype(int), 1)
        tape = [
            Print(i, i, int(p), int(q), bool(b))
            for i, (p, q, b) in enumerate(zip(walk, sizes, rng.random(count) < 0.5, strict=True))
        ]
        kline = aggregate(minute * MINUTE, tape)
        assert isinstance(kline, Kline)
        assert aggregate(kline.minute_ns, unfold(kline, 0, 500, rng)) == kline
