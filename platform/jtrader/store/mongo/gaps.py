"""Recorded holes in MongoDB: one document an instrument, `{_id: instrument, version, gaps: [{start, end, cause}]}`."""

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import ASCENDING

from jtrader.domain.ids import InstrumentId
from jtrader.ports.stores import Gap
from jtrader.store.gaps import outside
from jtrader.store.mongo.connection import Mongo


class MongoGaps:
    def __init__(self, mongo: Mongo, collection: str) -> None:
        self._mongo = mongo
        self._rows = mongo.collection(collection)

    def record(self, instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]) -> None:
        """Replaces what was recorded for the range. Raises Unavailable."""
        self._mongo.run("gaps", lambda: self._record(instrument, start, end, gaps))

    def all(self) -> list[Gap]:
        rows = self._mongo.run("gaps", lambda: list(self._rows.find().sort("_id", ASCENDING)))
        return [_gap(row["_id"], gap) for row in rows for gap in row["gaps"]]

    def _record(self, instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]) -> None:
        """Replaces the document if nobody else did meanwhile: otherwise its key is taken, and it is tried again."""
        row = self._rows.find_one({"_id": instrument}) or {"version": 0, "gaps": []}
        kept = outside((_gap(instrument, gap) for gap in row["gaps"]), start, end)
        merged = sorted([*kept, *gaps], key=lambda gap: gap.start)
        fresh = {"version": row["version"] + 1, "gaps": [_document(gap) for gap in merged]}
        self._rows.replace_one({"_id": instrument, "version": row["version"]}, fresh, upsert=True)


def _gap(instrument: InstrumentId, row: Mapping[str, Any]) -> Gap:
    return Gap(instrument=instrument, start=int(row["start"]), end=int(row["end"]), cause=row["cause"])


def _document(gap: Gap) -> dict[str, Any]:
    return {"start": gap.start, "end": gap.end, "cause": gap.cause}
