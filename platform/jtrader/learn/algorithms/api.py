"""The seam of an algorithm: checked parameters in, a fitted model out."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Floats = NDArray[np.float64]


class Params(BaseModel):
    """Parameters of an algorithm: unknown names and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


P = TypeVar("P", bound=Params)


class Fitted(Protocol):
    """A trained model. `native` is the object the registry stores in its own format."""

    @property
    def native(self) -> Any: ...

    def predict(self, x: Floats) -> Floats:
        """Probability of an up-move, shape (n,), for features of shape (n, k)."""
        ...

    def importance(self) -> Floats:
        """How much each feature counts, shape (k,), ≥ 0, summing to 1 (all zero where nothing was learnt)."""
        ...


class Algorithm(Protocol[P]):
    @property
    def flavor(self) -> str:
        """The registry's format: lightgbm or sklearn."""
        ...

    @property
    def params(self) -> type[P]: ...

    def fit(self, x: Floats, y: Floats, names: Sequence[str], params: P, seed: int) -> Fitted:
        """x: (n, k) without NaN; y: (n,) of 0.0 and 1.0, both present; `names`: the k features. The same arguments
        give the same model."""
        ...


def shares(weights: Floats) -> Floats:
    """Non-negative weights scaled to sum 1; all zero stays zero."""
    total = float(weights.sum())
    return weights / total if total > 0 else weights
