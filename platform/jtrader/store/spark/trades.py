"""`spark.read.format("jtrader_trades")`: stored trades, each once, by instrument and hour in order of (ts, id).

Options: `url` (Spark redacts options of that name), `database`, `partition_rows` (default 2,000,000). Filters on
instrument and ts (see `Wanted`) are answered by MongoDB's index and not repeated by Spark. Needs
spark.sql.python.filterPushdown.enabled. `trade_id` where the venue numbers its trades, else `trade_text`; `side` is the
taker's: 1 buy, -1 sell.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.sql.datasource import DataSource

from jtrader.store.mongo.hours import HourDocuments
from jtrader.store.spark.hours import HoursPartition, HoursReader, same
from jtrader.store.ticks.kinds import Table

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

FORMAT = "jtrader_trades"
SCHEMA = "instrument string, ts bigint, trade_id bigint, trade_text string, price double, quantity double, side tinyint"


class TradeReader(HoursReader):
    kind = "trade"

    def columns(self, documents: HourDocuments, partition: HoursPartition, hour: int, table: Table) -> dict[str, Any]:  # noqa: ARG002
        count, ids = len(table["ts"]), table["trade_id"]
        is_numbered = ids.dtype == np.int64
        return {
            "instrument": same(partition.instrument, count),
            "ts": pa.array(table["ts"]),
            "trade_id": pa.array(ids) if is_numbered else pa.nulls(count, pa.int64()),
            "trade_text": pa.nulls(count, pa.string()) if is_numbered else pa.array(map(str, ids), pa.string()),
            "price": pa.array(table["price"]),
            "quantity": pa.array(table["quantity"]),
            "side": pa.array(table["side"].astype(np.int8)),
        }


class TradeSource(DataSource):  # type: ignore[misc]
    @classmethod
    def name(cls) -> str:
        return FORMAT

    def schema(self) -> str:
        return SCHEMA

    def reader(self, schema: "StructType") -> TradeReader:
        return TradeReader(dict(self.options), schema.fieldNames())
