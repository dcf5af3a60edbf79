"""One contract for both model stores: real MLflow behind its REST interface, and the twin in memory."""

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from fixtures.mlflow_server import MlflowServer
from jtrader.domain.errors import Unavailable
from jtrader.domain.times import SECOND
from jtrader.learn.algorithms import ALGORITHMS, Fitted
from jtrader.ports.learning import Manifest, ModelStore, RunTracker
from jtrader.registry.cache import VersionCache
from jtrader.registry.champion import ChampionWatch
from jtrader.registry.errors import NotServable, TamperedArtifact, UnknownVersion
from jtrader.registry.memory import MemoryModelStore, MemoryTracker
from jtrader.registry.models import MlflowModelStore
from jtrader.registry.tracker import MlflowTracker

FEATURES = ("return_1m", "return_5m", "body_1m")
MANIFEST = Manifest(
    hash="ab" * 32,
    path="/lake/x",
    instruments=("binance_usdm:BTCUSDT",),
    start=0,
    end=60 * SECOND,
    rows=1,
    features=FEATURES,
    commit="c0ffee",
    created="2026-01-15T00:00:00Z",
)
PASSED = {"gate": "passed", "gate_reasons": "all limits kept", "allowed_brokers": "sim,paper,live", "commit": "c0ffee"}
REFUSED = PASSED | {"gate": "refused", "gate_reasons": "auc 0.49 is below 0.52"}
FLAVORS = {"lightgbm": "lightgbm_classifier", "sklearn": "logistic_pipeline"}

rng = np.random.default_rng(5)
X = rng.normal(size=(800, 3))
Y = (X[:, 0] + 0.5 * rng.normal(size=800) > 0).astype(np.float64)


def trained(flavor: str) -> Fitted:
    algorithm = ALGORITHMS[FLAVORS[flavor]]
    return algorithm.fit(X, Y, FEATURES, algorithm.params(), seed=3)


@pytest.fixture(params=["memory", "mlflow"])
def parts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[ModelStore, RunTracker]]:
    if request.param == "memory":
        yield MemoryModelStore(), MemoryTracker()
        return
    uri = request.getfixturevalue("mlflow_server").uri
    tracker = MlflowTracker(uri)
    yield MlflowModelStore(uri, VersionCache(tmp_path), time.time_ns, 60.0, tracker), tracker


@pytest.fixture
def name() -> str:
    return f"m_{uuid.uuid4().hex[:12]}"


@pytest.fixture
def register(parts: tuple[ModelStore, RunTracker], name: str) -> Callable[..., str]:
    store, tracker = parts

    def one(flavor: str = "lightgbm", tags: dict[str, str] = PASSED) -> str:
        tracker.start("contract", name, {"commit": "c0ffee"})
        version = store.register(name, trained(flavor).native, flavor, FEATURES, X[:2], MANIFEST, tags)
        tracker.finish(ok=True)
        return version

    return one


@pytest.mark.parametrize("flavor", FLAVORS)
def test_a_loaded_model_predicts_what_was_trained(parts, name, register, flavor) -> None:
    store, _ = parts
    predictor = store.load(name, register(flavor))
    expected = trained(flavor).predict(X[:20])
    for row, probability in zip(X[:20], expected, strict=True):
        assert predictor.predict(dict(zip(FEATURES, row, strict=True))) == pytest.approx(probability, abs=1e-12)
    assert predictor.features == FEATURES
    assert (predictor.ref.name, predictor.ref.version) == (name, "1")
    assert (predictor.ref.data_manifest, predictor.ref.commit) == (MANIFEST.hash, "c0ffee")
    assert predictor.ref.allowed_brokers == ("sim", "paper", "live")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"return_5m": None}, "missing"),
        ({"return_5m": float("nan")}, "bad"),
        ({"body_1m": float("inf")}, "bad"),
        ({"body_1m": [1.0, 2.0]}, "bad"),
        ({"body_1m": "1"}, "bad"),
    ],
)
@pytest.mark.parametrize("flavor", FLAVORS)
def test_a_faulty_row_is_an_abstention_and_counted(parts, name, register, flavor, change, reason) -> None:
    store, _ = parts
    predictor = store.load(name, register(flavor))
    row = {key: value for key, value in (dict.fromkeys(FEATURES, 0.1) | change).items() if value is not None}
    assert predictor.predict(row) is None
    assert predictor.abstentions == {reason: 1}
    assert predictor.predict(dict.fromkeys(FEATURES, 0.1) | {"unused": float("nan")}) is not None


def test_versions_count_up_and_aliases_move(parts, name, register) -> None:
    store, _ = parts
    assert store.version(name, "champion") is None
    first, second = register(), register()
    assert (first, second) == ("1", "2")
    store.set_alias(name, "champion", first)
    assert store.version(name, "champion") == "1"
    store.set_alias(name, "champion", second)
    assert store.version(name, "champion") == "2"
    assert store.version(name, "previous") is None


def test_tags_are_kept_with_the_version_and_found_by(parts, name, register) -> None:
    store, _ = parts
    assert store.find(name, {"key": "k1"}) is None
    register(tags=PASSED | {"key": "k1"})
    register(tags=PASSED | {"key": "k2"})
    assert store.find(name, {"key": "k1", "gate": "passed"}) == "1"
    assert store.find(name, {"key": "k1", "gate": "refused"}) is None
    assert store.find(name, {"gate": "passed"}) == "2"
    store.set_tags(name, "1", {"override_by": "ann"})
    tags = store.tags(name, "1")
    assert tags["override_by"] == "ann"
    assert tags["features"] == ",".join(FEATURES)
    assert len(tags["artifact_hash"]) == 64


@pytest.mark.parametrize(
    ("tags", "brokers"),
    [
        (PASSED, ("sim", "paper", "live")),
        (PASSED | {"allowed_brokers": "sim"}, ("sim",)),
        (REFUSED | {"override_by": "ann", "override_reason": "trial"}, ("sim", "paper")),
        (REFUSED | {"override_by": "ann", "override_reason": "trial", "allowed_brokers": "paper,live"}, ("paper",)),
        (REFUSED, None),
        (REFUSED | {"override_by": "ann"}, None),
        (REFUSED | {"override_by": " ", "override_reason": "x"}, None),
        ({"commit": "c0ffee", "allowed_brokers": "sim,paper,live"}, None),
    ],
)
def test_only_a_passed_gate_or_a_named_override_is_served(parts, name, register, tags, brokers) -> None:
    store, _ = parts
    version = register(tags=tags)
    if brokers is None:
        with pytest.raises(NotServable, match=name):
            store.load(name, version)
    else:
        assert store.load(name, version).ref.allowed_brokers == brokers


def test_what_is_not_what_was_registered_is_not_loaded(parts, name, register) -> None:
    store, _ = parts
    version = register()
    store.set_tags(name, version, {"features": "return_5m,return_1m,body_1m"})
    with pytest.raises(TamperedArtifact, match="trained on"):
        store.load(name, version)
    store.set_tags(name, version, {"features": ",".join(FEATURES), "artifact_hash": "0" * 64})
    with pytest.raises(TamperedArtifact, match="hash"):
        store.load(name, version)


def test_an_unknown_version_is_named(parts, name, register) -> None:
    store, _ = parts
    register()
    with pytest.raises(UnknownVersion):
        store.tags(name, "9")


def test_a_watch_takes_a_good_version_and_keeps_it_before_a_bad_one(parts, name, register) -> None:
    store, _ = parts
    watch = ChampionWatch(store, name)
    good, bad = register(), register(tags=REFUSED)
    assert watch.poll() is False
    assert "promote" in watch.problem
    store.set_alias(name, "champion", good)
    assert watch.poll() is True
    assert (watch.predictor.ref.version, watch.problem) == (good, "")
    assert watch.poll() is False
    store.set_alias(name, "champion", bad)
    assert watch.poll() is False
    assert watch.predictor.ref.version == good
    assert "auc 0.49" in watch.problem
    store.set_tags(name, bad, {"override_by": "ann", "override_reason": "rehearsal"})
    assert watch.poll() is True
    assert watch.predictor.ref.allowed_brokers == ("sim", "paper")


def test_runs_carry_parameters_metrics_lineage_and_artifacts(parts, name, tmp_path) -> None:
    _, tracker = parts
    run = tracker.start("contract", name, {"commit": "c0ffee"})
    tracker.log({"rounds": 3}, {"auc": 0.61})
    tracker.log_dataset(MANIFEST)
    (tmp_path / "plot.png").write_bytes(b"png")
    tracker.log_artifact(tmp_path / "plot.png", "plots")
    tracker.finish(ok=True)
    if isinstance(tracker, MemoryTracker):
        kept = tracker.runs[run]
        assert (kept.params, kept.metrics, kept.status) == ({"rounds": "3"}, {"auc": 0.61}, "FINISHED")
        assert (kept.datasets, kept.artifacts) == ([MANIFEST], ["plots/plot.png"])
        return
    client = MlflowClient(tracker._uri, tracker._uri)
    kept = client.get_run(run)
    assert (kept.data.params, kept.data.metrics, kept.info.status) == ({"rounds": "3"}, {"auc": 0.61}, "FINISHED")
    assert kept.data.tags["commit"] == "c0ffee"
    (dataset,) = kept.inputs.dataset_inputs
    assert MANIFEST.hash in dataset.dataset.source
    assert dataset.dataset.source_type == "jtrader_lake"
    assert [file.path for file in client.list_artifacts(run, "plots")] == ["plots/plot.png"]


def test_no_pickle_is_written(name, mlflow_server: MlflowServer, tmp_path) -> None:
    tracker = MlflowTracker(mlflow_server.uri)
    store = MlflowModelStore(mlflow_server.uri, VersionCache(tmp_path), time.time_ns, 60.0, tracker)
    for flavor in FLAVORS:
        tracker.start("contract", name, {})
        store.register(name, trained(flavor).native, flavor, FEATURES, X[:2], MANIFEST, PASSED)
        tracker.finish(ok=True)
    files = [file for file in mlflow_server.artifacts.rglob("*") if file.is_file()]
    assert {"model.lgb", "model.skops", "MLmodel", "input_example.json"} <= {file.name for file in files}
    assert not [file for file in files if file.suffix in (".pkl", ".pickle", ".joblib")]
    assert not [file for file in files if file.name == "requirements.txt" and "cloudpickle" in file.read_text()]


class Wall:
    def __init__(self) -> None:
        self.now = 1_000 * SECOND

    def __call__(self) -> int:
        return self.now


def test_the_cache_serves_while_the_server_is_away_until_it_is_too_old(name, mlflow_server, tmp_path) -> None:
    wall = Wall()
    tracker = MlflowTracker(mlflow_server.uri)
    store = MlflowModelStore(mlflow_server.uri, VersionCache(tmp_path), wall, 60.0, tracker)
    tracker.start("contract", name, {})
    version = store.register(name, trained("lightgbm").native, "lightgbm", FEATURES, X[:2], MANIFEST, PASSED)
    tracker.finish(ok=True)
    store.set_alias(name, "champion", version)
    here = store.load(name, version).predict(dict.fromkeys(FEATURES, 0.1))

    away = MlflowModelStore("http://127.0.0.1:9", VersionCache(tmp_path), wall, 60.0)
    watch = ChampionWatch(away, name)
    wall.now += 59 * SECOND
    assert watch.poll() is True
    assert watch.predictor.predict(dict.fromkeys(FEATURES, 0.1)) == here
    wall.now += 2 * SECOND
    with pytest.raises(Unavailable):
        away.version(name, "champion")
    assert watch.poll() is True
    assert watch.predictor is None
    assert "nothing is served" in watch.problem


def test_a_damaged_cache_is_not_served(name, mlflow_server, tmp_path) -> None:
    tracker = MlflowTracker(mlflow_server.uri)
    store = MlflowModelStore(mlflow_server.uri, VersionCache(tmp_path), time.time_ns, 60.0, tracker)
    tracker.start("contract", name, {})
    version = store.register(name, trained("lightgbm").native, "lightgbm", FEATURES, X[:2], MANIFEST, PASSED)
    tracker.finish(ok=True)
    store.load(name, version)
    cached = tmp_path / name / version / "model.lgb"
    cached.write_bytes(cached.read_bytes()[:-1])
    away = MlflowModelStore("http://127.0.0.1:9", VersionCache(tmp_path), time.time_ns, 60.0)
    with pytest.raises(Unavailable):
        away.load(name, version)
    assert store.load(name, version).predict(dict.fromkeys(FEATURES, 0.1)) is not None
