"""Figures of probabilities against small cases that can be counted."""

import numpy as np
import pytest

from jtrader.domain.errors import BadInput
from jtrader.learn.evaluation import calibration, evaluate


def test_figures_by_hand() -> None:
    label = np.array([1.0, 0.0, 1.0, 0.0])
    probability = np.array([0.9, 0.2, 0.4, 0.6])
    figures = evaluate(label, probability)
    assert figures["auc"] == pytest.approx(3 / 4)  # of 4 pairs only (0.4, 0.6) stands the wrong way round
    assert figures["accuracy"] == 0.5
    assert figures["brier"] == pytest.approx((0.01 + 0.04 + 0.36 + 0.36) / 4)
    assert figures["log_loss"] == pytest.approx(-np.log([0.9, 0.8, 0.4, 0.4]).mean())


def test_calibration_bins_hold_equal_counts() -> None:
    probability = np.linspace(0.05, 0.95, 100)
    bins = calibration((probability > 0.5).astype(float), probability, bins=10)
    assert bins.rows.tolist() == [10.0] * 10
    assert bins.observed.tolist() == [0.0] * 5 + [1.0] * 5
    assert bins.error == pytest.approx(np.abs(bins.predicted - bins.observed).mean())


def test_honest_probabilities_are_calibrated_and_flattered_ones_are_not() -> None:
    rng = np.random.default_rng(1)
    honest = rng.uniform(0.3, 0.7, 50_000)
    label = (rng.uniform(size=50_000) < honest).astype(float)
    assert calibration(label, honest).error < 0.01
    assert calibration(label, 0.5 + 2 * (honest - 0.5)).error == pytest.approx(0.1, abs=0.01)


def test_one_sided_labels_are_refused() -> None:
    with pytest.raises(BadInput, match="all out-of-sample labels are equal"):
        evaluate(np.ones(3), np.array([0.1, 0.2, 0.3]))
