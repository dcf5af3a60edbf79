"""`spark.read.format("jtrader_candles")`: MongoDB candles, partitioned by instrument and time, as Arrow batches.

Options: `url` (Spark redacts options of that name), `database`, `partition_days` (default 5). Filters on instrument and
ts (see `Wanted`) are answered by MongoDB's keys and not repeated by Spark; other filters stay with Spark. Needs
spark.sql.python.filterPushdown.enabled. Workers wait for a server that goes away, as the store does.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceReader, Filter, InputPartition

from jtrader.domain.times import DAY
from jtrader.store.mongo.candles import CANDLES, VALUES
from jtrader.store.mongo.clustered import between, flat, instruments_in, readable, rows_of
from jtrader.store.mongo.connection import Mongo
from jtrader.store.spark.pushdown import Wanted

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

FORMAT = "jtrader_candles"
SCHEMA = "instrument string, ts bigint, open double, high double, low double, close double, volume double"
PAGE = DAY
"""How much of a partition is read and kept at a time, ns."""

_ARROW = {"instrument": pa.string(), "ts": pa.int64()} | dict.fromkeys(VALUES, pa.float64())


@dataclass
class CandlePartition(InputPartition):  # type: ignore[misc]
    """One instrument's minutes in [start, end) ns."""

    instrument: str
    start: int
    end: int


class CandleReader(DataSourceReader):  # type: ignore[misc]
    def __init__(self, url: str, database: str, partition_ns: int, names: Sequence[str]) -> None:
        self._url = url
        self._database = database
        self._partition_ns = partition_ns
        self._names = list(names)
        self._wanted = Wanted()

    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:  # noqa: N802 (Spark's name)
        return self._wanted.left_over(filters)

    def partitions(self) -> Sequence[CandlePartition]:
        with Mongo(self._url, self._database) as mongo:
            rows = readable(mongo, CANDLES)
            known = mongo.run("instruments", lambda: list(instruments_in(rows)))
            parts = [part for name in self._wanted.chosen(known) for part in self._parts(mongo, name)]
        return parts or [CandlePartition("", 0, 0)]

    def read(self, partition: CandlePartition) -> Iterator[pa.RecordBatch]:
        """A day at a time; a page that is interrupted is asked again, so that no row comes twice."""
        with Mongo(self._url, self._database) as mongo:
            for start in range(partition.start, partition.end, PAGE):
                rows = _page(mongo, partition.instrument, start, min(start + PAGE, partition.end))
                yield from rows.select(self._names).to_batches()

    def _parts(self, mongo: Mongo, instrument: str) -> list[CandlePartition]:
        """Pieces that start at whole multiples of the partition length, whatever the filters are."""
        stored = _bounds(mongo, instrument)
        if stored is None:
            return []
        start, end = self._wanted.within(*stored)
        borders = [start, *range((start // self._partition_ns + 1) * self._partition_ns, end, self._partition_ns), end]
        pairs = itertools.pairwise(borders)
        return [CandlePartition(instrument, low, high) for low, high in pairs if low < high]


class CandleSource(DataSource):  # type: ignore[misc]
    @classmethod
    def name(cls) -> str:
        return FORMAT

    def schema(self) -> str:
        return SCHEMA

    def reader(self, schema: "StructType") -> CandleReader:
        days = float(self.options.get("partition_days", "5"))
        return CandleReader(self.options["url"], self.options["database"], int(days * DAY), schema.fieldNames())


def _bounds(mongo: Mongo, instrument: str) -> tuple[int, int] | None:
    """[first stored minute, last stored minute + 1 ns), or None where nothing is stored."""

    rows = rows_of(mongo, CANDLES)

    def end_of(direction: int) -> int | None:
        row = rows.find_one(between(instrument), {"_id": True}, sort=[("_id", direction)])
        return None if row is None else int(row["_id"]["ts"])

    first = mongo.run("first candle", lambda: end_of(1))
    last = mongo.run("last candle", lambda: end_of(-1))
    return None if first is None or last is None else (first, last + 1)


def _page(mongo: Mongo, instrument: str, start: int, end: int) -> pa.Table:
    from pymongoarrow.api import Schema, find_arrow_all

    def find() -> Any:
        return find_arrow_all(
            rows_of(mongo, CANDLES),
            between(instrument, start, end),
            schema=Schema(_ARROW),
            projection=flat(VALUES),
            sort=[("_id", 1)],
        )

    return mongo.run("candles", find)
