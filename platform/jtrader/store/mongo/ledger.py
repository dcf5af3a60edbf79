"""What a crawl knows of one kind of data, in MongoDB, beside its rows.

Collection `<kind>_gaps`: see `MongoGaps`. Collection `<kind>_asked`: one document an instrument, `{_id: instrument,
version, ranges: [[start, end]]}`. Collection `<kind>_quarantine`: a row's own fields with `asked` (the instrument
that was asked for), `digest` (of the row), `reason` and, once a good one took its place, `replaced` with the good one's
values; unique by asked, ts and digest.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from pymongo import ASCENDING, UpdateMany
from pymongo.errors import OperationFailure

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import MarketEvent
from jtrader.domain.times import Span
from jtrader.ports.stores import FOREVER, Aside, Gap
from jtrader.store.fingerprint import fingerprint
from jtrader.store.gaps import united
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.gaps import MongoGaps
from jtrader.store.mongo.series import document, row_of

_KEY = [("asked", ASCENDING), ("ts", ASCENDING), ("digest", ASCENDING)]
_INDEX = "asked_ts_digest"

Row = TypeVar("Row", bound=MarketEvent)


class MongoLedger(Generic[Row]):
    """CrawlLedger on MongoDB. Creates its index when it is made; safe to use from several threads."""

    def __init__(self, mongo: Mongo, kind: type[Row], name: str) -> None:
        """`name` begins the collections' names, for example `trade`."""
        self._mongo = mongo
        self._kind = kind
        self._gaps = MongoGaps(mongo, f"{name}_gaps")
        self._asked = mongo.collection(f"{name}_asked")
        self._quarantine = mongo.collection(f"{name}_quarantine")
        mongo.run("indexes", self._prepare)

    def asked(self, instrument: InstrumentId) -> Sequence[Span]:
        row = self._mongo.run("asked ranges", lambda: self._asked.find_one({"_id": instrument}))
        return _ranges(row)

    def record_asked(self, instrument: InstrumentId, start: int, end: int) -> None:
        self._mongo.run("asked ranges", lambda: self._change(instrument, lambda asked: [*asked, Span(start, end)]))

    def forget(self, instrument: InstrumentId, before: int) -> None:
        def cut(asked: list[Span]) -> list[Span]:
            return [Span(max(start, before), end) for start, end in asked if end > before]

        self._mongo.run("asked ranges", lambda: self._change(instrument, cut))
        self._gaps.record(instrument, 0, before, [])

    def record_gaps(self, instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]) -> None:
        self._gaps.record(instrument, start, end, gaps)

    def gaps(self, instrument: InstrumentId | None = None, start: int = 0, end: int = FOREVER) -> Sequence[Gap]:
        return self._gaps.between(instrument, start, end)

    def quarantine(self, row: Row, reason: str, asked: InstrumentId | None = None) -> None:
        key = {"asked": asked or row.instrument, "ts": row.ts, "digest": fingerprint(row)}
        fresh = {"$set": {**document(row), "reason": reason}}
        self._mongo.run("quarantine", lambda: self._quarantine.update_one(key, fresh, upsert=True))

    def aside(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Aside[Row]]:
        wanted = {"asked": instrument, "ts": {"$gte": start, "$lt": end}}
        rows = self._mongo.run("quarantine", lambda: list(self._quarantine.find(wanted).sort(_KEY)))
        return [self._aside(row) for row in rows]

    def replace(self, good: Sequence[Row]) -> None:
        told = [
            UpdateMany({"asked": row.instrument, "ts": row.ts}, {"$set": {"replaced": document(row)}}) for row in good
        ]
        if told:
            self._mongo.run("quarantine", lambda: self._quarantine.bulk_write(told, ordered=False))

    def _change(self, instrument: InstrumentId, change: Callable[[list[Span]], list[Span]]) -> None:
        """Replaces the document if nobody else did meanwhile: otherwise its key is taken, and it is tried again."""
        row = self._asked.find_one({"_id": instrument}) or {"version": 0, "ranges": []}
        fresh = {"version": row["version"] + 1, "ranges": [list(one) for one in united(change(_ranges(row)))]}
        self._asked.replace_one({"_id": instrument, "version": row["version"]}, fresh, upsert=True)

    def _prepare(self) -> None:
        """Where the index is not there yet, so are neither `asked` nor `digest` in what earlier versions put aside; it
        comes last, so that what is cut short is done again."""
        known = self._quarantine.index_information()
        if _INDEX in known:
            return
        for old in self._quarantine.find({"asked": {"$exists": False}}):
            named = {"asked": old["instrument"], "digest": fingerprint(row_of(self._kind, old))}
            self._quarantine.update_one({"_id": old["_id"]}, {"$set": named})
        for name in known.keys() - {"_id_"}:
            with contextlib.suppress(OperationFailure):  # another process drops it, too
                self._quarantine.drop_index(name)
        self._quarantine.create_index(_KEY, unique=True, name=_INDEX)

    def _aside(self, row: Mapping[str, Any]) -> Aside[Row]:
        replaced = row.get("replaced")
        return Aside(
            row=row_of(self._kind, row),
            reason=row["reason"],
            replaced=row_of(self._kind, replaced) if replaced else None,
        )


def _ranges(row: Mapping[str, Any] | None) -> list[Span]:
    return [Span(int(start), int(end)) for start, end in row["ranges"]] if row else []
