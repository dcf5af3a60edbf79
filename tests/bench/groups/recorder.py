"""The recorder into a real mongod: how fast trades are written, and what a trade takes once its hour is packed.

The limit of the first is pymongo alone, inserting the same documents; of the second, the same columns as Parquet with
zstd. Trades are recorded ones where the recorded data stand beside the checkout, else made with the same statistics.
"""

import io
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pymongo

from bench import tick_storage
from bench.measure import Job, Row, row
from bench.servers import DATABASE, folder, mongod
from jtrader.app.settings import CHECKOUT
from jtrader.domain.market import Trade

RECORDED = CHECKOUT.parent / "shared" / "data"
TRADES = 1_000_000
STORED = 200_000
"""Trades of the second figure, where none are recorded."""
ROUNDS = 3


def rows(job: Job) -> Iterator[Row]:
    with mongod() as uri, folder() as place:
        trades = tick_storage.events_of(tick_storage.busy_market(job.size(TRADES, 500), job.seed))
        found = [_record(uri, f"speed{number}", place / f"speed{number}", trades) for number in range(ROUNDS)]
        best = max(found, key=lambda one: one["trades_per_s"])
        alone = max(_pymongo_alone(uri, "speed0", len(trades)) for _ in range(ROUNDS))
        note = f"at least 200,000; {best['cpu_us']:.2f} us CPU a trade; limit: pymongo alone, the same documents"
        yield row("recorder.trades", best["trades_per_s"], "trades/s", alone, note)
        yield _size(uri, place, job)


def _record(uri: str, database: str, place: Path, trades: Sequence[Trade]) -> dict[str, Any]:
    place.mkdir()
    return tick_storage.record(uri, database, place, trades)


def _pymongo_alone(uri: str, database: str, count: int) -> float:
    """Trades a second of the documents that were written, inserted anew as they are."""
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        documents = list(client[database]["trade_tail"].find())
        assert sum(one["count"] for one in documents) == count
        fresh = client[database]["again"]
        fresh.drop()
        began = time.perf_counter()
        for first in range(0, len(documents), 100):
            fresh.insert_many(documents[first : first + 100], ordered=False)
        return count / (time.perf_counter() - began)


def _size(uri: str, place: Path, job: Job) -> Row:
    trades = list(tick_storage.recorded_trades(RECORDED))[: job.size(200_000, 500)]
    where = "recorded trades"
    if not trades:
        trades = tick_storage.events_of(tick_storage.busy_market(job.size(STORED, 500), job.seed))
        where = "trades made from a seed"
    _record(uri, DATABASE, place / "size", trades)
    packed = tick_storage.compact(uri, DATABASE)
    note = f"at most 15; {packed['trades']:,} {where}, {packed['hours']} hours; limit: Parquet with zstd"
    return row("recorder.bytes_per_trade", packed["bytes_per_trade"], "B", _parquet(trades) / len(trades), note)


def _parquet(trades: Sequence[Trade]) -> int:
    columns = {name: [getattr(one, name) for one in trades] for name in Trade.__struct_fields__}
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, compression="zstd")
    return len(file.getvalue())
