"""Spark's doors to ticks against the store itself: the same rows once, filters answered by MongoDB, books rebuilt."""

import pytest

from fixtures.ticks import BTC, ETH, START, XBT, trade, trades, updates
from jtrader.domain.market import Depth, Trade
from jtrader.domain.order_book import OrderBook
from jtrader.domain.times import HOUR, MINUTE, SECOND
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.ticks import MongoTickStore

SPOT = "binance_spot:BTCUSDT"
HOURS = 3
TOLD = updates(HOURS * 60, step=MINUTE)


@pytest.fixture(scope="module")
def stored(module_mongo):
    """Trades of four instruments, partly compacted and with an overlap; three hours of one book."""
    rows = {
        BTC: trades(0, 9_000),
        ETH: trades(100, 200, ETH),
        SPOT: trades(3_590, 3_620, SPOT),
        XBT: [Trade(XBT, START + n * SECOND, f"{n:08x}-9a54-45f3-9b3f-3b8a6f6a1c11", 1.5, 2.0, 1) for n in range(50)],
    }
    with Mongo(module_mongo.uri, module_mongo.database) as connection:
        store = MongoTickStore(connection)
        for one in rows.values():
            store.append(one)
        store.append(trades(3_000, 8_000))
        store.append(TOLD, received=START)
        store.compact(START + 2 * HOUR)
    return rows


@pytest.fixture(scope="module")
def tables(spark, module_mongo, stored):
    from jtrader.store.spark import books, trades

    spark.dataSource.register(trades.TradeSource)
    spark.dataSource.register(books.BookSource)
    where = {"url": module_mongo.uri, "database": module_mongo.database, "partition_rows": 4_000}
    return {kind: spark.read.format(kind).options(**where).load() for kind in (trades.FORMAT, books.FORMAT)}


@pytest.fixture
def frame(tables):
    return tables["jtrader_trades"]


@pytest.fixture
def books(tables):
    return tables["jtrader_books"]


def rows_of(frame) -> list[tuple]:
    return sorted(tuple(row) for row in frame.collect())


def row(t: Trade) -> tuple:
    is_numbered = isinstance(t.trade_id, int)
    ids = (t.trade_id, None) if is_numbered else (None, t.trade_id)
    return (t.instrument, t.ts, *ids, t.price, t.quantity, t.side)


def expected(stored, *instruments: str, start: int = 0, end: int = 2**62) -> list[tuple]:
    return sorted(row(t) for name in instruments for t in stored[name] if start <= t.ts < end)


def test_every_trade_comes_once_in_partitions_by_rows(frame, stored) -> None:
    from pyspark.sql import functions as f

    assert rows_of(frame) == expected(stored, *stored)
    parts = (
        frame.groupBy(f.spark_partition_id().alias("part")).agg(f.collect_set("instrument").alias("names")).collect()
    )
    assert len(parts) >= 6
    assert all(len(part.names) == 1 for part in parts)


@pytest.mark.parametrize(
    ("condition", "names", "start", "end"),
    [
        (f"instrument = '{ETH}'", [ETH], 0, 2**62),
        (f"instrument IN ('{BTC}', '{SPOT}', 'binance_usdm:NONE')", [BTC, SPOT], 0, 2**62),
        ("startswith(instrument, 'binance_usdm:')", [BTC, ETH], 0, 2**62),
        ("startswith(instrument, 'binance')", [BTC, ETH, SPOT], 0, 2**62),
        (f"instrument LIKE 'binance%' AND ts >= {START + HOUR}", [BTC, ETH, SPOT], START + HOUR, 2**62),
        (
            f"instrument = '{BTC}' AND ts > {trade(10).ts} AND ts <= {trade(4_000).ts}",
            [BTC],
            trade(11).ts,
            trade(4_001).ts,
        ),
        (f"ts = {trade(3_600).ts}", [BTC, SPOT], trade(3_600).ts, trade(3_601).ts),
        (f"ts < {START}", [], 0, 0),
    ],
)
def test_filters_are_answered_by_mongodb(frame, stored, condition, names, start, end) -> None:
    chosen = frame.where(condition)
    assert rows_of(chosen) == expected(stored, *names, start=start, end=end)
    plan = chosen._jdf.queryExecution().executedPlan().toString()
    assert " Filter " not in plan, "Spark would filter again what MongoDB has filtered"


def test_columns_can_be_chosen_and_counted(frame, stored) -> None:
    from pyspark.sql import functions as f

    chosen = frame.where(f"instrument = '{SPOT}'").select("price", "ts")
    assert rows_of(chosen) == sorted((t.price, t.ts) for t in stored[SPOT])
    assert frame.where("side = 1 AND price > 42002").agg(f.count("*")).collect()[0][0] == sum(
        t.side == 1 and t.price > 42_002 for one in stored.values() for t in one
    )


def test_a_book_is_rebuilt_from_the_rows_of_any_hour(books) -> None:
    for hour in range(HOURS):
        start = START + hour * HOUR
        found = (
            books.where(f"instrument = '{BTC}' AND ts >= {start} AND ts < {start + HOUR}").orderBy("received").collect()
        )
        by_update: dict[int, list] = {}
        for level in found:
            by_update.setdefault(level.received, []).append(level)
        book = OrderBook(BTC)
        for levels in by_update.values():
            told = levels[0].told
            sides = [tuple((one.price, one.quantity) for one in levels if one.side == side) for side in (1, -1)]
            book.apply(Depth(BTC, levels[0].ts, *sides, levels[0].update_id, told > 0))
        assert by_update
        wanted = OrderBook(BTC)
        for update in TOLD[: (hour + 1) * 60]:
            wanted.apply(update)
        is_known = hour < 2  # the last hour is not compacted: it has no opening of its own
        assert book.is_known == is_known
        if is_known:
            assert list(book.bids.levels()) == list(wanted.bids.levels())
            assert list(book.asks.levels()) == list(wanted.asks.levels())
        assert {levels[0].told for levels in by_update.values()} == (
            {0, 1} if hour == 0 else {0, 2} if hour == 1 else {0}
        )


def test_a_cluster_of_processes_reads_the_same(spark_cluster, module_mongo, stored) -> None:
    start, end = trade(1_000).ts, trade(8_500).ts
    found = spark_cluster.run(
        "fixtures.spark_reading",
        url=module_mongo.uri,
        database=module_mongo.database,
        instrument=BTC,
        start=start,
        end=end,
    )
    wanted = [t for t in stored[BTC] if start <= t.ts < end]
    assert found["trades"] == [len(wanted), 1_000, 8_499, round(sum(t.quantity for t in wanted), 6)]
    assert found["levels"] == sum(len(update.bids) + len(update.asks) for update in TOLD)
    assert found["executors"] == 1
    assert found["partitions"] >= 2
