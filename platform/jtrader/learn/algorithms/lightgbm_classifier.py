"""Gradient-boosted trees by LightGBM, binary log loss, deterministic."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import lightgbm
import numpy as np
from pydantic import Field

from jtrader.learn.algorithms.api import Floats, Params, shares


class LightgbmParams(Params):
    """LightGBM's own names and meanings; only what bounds a model's capacity is open."""

    rounds: Annotated[int, Field(ge=1, le=5_000)] = 150
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    num_leaves: Annotated[int, Field(ge=2, le=1_024)] = 15
    min_data_in_leaf: Annotated[int, Field(ge=1)] = 200
    feature_fraction: Annotated[float, Field(gt=0, le=1)] = 0.8
    bagging_fraction: Annotated[float, Field(gt=0, le=1)] = 0.8
    lambda_l2: Annotated[float, Field(ge=0)] = 1.0
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    """Threads of one fit wait for each other in busy loops: on a machine with other work, one is the fastest."""


@dataclass(frozen=True)
class FittedTrees:
    booster: lightgbm.Booster

    @property
    def native(self) -> Any:
        return self.booster

    def predict(self, x: Floats) -> Floats:
        return np.asarray(self.booster.predict(x), dtype=np.float64)

    def importance(self) -> Floats:
        return shares(np.asarray(self.booster.feature_importance("gain"), dtype=np.float64))


class LightgbmClassifier:
    flavor = "lightgbm"
    params = LightgbmParams

    def fit(self, x: Floats, y: Floats, names: Sequence[str], params: LightgbmParams, seed: int) -> FittedTrees:
        options = params.model_dump(exclude={"rounds", "threads"}) | {
            "objective": "binary",
            "bagging_freq": 1,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": params.threads,
            "verbosity": -1,
        }
        data = lightgbm.Dataset(x, label=y, feature_name=list(names), free_raw_data=True)
        return FittedTrees(lightgbm.train(options, data, num_boost_round=params.rounds))
