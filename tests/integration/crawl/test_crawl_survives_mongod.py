"""mongod killed with -9 in the middle of a crawl: the run ends right, and nothing is lost or written twice."""

import os
import signal
import socket
import threading

import pymongo
import pytest

from fixtures.candle_source import BTC, ETH, MemoryCandles, at, candle
from fixtures.crawling import crawl_candles
from jtrader.domain.errors import BadInput, Unavailable
from jtrader.store.mongo.candles import CANDLES, MongoCandleStore
from jtrader.store.mongo.clustered import rows_of
from jtrader.store.mongo.connection import Mongo

MINUTES = 12_000


def kill_mongod(uri: str) -> None:
    with pymongo.MongoClient(uri) as client:
        os.kill(client.admin.command("serverStatus")["pid"], signal.SIGKILL)


@pytest.mark.parametrize("kill_at", [(3,), (10, 30)], ids=["once", "twice"])
def test_a_crawl_outlives_kills_of_mongod(mongo, kill_at: tuple[int, ...]) -> None:
    wanted = [candle(m, i, close=100 + m % 7 / 8) for i in (BTC, ETH) for m in range(MINUTES)]
    source = MemoryCandles(wanted, page=500)
    pages = iter(range(10_000))

    def kill_then_answer(page):
        if next(pages) in kill_at:
            kill_mongod(mongo.uri)
        return page

    source.meddle = kill_then_answer
    with Mongo(mongo.uri, mongo.database) as connection:
        store = MongoCandleStore(connection)
        result = crawl_candles(source, store, 0, MINUTES, (BTC, ETH))
        assert (result.stored, result.new, result.gaps) == (2 * MINUTES, 2 * MINUTES, 0)
        assert store.count() == 2 * MINUTES
        for instrument in (BTC, ETH):
            assert list(store.read(instrument, at(0), at(MINUTES))) == [c for c in wanted if c.instrument == instrument]
        source.calls.clear()
        assert crawl_candles(source, store, 0, MINUTES, (BTC, ETH)).new == 0
        assert source.calls == []


def test_writers_side_by_side_store_each_candle_once(mongo) -> None:
    """Two crawls of the same range at the same time, as a person and the schedule might start them."""
    rows = [candle(m) for m in range(3_000)]
    with Mongo(mongo.uri, mongo.database) as connection:
        store = MongoCandleStore(connection)
        counts: list[int] = []
        threads = [threading.Thread(target=lambda: counts.append(store.upsert(rows))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(counts) == 4
        assert store.count() == 3_000
        assert rows_of(connection, CANDLES).count_documents({}) == 3_000


def test_a_server_that_stays_away_is_named(free_port: int) -> None:
    address = f"mongodb://desk:hunter2@127.0.0.1:{free_port}/?replicaSet=rs0&authSource=admin"
    with Mongo(address, "desk", patience=0.5) as away, pytest.raises(Unavailable) as failure:
        MongoCandleStore(away)
    assert f"127.0.0.1:{free_port}" in str(failure.value)
    assert "make up" in str(failure.value)
    assert "hunter2" not in str(failure.value)


def test_a_wrong_password_is_named_at_once(mongo) -> None:
    wrong = mongo.uri.replace("://admin:", "://admin:not")
    with Mongo(wrong, mongo.database) as connection, pytest.raises(Unavailable, match="user and password"):
        connection.greet()


@pytest.mark.parametrize("address", ["localhost:27017", "mongodb://", "mongodb://host:port/", "http://127.0.0.1:1"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="mongo_uri"):
        Mongo(address, "desk")


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
