"""One model from a data set: walk-forward, judgement out of sample, and the final fit on everything."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jtrader.domain.errors import BadInput
from jtrader.domain.times import MINUTE
from jtrader.learn.after_cost import Outcome, Replay, after_cost
from jtrader.learn.algorithms import ALGORITHMS, Fitted
from jtrader.learn.declaration import Declaration
from jtrader.learn.evaluation import Calibration, calibration, evaluate
from jtrader.learn.samples import Samples, gather
from jtrader.learn.walk_forward import Fold, folds
from jtrader.ports.learning import Dataset

Floats = NDArray[np.float64]

EXAMPLE_ROWS = 3


@dataclass(frozen=True, eq=False)
class Trained:
    """A fitted model with everything that was measured about it out of sample."""

    declaration: Declaration
    fitted: Fitted
    metrics: dict[str, float]
    fold_auc: tuple[float, ...]
    outcome: Outcome
    calibration: Calibration
    example: Floats
    trained_to: int
    """Close of the last minute that was learnt from, ns."""
    importance: dict[str, float] = field(default_factory=dict)

    @property
    def flavor(self) -> str:
        return ALGORITHMS[self.declaration.algorithm.name].flavor

    @property
    def params(self) -> dict[str, Any]:
        """The algorithm's parameters, defaults included."""
        return self.declaration.algorithm.checked_params().model_dump()


def train(declaration: Declaration, dataset: Dataset) -> Trained:
    """Raises BadInput where the data can't carry the declared validation."""
    samples = gather(dataset, declaration.universe, declaration.features, declaration.label.horizon_minutes)
    learnable = samples.learnable
    if not learnable.any():
        raise BadInput(f"{declaration.name}: no minute has all its features and a label; take a longer range")
    prediction = np.full(len(samples), np.nan)
    fold_auc = []
    for fold in _folds(declaration, samples):
        fitted = _fit(declaration, samples, fold.train & learnable, f"fold {fold.number}")
        shown = fold.test & samples.complete
        prediction[shown] = fitted.predict(samples.x[shown])
        judged = fold.test & learnable
        fold_auc.append(evaluate(samples.label[judged], prediction[judged])["auc"])
    judged = learnable & np.isfinite(prediction)
    outcome = after_cost(_replays(samples, prediction), declaration.serving.band, declaration.costs.fee_bp)
    final = _fit(declaration, samples, learnable, "the final fit")
    return Trained(
        declaration=declaration,
        fitted=final,
        metrics={
            "rows": float(learnable.sum()),
            "judged_rows": float(judged.sum()),
            **evaluate(samples.label[judged], prediction[judged]),
            "worst_fold_auc": min(fold_auc),
            **outcome.metrics(),
        },
        fold_auc=tuple(fold_auc),
        outcome=outcome,
        calibration=calibration(samples.label[judged], prediction[judged]),
        example=samples.x[learnable][:EXAMPLE_ROWS],
        trained_to=int(samples.label_end[learnable].max()),
        importance=dict(zip(declaration.features, final.importance().tolist(), strict=True)),
    )


def _folds(declaration: Declaration, samples: Samples) -> list[Fold]:
    plan = declaration.validation
    return list(folds(samples.ts, samples.label_end, plan.folds, plan.embargo_minutes * MINUTE))


def _fit(declaration: Declaration, samples: Samples, rows: NDArray[np.bool_], part: str) -> Fitted:
    label = samples.label[rows]
    if len(np.unique(label)) < 2:
        raise BadInput(
            f"{declaration.name}, {part}: {len(label)} rows hold no example of one direction; take a longer range"
        )
    choice = declaration.algorithm
    algorithm = ALGORITHMS[choice.name]
    return algorithm.fit(samples.x[rows], label, declaration.features, choice.checked_params(), choice.seed)


def _replays(samples: Samples, prediction: Floats) -> list[Replay]:
    """From the first tested minute on, each row entered at its instrument's next open; the last row has none."""
    start = int(samples.ts[np.isfinite(prediction)].min())
    replays = []
    for index in range(len(samples.instruments)):
        rows = np.flatnonzero((samples.instrument == index) & (samples.ts >= start))
        decided, entered = rows[:-1], rows[1:]
        replays.append(Replay(samples.ts[decided], prediction[decided], samples.open[entered]))
    return replays
