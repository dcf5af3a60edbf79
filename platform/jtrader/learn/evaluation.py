"""How good probabilities are, before any trade."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from jtrader.domain.errors import BadInput

Floats = NDArray[np.float64]

BINS = 10


@dataclass(frozen=True, eq=False)
class Calibration:
    """Predictions in bins of equal count: mean prediction, share of up-moves, rows; shape (bins,) each."""

    predicted: Floats
    observed: Floats
    rows: Floats

    @property
    def error(self) -> float:
        """Expected calibration error: the mean distance of the two, weighted by rows."""
        return float((self.rows * np.abs(self.predicted - self.observed)).sum() / self.rows.sum())


def calibration(label: Floats, probability: Floats, bins: int = BINS) -> Calibration:
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return Calibration(
        predicted=np.array([probability[part].mean() for part in parts]),
        observed=np.array([label[part].mean() for part in parts]),
        rows=np.array([len(part) for part in parts], dtype=np.float64),
    )


def evaluate(label: Floats, probability: Floats) -> dict[str, float]:
    """`label` of 0.0 and 1.0, both present; `probability` of up; shape (n,). Raises BadInput otherwise."""
    if len(np.unique(label)) < 2:
        raise BadInput("all out-of-sample labels are equal: there is nothing to tell apart; take a longer range")
    return {
        "auc": float(roc_auc_score(label, probability)),
        "log_loss": float(log_loss(label, probability, labels=[0.0, 1.0])),
        "brier": float(brier_score_loss(label, probability)),
        "accuracy": float(((probability > 0.5) == (label > 0.5)).mean()),
        "calibration_error": calibration(label, probability).error,
    }
