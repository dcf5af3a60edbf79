"""Rows that come one an instrument and time, in MongoDB: a document each, in the order of its key.

A document is `{_id: {instrument: str, ts: int64 ns}}` with the row's other fields under their names, as doubles.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Generic, TypeVar

import bson
import msgspec
import numpy as np
from pymongo import ASCENDING, DESCENDING, InsertOne, ReplaceOne

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import MarketEvent
from jtrader.domain.times import DAY
from jtrader.store.mongo.clustered import between, clustered, flat, key_of
from jtrader.store.mongo.connection import Mongo

Row = TypeVar("Row", bound=MarketEvent)

_PAGE = 10_000
_BATCH = 5_000
_TIME = np.dtype([("size", "<i4"), ("field", "<u4"), ("ts", "<i8"), ("end", "u1")])
"""A document of BSON that has an int64 `ts` only."""
_TS_FIELD = int.from_bytes(b"\x12ts\0", "little")


class MongoSeries(Generic[Row]):
    """SeriesStore of one kind of row. Makes its collection, `<name>_clustered`, when it is made, and moves what an
    earlier version stored into it; every method raises Unavailable when the server is away."""

    def __init__(self, mongo: Mongo, kind: type[Row], name: str) -> None:
        self._mongo = mongo
        self._kind = kind
        self._name = name
        self._rows = clustered(mongo, name)
        self._fields = flat(name for name in kind.__struct_fields__ if name not in ("instrument", "ts"))

    def upsert(self, rows: Sequence[Row]) -> int:
        latest = list({(row.instrument, row.ts): row for row in rows}.values())
        return sum(self._upsert(latest[i : i + _BATCH]) for i in range(0, len(latest), _BATCH))

    def read(self, instrument: InstrumentId, start: int, end: int) -> Iterator[Row]:
        while start < end:
            page = self._page(instrument, start, end)
            yield from page
            if len(page) < _PAGE:
                return
            start = page[-1].ts + 1

    def times(self, instrument: InstrumentId, start: int, end: int) -> Sequence[int]:
        def find() -> list[int]:
            wanted, fields = between(instrument, start, end), {"_id": False, "ts": "$_id.ts"}
            batches: Any = self._rows.find_raw_batches(wanted, fields, sort=[("_id", ASCENDING)])
            return [ts for batch in batches for ts in _times_in(batch)]

        return self._mongo.run(f"{self._name}: times", find)

    def oldest(self, instrument: InstrumentId) -> int | None:
        return self._end_of(instrument, ASCENDING)

    def newest(self, instrument: InstrumentId) -> int | None:
        return self._end_of(instrument, DESCENDING)

    def has_before(self, instrument: InstrumentId, ts: int) -> bool:
        oldest = self.oldest(instrument)
        return oldest is not None and oldest < ts

    def count(self) -> int:
        return self._mongo.run(f"{self._name}: count", lambda: self._rows.count_documents({}))

    def remove(self, instrument: InstrumentId, start: int, end: int) -> int:
        """Removes start ≤ ts < end; returns how many there were."""
        gone = self._mongo.run(f"{self._name}: remove", lambda: self._rows.delete_many(between(instrument, start, end)))
        return gone.deleted_count

    def _upsert(self, batch: Sequence[Row]) -> int:
        """Reads what is there and writes what differs: five times faster than an upsert of every row, and a repeat
        after a lost answer finds its own rows and writes only the rest. Where nothing is there at first, one look
        says so."""
        changes: list[int] = []

        def write() -> None:
            there = {} if not changes and self._is_vacant(batch) else self._stored(batch)
            wanted = [row for row in batch if there.get((row.instrument, row.ts)) != row] if there else batch
            changes.append(len(wanted))
            if wanted and there:
                writes = [_write(row, (row.instrument, row.ts) in there) for row in wanted]
                self._rows.bulk_write(writes, ordered=False)
            elif wanted:
                self._mongo.insert(self._rows, [_document(row) for row in wanted])

        self._mongo.run(self._name, write)
        return changes[0]

    def _is_vacant(self, batch: Sequence[Row]) -> bool:
        """Nothing is stored between the first and the last row of each instrument."""
        spans = (between(name, ts[0], ts[-1] + 1) for name, ts in _runs(batch))
        return all(self._rows.find_one(span, {"_id": True}) is None for span in spans)

    def _stored(self, batch: Sequence[Row]) -> Mapping[tuple[InstrumentId, int], Row]:
        return {
            (row["instrument"], row["ts"]): row_of(self._kind, row)
            for name, ts in _runs(batch)
            for row in self._rows.find(between(name, ts[0], ts[-1] + 1), self._fields)
        }

    def _end_of(self, instrument: InstrumentId, direction: int) -> int | None:
        """The time of the first row in that direction: one look."""

        def find() -> int | None:
            row = self._rows.find_one(between(instrument), {"_id": True}, sort=[("_id", direction)])
            return None if row is None else int(row["_id"]["ts"])

        return self._mongo.run(f"{self._name}: end", find)

    def _page(self, instrument: InstrumentId, start: int, end: int) -> list[Row]:
        def find() -> list[Row]:
            found = self._rows.find(between(instrument, start, end), self._fields).sort("_id", ASCENDING).limit(_PAGE)
            return [row_of(self._kind, row) for row in found]

        return self._mongo.run(self._name, find)


def _times_in(batch: bytes) -> list[int]:
    """Of documents `{ts}` one after the other: all at once where each is an int64, as times since 1970 are."""
    if len(batch) % _TIME.itemsize == 0:
        rows = np.frombuffer(batch, dtype=_TIME)
        if (rows["size"] == _TIME.itemsize).all() and (rows["field"] == _TS_FIELD).all():
            times: list[int] = rows["ts"].tolist()
            return times
    return [int(row["ts"]) for row in bson.decode_all(batch)]


def row_of(kind: type[Row], row: Mapping[str, Any]) -> Row:
    """From its document. The driver's own integer type stays here: nothing else knows how to encode it."""
    made: Any = kind
    values = (row[name] for name in kind.__struct_fields__)
    found: Row = made(*(int(value) if isinstance(value, int) else value for value in values))
    return found


def document(row: MarketEvent) -> dict[str, Any]:
    return msgspec.structs.asdict(row)


def _document(row: MarketEvent) -> dict[str, Any]:
    """Under its key; the fastest of several ways."""
    fields = document(row)
    fields["_id"] = key_of(fields.pop("instrument"), fields.pop("ts"))
    return fields


def _write(row: MarketEvent, there: bool) -> InsertOne[dict[str, Any]] | ReplaceOne[dict[str, Any]]:
    fresh = _document(row)
    return ReplaceOne({"_id": fresh["_id"]}, fresh) if there else InsertOne(fresh)


def _runs(batch: Sequence[MarketEvent]) -> Iterator[tuple[InstrumentId, list[int]]]:
    """Each instrument's times, ascending, cut where more than a day lies between two: a range of them holds little
    else."""
    times: dict[InstrumentId, list[int]] = {}
    for row in batch:
        times.setdefault(row.instrument, []).append(row.ts)
    for name, found in times.items():
        found.sort()
        cuts = [at for at, (one, other) in enumerate(pairwise(found), 1) if other - one > DAY]
        for start, end in pairwise([0, *cuts, len(found)]):
            yield name, found[start:end]
