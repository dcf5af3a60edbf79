"""The daily crawl: each run crawls its own data interval, so that any range can be filled; off until switched on."""

import datetime as dt
import logging
from pathlib import Path

import pytest
from airflow.timetables.base import TimeRestriction

from jtrader.app.jobs.crawl import news
from jtrader.app.settings import load_settings
from jtrader.app.wiring.crawling import open_places
from jtrader.crawl.result import CrawlResult, InstrumentResult
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, parse_time

DAG_ID = "crawl_daily"
BTC = "binance_usdm:BTCUSDT"
DAY_START = parse_time("2026-01-14")


@pytest.fixture
def desk(tmp_path: Path, mongo, simulator, monkeypatch: pytest.MonkeyPatch):
    """Settings as the task will read them from its environment."""
    for name, value in {
        "JTRADER_HOME": str(tmp_path),
        "JTRADER_MONGO_URI": mongo.uri,
        "JTRADER_MONGO_DATABASE": mongo.database,
        "JTRADER_SIMULATOR_URI": simulator.uri,
    }.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_it_is_off_at_first_and_a_backfill_is_a_run_a_day(dag_bag) -> None:
    """As `airflow backfill create` asks the timetable for the runs of a range."""
    dag = dag_bag.dags[DAG_ID]
    assert dag.is_paused_upon_creation is True
    first, last = (dt.datetime(2025, 5, day, tzinfo=dt.UTC) for day in (1, 4))
    restriction = TimeRestriction(first, last, catchup=True)
    runs, info = [], dag.timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    while info:
        runs.append((info.data_interval.start.day, info.data_interval.end - info.data_interval.start))
        info = dag.timetable.next_dagrun_info(last_automated_data_interval=info.data_interval, restriction=restriction)
    assert runs == [(day, dt.timedelta(days=1)) for day in (1, 2, 3, 4)]


def test_a_run_crawls_its_own_day(dag_bag, airflow_database, desk, caplog) -> None:
    day_after = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
    with caplog.at_level(logging.INFO):
        done = dag_bag.dags[DAG_ID].test(
            logical_date=day_after, run_conf={"instruments": [BTC], "kinds": ["candles", "funding"]}
        )
    assert done.state == "success"
    assert (done.data_interval_start, done.data_interval_end) == (day_after - dt.timedelta(days=1), day_after)
    with open_places(desk) as places:
        assert (
            places.candles.count() == len(places.candles.times(InstrumentId(BTC), DAY_START, DAY_START + DAY)) == 1440
        )
        assert places.funding.count() == 3
    assert any("candles, funding 2026-01-14T00:00:00Z to 2026-01-15T00:00:00Z" in line for line in caplog.messages)


def announced() -> int:
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session

    with create_session() as session:
        return session.query(AssetEvent).count()


@pytest.mark.parametrize(
    ("run_type", "kinds", "new", "is_told"),
    [
        ("scheduled", ["candles"], 5, True),
        ("scheduled", ["candles"], 0, False),
        ("scheduled", ["trades", "funding"], 5, False),
        ("backfill", ["candles"], 5, False),
        ("manual", ["trades", "candles"], 0, True),
        ("manual", ["trades"], 5, False),
    ],
)
def test_models_are_retrained_for_new_candles_of_the_schedule_or_by_hand(run_type, kinds, new, is_told) -> None:
    rows = [
        InstrumentResult(
            instrument=InstrumentId(BTC), first=1, stored=9, new=new, pages=1, gaps=0, quarantined=0, kind=kind
        )
        for kind in kinds
    ]
    told = news(CrawlResult(start=0, end=DAY, instruments=tuple(rows)), run_type)
    assert (told is not None) == is_told
    assert told is None or (told["instruments"], told["rows"], told["new"]) == ([BTC], 9, new)


def test_other_kinds_announce_no_candles(dag_bag, airflow_database, desk) -> None:
    before = announced()
    day_after = dt.datetime(2026, 1, 15, tzinfo=dt.UTC)
    done = dag_bag.dags[DAG_ID].test(logical_date=day_after, run_conf={"instruments": [BTC], "kinds": ["funding"]})
    assert (done.state, announced()) == ("success", before)


def test_a_kind_that_is_none_fails_for_good(dag_bag, airflow_database, desk) -> None:
    done = dag_bag.dags[DAG_ID].test(
        logical_date=dt.datetime(2026, 1, 15, tzinfo=dt.UTC), run_conf={"kinds": ["gossip"]}
    )
    assert [task.state for task in done.get_task_instances()] == ["failed"]
