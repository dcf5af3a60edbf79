"""The crawl's DAG run whole: form in, candles stored, asset announced, a wrong form refused at once."""

import logging
from pathlib import Path

import pytest

from jtrader.app.settings import load_settings
from jtrader.app.wiring.data import open_stores

DAG_ID = "crawl_market_data"


@pytest.fixture
def desk(tmp_path: Path, mongo, simulator, monkeypatch: pytest.MonkeyPatch):
    """Settings as the task will read them from its environment."""
    for name, value in {
        "JTRADER_HOME": str(tmp_path),
        "JTRADER_MONGO_URI": mongo.uri,
        "JTRADER_MONGO_DATABASE": mongo.database,
        "JTRADER_SIMULATOR_URI": simulator.uri,
        "JTRADER_WEB_URI": "http://127.0.0.1:1/desk",
    }.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def run(dag_bag, conf: dict):
    return dag_bag.dags[DAG_ID].test(run_conf=conf)


def announced() -> list[dict]:
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session

    with create_session() as session:
        return [event.extra for event in session.query(AssetEvent).order_by(AssetEvent.id)]


def test_a_run_stores_candles_and_announces_them(dag_bag, airflow_database, desk, caplog) -> None:
    before = len(announced())
    with caplog.at_level(logging.INFO):
        done = run(dag_bag, {"instruments": ["binance_usdm:BTCUSDT"], "days": 1, "end": "2026-01-15T12:00:00Z"})
    assert done.state == "success"
    with open_stores(desk) as stores:
        assert stores.candles.count() == 1440
    [extra] = announced()[before:]
    assert extra["rows"] == 1440
    assert (extra["start"], extra["end"]) == ("2026-01-14T12:00:00Z", "2026-01-15T12:00:00Z")
    assert extra["instruments"] == ["binance_usdm:BTCUSDT"]
    [line] = [message for message in caplog.messages if "1,440 stored" in message]
    assert line.endswith("see http://127.0.0.1:1/desk")


def test_the_announcement_queues_the_retraining(dag_bag, airflow_database, desk) -> None:
    from airflow.dag_processing.dagbag import sync_bag_to_db
    from airflow.models.asset import AssetDagRunQueue
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.merge(DagBundleModel(name="dags-folder"))
    sync_bag_to_db(dag_bag, "dags-folder", None)
    with create_session() as session:
        session.query(DagModel).update({DagModel.is_paused: False})
    for kinds, queued in ((["funding"], []), (["candles"], ["retrain_models"])):
        done = run(dag_bag, {"instruments": ["binance_usdm:BTCUSDT"], "days": 1, "kinds": kinds})
        assert done.state == "success"
        with create_session() as session:
            assert [row.target_dag_id for row in session.query(AssetDagRunQueue)] == queued


def test_a_wrong_form_fails_for_good_and_announces_nothing(dag_bag, airflow_database, desk) -> None:
    before = len(announced())
    done = run(dag_bag, {"instruments": ["binance_usdm:DOGEUSDT"]})
    assert done.state == "failed"
    assert [t.state for t in done.get_task_instances()] == ["failed"], "not up for retry"
    assert len(announced()) == before
    with open_stores(desk) as stores:
        assert stores.candles.count() == 0


@pytest.mark.parametrize("conf", [{"days": 0}, {"days": "many"}, {"instruments": "BTC"}, {"end": "yesterday"}])
def test_the_form_refuses_what_is_no_value(dag_bag, airflow_database, conf: dict) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        run(dag_bag, conf)
