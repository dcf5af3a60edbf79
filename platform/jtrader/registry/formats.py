"""How a model is kept: one native file a flavor, never a pickle. Its sha256 is the artifact hash of the version."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jtrader.domain.errors import BadInput
from jtrader.registry.errors import TamperedArtifact

Row = NDArray[np.float64]


class NativeModel(Protocol):
    """A model read back from its file."""

    @property
    def features(self) -> tuple[str, ...] | None:
        """The columns as the file tells them; None where the format doesn't carry them."""
        ...

    def probability(self, row: Row) -> float:
        """P(up) of one row, shape (1, k)."""
        ...


class Format(Protocol):
    @property
    def file(self) -> str: ...

    @property
    def requirements(self) -> tuple[str, ...]:
        """Distributions that loading needs."""
        ...

    def save(self, native: Any, file: Path) -> None: ...

    def load(self, file: Path) -> NativeModel: ...


@dataclass(frozen=True)
class Trees:
    booster: Any

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(self.booster.feature_name())

    def probability(self, row: Row) -> float:
        return float(self.booster.predict(row, num_threads=1)[0])


class LightgbmFormat:
    file = "model.lgb"
    requirements = ("lightgbm", "numpy", "scikit-learn")

    def save(self, native: Any, file: Path) -> None:
        native.save_model(str(file))

    def load(self, file: Path) -> Trees:
        import lightgbm

        return Trees(lightgbm.Booster(model_file=str(file)))


@dataclass(frozen=True)
class Estimator:
    pipeline: Any
    features: None = None

    def probability(self, row: Row) -> float:
        return float(self.pipeline.predict_proba(row)[0, 1])


class SkopsFormat:
    """Types that skops doesn't know to be safe are refused at load."""

    file = "model.skops"
    requirements = ("scikit-learn", "skops", "numpy")

    def save(self, native: Any, file: Path) -> None:
        import skops.io

        skops.io.dump(native, file)

    def load(self, file: Path) -> Estimator:
        import skops.io

        return Estimator(skops.io.load(file, trusted=[]))


FORMATS: Mapping[str, Format] = {"lightgbm": LightgbmFormat(), "sklearn": SkopsFormat()}


def format_of(flavor: str) -> Format:
    try:
        return FORMATS[flavor]
    except KeyError:
        raise BadInput(f"model flavor '{flavor}' is unknown; known: {', '.join(FORMATS)}") from None


def artifact_hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def load_verified(flavor: str, file: Path, expected_hash: str, features: Sequence[str]) -> NativeModel:
    """Reads the model only after its bytes are proven. Raises TamperedArtifact."""
    found = artifact_hash(file)
    if found != expected_hash:
        raise TamperedArtifact(f"{file.name} has hash {found[:12]}…, registered is {expected_hash[:12]}…: not loaded")
    native = format_of(flavor).load(file)
    if native.features is not None and native.features != tuple(features):
        raise TamperedArtifact(f"{file.name} was trained on {native.features}, registered are {tuple(features)}")
    return native
