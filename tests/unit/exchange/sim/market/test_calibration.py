"""The generated market against figures measured on Binance's candles (2025-05-04 to 06-18), each with its tolerance.

Two seeds of thirty days; a figure is the mean over them.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from fixtures.simmarket import BTC, ETH, SPOT_BTC, SPOT_ETH, plan
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import HOUR
from jtrader.exchange.sim.market.calibration import DEMO_PREDICTABILITY
from jtrader.exchange.sim.market.listing import LISTED
from jtrader.exchange.sim.market.market import SimMarket, build_market

SEEDS = (7, 8)
Floats = npt.NDArray[np.float64]


@cache
def made_market(seed: int, predictability: float) -> SimMarket:
    instruments = (BTC, ETH) if predictability else (BTC, ETH, SPOT_BTC, SPOT_ETH)
    return build_market(plan(seed=seed, days=30, predictability=predictability, instruments=instruments))


class Minutes:
    """Floats of a month: returns and ranges in bp, volume in base units."""

    def __init__(self, seed: int, instrument: InstrumentId, predictability: float) -> None:
        market = made_market(seed, predictability)
        klines = market.klines(instrument, market.first_minute, market.live_start)
        rows = np.array([(k.high, k.low, k.close, k.volume, k.buy_volume) for k in klines], dtype=float)
        self.log_close = np.log(rows[:, 2] * float(LISTED[instrument].price_tick))
        self.returns = np.diff(self.log_close) * 1e4
        self.ranges = np.log(rows[:, 0] / rows[:, 1]) * 1e4
        self.volume = rows[:, 3] * float(LISTED[instrument].quantity_step)
        self.buy_share = rows[:, 4] / rows[:, 3]
        self.hour = np.array([k.minute_ns // 3_600_000_000_000 % 24 for k in klines])


@cache
def month(seed: int, instrument: InstrumentId, predictability: float = 0.0) -> Minutes:
    return Minutes(seed, instrument, predictability)


def lagged(values: Floats, lag: int) -> float:
    centred = values - values.mean()
    return float((centred[lag:] * centred[:-lag]).mean() / (centred * centred).mean())


def kurtosis(values: Floats) -> float:
    return float(((values - values.mean()) ** 4).mean() / values.var() ** 2 - 3.0)


FIGURES = {
    "std_bp": lambda m: m.returns.std(),
    "excess_kurtosis": lambda m: kurtosis(m.returns),
    "p1_bp": lambda m: np.percentile(m.returns, 1),
    "p75_bp": lambda m: np.percentile(m.returns, 75),
    "p99_bp": lambda m: np.percentile(m.returns, 99),
    "return_autocorr_1": lambda m: lagged(m.returns, 1),
    "abs_autocorr_1": lambda m: lagged(np.abs(m.returns), 1),
    "abs_autocorr_15": lambda m: lagged(np.abs(m.returns), 15),
    "abs_autocorr_60": lambda m: lagged(np.abs(m.returns), 60),
    "abs_autocorr_1440": lambda m: lagged(np.abs(m.returns), 1440),
    "range_p50_bp": lambda m: np.percentile(m.ranges, 50),
    "range_p95_bp": lambda m: np.percentile(m.ranges, 95),
    "volume_p50": lambda m: np.percentile(m.volume, 50),
    "volume_log_std": lambda m: np.log(m.volume).std(),
    "volume_autocorr_1": lambda m: lagged(m.volume, 1),
    "volume_autocorr_30": lambda m: lagged(m.volume, 30),
    "abs_return_volume_corr": lambda m: np.corrcoef(np.abs(m.returns), m.volume[1:])[0, 1],
}

MEASURED = [
    # figure, BTC perpetual, ETH perpetual, BTC spot, ETH spot, relative tolerance, absolute tolerance
    ("std_bp", 5.278, 10.89, 4.946, 9.014, 0.25, 0.0),
    ("excess_kurtosis", 6.742, 24.28, 7.335, 13.84, 0.85, 0.0),
    ("p1_bp", -15.11, -29.92, -14.41, -25.73, 0.2, 0.0),
    ("p75_bp", 2.49, 5.36, 2.201, 4.278, 0.3, 0.0),
    ("p99_bp", 14.64, 28.65, 13.91, 24.71, 0.25, 0.0),
    ("return_autocorr_1", -0.0015, -0.0179, 0.0007, -0.0202, 0.0, 0.04),
    ("abs_autocorr_1", 0.2484, 0.2682, 0.2725, 0.2654, 0.0, 0.09),
    ("abs_autocorr_15", 0.1727, 0.1788, 0.1922, 0.18, 0.0, 0.06),
    ("abs_autocorr_60", 0.108, 0.1307, 0.1398, 0.1217, 0.0, 0.06),
    ("abs_autocorr_1440", 0.05414, 0.06889, 0.07631, 0.06318, 0.0, 0.05),
    ("range_p50_bp", 4.586, 10.72, 3.61, 8.309, 0.45, 0.0),
    ("range_p95_bp", 14.88, 31.92, 13.31, 25.42, 0.2, 0.0),
    ("volume_p50", 70.13, 2701.0, 6.751, 239.5, 0.35, 0.0),
    ("volume_log_std", 0.9955, 0.9516, 1.073, 0.9946, 0.15, 0.0),
    ("volume_autocorr_1", 0.6974, 0.7269, 0.5904, 0.6397, 0.0, 0.15),
    ("volume_autocorr_30", 0.3736, 0.3797, 0.3749, 0.4071, 0.0, 0.15),
    ("abs_return_volume_corr", 0.5568, 0.6443, 0.4988, 0.5714, 0.0, 0.15),
]


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row[0])
@pytest.mark.parametrize(("column", "instrument"), list(enumerate((BTC, ETH, SPOT_BTC, SPOT_ETH), 1)))
def test_figure(
    row: tuple[str, float, float, float, float, float, float], column: int, instrument: InstrumentId
) -> None:
    made = np.mean([FIGURES[row[0]](month(seed, instrument)) for seed in SEEDS])
    assert made == pytest.approx(row[column], rel=row[5], abs=row[6] or None)


def test_ethereum_moves_with_bitcoin() -> None:
    for seed in SEEDS:
        btc, eth = month(seed, BTC).returns, month(seed, ETH).returns
        assert np.corrcoef(btc, eth)[0, 1] == pytest.approx(0.7305, abs=0.06)
        assert np.cov(btc, eth)[0, 1] / btc.var() == pytest.approx(1.507, abs=0.15)


@pytest.mark.parametrize(
    ("perpetual", "spot", "mean", "std", "after_1", "after_60"),
    [(BTC, SPOT_BTC, -4.335, 0.7978, 0.5979, 0.222), (ETH, SPOT_ETH, -4.132, 0.9973, 0.6573, 0.4772)],
)
def test_the_basis_reverts_to_its_mean(
    perpetual: InstrumentId, spot: InstrumentId, mean: float, std: float, after_1: float, after_60: float
) -> None:
    basis = (month(7, perpetual).log_close - month(7, spot).log_close) * 1e4
    assert basis.mean() == pytest.approx(mean, abs=0.4)
    assert basis.std() == pytest.approx(std, rel=0.2)
    assert lagged(basis, 1) == pytest.approx(after_1, abs=0.1)
    assert lagged(basis, 60) == pytest.approx(after_60, abs=0.1)


@pytest.mark.parametrize(("hour", "vol", "volume"), [(5, 0.701, 0.572), (14, 1.39, 1.85)])
def test_quiet_and_busy_hours(hour: int, vol: float, volume: float) -> None:
    btc = [month(seed, BTC) for seed in SEEDS]
    shares = [m.returns[m.hour[1:] == hour].std() / m.returns.std() for m in btc]
    assert np.mean(shares) == pytest.approx(vol, rel=0.2)
    traded = [m.volume[m.hour == hour].mean() / m.volume.mean() for m in btc]
    assert np.mean(traded) == pytest.approx(volume, rel=0.35)


def test_takers_buy_while_the_price_rises() -> None:
    m = month(7, BTC)
    assert 0.3 < np.corrcoef(m.returns, m.buy_share[1:])[0, 1] < 0.9
    assert m.buy_share.mean() == pytest.approx(0.5, abs=0.03)


def after_cost(predictability: float, instrument: InstrumentId, seed: int) -> float:
    """Mean bp a trade of the plainest momentum rule, on non-overlapping half hours: hold the sign of the last 45
    minutes' return when it is larger than usual, 5 bp taker fee a side."""
    price = month(seed, instrument, predictability).log_close * 1e4
    at = np.arange(45, price.size - 30, 30)
    past, ahead = price[at] - price[at - 45], price[at + 30] - price[at]
    strong = np.abs(past) > np.median(np.abs(past))
    return float((np.sign(past) * ahead)[strong].mean() - 10.0)


def test_predictability_pays_after_fees_and_none_does_not() -> None:
    none = [after_cost(0.0, instrument, seed) for instrument in (BTC, ETH) for seed in SEEDS]
    assert np.mean(none) < -5.0, "momentum loses about its fees"
    demo = [after_cost(DEMO_PREDICTABILITY, instrument, seed) for instrument in (BTC, ETH) for seed in SEEDS]
    assert min(demo) > 0.0
    assert np.mean(demo) > 10.0


def test_predictability_leaves_minutes_as_they_are() -> None:
    for instrument in (BTC, ETH):
        plain, demo = (month(7, instrument, p).returns for p in (0.0, DEMO_PREDICTABILITY))
        assert demo.std() == pytest.approx(plain.std(), rel=0.03)
        assert kurtosis(demo) == pytest.approx(kurtosis(plain), rel=0.3)


@pytest.mark.parametrize(
    ("instrument", "mean", "std", "negative"), [(BTC, 0.3166, 0.4089, 0.188), (ETH, 0.3346, 0.442, 0.2584)]
)
def test_funding_is_mostly_a_small_payment_by_longs(
    instrument: InstrumentId, mean: float, std: float, negative: float
) -> None:
    market = made_market(7, 0.0)
    instants = [(61_000 + i) * 8 * HOUR for i in range(1_000)]
    rates = np.array([float(market.funding_rate(instrument, ts)) for ts in instants]) * 1e4
    assert rates.mean() == pytest.approx(mean, abs=0.12)
    assert rates.std() == pytest.approx(std, abs=0.08)
    assert np.mean(rates < 0) == pytest.approx(negative, abs=0.1)
    assert rates.max() == 1.0
    assert lagged(rates, 1) == pytest.approx(0.44, abs=0.15)
    assert lagged(rates, 9) == pytest.approx(0.27, abs=0.15)
