"""RunTracker on MLflow: one run at a time, through the client (no global state of the library is touched)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow.data.dataset_source import DatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT, MLFLOW_RUN_NAME
from mlflow.utils.time import get_current_time_millis

from jtrader.domain.errors import Broken
from jtrader.domain.times import iso
from jtrader.ports.learning import Manifest
from jtrader.registry.connection import connect, translated

_DIGEST_LENGTH = 36
"""MLflow's limit; the whole hash stands in the source."""


class LakeSource(DatasetSource):  # type: ignore[misc]
    """Where a run's rows came from: a lake folder, named by the hash over its files."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self.manifest = dict(manifest)

    @staticmethod
    def _get_source_type() -> str:
        return "jtrader_lake"

    def load(self, dst_path: str | None = None) -> str:  # noqa: ARG002
        """The folder with the Parquet files and manifest.json."""
        return str(self.manifest["path"])

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:  # noqa: ARG004
        return False

    @classmethod
    def _resolve(cls, raw_source: Any) -> "LakeSource":
        raise Broken(f"a lake source is made from a manifest, not from {raw_source!r}")

    def to_dict(self) -> dict[str, Any]:
        return self.manifest

    @classmethod
    def from_dict(cls, source_dict: Mapping[str, Any]) -> "LakeSource":
        return cls(source_dict)


class MlflowTracker:
    """Raises Unavailable when the server doesn't answer."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._client = connect(uri)
        self._run: str | None = None
        self._experiment: str | None = None

    @property
    def run_id(self) -> str:
        if self._run is None:
            raise Broken("no run is open: call start first")
        return self._run

    @property
    def experiment_id(self) -> str:
        if self._experiment is None:
            raise Broken("no run is open: call start first")
        return self._experiment

    def start(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        with translated(self._uri, f"starting run {name}"):
            self._experiment = self._experiment_id(experiment)
            run = self._client.create_run(self._experiment, tags={MLFLOW_RUN_NAME: name, **tags})
        self._run = str(run.info.run_id)
        return self._run

    def log(self, params: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        now = get_current_time_millis()
        with translated(self._uri, "logging parameters and metrics"):
            self._client.log_batch(
                self.run_id,
                metrics=[Metric(key, float(value), now, 0) for key, value in metrics.items()],
                params=[Param(key, str(value)) for key, value in params.items()],
            )

    def log_dataset(self, manifest: Manifest) -> None:
        fields = {name: getattr(manifest, name) for name in manifest.__struct_fields__}
        source = LakeSource(fields | {"start": iso(manifest.start), "end": iso(manifest.end)})
        name = f"features {iso(manifest.start)[:10]} to {iso(manifest.end)[:10]}"
        described = MetaDataset(source, name=name, digest=manifest.hash[:_DIGEST_LENGTH]).to_dict()
        entity = Dataset(described["name"], described["digest"], described["source_type"], described["source"])
        with translated(self._uri, "logging the data set"):
            self._client.log_inputs(self.run_id, [DatasetInput(entity, [InputTag(MLFLOW_DATASET_CONTEXT, "training")])])

    def log_artifact(self, path: Path, folder: str = "") -> None:
        with translated(self._uri, f"storing {path.name}"):
            self._client.log_artifact(self.run_id, str(path), folder or None)

    def finish(self, ok: bool) -> None:
        with translated(self._uri, "closing the run"):
            self._client.set_terminated(self.run_id, "FINISHED" if ok else "FAILED")
        self._run = None

    def _experiment_id(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(name))
