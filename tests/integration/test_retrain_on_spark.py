"""The whole retraining on real services: candles in mongod, spark-submit, models in MLflow."""

import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from mlflow import MlflowClient

from fixtures.mlflow_server import MlflowServer
from fixtures.small_models import DAYS, PERPS, START, declare
from fixtures.synthetic_candles import momentum_candles
from jtrader.app.jobs.retrain import promote, train
from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.data import open_stores
from jtrader.app.wiring.learning import model_store
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.domain.times import DAY
from jtrader.learn.promotion import Override
from jtrader.registry.errors import NotServable
from jtrader.store.lake.dataset import LakeDataset


@pytest.fixture(scope="module")
def desk(module_mongo, mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("desk")
    declare(home / "models", "tiny_base", "logistic_pipeline")
    declare(home / "models", "tiny", "lightgbm_classifier", "{rounds = 30, num_leaves = 5}")
    declare(home / "models", "tiny_proud", "logistic_pipeline", min_auc=0.99)
    settings = load_settings(
        home=home,
        mongo_uri=module_mongo.uri,
        mongo_database=module_mongo.database,
        mlflow_uri=mlflow_server.uri,
        models=(home / "models",),
    )
    (home / "jtrader.toml").write_text(
        f'mongo_uri = "{module_mongo.uri}"\nmongo_database = "{module_mongo.database}"\n'
        f'mlflow_uri = "{mlflow_server.uri}"\nmodels = ["{home}/models"]\n'
    )
    with open_stores(settings) as stores:
        for seed, instrument in enumerate(PERPS):
            stores.candles.upsert(momentum_candles(instrument, START, DAYS * 1440, seed=seed))
    return settings


COMMIT = "c0ffee" * 6 + "c0de"


@pytest.fixture(scope="module", autouse=True)
def _one_commit():
    """The tests don't depend on what happens to the working tree meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JTRADER_COMMIT", COMMIT)
        yield


@pytest.fixture(scope="module")
def result(desk: Settings):
    return train(["tiny", "tiny_base", "tiny_proud"], DAYS, settings=desk)


def test_models_are_trained_judged_and_registered(desk, result) -> None:
    by_name = {model.name: model for model in result.models}
    assert {name: model.gate for name, model in by_name.items()} == {
        "tiny": "passed",
        "tiny_base": "passed",
        "tiny_proud": "refused",
    }
    assert by_name["tiny"].metrics["auc"] > 0.6
    store = model_store(desk)
    assert store.version("tiny", "challenger") == by_name["tiny"].version
    tags = store.tags("tiny", by_name["tiny"].version)
    assert (tags["commit"], tags["dirty"]) == (COMMIT, "false")
    assert tags["data_manifest"] == result.manifest.hash
    assert tags["trained_to"] == "2026-01-13T06:00:00Z"
    assert float(tags["metric.auc"]) == pytest.approx(by_name["tiny"].metrics["auc"], rel=1e-5)
    with pytest.raises(NotServable, match="auc"):
        store.load("tiny_proud", by_name["tiny_proud"].version)


def test_the_manifest_names_every_byte_in_the_lake(result) -> None:
    dataset = LakeDataset(Path(result.manifest.path))
    table = dataset.columns(["instrument", "ts", "close", "momentum_10m"])
    assert table.num_rows == result.manifest.rows == len(PERPS) * DAYS * 1440
    assert (result.manifest.start, result.manifest.end) == (START, START + DAYS * DAY)
    assert result.manifest.instruments == PERPS
    assert not list(Path(result.manifest.path).parent.glob(".building-*"))


def test_the_run_can_be_looked_at(desk, result) -> None:
    client = MlflowClient(desk.mlflow_uri, desk.mlflow_uri)
    tiny = next(model for model in result.models if model.name == "tiny")
    run = client.get_run(tiny.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["algorithm.rounds"] == "30"
    assert run.inputs.dataset_inputs[0].dataset.digest == result.manifest.hash[:36]
    plots = {file.path for file in client.list_artifacts(tiny.run_id, "plots")}
    assert plots == {
        f"plots/{name}.png" for name in ("auc_by_fold", "calibration", "equity_after_cost", "feature_importance")
    }


def test_the_same_training_again_makes_nothing_twice(desk, result) -> None:
    lines: list[str] = []
    again = train(["tiny"], DAYS, settings=desk, tell=lines.append)
    first = next(model for model in result.models if model.name == "tiny")
    assert (again.models[0].version, again.models[0].metrics) == (first.version, first.metrics)
    assert again.models[0].run_id is None
    assert any("features_found" in line for line in lines)
    assert again.manifest == result.manifest


def test_promotion_moves_the_champion_and_remembers_the_one_before(desk, result) -> None:
    store = model_store(desk)
    made = promote("tiny", settings=desk)
    assert (made.changed, made.previous, made.allowed_brokers) == (True, None, "sim,paper,live")
    assert store.load("tiny", store.version("tiny", "champion")).ref.version == made.version
    assert promote("tiny", settings=desk).changed is False
    with pytest.raises(BadInput, match="did not pass its gate"):
        promote("tiny_proud", settings=desk)
    assert store.version("tiny_proud", "champion") is None
    forced = promote("tiny_proud", override=Override(by="ann", reason="rehearsal"), settings=desk)
    assert forced.allowed_brokers == "sim,paper"
    assert store.load("tiny_proud", forced.version).ref.allowed_brokers == ("sim", "paper")


def test_an_empty_range_and_an_unknown_model_are_named(desk) -> None:
    with pytest.raises(BadInput, match=r"no candle of .*BTCUSDT.* 2025-12-"):
        train(["tiny"], 5, "2025-12-31T00:00:00Z", settings=desk)
    with pytest.raises(BadInput, match="'nope' is not declared; declared are: tiny"):
        train(["nope"], DAYS, settings=desk)


def kill_mongod(home: Path) -> None:
    """kill -9 of the run's mongod; its supervisor starts it again."""
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "mongod" and str(home) in " ".join(process.info["cmdline"] or ()):
            process.kill()


def test_services_killed_in_the_middle_are_waited_for(desk, databases, mlflow_server: MlflowServer) -> None:
    """mongod dies while Spark is about to read and while it reads, MLflow before a model is recorded; both come back
    within seconds, and the run ends with a whole data set and whole versions."""
    killed: list[str] = []
    timers: list[threading.Timer] = []

    def later(seconds: float, action: Callable[[], None]) -> None:
        timers.append(threading.Timer(seconds, action))
        timers[-1].start()

    def watch(line: str) -> None:
        if "planned" in line:
            killed.append("mongod")
            kill_mongod(databases.home.root)
            later(6.0, lambda: kill_mongod(databases.home.root))
        elif " trained" in line and "mlflow" not in killed:
            killed.append("mlflow")
            mlflow_server.kill()
            later(4.0, mlflow_server.launch)

    made = train(["tiny_base"], 2, settings=desk, tell=watch)
    for timer in timers:
        timer.join()
    assert killed == ["mongod", "mlflow"]
    assert LakeDataset(Path(made.manifest.path)).manifest.rows == len(PERPS) * 2 * 1440
    mlflow_server.wait()
    model = made.models[0]
    store = model_store(desk)
    assert store.version("tiny_base", "challenger") == model.version
    assert store.load("tiny_base", model.version).ref.version == model.version


def test_a_registry_that_stays_away_is_named_and_nothing_runs_on(desk, monkeypatch) -> None:
    monkeypatch.setenv("JTRADER_MLFLOW_URI", "http://127.0.0.1:9")
    before = _java()  # the run's own Spark session may stand beside
    with pytest.raises(Unavailable, match=r"MLflow at http://127.0.0.1:9 did not answer"):
        train(["tiny"], 1, settings=load_settings(home=desk.root))
    assert _java() == before


def _java() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True) if "java" in child.name()}
