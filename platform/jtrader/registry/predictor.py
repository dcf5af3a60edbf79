"""A served model: one row in, a probability or an abstention out."""

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from jtrader.domain.signal import ModelRef
from jtrader.registry.formats import NativeModel


class NativePredictor:
    """Predicts with the library's own object, on one thread.

    `abstentions` counts why it gave none: missing (a feature is absent), bad (not a finite number), undefined (the
    model itself answered no probability).
    """

    def __init__(self, ref: ModelRef, features: tuple[str, ...], native: NativeModel) -> None:
        self._ref = ref
        self._features = features
        self._native = native
        self._row = np.empty((1, len(features)), dtype=np.float64)
        self.predictions = 0
        self.abstentions: Counter[str] = Counter()

    @property
    def ref(self) -> ModelRef:
        return self._ref

    @property
    def features(self) -> tuple[str, ...]:
        return self._features

    def predict(self, features: Mapping[str, float]) -> float | None:
        """The probability of an up-move; features beyond the model's own are ignored."""
        for column, name in enumerate(self._features):
            value = features.get(name)
            if value is None:
                return self._abstain("missing")
            if not isinstance(value, int | float | np.floating) or not math.isfinite(value):
                return self._abstain("bad")
            self._row[0, column] = value
        probability = self._native.probability(self._row)
        if not 0.0 <= probability <= 1.0:
            return self._abstain("undefined")
        self.predictions += 1
        return probability

    def _abstain(self, reason: str) -> float | None:
        self.abstentions[reason] += 1
        return None
