"""The after-cost backtest against figures worked out by hand."""

import numpy as np
import pytest

from jtrader.domain.times import HOUR, MINUTE
from jtrader.learn.after_cost import Replay, after_cost, positions

NAN = float("nan")


def replay(prediction: list[float], entry: list[float], first: int = 0) -> Replay:
    ts = np.array([first + i * MINUTE for i in range(len(entry))])
    return Replay(ts, np.array(prediction), np.array(entry))


@pytest.mark.parametrize(
    ("prediction", "held"),
    [
        ([0.7, 0.5, 0.5, 0.5], [1, 1, 1, 0]),
        ([0.5, 0.3, 0.5, 0.5], [0, -1, -1, 0]),
        ([0.7, 0.3, NAN, 0.7], [1, -1, -1, 0]),
        ([0.6, 0.4, 0.6, 0.4], [0, 0, 0, 0]),
        ([0.601, 0.5, 0.399, 0.5], [1, 1, -1, 0]),
        ([0.9], [0]),
        ([], []),
    ],
)
def test_positions_follow_the_band_and_end_flat(prediction: list[float], held: list[int]) -> None:
    assert positions(np.array(prediction), band=0.1).tolist() == held


def test_one_round_trip_by_hand() -> None:
    """Long from 100 to 102 to 101, then closed: +2 % − 1/102, less 5 bp twice."""
    outcome = after_cost([replay([0.9, 0.5, 0.5], [100.0, 102.0, 101.0])], band=0.1, fee_bp=5.0)
    np.testing.assert_allclose(outcome.gross, [0.02, 101 / 102 - 1, 0.0], atol=1e-15)
    np.testing.assert_allclose(outcome.fees, [0.0005, 0.0, 0.0005], atol=1e-18)
    assert outcome.trades == 2
    metrics = outcome.metrics()
    assert metrics["net_return"] == pytest.approx(0.02 + 101 / 102 - 1 - 0.001)
    assert metrics["fees"] == pytest.approx(0.001)
    assert metrics["max_drawdown"] == pytest.approx(1 - 101 / 102 + 0.0005)


def test_a_reversal_pays_two_sides() -> None:
    outcome = after_cost([replay([0.9, 0.1, 0.5], [100.0, 100.0, 99.0])], band=0.1, fee_bp=10.0)
    np.testing.assert_allclose(outcome.fees, [0.001, 0.002, 0.001], atol=1e-18)
    np.testing.assert_allclose(outcome.gross, [0.0, 0.01, 0.0], atol=1e-15)
    assert outcome.trades == 3


def test_the_portfolio_is_the_mean_over_instruments_on_a_common_time_line() -> None:
    early = replay([0.9, 0.5], [100.0, 110.0])
    late = replay([0.9, 0.5], [50.0, 45.0], first=MINUTE)
    outcome = after_cost([early, late], band=0.1, fee_bp=0.0)
    assert outcome.ts.tolist() == [0, MINUTE, 2 * MINUTE]
    np.testing.assert_allclose(outcome.gross, [0.05, -0.05, 0.0], atol=1e-15)
    np.testing.assert_allclose(outcome.equity, [0.05, 0.0, 0.0], atol=1e-15)


def test_nothing_predicted_earns_and_costs_nothing() -> None:
    outcome = after_cost([replay([NAN] * 3, [1.0, 2.0, 3.0])], band=0.1, fee_bp=5.0)
    assert outcome.metrics() == {
        "gross_return": 0.0,
        "fees": 0.0,
        "net_return": 0.0,
        "sharpe": 0.0,
        "t_stat": 0.0,
        "max_drawdown": 0.0,
        "trades": 0.0,
    }


def test_sharpe_is_of_hourly_returns_annualised() -> None:
    ts = np.array([0, HOUR, 2 * HOUR, 3 * HOUR])
    entry = np.array([100.0, 101.0, 102.01, 102.01])
    outcome = after_cost([Replay(ts, np.array([0.9, 0.9, 0.9, 0.9]), entry)], band=0.1, fee_bp=0.0)
    hourly = np.array([0.01, 0.01, 0.0, 0.0])
    assert outcome.metrics()["sharpe"] == pytest.approx(hourly.mean() / hourly.std(ddof=1) * np.sqrt(8760))
    assert outcome.metrics()["t_stat"] == pytest.approx(hourly.mean() / (hourly.std(ddof=1) / 2.0))
