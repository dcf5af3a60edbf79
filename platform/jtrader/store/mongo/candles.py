"""Candles in MongoDB: one plain document each, unique by (instrument, ts).

Collection `candles`: `{instrument: str, ts: int64 ns (open time), open, high, low, close, volume: double}`.
Collection `candle_gaps`: one document an instrument, `{_id: instrument, version, gaps: [{start, end, cause}]}`.
Collection `candle_quarantine`: a candle document with `reason`, unique by (instrument, ts).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from pymongo import ASCENDING, InsertOne, ReplaceOne

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.ports.stores import Gap
from jtrader.store.gaps import outside
from jtrader.store.mongo.connection import Mongo

CANDLES = "candles"
GAPS = "candle_gaps"
QUARANTINE = "candle_quarantine"
VALUES = ("open", "high", "low", "close", "volume")

_KEY = [("instrument", ASCENDING), ("ts", ASCENDING)]
_FIELDS = {"_id": False, "instrument": True, "ts": True, **dict.fromkeys(VALUES, True)}
_PAGE = 10_000
_BATCH = 2_000


class MongoCandleStore:
    """CandleStore on MongoDB. Creates its indexes when it is made; raises Unavailable when the server is away."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._candles = mongo.collection(CANDLES)
        self._gaps = mongo.collection(GAPS)
        self._quarantine = mongo.collection(QUARANTINE)
        for collection in (self._candles, self._quarantine):
            mongo.run("indexes", lambda c=collection: c.create_index(_KEY, unique=True))  # type: ignore[misc]

    def upsert(self, candles: Sequence[Candle]) -> int:
        latest = list({(c.instrument, c.ts): c for c in candles}.values())
        return sum(self._upsert(latest[i : i + _BATCH]) for i in range(0, len(latest), _BATCH))

    def read(self, instrument: InstrumentId, start: int, end: int) -> Iterator[Candle]:
        while start < end:
            page = self._page(instrument, start, end)
            yield from page
            if len(page) < _PAGE:
                return
            start = page[-1].ts + 1

    def times(self, instrument: InstrumentId, start: int, end: int) -> Sequence[int]:
        def find() -> list[int]:
            found = self._candles.find(_range(instrument, start, end), {"_id": False, "ts": True}).sort("ts", ASCENDING)
            return [int(row["ts"]) for row in found]

        return self._mongo.run("times", find)

    def count(self) -> int:
        return self._mongo.run("count", lambda: self._candles.count_documents({}))

    def quarantine(self, candle: Candle, reason: str) -> None:
        row = {**_document(candle), "reason": reason}
        self._mongo.run("quarantine", lambda: self._quarantine.replace_one(_key(candle), row, upsert=True))

    def record_gaps(self, instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]) -> None:
        self._mongo.run("gaps", lambda: self._record_gaps(instrument, start, end, gaps))

    def gaps(self) -> Sequence[Gap]:
        rows = self._mongo.run("gaps", lambda: list(self._gaps.find().sort("_id", ASCENDING)))
        return [_gap(row["_id"], gap) for row in rows for gap in row["gaps"]]

    def _upsert(self, batch: Sequence[Candle]) -> int:
        """Reads what is there and writes what differs: five times faster than an upsert of every row, and a repeat
        after a lost answer finds its own rows and writes only the rest."""
        changes: list[int] = []

        def write() -> None:
            there = self._stored(batch)
            wanted = [c for c in batch if there.get((c.instrument, c.ts)) != c]
            changes.append(len(wanted))
            if wanted:
                self._candles.bulk_write([_write(c, (c.instrument, c.ts) in there) for c in wanted], ordered=False)

        self._mongo.run("candles", write)
        return changes[0]

    def _stored(self, batch: Sequence[Candle]) -> Mapping[tuple[InstrumentId, int], Candle]:
        times: dict[InstrumentId, list[int]] = {}
        for candle in batch:
            times.setdefault(candle.instrument, []).append(candle.ts)
        return {
            (row["instrument"], row["ts"]): _candle(row)
            for instrument, ts in times.items()
            for row in self._candles.find({"instrument": instrument, "ts": {"$in": ts}}, _FIELDS)
        }

    def _page(self, instrument: InstrumentId, start: int, end: int) -> list[Candle]:
        def find() -> list[Candle]:
            found = self._candles.find(_range(instrument, start, end), _FIELDS).sort("ts", ASCENDING).limit(_PAGE)
            return [_candle(row) for row in found]

        return self._mongo.run("candles", find)

    def _record_gaps(self, instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]) -> None:
        """Replaces the document if nobody else did meanwhile: otherwise its key is taken, and it is tried again."""
        row = self._gaps.find_one({"_id": instrument}) or {"version": 0, "gaps": []}
        kept = outside((_gap(instrument, gap) for gap in row["gaps"]), start, end)
        merged = sorted([*kept, *gaps], key=lambda gap: gap.start)
        fresh = {"version": row["version"] + 1, "gaps": [_gap_document(gap) for gap in merged]}
        self._gaps.replace_one({"_id": instrument, "version": row["version"]}, fresh, upsert=True)


def _write(candle: Candle, there: bool) -> InsertOne[dict[str, Any]] | ReplaceOne[dict[str, Any]]:
    row = _document(candle)
    return ReplaceOne(_key(candle), row) if there else InsertOne(row)


def _key(candle: Candle) -> dict[str, Any]:
    return {"instrument": candle.instrument, "ts": candle.ts}


def _candle(row: Mapping[str, Any]) -> Candle:
    """The driver's own integer type stays here: nothing else knows how to encode it."""
    return Candle(row["instrument"], int(row["ts"]), *(row[name] for name in VALUES))


def _document(candle: Candle) -> dict[str, Any]:
    return msgspec.structs.asdict(candle)


def _gap(instrument: InstrumentId, row: Mapping[str, Any]) -> Gap:
    return Gap(instrument=instrument, start=int(row["start"]), end=int(row["end"]), cause=row["cause"])


def _gap_document(gap: Gap) -> dict[str, Any]:
    return {"start": gap.start, "end": gap.end, "cause": gap.cause}


def _range(instrument: InstrumentId, start: int, end: int) -> dict[str, Any]:
    return {"instrument": instrument, "ts": {"$gte": start, "$lt": end}}
