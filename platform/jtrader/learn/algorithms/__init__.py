"""What a declaration may train, by name; each algorithm checks its own parameters."""

from collections.abc import Mapping
from typing import Any

from jtrader.learn.algorithms.api import Algorithm, Fitted, Params
from jtrader.learn.algorithms.lightgbm_classifier import LightgbmClassifier
from jtrader.learn.algorithms.logistic_pipeline import LogisticPipeline

ALGORITHMS: Mapping[str, Algorithm[Any]] = {
    "lightgbm_classifier": LightgbmClassifier(),
    "logistic_pipeline": LogisticPipeline(),
}

__all__ = ["ALGORITHMS", "Algorithm", "Fitted", "Params"]
