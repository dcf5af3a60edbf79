"""ModelStore on MLflow's registry."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlflow.artifacts import download_artifacts
from mlflow.entities import LoggedModelOutput

from jtrader.domain.errors import Unavailable
from jtrader.domain.times import SECOND
from jtrader.ports.learning import Manifest
from jtrader.registry.cache import VersionCache
from jtrader.registry.connection import connect, translated
from jtrader.registry.errors import UnknownVersion
from jtrader.registry.formats import artifact_hash, format_of, load_verified
from jtrader.registry.packing import pack
from jtrader.registry.predictor import NativePredictor
from jtrader.registry.tracker import MlflowTracker
from jtrader.registry.versions import reference, split_list


class MlflowModelStore:
    """Reads answer from the cache while the server is away, for at most `max_age_seconds` of wall time since the
    server last told the alias. Writes need the server; `register` also needs the tracker's open run."""

    def __init__(
        self,
        uri: str,
        cache: VersionCache,
        wall: Callable[[], int],
        max_age_seconds: float,
        tracker: MlflowTracker | None = None,
    ) -> None:
        self._uri = uri
        self._client = connect(uri)
        self._cache = cache
        self._wall = wall
        self._max_age = int(max_age_seconds * SECOND)
        self._tracker = tracker

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
        """Uploads the packed model first and creates the version, with all its tags, in one last request: there is
        never a version without its model. `example`: rows of features, shape (n, k)."""
        assert self._tracker is not None, "register belongs to a run: give the store its tracker"
        run_id, experiment_id = self._tracker.run_id, self._tracker.experiment_id
        with tempfile.TemporaryDirectory(prefix="jtrader-model-") as folder:
            file = pack(model, flavor, features, example, Path(folder) / "model")
            all_tags = dict(tags) | {
                "artifact_hash": artifact_hash(file),
                "features": ",".join(features),
                "flavor": flavor,
                "data_manifest": manifest.hash,
            }
            with translated(self._uri, f"registering {name}"):
                logged = self._client.create_logged_model(experiment_id, name=name, source_run_id=run_id)
                self._client.log_model_artifacts(logged.model_id, str(file.parent))
                self._client.finalize_logged_model(logged.model_id, "READY")
                self._client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
                self._ensure(name)
                created = self._client.create_model_version(
                    name, f"models:/{logged.model_id}", run_id, tags=all_tags, model_id=logged.model_id
                )
        return str(created.version)

    def find(self, name: str, tags: Mapping[str, str]) -> str | None:
        wanted = " and ".join([f"name = '{name}'", *(f"tags.`{key}` = '{value}'" for key, value in tags.items())])
        with translated(self._uri, f"looking for a version of {name}"):
            found = self._client.search_model_versions(wanted)
        return max((str(version.version) for version in found), key=int, default=None)

    def manifests(self) -> set[str]:
        named: set[str] = set()
        token = None
        with translated(self._uri, "listing all versions"):
            while True:
                page = self._client.search_model_versions("", page_token=token)
                named |= {str(version.tags.get("data_manifest", "")) for version in page}
                token = page.token
                if not token:
                    return named - {""}

    def set_alias(self, name: str, alias: str, version: str) -> None:
        with translated(self._uri, f"pointing {alias} of {name} at version {version}"):
            self._client.set_registered_model_alias(name, alias, version)
        self._cache.remember_alias(name, alias, version, self._wall())

    def version(self, name: str, alias: str) -> str | None:
        try:
            with translated(self._uri, f"asking for the {alias} of {name}"):
                answer = self._client.get_registered_model(name).aliases.get(alias)
        except UnknownVersion:
            answer = None
        except Unavailable:
            cached = self._cache.alias(name, alias)
            if cached is None or self._wall() - cached[1] > self._max_age:
                raise
            return cached[0]
        version = None if answer is None else str(answer)
        self._cache.remember_alias(name, alias, version, self._wall())
        return version

    def tags(self, name: str, version: str) -> Mapping[str, str]:
        try:
            with translated(self._uri, f"reading {name} version {version}"):
                found = self._client.get_model_version(name, version)
        except Unavailable:
            cached = self._cache.tags(name, version)
            if cached is None:
                raise
            return cached
        tags = {str(key): str(value) for key, value in found.tags.items()}
        self._cache.remember_tags(name, version, tags)
        return tags

    def set_tags(self, name: str, version: str, tags: Mapping[str, str]) -> None:
        with translated(self._uri, f"tagging {name} version {version}"):
            for key, value in tags.items():
                self._client.set_model_version_tag(name, version, key, value)

    def load(self, name: str, version: str) -> NativePredictor:
        """Also raises NotServable for a version whose gate neither passed nor was overridden, TamperedArtifact where
        the bytes or the feature list are not the registered ones."""
        tags = self.tags(name, version)
        ref = reference(name, version, tags)
        features = split_list(tags["features"])
        file = self._file(name, version, tags)
        return NativePredictor(ref, features, load_verified(tags["flavor"], file, ref.artifact_hash, features))

    def _file(self, name: str, version: str, tags: Mapping[str, str]) -> Path:
        """The model's file in the cache; fetched when it is absent or not the registered one."""
        file_name = format_of(tags["flavor"]).file
        cached = self._cache.file(name, version, file_name)
        if cached is not None and artifact_hash(cached) == tags["artifact_hash"]:
            return cached
        with tempfile.TemporaryDirectory(prefix="jtrader-model-") as folder:
            with translated(self._uri, f"fetching {name} version {version}"):
                stored = self._client.get_model_version_download_uri(name, version)
                fetched = Path(download_artifacts(f"{stored}/{file_name}", dst_path=folder, tracking_uri=self._uri))
            return self._cache.remember_file(name, version, fetched)

    def _ensure(self, name: str) -> None:
        if not self._client.search_registered_models(f"name = '{name}'"):
            self._client.create_registered_model(name)
