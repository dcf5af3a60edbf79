"""The demo empties its own databases; one that was set from outside must be empty already."""

from pathlib import Path

import pymongo
import pytest
from sqlalchemy import text

from fixtures.stack import Mongo
from jtrader.app.demo.desk import DemoPlan, check_market
from jtrader.app.demo.facts import forget
from jtrader.app.settings import Settings, load_settings
from jtrader.domain.errors import BadInput
from jtrader.store.postgres.connection import connect

OUTSIDE = frozenset({"mongo_uri", "postgres_uri"})


@pytest.fixture
def settings(tmp_path: Path, mongo: Mongo, postgres: str) -> Settings:
    return load_settings(home=tmp_path, mongo_uri=mongo.uri, mongo_database=mongo.database, postgres_uri=postgres)


def store_something(settings: Settings) -> None:
    with pymongo.MongoClient(settings.need("mongo_uri")) as client:
        client[settings.mongo_database].candles.insert_one({"_id": 1})


def count(settings: Settings) -> int:
    with pymongo.MongoClient(settings.need("mongo_uri")) as client:
        return int(client[settings.mongo_database].candles.count_documents({}))


def test_a_desk_of_ones_own_is_emptied(settings: Settings) -> None:
    store_something(settings)
    forget(settings, frozenset())
    forget(settings, frozenset())
    assert count(settings) == 0


def test_a_mongodb_from_outside_with_data_is_refused_and_kept(settings: Settings) -> None:
    store_something(settings)
    with pytest.raises(BadInput, match="not empty"):
        forget(settings, OUTSIDE)
    assert count(settings) == 1


def test_a_postgres_from_outside_with_tables_is_refused_and_kept(settings: Settings) -> None:
    engine = connect(settings.need("postgres_uri"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE mine (id int)"))
    with pytest.raises(BadInput, match="not empty"):
        forget(settings, OUTSIDE)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM mine")).scalar() == 0
    engine.dispose()


def test_empty_databases_from_outside_are_taken(settings: Settings) -> None:
    forget(settings, OUTSIDE)
    assert count(settings) == 0


def test_another_desks_settings_are_not_taken_for_the_demos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JTRADER_CONFIG", str(tmp_path / "desk.toml"))
    with pytest.raises(BadInput, match="JTRADER_CONFIG"):
        check_market(DemoPlan(home=tmp_path))
