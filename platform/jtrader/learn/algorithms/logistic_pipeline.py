"""Logistic regression on standardised features by scikit-learn: the baseline a better model has to beat."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from jtrader.learn.algorithms.api import Floats, Params, shares


class LogisticParams(Params):
    c: Annotated[float, Field(gt=0)] = 1.0
    """Inverse strength of the L2 penalty."""
    max_iterations: Annotated[int, Field(ge=1, le=10_000)] = 200


@dataclass(frozen=True)
class FittedPipeline:
    pipeline: Pipeline

    @property
    def native(self) -> Any:
        return self.pipeline

    def predict(self, x: Floats) -> Floats:
        return np.asarray(self.pipeline.predict_proba(x)[:, 1], dtype=np.float64)

    def importance(self) -> Floats:
        return shares(np.abs(np.asarray(self.pipeline[-1].coef_[0], dtype=np.float64)))


class LogisticPipeline:
    flavor = "sklearn"
    params = LogisticParams

    def fit(
        self,
        x: Floats,
        y: Floats,
        names: Sequence[str],  # noqa: ARG002
        params: LogisticParams,
        seed: int,
    ) -> FittedPipeline:
        """`names` is unused: the registry's signature carries the columns and their order."""
        regression = LogisticRegression(C=params.c, max_iter=params.max_iterations, random_state=seed)
        pipeline = Pipeline([("scale", StandardScaler()), ("logistic", regression)])
        return FittedPipeline(pipeline.fit(x, y.astype(np.int64)))
