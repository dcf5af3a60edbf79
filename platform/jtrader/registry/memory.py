"""In-memory twins of the tracker and the model store, with the same rules about hashes, features and gates."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jtrader.domain.errors import Broken, Unavailable
from jtrader.ports.learning import Manifest
from jtrader.registry.errors import UnknownVersion
from jtrader.registry.formats import artifact_hash, format_of, load_verified
from jtrader.registry.predictor import NativePredictor
from jtrader.registry.versions import reference, split_list


@dataclass
class MemoryRun:
    experiment: str
    name: str
    tags: dict[str, str]
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    datasets: list[Manifest] = field(default_factory=list)
    artifacts: list[str] = field(default_factory=list)
    status: str = "RUNNING"


class MemoryTracker:
    def __init__(self) -> None:
        self.runs: dict[str, MemoryRun] = {}
        self._open: str | None = None

    @property
    def run(self) -> MemoryRun:
        if self._open is None:
            raise Broken("no run is open: call start first")
        return self.runs[self._open]

    def start(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        self._open = f"run{len(self.runs) + 1}"
        self.runs[self._open] = MemoryRun(experiment, name, dict(tags))
        return self._open

    def log(self, params: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
        self.run.params.update({key: str(value) for key, value in params.items()})
        self.run.metrics.update(metrics)

    def log_dataset(self, manifest: Manifest) -> None:
        self.run.datasets.append(manifest)

    def log_artifact(self, path: Path, folder: str = "") -> None:
        assert path.is_file(), f"{path} is not there to be stored"
        self.run.artifacts.append(f"{folder}/{path.name}".lstrip("/"))

    def finish(self, ok: bool) -> None:
        self.run.status = "FINISHED" if ok else "FAILED"
        self._open = None


@dataclass
class _Version:
    tags: dict[str, str]
    content: bytes


class MemoryModelStore:
    """`reachable = False` makes every call raise Unavailable, as a server that is away."""

    def __init__(self) -> None:
        self.reachable = True
        self._versions: dict[str, list[_Version]] = {}
        self._aliases: dict[tuple[str, str], str] = {}

    def register(
        self,
        name: str,
        model: Any,
        flavor: str,
        features: Sequence[str],
        example: Any,  # noqa: ARG002
        manifest: Manifest,
        tags: Mapping[str, str],
    ) -> str:
        self._reach()
        with tempfile.TemporaryDirectory(prefix="jtrader-model-") as folder:
            file = Path(folder) / format_of(flavor).file
            format_of(flavor).save(model, file)
            all_tags = dict(tags) | {
                "artifact_hash": artifact_hash(file),
                "features": ",".join(features),
                "flavor": flavor,
                "data_manifest": manifest.hash,
            }
            self._versions.setdefault(name, []).append(_Version(all_tags, file.read_bytes()))
        return str(len(self._versions[name]))

    def find(self, name: str, tags: Mapping[str, str]) -> str | None:
        self._reach()
        found = [
            number
            for number, version in enumerate(self._versions.get(name, ()), start=1)
            if tags.items() <= version.tags.items()
        ]
        return str(found[-1]) if found else None

    def manifests(self) -> set[str]:
        self._reach()
        return {version.tags["data_manifest"] for versions in self._versions.values() for version in versions}

    def set_alias(self, name: str, alias: str, version: str) -> None:
        self._version(name, version)
        self._aliases[name, alias] = version

    def version(self, name: str, alias: str) -> str | None:
        self._reach()
        return self._aliases.get((name, alias))

    def tags(self, name: str, version: str) -> Mapping[str, str]:
        return dict(self._version(name, version).tags)

    def set_tags(self, name: str, version: str, tags: Mapping[str, str]) -> None:
        self._version(name, version).tags.update(tags)

    def load(self, name: str, version: str) -> NativePredictor:
        kept = self._version(name, version)
        ref = reference(name, version, kept.tags)
        features = split_list(kept.tags["features"])
        with tempfile.TemporaryDirectory(prefix="jtrader-model-") as folder:
            file = Path(folder) / format_of(kept.tags["flavor"]).file
            file.write_bytes(kept.content)
            return NativePredictor(ref, features, load_verified(kept.tags["flavor"], file, ref.artifact_hash, features))

    def _version(self, name: str, version: str) -> _Version:
        self._reach()
        try:
            return self._versions[name][int(version) - 1]
        except (KeyError, IndexError, ValueError):
            raise UnknownVersion(f"{name} has no version {version}") from None

    def _reach(self) -> None:
        if not self.reachable:
            raise Unavailable("the model store in memory was made unreachable")
