"""The database fails in the ways that it documents, in the middle of writing and packing: nothing is lost, nothing is
there twice."""

import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pymongo
import pytest

from fixtures.tcp_proxy import lossy_proxy
from fixtures.ticks import BTC, START, trade, trades, updates
from fixtures.trading_floor import free_ports, when
from jtrader.app.stack.mongod import program
from jtrader.domain.errors import Unavailable
from jtrader.domain.market import Depth, Trade
from jtrader.domain.times import HOUR
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.ticks import MongoTickStore
from jtrader.store.ticks.batch import pack_table
from jtrader.store.ticks.columns import FAST
from jtrader.store.ticks.kinds import KINDS

EVER = (0, 2**62)
NOT_PRIMARY, SHUTTING_DOWN = 10107, 91


class Mongod(NamedTuple):
    """A replica set of one that takes orders to fail."""

    uri: str
    port: int

    def fail(self, commands: list[str], **how: Any) -> None:
        with pymongo.MongoClient(self.uri) as client:
            mode = {"times": how.pop("times", 1)}
            client.admin.command("configureFailPoint", "failCommand", mode=mode, data={"failCommands": commands, **how})

    def step_down(self) -> None:
        with pymongo.MongoClient(self.uri) as client:
            client.admin.command("replSetStepDown", 2, force=True)


@pytest.fixture(scope="module")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongod]:
    folder: Path = tmp_path_factory.mktemp("mongod")
    [port] = free_ports(1)
    words = ["--dbpath", folder, "--port", port, "--bind_ip", "127.0.0.1", "--replSet", "rs0", "--nounixsocket"]
    words += ["--wiredTigerCacheSizeGB", 0.25, "--oplogSize", 128, "--setParameter", "enableTestCommands=1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program(), *map(str, words)], stdout=log, stderr=log)
    uri = f"mongodb://127.0.0.1:{port}/?directConnection=true"
    try:
        with pymongo.MongoClient(uri, serverSelectionTimeoutMS=20_000) as client:
            member = {"_id": 0, "host": f"127.0.0.1:{port}"}
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
            when(lambda: bool(client.admin.command("hello")["isWritablePrimary"]), 20)
        yield Mongod(uri, port)
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def database(mongod: Mongod) -> Iterator[str]:
    name = f"t_{uuid.uuid4().hex[:12]}"
    yield name
    with pymongo.MongoClient(mongod.uri) as client:
        client.drop_database(name)


@pytest.fixture
def store(mongod: Mongod, database: str) -> Iterator[MongoTickStore]:
    with Mongo(mongod.uri, database, patience=15.0) as connection:
        yield MongoTickStore(connection)


def assert_whole(store: MongoTickStore, last: int) -> None:
    assert list(store.read(Trade, BTC, *EVER)) == trades(1, last)
    assert store.count(Trade) == last
    assert store.contiguity(BTC, *EVER).is_whole


@pytest.mark.parametrize(
    "how",
    [
        {"errorCode": NOT_PRIMARY, "errorLabels": ["RetryableWriteError"], "times": 3},
        {"errorCode": SHUTTING_DOWN, "errorLabels": ["RetryableWriteError"], "times": 2},
        {"closeConnection": True, "times": 3},
        {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}, "times": 2},
    ],
    ids=["not primary", "shutting down", "closed", "applied but not confirmed"],
)
def test_a_write_that_failed_is_there_once(mongod: Mongod, store: MongoTickStore, how: dict[str, Any]) -> None:
    store.append(trades(1, 100))
    mongod.fail(["insert"], **how)
    store.append(trades(101, 200))
    assert_whole(store, 200)


def test_a_write_whose_answer_was_lost_is_there_once(mongod: Mongod, database: str) -> None:
    """The connection closes after the write was applied: the retry, and a later repeat, find it."""
    with (
        lossy_proxy(mongod.port) as proxy,
        Mongo(f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true", database, patience=15.0) as connection,
    ):
        store = MongoTickStore(connection)
        store.append(trades(1, 100))
        proxy.lose_reply(b"trade_tail")
        store.append(trades(101, 200))
        assert proxy.lost == 1
        store.append(trades(101, 200))
        assert_whole(store, 200)


def test_a_primary_that_steps_down_while_trades_come_loses_and_doubles_none(
    mongod: Mongod, store: MongoTickStore
) -> None:
    store.append(trades(1, 10))
    stepping = threading.Thread(target=mongod.step_down)
    stepping.start()
    for number in range(11, 2_000, 10):
        store.append(trades(number, number + 9))
    stepping.join()
    assert_whole(store, 2_000)


@pytest.mark.parametrize(
    ("commands", "how"),
    [
        (["update"], {"errorCode": NOT_PRIMARY, "errorLabels": ["TransientTransactionError"]}),
        (["delete"], {"closeConnection": True}),
        (["commitTransaction"], {"errorCode": NOT_PRIMARY, "errorLabels": ["RetryableWriteError"], "times": 3}),
        (["commitTransaction"], {"closeConnection": True, "times": 3}),
        (["commitTransaction"], {"writeConcernError": {"code": SHUTTING_DOWN, "errmsg": "going down"}}),
    ],
    ids=["replace", "delete", "commit", "commit closed", "commit not confirmed"],
)
def test_packing_that_fails_in_the_middle_happens_whole_or_not_at_all(
    mongod: Mongod, database: str, store: MongoTickStore, commands: list[str], how: dict[str, Any]
) -> None:
    told = updates(90, step=HOUR // 30)
    store.append(trades(1, 5_000))
    store.append(told, received=START)
    mongod.fail(commands, **how)
    store.compact(START + 9 * HOUR)
    assert_whole(store, 5_000)
    assert list(store.read(Depth, BTC, *EVER)) == told
    assert store.compact(START + 9 * HOUR) == 0
    with pymongo.MongoClient(mongod.uri) as client:
        assert client[database]["trade_tail"].count_documents({}) == 0


def test_two_that_pack_at_once_while_trades_come_do_no_harm(store: MongoTickStore) -> None:
    """A person, the schedule and the recorder: each trade stays there once."""
    failures: list[BaseException] = []

    def pack_all() -> None:
        try:
            for _ in range(6):
                store.compact(START + 9 * HOUR)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=pack_all) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(1, 4_001, 200):
        store.append(trades(number, number + 199))
    for thread in threads:
        thread.join()
    assert failures == []
    assert_whole(store, 4_000)
    store.compact(START + 9 * HOUR)
    assert_whole(store, 4_000)


def test_a_database_that_stays_away_is_told_and_what_was_stored_stays(
    mongod: Mongod, database: str, store: MongoTickStore
) -> None:
    store.append(trades(1, 10))
    with Mongo(mongod.uri, database, patience=0.3) as connection:
        mongod.fail(["insert"], closeConnection=True, times=1_000)
        with pytest.raises(Unavailable, match="what was stored stays"):
            MongoTickStore(connection).append([trade(11)])
    mongod.fail(["insert"], closeConnection=True, times=0)
    store.append([trade(11)])
    assert_whole(store, 11)


def test_an_hour_too_large_for_one_document_is_kept_in_parts(
    mongod: Mongod, database: str, store: MongoTickStore
) -> None:
    """Prices and sizes that don't repeat, so that nothing can be packed away."""
    count = 600_000
    rng = np.random.default_rng(1)
    table = {
        "ts": START + np.arange(count) * (HOUR // count),
        "trade_id": np.arange(1, count + 1),
        "price": rng.random(count) + 1,
        "quantity": rng.random(count) + 1,
        "side": np.ones(count, np.int64),
    }
    kind = KINDS["trade"]
    for half in (slice(None, count // 2 + 1_000), slice(count // 2, None)):
        store.write(list(pack_table(kind, BTC, kind.take(table, half), FAST)))
        store.compact(START + HOUR)
    with pymongo.MongoClient(mongod.uri) as client:
        assert client[database]["trade_hours"].count_documents({}) == 2
    assert store.count(Trade) == count
    found = kind.table(list(store.read(Trade, BTC, *EVER)), 0)
    assert all(np.array_equal(found[name], table[name]) for name in table)
    assert store.contiguity(BTC, *EVER).count == count
    assert store.compact(START + HOUR) == 0
