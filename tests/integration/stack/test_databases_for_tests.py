"""The databases that the stack starts: authenticated, transactional, one fresh database a test."""

from contextlib import closing
from urllib.parse import urlsplit

import psycopg2
import pymongo
import pytest
from pymongo.errors import OperationFailure

from fixtures.stack import Mongo
from jtrader.app.stack.postgres import connect
from jtrader.app.stack.site import Site


def test_postgres_gives_an_empty_database_of_version_18(postgres: str) -> None:
    with closing(connect(postgres)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        assert cursor.fetchone()[0].startswith("18")
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone()[0] == 0
        cursor.execute("CREATE TABLE words (word text)")


def test_postgres_asks_for_a_password(databases: Site) -> None:
    wrong = urlsplit(databases.postgres("jtrader"))
    uri = wrong._replace(netloc=f"jtrader:wrong@127.0.0.1:{databases.ports['postgres']}").geturl()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(uri)


@pytest.mark.parametrize("other", ["airflow", "mlflow", "hub", "postgres"])
def test_no_role_enters_the_database_of_another(databases: Site, other: str) -> None:
    uri = urlsplit(databases.postgres("jtrader"))._replace(path=f"/{other}").geturl()
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        connect(uri)


def test_the_analyst_reads_the_desk_and_writes_nothing(databases: Site) -> None:
    with closing(connect(databases.postgres("jtrader"))) as desk, desk.cursor() as cursor:
        cursor.execute("CREATE TABLE seen_by_analyst AS SELECT 7 AS figure")
    try:
        with closing(connect(databases.postgres("jtrader", "analyst"))) as reader, reader.cursor() as cursor:
            cursor.execute("SELECT figure FROM seen_by_analyst")
            assert cursor.fetchone() == (7,)
            with pytest.raises(psycopg2.Error, match="read-only transaction"):
                cursor.execute("INSERT INTO seen_by_analyst VALUES (8)")
            cursor.execute("SET default_transaction_read_only = off")
            with pytest.raises(psycopg2.Error, match="permission denied"):
                cursor.execute("INSERT INTO seen_by_analyst VALUES (8)")
    finally:
        with closing(connect(databases.postgres("jtrader"))) as desk, desk.cursor() as cursor:
            cursor.execute("DROP TABLE seen_by_analyst")


def test_mongo_runs_transactions_on_a_replica_set(mongo: Mongo) -> None:
    with pymongo.MongoClient(mongo.uri) as client:
        words = client[mongo.database]["words"]
        with client.start_session() as session, session.start_transaction():
            words.insert_one({"word": "tick"}, session=session)
        assert words.count_documents({}) == 1


def test_mongo_refuses_who_has_no_password(databases: Site) -> None:
    uri = f"mongodb://127.0.0.1:{databases.ports['mongo']}/?directConnection=true"
    with pymongo.MongoClient(uri) as client, pytest.raises(OperationFailure, match="requires authentication"):
        client["jtrader"]["candles"].find_one()


def test_the_desks_mongo_user_stays_in_its_database(databases: Site) -> None:
    with pymongo.MongoClient(databases.mongo()) as client:
        client["jtrader"]["candles"].find_one()
        with pytest.raises(OperationFailure, match="not authorized"):
            client["other"]["candles"].find_one()
