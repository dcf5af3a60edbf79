"""What a version is made of, as keys and tags."""

import hashlib
from collections.abc import Mapping

from jtrader.domain.times import iso
from jtrader.learn.declaration import Declaration
from jtrader.learn.gate import Verdict
from jtrader.learn.training import Trained
from jtrader.ports.learning import Manifest

ALL_BROKERS = "sim,paper,live"


def training_key(declaration: Declaration, manifest: Manifest, code: str) -> str:
    """Equal data, code and declaration give the same key, and the same model: it is registered once."""
    text = "\n".join((declaration.model_dump_json(), manifest.hash, code))
    return hashlib.sha256(text.encode()).hexdigest()


def version_tags(
    trained: Trained, verdict: Verdict, commit: str, dirty: bool, key: str, snapshot: str
) -> Mapping[str, str]:
    """Tags of the registered version; the store adds artifact hash, features and manifest. `snapshot`: id of the
    candles it learned from."""
    declaration = trained.declaration
    return {
        "gate": verdict.word,
        "gate_reasons": verdict.text,
        "allowed_brokers": ALL_BROKERS,
        "commit": commit,
        "dirty": str(dirty).lower(),
        "trained_to": iso(trained.trained_to),
        "training_key": key,
        "data_snapshot": snapshot,
        "horizon_minutes": str(declaration.label.horizon_minutes),
        "band": repr(declaration.serving.band),
        **{f"metric.{name}": f"{value:.6g}" for name, value in trained.metrics.items()},
    }
