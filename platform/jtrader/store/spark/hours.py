"""Tick hours for Spark: partitions of one instrument and consecutive hours, cut by how many rows they hold."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import DataSourceReader, Filter, InputPartition

from jtrader.domain.ids import InstrumentId
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.hours import HourDocuments
from jtrader.store.spark.pushdown import Wanted
from jtrader.store.ticks.kinds import Table

PARTITION_ROWS = 2_000_000
BATCH_ROWS = 100_000
"""Of one Arrow batch."""


@dataclass
class HoursPartition(InputPartition):  # type: ignore[misc]
    """One instrument's rows with start ≤ ts < end (ns), which lie in `hours`."""

    instrument: str
    hours: list[int]
    start: int
    end: int


class HoursReader(DataSourceReader, ABC):  # type: ignore[misc]
    """What the readers of one kind have in common; they say how an hour becomes Arrow (`columns`)."""

    kind: str

    def __init__(self, options: dict[str, str], names: Sequence[str]) -> None:
        self._url = options["url"]
        self._database = options["database"]
        self._most_rows = int(options.get("partition_rows", PARTITION_ROWS))
        self._names = list(names)
        self._wanted = Wanted()

    @abstractmethod
    def columns(self, documents: HourDocuments, partition: HoursPartition, hour: int, table: Table) -> dict[str, Any]:
        """Arrow columns by name, of the rows that are wanted of an hour."""

    def pushFilters(self, filters: list[Filter]) -> Iterable[Filter]:  # noqa: N802 (Spark's name)
        return self._wanted.left_over(filters)

    def partitions(self) -> Sequence[HoursPartition]:
        start, end = self._wanted.within(0, 2**63 - 1)
        with Mongo(self._url, self._database) as mongo:
            documents = HourDocuments(mongo, self.kind)
            known = self._wanted.chosen(documents.instruments())
            found = [p for name in known for p in self._parts(name, documents.sizes(name, start, end), start, end)]
        return found or [HoursPartition("", [], 0, 0)]

    def read(self, partition: HoursPartition) -> Iterator[pa.RecordBatch]:
        """An hour at a time; one that is interrupted is asked again, so that no row comes twice."""
        instrument = InstrumentId(partition.instrument)
        with Mongo(self._url, self._database) as mongo:
            documents = HourDocuments(mongo, self.kind)
            for hour in partition.hours:
                table = documents.table(instrument, hour)
                if table is None:
                    continue
                inside = (table["ts"] >= partition.start) & (table["ts"] < partition.end)
                rows = table if inside.all() else documents.kind.take(table, inside)
                columns = self.columns(documents, partition, hour, rows)
                whole = pa.Table.from_pydict({name: columns[name] for name in self._names})
                yield from whole.to_batches(max_chunksize=BATCH_ROWS)

    def _parts(self, instrument: str, sizes: dict[int, int], start: int, end: int) -> Iterator[HoursPartition]:
        hours: list[int] = []
        rows = 0
        for hour, count in sizes.items():
            if hours and rows + count > self._most_rows:
                yield HoursPartition(instrument, hours, start, end)
                hours, rows = [], 0
            hours.append(hour)
            rows += count
        if hours:
            yield HoursPartition(instrument, hours, start, end)


def same(text: str, count: int) -> Any:
    """A column that holds one text."""
    return pa.repeat(pa.scalar(text, pa.string()), count)
