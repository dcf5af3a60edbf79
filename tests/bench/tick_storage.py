"""Workloads of the tick store: how fast the recorder writes trades, what a stored trade takes, how fast Spark reads.

Each takes the address of a running MongoDB and the name of a database that may be emptied.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pymongo

from bench.processes import cpu_seconds
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Event, Trade
from jtrader.domain.times import DAY, HOUR, MILLISECOND, parse_time
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.ticks import MongoTickStore
from jtrader.store.recorder.intake import Intake
from jtrader.store.recorder.writer import BatchWriter
from jtrader.store.spill.folder import Spill
from jtrader.store.ticks.batch import pack_table
from jtrader.store.ticks.columns import FAST
from jtrader.store.ticks.kinds import KINDS, Table

BTC = InstrumentId("binance_usdm:BTCUSDT")
START = parse_time("2026-01-15T00:00:00Z")
MESSAGE, FLUSH = 20, 20_000
"""Trades of a bus message, and rows that the recorder writes at a time."""
EVER = 2**62


def busy_market(count: int, seed: int = 1, span: int = HOUR) -> Table:
    """Trades of one instrument as columns: bursts within a millisecond, ticks of 0.1, sizes that repeat."""
    rng = np.random.default_rng(seed)
    ts = np.sort(rng.integers(0, span // MILLISECOND, count // 3 + 1)).repeat(3)[:count] * MILLISECOND + START
    ticks = 420_000 + np.cumsum(rng.choice([-3, -1, 0, 0, 0, 0, 1, 3], count))
    sizes = np.where(rng.random(count) < 0.5, rng.choice([1, 2, 5, 10], count), rng.integers(1, 4_000, count))
    return {
        "ts": ts,
        "trade_id": np.arange(1_000_000, 1_000_000 + count),
        "price": ticks / 10,
        "quantity": sizes / 1_000,
        "side": rng.choice(np.array([1, -1]), count),
    }


def recorded_trades(data: Path) -> Iterator[Trade]:
    """The recorded files of numbered trades (`../shared/data`), each instrument's own."""
    for file in sorted(data.glob("trades_binance_*_202[34]*.parquet")):
        market = "_".join(file.stem.split("_")[1:3])
        columns = pq.read_table(file, columns=["ts", "symbol", "trade_id", "price", "amount", "side"]).to_pydict()
        for ts, symbol, number, price, amount, side in zip(*columns.values(), strict=True):
            name = InstrumentId(f"{market}:{symbol}")
            at = round(ts.timestamp() * 1000) * MILLISECOND
            yield Trade(name, at, int(number), price, amount, 1 if side == "buy" else -1)


def record(uri: str, database: str, folder: Path, trades: Sequence[Trade]) -> dict[str, Any]:
    """The recorder's own path from the bus's messages to acknowledged writes: decoding and intake in one thread,
    packing and writing in another, as the process does it."""
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(tuple[Event, ...]).decode
    messages = [encode(trades[first : first + MESSAGE]) for first in range(0, len(trades), MESSAGE)]
    with Mongo(uri, database) as mongo:
        store = MongoTickStore(mongo)
        spill = Spill(folder, 10**8)
        writer = BatchWriter(store, spill)
        intake = Intake(time.time_ns, lambda _: True)
        used, began = cpu_seconds(), time.perf_counter()
        writing: threading.Thread | None = None
        for message in messages:
            told = decode(message)
            intake.see(Trade, told[0].instrument, told, 0)
            if intake.rows >= FLUSH:
                if writing is not None:
                    writing.join()
                writing = threading.Thread(target=_write, args=(writer, intake.take()))
                writing.start()
        if writing is not None:
            writing.join()
        _write(writer, intake.take())
        seconds, used = time.perf_counter() - began, cpu_seconds() - used
        spill.close()
        assert writer.state == "recording"
        assert writer.rows == len(trades)
    return {"trades_per_s": len(trades) / seconds, "cpu_us": used / len(trades) * 1e6, "seconds": seconds}


def compact(uri: str, database: str) -> dict[str, Any]:
    """Packs all that is stored: rows per second, and bytes a trade on disk with its index once that is done."""
    with Mongo(uri, database) as mongo:
        store = MongoTickStore(mongo)
        began = time.perf_counter()
        hours = store.compact(EVER)
        seconds = time.perf_counter() - began
        count = store.count(Trade)
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        client.admin.command("fsync")
        stats = client[database].command("collStats", "trade_hours")
    return {
        "hours": hours,
        "trades": count,
        "rows_per_s": count / seconds,
        "bytes_per_trade": (stats["storageSize"] + stats["totalIndexSize"]) / count,
        "document_bytes_per_trade": stats["size"] / count,
    }


def store_days(uri: str, database: str, instruments: int, hours: int, per_hour: int, seed: int = 1) -> int:
    """Compacted hours of a busy market, for reading; returns how many trades."""
    kind = KINDS["trade"]
    table = busy_market(per_hour, seed)
    with Mongo(uri, database) as mongo:
        store = MongoTickStore(mongo)
        for number in range(instruments):
            name = InstrumentId(f"binance_usdm:SYM{number}")
            for hour in range(hours):
                moved = table | {"ts": table["ts"] + hour * HOUR, "trade_id": table["trade_id"] + hour * per_hour}
                store.write(list(pack_table(kind, name, moved, FAST)))
        store.compact(START + hours * HOUR + DAY)
    return instruments * hours * per_hour


def read_with_spark(spark: Any, uri: str, database: str) -> dict[str, float]:
    """All stored trades through Spark into an aggregate."""
    from pyspark.sql import functions as f

    from jtrader.store.spark.trades import FORMAT, TradeSource

    spark.dataSource.register(TradeSource)
    frame = spark.read.format(FORMAT).options(url=uri, database=database).load()
    best = 0.0
    for _ in range(3):
        began = time.perf_counter()
        [row] = frame.agg(f.count("*"), f.sum("price"), f.sum("quantity"), f.max("ts"), f.max("trade_id")).collect()
        best = max(best, row[0] / (time.perf_counter() - began))
    return {"rows": row[0], "rows_per_s": best}


def events_of(table: Table, instrument: InstrumentId = BTC) -> list[Trade]:
    return KINDS["trade"].events(instrument, table)


def _write(writer: BatchWriter, portions: list[Any]) -> None:
    writer.write([batch for portion in portions for batch in portion.batches()])
