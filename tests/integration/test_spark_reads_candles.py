"""Spark's doors against the stores themselves: the same candles, the same features, wherever the borders lie."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fixtures.synthetic_candles import momentum_candles
from jtrader.app.settings import load_settings
from jtrader.app.wiring.data import open_stores
from jtrader.domain.errors import Broken
from jtrader.domain.times import DAY, HOUR, MINUTE, parse_time
from jtrader.features import FEATURES, Columns, batch
from jtrader.learn.spark.features import feature_rows, lead_in
from jtrader.store.lake.building import start_building
from jtrader.store.lake.dataset import LakeDataset
from jtrader.store.lake.manifest import read_manifest

BTC, ETH, SPOT = "binance_usdm:BTCUSDT", "binance_usdm:ETHUSDT", "binance_spot:BTCUSDT"
START = parse_time("2026-01-10T06:00:00Z")
MINUTES = 3_000
HOLE = range(1_000, 1_030)


@pytest.fixture(scope="module")
def candles(module_mongo, tmp_path_factory):
    """What is stored, by instrument: three instruments, one of them with a hole and a later start."""
    rows = {
        BTC: momentum_candles(BTC, START, MINUTES, seed=1),
        ETH: [c for i, c in enumerate(momentum_candles(ETH, START + 2 * HOUR, MINUTES, seed=2)) if i not in HOLE],
        SPOT: momentum_candles(SPOT, START, 100, seed=3),
    }
    settings = load_settings(
        home=tmp_path_factory.mktemp("home"), mongo_uri=module_mongo.uri, mongo_database=module_mongo.database
    )
    with open_stores(settings) as stores:
        for one in rows.values():
            stores.candles.upsert(one)
    return rows


@pytest.fixture(scope="module")
def frame(spark, module_mongo, candles):
    from jtrader.store.spark.candles import FORMAT, CandleSource
    from jtrader.store.spark.lake_sink import LakeSink

    spark.dataSource.register(CandleSource)
    spark.dataSource.register(LakeSink)
    reader = spark.read.format(FORMAT).options(
        url=module_mongo.uri, database=module_mongo.database, partition_days="0.5"
    )
    return reader.load()


def rows_of(frame) -> list[tuple]:
    return sorted(tuple(row) for row in frame.collect())


def stored(candles, *instruments: str, start: int = 0, end: int = 2**62) -> list[tuple]:
    kept = (c for name in instruments for c in candles[name] if start <= c.ts < end)
    return sorted((c.instrument, c.ts, c.open, c.high, c.low, c.close, c.volume) for c in kept)


def test_all_rows_come_once_in_partitions_of_one_instrument(frame, candles) -> None:
    assert rows_of(frame) == stored(candles, BTC, ETH, SPOT)
    from pyspark.sql import functions as f

    parts = (
        frame.groupBy(f.spark_partition_id().alias("part"))
        .agg(f.collect_set("instrument").alias("names"), f.min("ts").alias("low"), f.max("ts").alias("high"))
        .collect()
    )
    assert len(parts) > 10
    assert all(len(part.names) == 1 and part.low // (DAY // 2) == part.high // (DAY // 2) for part in parts)


@pytest.mark.parametrize(
    ("condition", "names", "start", "end"),
    [
        (f"instrument = '{ETH}'", [ETH], 0, 2**62),
        (f"instrument IN ('{BTC}', '{SPOT}', 'binance_usdm:NONE')", [BTC, SPOT], 0, 2**62),
        (f"ts >= {START + HOUR} AND ts < {START + 5 * HOUR}", [BTC, ETH, SPOT], START + HOUR, START + 5 * HOUR),
        (f"ts > {START + HOUR} AND ts <= {START + DAY}", [BTC, ETH, SPOT], START + HOUR + 1, START + DAY + 1),
        (f"ts = {START + 3 * MINUTE}", [BTC, SPOT], START + 3 * MINUTE, START + 3 * MINUTE + 1),
        (f"ts < {START}", [], 0, 0),
    ],
)
def test_filters_are_answered_by_mongodb(frame, candles, condition, names, start, end) -> None:
    chosen = frame.where(condition)
    assert rows_of(chosen) == stored(candles, *names, start=start, end=end)
    plan = chosen._jdf.queryExecution().executedPlan().toString()
    assert " Filter " not in plan, "Spark would filter again what MongoDB has filtered"


def test_filters_that_mongodb_does_not_answer_are_left_to_spark(frame, candles) -> None:
    from pyspark.sql import functions as f

    chosen = frame.where(f"instrument = '{BTC}' AND close > 50000 AND instrument LIKE '%BTC%'")
    assert rows_of(chosen) == [row for row in stored(candles, BTC) if row[5] > 50_000]
    assert chosen.select("close", "ts").agg(f.count("*")).collect()[0][0] == len(rows_of(chosen))


def test_columns_can_be_chosen_in_any_order(frame, candles) -> None:
    chosen = frame.where(f"instrument = '{SPOT}'").select("close", "ts")
    assert rows_of(chosen) == sorted((c.close, c.ts) for c in candles[SPOT])


def written(frame, folder: Path, piece_days: int, names=tuple(FEATURES)) -> LakeDataset:
    from pyspark.sql import functions as f

    start, end = START + DAY // 2, START + 2 * DAY
    wanted = (f.col("ts") >= start - lead_in(names)) & (f.col("ts") < end) & f.col("instrument").isin([BTC, ETH])
    rows = feature_rows(frame.where(wanted), names, start, end, piece_days)
    rows.write.format("jtrader_lake").mode("append").options(
        path=str(folder),
        building=str(start_building(folder)),
        instruments=f"{BTC},{ETH}",
        features=",".join(names),
        start=start,
        end=end,
        commit="c0ffee",
        created="2026-01-15T00:00:00Z",
        snapshot="5eed",
    ).save()
    return LakeDataset(folder)


def test_features_do_not_depend_on_the_borders_and_equal_the_batch(frame, candles, tmp_path) -> None:
    one_day, one_piece = written(frame, tmp_path / "a", 1), written(frame, tmp_path / "b", 30)
    assert one_day.manifest.hash == one_piece.manifest.hash
    table = one_day.columns(["instrument", "ts", "close", *FEATURES])
    assert table.num_rows == one_day.manifest.rows
    for name in (BTC, ETH):
        columns = Columns.of(candles[name])
        expected = batch(list(FEATURES), columns)
        inside = (columns.ts >= one_day.manifest.start) & (columns.ts < one_day.manifest.end)
        found = table.filter(pa.compute.equal(table.column("instrument"), name))
        np.testing.assert_array_equal(found.column("ts").to_numpy(), columns.ts[inside])
        for feature in FEATURES:
            np.testing.assert_allclose(
                found.column(feature).to_numpy(), expected[feature][inside], rtol=0, atol=1e-12, err_msg=feature
            )


def test_files_lie_by_instrument_and_day_and_nothing_half_written_stays(frame, tmp_path) -> None:
    dataset = written(frame, tmp_path / "lake" / "set", 1)
    files = sorted(str(file.relative_to(tmp_path / "lake" / "set")) for file in (tmp_path / "lake").rglob("*.parquet"))
    days = ("2026-01-10", "2026-01-11", "2026-01-12")
    assert files == [f"{name.replace(':', '.')}/{day}.parquet" for name in (BTC, ETH) for day in days]
    assert dataset.columns(["instrument", "ts"]).num_rows == dataset.manifest.rows
    assert [path.name for path in (tmp_path / "lake").iterdir()] == ["set"]


def test_a_task_that_fails_leaves_no_data_set(frame, tmp_path) -> None:
    from pyspark.errors import PySparkException

    doubled = frame.where(f"instrument = '{SPOT}'").union(frame.where(f"instrument = '{SPOT}'"))
    folder = tmp_path / "set"
    with pytest.raises(PySparkException, match="written by two partitions"):
        doubled.write.format("jtrader_lake").mode("append").options(
            path=str(folder), building=str(start_building(folder))
        ).save()
    assert list(tmp_path.iterdir()) == []
    assert read_manifest(folder) is None


def test_a_changed_file_is_noticed(frame, tmp_path) -> None:
    written(frame, tmp_path / "set", 1, ("return_1m",))
    file = next((tmp_path / "set").rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    with pytest.raises(Broken, match="the files were changed"):
        LakeDataset(tmp_path / "set")
