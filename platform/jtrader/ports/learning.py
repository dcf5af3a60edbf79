"""Data sets, runs, models. Heavy libraries stay behind these."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from jtrader.domain.signal import ModelRef


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a feature data set is made of. `hash` is sha256 over the Parquet files' bytes in name order."""

    hash: str
    path: str
    instruments: tuple[str, ...]
    start: int
    end: int
    rows: int
    features: tuple[str, ...]
    commit: str
    created: str
    snapshot: str = ""
    """Id of the pinned candles that it was made from."""


class Dataset(Protocol):
    """A bounded, manifest-backed read of feature rows; its Spark form is opaque."""

    @property
    def manifest(self) -> Manifest: ...

    def columns(self, names: Sequence[str]) -> Any:
        """A pyarrow.Table of the columns, ordered by (instrument, ts)."""
        ...


class RunTracker(Protocol):
    """One training run after another."""

    def start(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        """Returns the run id."""
        ...

    def log(self, params: Mapping[str, Any], metrics: Mapping[str, float]) -> None: ...

    def log_dataset(self, manifest: Manifest) -> None: ...

    def log_artifact(self, path: Path, folder: str = "") -> None: ...

    def finish(self, ok: bool) -> None: ...


class Predictor(Protocol):
    """A loaded model. `predict` returns the probability of an up-move, or None: an abstention, never a zero."""

    @property
    def ref(self) -> ModelRef: ...

    @property
    def features(self) -> tuple[str, ...]: ...

    def predict(self, features: Mapping[str, float]) -> float | None: ...


class ModelStore(Protocol):
    """The registry: versions, aliases `challenger`, `champion`, `previous`, and loading by alias."""

    def register(
        self,
        name: str,
        model: Any,
        flavor: str,
        features: Sequence[str],
        example: Any,
        manifest: Manifest,
        tags: Mapping[str, str],
    ) -> str:
        """Logs the model without pickle in the current run; returns the new version."""
        ...

    def find(self, name: str, tags: Mapping[str, str]) -> str | None:
        """The newest version that carries all these tags, or None. Raises Unavailable."""
        ...

    def manifests(self) -> set[str]:
        """Hashes of the data sets that any version of any model names. Raises Unavailable."""
        ...

    def set_alias(self, name: str, alias: str, version: str) -> None: ...

    def version(self, name: str, alias: str) -> str | None:
        """The version an alias points at, or None. Raises Unavailable."""
        ...

    def tags(self, name: str, version: str) -> Mapping[str, str]: ...

    def set_tags(self, name: str, version: str, tags: Mapping[str, str]) -> None: ...

    def load(self, name: str, version: str) -> Predictor:
        """Verifies the artifact hash and the feature list before it returns. Raises Unavailable; Broken, also for a
        version whose gate neither passed nor was overridden."""
        ...
