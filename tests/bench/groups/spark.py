"""Trades from MongoDB into Spark, two cores. The limit is the source without Spark: its partitions read one after the
other by Python, on one core."""

import time
from collections.abc import Iterator

from bench import tick_storage
from bench.measure import Job, Row, row
from bench.servers import DATABASE, mongod, spark

INSTRUMENTS, HOURS, PER_HOUR = 4, 4, 150_000


def rows(job: Job) -> Iterator[Row]:
    with mongod() as uri, spark() as session:
        count = tick_storage.store_days(uri, DATABASE, INSTRUMENTS, HOURS, job.size(PER_HOUR, 100), job.seed)
        read = tick_storage.read_with_spark(session, uri, DATABASE)
        assert read["rows"] == count
        note = f"at least 500,000; {count:,} trades into an aggregate; limit: the source read by Python alone, one core"
        yield row("spark.read_trades", read["rows_per_s"], "rows/s", _without_spark(uri, count), note)


def _without_spark(uri: str, count: int) -> float:
    """Rows a second."""
    from pyspark.sql.types import StructType

    from jtrader.store.spark.trades import TradeSource

    source = TradeSource({"url": uri, "database": DATABASE})
    reader = source.reader(StructType.fromDDL(source.schema()))
    best = 0.0
    for _ in range(2):
        began = time.perf_counter()
        rows = sum(batch.num_rows for part in reader.partitions() for batch in reader.read(part))
        assert rows == count
        best = max(best, rows / (time.perf_counter() - began))
    return best
