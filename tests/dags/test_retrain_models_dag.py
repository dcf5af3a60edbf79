"""The retraining DAG whole: form in, models registered as challengers, the champion moved after approval."""

import logging
from pathlib import Path

import pytest

from fixtures.small_models import DAYS, PERPS, START, declare
from fixtures.synthetic_candles import momentum_candles
from jtrader.app.dag_head import CANDLES, NEWS
from jtrader.app.settings import load_settings
from jtrader.app.wiring.data import open_stores
from jtrader.app.wiring.learning import model_store

DAG_ID = "retrain_models"


@pytest.fixture(scope="module")
def desk(module_mongo, mlflow_server, tmp_path_factory):
    """Settings as the tasks read them from their environment."""
    home: Path = tmp_path_factory.mktemp("desk")
    declare(home / "models", "dag_good", "logistic_pipeline")
    declare(home / "models", "dag_proud", "logistic_pipeline", min_auc=0.99)
    (home / "jtrader.toml").write_text(
        f'mongo_uri = "{module_mongo.uri}"\nmongo_database = "{module_mongo.database}"\n'
        f'mlflow_uri = "{mlflow_server.uri}"\nmodels = ["{home}/models"]\nchampion = "dag_proud"\n'
    )
    settings = load_settings(home=home)
    with open_stores(settings) as stores:
        for seed, instrument in enumerate(PERPS):
            stores.candles.upsert(momentum_candles(instrument, START, DAYS * 1440, seed=seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JTRADER_HOME", str(home))
        yield settings


def test_it_waits_for_candles_and_for_a_person(dag_bag) -> None:
    dag = dag_bag.dags[DAG_ID]
    assert dag.timetable.asset_condition.uri == CANDLES.uri
    for crawl in ("crawl_market_data", "crawl_daily"):
        assert [one.name for one in dag_bag.dags[crawl].get_task("crawl").outlets] == [NEWS.name]
    assert {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks} == {
        "train": ["approve", "promote"],
        "approve": ["promote"],
        "promote": [],
    }
    assert set(dag.get_task("approve").params) == {"override_by", "override_reason"}
    assert dag.get_task("approve").response_timeout is not None


def test_a_run_registers_challengers_and_moves_the_champion(dag_bag, airflow_database, desk, caplog) -> None:
    with caplog.at_level(logging.INFO):
        done = dag_bag.dags[DAG_ID].test(run_conf={"days": DAYS}, mark_success_pattern="approve")
    assert done.state == "success"
    store = model_store(desk)
    assert store.version("dag_good", "challenger") == store.version("dag_good", "champion") == "1"
    assert store.version("dag_proud", "challenger") == "1"
    assert store.version("dag_proud", "champion") is None, "a refused gate needs a name and a reason"
    trained = next(line for line in caplog.messages if "feature rows" in line)
    assert trained.endswith(f"see {desk.mlflow_uri}/#/models/dag_proud/versions/1")
    assert any("dag_good version 1 is champion now" in line for line in caplog.messages)


def test_a_wrong_form_fails_for_good(dag_bag, airflow_database, desk) -> None:
    done = dag_bag.dags[DAG_ID].test(run_conf={"models": ["nope"], "days": 1}, mark_success_pattern="approve")
    assert done.state == "failed"
    states = {task.task_id: task.state for task in done.get_task_instances()}
    assert states["train"] == "failed", "not up for retry"
    assert states["promote"] == "upstream_failed"


@pytest.mark.parametrize("conf", [{"days": 0}, {"days": "many"}, {"models": "direction"}, {"end": "yesterday"}])
def test_the_form_refuses_what_is_no_value(dag_bag, airflow_database, conf: dict) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        dag_bag.dags[DAG_ID].test(run_conf=conf)
