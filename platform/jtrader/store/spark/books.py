"""`spark.read.format("jtrader_books")`: stored order book updates, one row a price level.

Options and filters as for trades. The rows of one update share `received` (ns, wall time of receipt), which is also
their order. `told`: 0 = levels that changed (quantity 0 = gone), 1 = the whole book, 2 = the whole book as it stood
at the hour's start: a compacted hour begins with these, so that its book can be rebuilt from its own rows. They are
missing where a gap reaches into the hour, and after a day without an update: the book is then known from told = 1 on,
as it is after every gap (`depth_gaps`). `side`: 1 bid, -1 ask.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.sql.datasource import DataSource

from jtrader.domain.ids import InstrumentId
from jtrader.store.mongo.hours import HourDocuments
from jtrader.store.spark.hours import HoursPartition, HoursReader, same
from jtrader.store.ticks.depth import concatenated
from jtrader.store.ticks.kinds import Table

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

FORMAT = "jtrader_books"
SCHEMA = (
    "instrument string, ts bigint, received bigint, update_id bigint, told tinyint, side tinyint, price double, "
    "quantity double"
)
OPENING = 2
_OF_UPDATE = ("ts", "received", "update_id")


class BookReader(HoursReader):
    kind = "depth"

    def columns(self, documents: HourDocuments, partition: HoursPartition, hour: int, table: Table) -> dict[str, Any]:
        table = {**table, "told": table["is_snapshot"]}
        instrument = InstrumentId(partition.instrument)
        opening = documents.opening(instrument, hour)
        if opening is not None and partition.start <= hour < partition.end:
            told = {"ts": np.full(1, hour), "told": np.full(1, OPENING)}
            table = concatenated([{**opening, **told}, table])
        return _levels(instrument, table)


class BookSource(DataSource):  # type: ignore[misc]
    @classmethod
    def name(cls) -> str:
        return FORMAT

    def schema(self) -> str:
        return SCHEMA

    def reader(self, schema: "StructType") -> BookReader:
        return BookReader(dict(self.options), schema.fieldNames())


def _levels(instrument: InstrumentId, table: Table) -> dict[str, Any]:
    """Each update's bids, then its asks."""
    updates = np.arange(len(table["ts"]))
    of_level = np.concatenate([np.repeat(updates, table["bids"]), np.repeat(updates, table["asks"])])
    order = np.argsort(of_level, kind="stable")
    of_level = of_level[order]
    sides = np.repeat(np.array([1, -1], np.int8), [len(table["bid_price"]), len(table["ask_price"])])
    return {
        "instrument": same(instrument, len(order)),
        **{name: pa.array(table[name][of_level]) for name in _OF_UPDATE},
        "told": pa.array(table["told"][of_level].astype(np.int8)),
        "side": pa.array(sides[order]),
        "price": pa.array(np.concatenate([table["bid_price"], table["ask_price"]])[order]),
        "quantity": pa.array(np.concatenate([table["bid_quantity"], table["ask_quantity"]])[order]),
    }
