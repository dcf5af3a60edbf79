"""Candles in MongoDB: a document each (`MongoSeries`), with their gaps and what was put aside (`MongoLedger`).

Collection `candles_clustered`: `{_id: {instrument: str, ts: int64 ns (open time)}, open, high, low, close, volume:
double}`.
"""

from typing import Any

import numpy as np

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.store.mongo.clustered import between
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.ledger import MongoLedger
from jtrader.store.mongo.series import MongoSeries

CANDLES = "candles"
VALUES = ("open", "high", "low", "close", "volume")
_PACKED = np.dtype([("ts", "<i8"), *((name, "<f8") for name in VALUES)])


class MongoCandleStore(MongoSeries[Candle], MongoLedger[Candle]):
    """CandleStore on MongoDB. Makes its collections when it is made; raises Unavailable when the server is away."""

    def __init__(self, mongo: Mongo) -> None:
        MongoSeries.__init__(self, mongo, Candle, CANDLES)
        MongoLedger.__init__(self, mongo, Candle, "candle")

    def packed(self, instrument: InstrumentId, start: int, end: int) -> bytes:
        from pymongoarrow.api import find_numpy_all

        def find() -> Any:
            wanted = between(instrument, start, end)
            return find_numpy_all(self._rows, wanted, schema=_schema(), projection=self._fields, sort=[("_id", 1)])

        found = self._mongo.run("candles", find)
        rows = np.empty(len(found["ts"]), dtype=_PACKED)
        for name in _PACKED.names or ():
            rows[name] = found[name]
        return rows.tobytes()


def _schema() -> Any:
    """Importing pymongoarrow takes a second of CPU, so it happens only here."""
    import pyarrow as pa
    from pymongoarrow.api import Schema

    return Schema({"ts": pa.int64()} | dict.fromkeys(VALUES, pa.float64()))
