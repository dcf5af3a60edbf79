"""Features against figures worked out by hand or with a second, slower formula."""

import math

import numpy as np
import pytest

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.domain.times import HOUR, MINUTE
from jtrader.features import FEATURES, Columns, LiveWindow, batch, feature, present, warmup
from jtrader.features.labels import direction, forward_return

BTC = InstrumentId("binance_usdm:BTCUSDT")
MIDNIGHT = 1_768_435_200_000_000_000  # 2026-01-15T00:00:00Z


def columns(close, volume=None, start=MIDNIGHT, minutes=None) -> Columns:
    close = np.asarray(close, dtype=float)
    opened = np.concatenate((close[:1], close[:-1]))
    return Columns(
        ts=start + np.asarray(minutes if minutes is not None else range(len(close))) * MINUTE,
        open=opened,
        high=np.maximum(opened, close),
        low=np.minimum(opened, close),
        close=close,
        volume=np.full(len(close), 2.0) if volume is None else np.asarray(volume, dtype=float),
    )


def last(name: str, of: Columns) -> float:
    return float(batch([name], of)[name][-1])


def test_return_over_m_minutes_is_a_log_ratio() -> None:
    close = 100.0 * 1.01 ** np.arange(70)
    for m in (1, 5, 15, 30, 60):
        assert last(f"return_{m}m", columns(close)) == pytest.approx(m * math.log(1.01), rel=1e-12)


def test_volatility_is_the_root_mean_square_of_returns() -> None:
    up_down = np.cumprod([100.0] + [1.02, 1 / 1.02] * 10)
    assert last("volatility_15m", columns(up_down)) == pytest.approx(math.log(1.02), rel=1e-12)


def test_momentum_by_a_slow_formula() -> None:
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, 80)))
    returns = np.diff(np.log(close))
    for half_life, window in ((3, 15), (10, 45)):
        weights = [0.5 ** (age / half_life) for age in range(window)]
        mean = sum(w * r for w, r in zip(weights, returns[::-1], strict=False)) / sum(weights)
        scale = math.sqrt(sum(r * r for r in returns[-window:]) / window)
        assert last(f"momentum_{half_life}m", columns(close)) == pytest.approx(mean / scale, rel=1e-10)


def test_a_steady_climb_has_momentum_one_and_a_steady_fall_minus_one() -> None:
    assert last("momentum_3m", columns(100 * 1.001 ** np.arange(60))) == pytest.approx(1.0, rel=1e-9)
    assert last("momentum_10m", columns(100 * 0.999 ** np.arange(60))) == pytest.approx(-1.0, rel=1e-9)


def test_volume_features() -> None:
    volume = [1.0] * 59 + [7.0]
    mean, deviation = 66 / 60, math.sqrt((59 * 0.1**2 + 5.9**2) / 60)
    assert last("volume_ratio_60m", columns([100.0] * 60, volume)) == pytest.approx(7 / mean)
    assert last("volume_zscore_60m", columns([100.0] * 60, volume)) == pytest.approx(5.9 / deviation)


def test_signed_volume_range_position_and_body() -> None:
    up, down, flat = 101.0, 100.0, 100.0
    rows = columns([100.0, up, down, flat, up], volume=[9.0, 1.0, 2.0, 3.0, 4.0])
    assert last("signed_volume_5m", rows) == pytest.approx((1 - 2 + 4) / 19)
    assert last("signed_volume_1m", rows) == 1.0
    assert last("range_1m", rows) == pytest.approx(math.log(1.01))
    assert last("body_1m", rows) == pytest.approx(math.log(1.01))
    assert last("close_position_5m", rows) == 1.0


@pytest.mark.parametrize(("hour", "sine", "cosine"), [(0, 0, 1), (6, 1, 0), (12, 0, -1), (18, -1, 0)])
def test_time_of_day(hour: int, sine: float, cosine: float) -> None:
    rows = columns([100.0], start=MIDNIGHT + hour * HOUR)
    assert (last("hour_sin", rows), last("hour_cos", rows)) == pytest.approx((sine, cosine), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "close", "volume"),
    [
        ("momentum_3m", [100.0] * 70, None),
        ("close_position_15m", [100.0] * 70, None),
        ("volume_ratio_60m", [100.0] * 70, [0.0] * 70),
        ("volume_zscore_60m", [100.0] * 70, [0.1] * 70),
        ("signed_volume_5m", [100.0] * 70, [0.0] * 70),
        ("return_5m", [100.0] * 69 + [math.nan], None),
    ],
)
def test_what_is_undefined_is_absent_never_zero(name, close, volume) -> None:
    assert math.isnan(last(name, columns(close, volume)))


def test_a_missing_minute_makes_rows_absent_until_history_is_whole_again() -> None:
    minutes = [*range(40), *range(41, 80)]
    rows = columns(100 + np.arange(79.0), minutes=minutes)
    values = batch(["return_5m", "body_1m"], rows)
    absent = [minutes[i] for i in np.flatnonzero(~present(values))]
    assert absent == [0, 1, 2, 3, 4, 41, 42, 43, 44, 45]
    assert np.isfinite(values["body_1m"]).all()


def test_every_definition_states_its_window_and_unit() -> None:
    for name, definition in FEATURES.items():
        assert definition.name == name
        assert definition.window >= 1
        assert definition.lag >= 0
        assert definition.unit
        assert definition.meaning
    assert warmup(["return_60m", "body_1m"]) == 61
    assert warmup([]) == 0


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="'rsi' is not defined; known: return_1m"):
        feature("rsi")
    with pytest.raises(BadInput, match="no features"):
        present({})


def test_live_window_refuses_old_and_foreign_candles_and_stays_as_it_was() -> None:
    window = LiveWindow(["return_1m"])
    assert window.push(Candle(BTC, MIDNIGHT, 100, 101, 99, 100, 1)) is None
    for wrong in (
        Candle(BTC, MIDNIGHT, 100, 101, 99, 100, 1),
        Candle(BTC, MIDNIGHT - MINUTE, 100, 101, 99, 100, 1),
        Candle(InstrumentId("binance_usdm:ETHUSDT"), MIDNIGHT + MINUTE, 100, 101, 99, 100, 1),
    ):
        with pytest.raises(BadInput):
            window.push(wrong)
    assert window.last_ts == MIDNIGHT
    assert window.push(Candle(BTC, MIDNIGHT + MINUTE, 100, 111, 99, 110, 1)) == {
        "return_1m": pytest.approx(math.log(1.1))
    }


def test_columns_refuse_disorder() -> None:
    good = columns([1.0, 2.0])
    with pytest.raises(BadInput, match="ascending"):
        Columns(good.ts[::-1], good.open, good.high, good.low, good.close, good.volume)
    with pytest.raises(BadInput, match="shape"):
        Columns(good.ts, good.open[:1], good.high, good.low, good.close, good.volume)


def test_labels_look_ahead_over_whole_minutes_only() -> None:
    rows = columns([100.0, 110.0, 110.0, 99.0, 105.0], minutes=[0, 1, 2, 4, 5])
    assert forward_return(rows, 1) == pytest.approx(
        [math.log(1.1), 0.0, math.nan, math.log(105 / 99), math.nan], nan_ok=True
    )
    assert direction(rows, 1) == pytest.approx([1.0, math.nan, math.nan, 1.0, math.nan], nan_ok=True)
    assert direction(rows, 2) == pytest.approx([1.0, *[math.nan] * 4], nan_ok=True)
    assert np.isnan(forward_return(columns([1.0]), 5)).all()
    with pytest.raises(BadInput, match="horizon"):
        forward_return(rows, 0)
