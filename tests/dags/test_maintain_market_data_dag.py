"""The nightly upkeep whole: hours packed, old rows gone by the settings, the days' quality in Postgres."""

import datetime as dt
import logging
from pathlib import Path

import pytest

from fixtures.candle_source import BTC, at, candle
from fixtures.instruments import instrument
from jtrader.app.jobs.quality import open_quality
from jtrader.app.settings import load_settings
from jtrader.app.wiring.crawling import open_places
from jtrader.domain.market import Trade
from jtrader.domain.times import DAY

DAG_ID = "maintain_market_data"


@pytest.fixture
def desk(tmp_path: Path, mongo, postgres, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "jtrader.toml").write_text(
        f'mongo_uri = "{mongo.uri}"\nmongo_database = "{mongo.database}"\npostgres_uri = "{postgres}"\n'
        f'crawl_instruments = ["{BTC}"]\nweb_uri = "http://127.0.0.1:1/desk"\n[keep_days]\ntrades = 1\n'
    )
    monkeypatch.setenv("JTRADER_HOME", str(tmp_path))
    return load_settings(home=tmp_path)


def test_a_night(dag_bag, airflow_database, desk, caplog) -> None:
    with open_places(desk) as places:
        places.instruments.save([instrument(BTC)])
        places.candles.upsert([candle(m) for m in range(1440) if m != 77])
        for start in (at(0) - 3 * DAY, at(0)):
            places.trades.append([Trade(BTC, start + n, n + 1, 1.0, 1.0, 1) for n in range(5)])
    with caplog.at_level(logging.INFO):
        done = dag_bag.dags[DAG_ID].test(run_conf={"days": 2})
    assert done.state == "success"
    assert any("2 hours packed; removed: 1 of trades; 0 unnamed" in line for line in caplog.messages)
    assert any(line.endswith("see http://127.0.0.1:1/desk/dashboards/data") for line in caplog.messages)
    with open_places(desk) as places:
        assert places.trades.count(Trade) == 5
        assert places.candles.count() == 1439, "no setting names candles"
    with open_quality(desk) as store:
        [row] = store.since(dt.date(2026, 1, 1))
    assert (row.date, row.instrument, row.kind) == (dt.date(2026, 1, 15), BTC, "candles")
    assert (row.expected, row.stored, row.gaps) == (1440, 1439, {"we_were_down": 1})


def test_nothing_stored_fails_for_good(dag_bag, airflow_database, desk) -> None:
    done = dag_bag.dags[DAG_ID].test()
    states = {task.task_id: task.state for task in done.get_task_instances()}
    assert states == {"tidy": "success", "judge": "failed"}
