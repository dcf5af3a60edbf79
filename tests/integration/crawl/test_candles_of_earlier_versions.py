"""Rows that earlier versions stored, with an index beside MongoDB's own, move into the order of their keys."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from fixtures.candle_source import BTC, ETH, at, candle
from jtrader.domain.errors import Broken
from jtrader.store.mongo.candles import CANDLES, MongoCandleStore
from jtrader.store.mongo.clustered import KEY, instruments_in, readable
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.series import document

ROWS = [candle(n, name) for name in (ETH, BTC) for n in range(6_000)]


@pytest.fixture
def connection(mongo):
    with Mongo(mongo.uri, mongo.database) as connection:
        yield connection


def store_as_before(connection: Mongo) -> None:
    old = connection.collection(CANDLES)
    old.create_index(KEY, unique=True)
    old.insert_many([document(row) for row in ROWS])


def test_all_are_moved_once(connection) -> None:
    store_as_before(connection)
    for _ in range(2):
        store = MongoCandleStore(connection)
        assert [*store.read(ETH, 0, 2**62), *store.read(BTC, 0, 2**62)] == ROWS
    assert store.upsert(ROWS[:9]) == 0
    assert not connection.collections(CANDLES)
    assert list(instruments_in(readable(connection, CANDLES))) == sorted([BTC, ETH])


def test_several_may_move_them_at_once(connection) -> None:
    store_as_before(connection)
    with ThreadPoolExecutor(4) as pool:
        stores = [running.result() for running in [pool.submit(MongoCandleStore, connection) for _ in range(4)]]
    assert [store.count() for store in stores] == [len(ROWS)] * 4
    assert not connection.collections(CANDLES)


def test_a_move_that_was_cut_short_goes_on_and_spares_what_is_younger(connection) -> None:
    MongoCandleStore(connection).upsert([candle(3, close=105.0), candle(9_000)])
    store_as_before(connection)
    store = MongoCandleStore(connection)
    assert (store.count(), next(store.read(BTC, at(3), at(4))).close) == (len(ROWS) + 1, 105.0)
    assert not connection.collections(CANDLES)


def test_who_may_only_read_is_told_how_they_are_moved(connection) -> None:
    store_as_before(connection)
    with pytest.raises(Broken, match="jtrader crawl gaps"):
        readable(connection, CANDLES)
    MongoCandleStore(connection)
    assert list(instruments_in(readable(connection, CANDLES))) == sorted([BTC, ETH])


def test_what_is_no_row_is_neither_moved_nor_dropped(connection) -> None:
    store_as_before(connection)
    connection.collection(CANDLES).insert_one({"_id": "note"})
    with pytest.raises(Broken, match="document note of candles"):
        MongoCandleStore(connection)
    connection.collection(CANDLES).delete_one({"_id": "note"})
    assert MongoCandleStore(connection).count() == len(ROWS)
