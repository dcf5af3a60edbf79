"""A judged model into the registry: one run with everything to look at, one version with everything to ask."""

import json
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from jtrader.domain.errors import Unavailable
from jtrader.learn.gate import Verdict
from jtrader.learn.lineage import training_key, version_tags
from jtrader.learn.plots import draw_all
from jtrader.learn.training import Trained
from jtrader.ports.learning import Manifest, ModelStore, RunTracker

CHALLENGER = "challenger"


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What a training run left in the registry. `run_id` is None where an equal version was there before."""

    name: str
    version: str
    gate: str
    reasons: str
    metrics: dict[str, float]
    run_id: str | None
    alias: str = CHALLENGER


class Recorder:
    """Writes runs and versions. Safe to repeat after an Unavailable: a version is created once for equal data, code and
    declaration, and the alias moves only to a version that is whole. Code that differs from its commit (`dirty`) is
    never taken for what an earlier recorder registered."""

    def __init__(self, tracker: RunTracker, store: ModelStore, commit: str, dirty: bool) -> None:
        self._tracker = tracker
        self._store = store
        self._commit = commit
        self._dirty = dirty
        self._code = f"{commit}+{uuid.uuid4().hex}" if dirty else commit

    def record(self, trained: Trained, verdict: Verdict, manifest: Manifest) -> Recorded:
        """Raises Unavailable when the registry went away; what was begun is then marked as failed if it can be."""
        declaration = trained.declaration
        key = training_key(declaration, manifest, self._code)
        tags = version_tags(trained, verdict, self._commit, self._dirty, key, manifest.snapshot)
        version, run_id = self._store.find(declaration.name, {"training_key": key}), None
        if version is None:
            version, run_id = self._new_version(trained, manifest, tags)
        self._store.set_alias(declaration.name, CHALLENGER, version)
        return Recorded(
            name=declaration.name,
            version=version,
            gate=verdict.word,
            reasons=verdict.text,
            metrics=trained.metrics,
            run_id=run_id,
        )

    def _new_version(self, trained: Trained, manifest: Manifest, tags: Mapping[str, str]) -> tuple[str, str]:
        declaration = trained.declaration
        run_tags = {"mlflow.source.git.commit": self._commit, "dirty": tags["dirty"], "gate": tags["gate"]}
        run_id = self._tracker.start(declaration.name, f"{declaration.name} to {tags['trained_to']}", run_tags)
        try:
            self._tracker.log(_parameters(trained), trained.metrics)
            self._tracker.log_dataset(manifest)
            self._log_files(trained, tags)
            version = self._store.register(
                declaration.name,
                trained.fitted.native,
                trained.flavor,
                declaration.features,
                trained.example,
                manifest,
                tags,
            )
            self._tracker.finish(ok=True)
        except Unavailable:
            self._give_up()
            raise
        return version, run_id

    def _log_files(self, trained: Trained, tags: Mapping[str, str]) -> None:
        with tempfile.TemporaryDirectory(prefix="jtrader-run-") as name:
            folder = Path(name)
            for file in draw_all(trained, folder):
                self._tracker.log_artifact(file, "plots")
            declared = folder / "declaration.json"
            declared.write_text(trained.declaration.model_dump_json(indent=1))
            judged = folder / "judgement.json"
            judged.write_text(json.dumps({"tags": dict(tags), "fold_auc": trained.fold_auc}, indent=1))
            for file in (declared, judged):
                self._tracker.log_artifact(file)

    def _give_up(self) -> None:
        """The run stays as failed where the registry can still be told so; without a version it means nothing."""
        try:
            self._tracker.finish(ok=False)
        except Unavailable:
            return


def _parameters(trained: Trained) -> dict[str, Any]:
    declaration = trained.declaration
    return {
        "algorithm": declaration.algorithm.name,
        **{f"algorithm.{key}": value for key, value in trained.params.items()},
        "seed": declaration.algorithm.seed,
        "universe": ",".join(declaration.universe),
        "features": ",".join(declaration.features),
        "horizon_minutes": declaration.label.horizon_minutes,
        "folds": declaration.validation.folds,
        "embargo_minutes": declaration.validation.embargo_minutes,
        "fee_bp": declaration.costs.fee_bp,
        "band": declaration.serving.band,
    }
