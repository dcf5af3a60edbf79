"""Recorded holes in MongoDB: a document each, `{instrument: str, start, end: int64 ns, cause: str}`, and one an
instrument, `{_id: instrument, version}`, whose change keeps writers of the same instrument apart.

Once the second held all of an instrument's holes in `gaps`; what still does is taken apart at the first use.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from jtrader.domain.ids import InstrumentId
from jtrader.ports.stores import FOREVER, Gap
from jtrader.store.gaps import outside
from jtrader.store.mongo.connection import Mongo

_KEY = [("instrument", ASCENDING), ("end", ASCENDING), ("start", ASCENDING)]
"""By the end: what is asked for is mostly recent, and what ended before it is passed over."""
_OLD_FORM = {"_id": {"$type": "string"}, "gaps": {"$exists": True}}


class MongoGaps:
    """Safe to use from several threads; every method raises Unavailable, Broken."""

    def __init__(self, mongo: Mongo, collection: str) -> None:
        self._mongo = mongo
        self._rows = mongo.collection(collection)
        self._is_ready = False

    def record(self, instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]) -> None:
        """Replaces what was recorded for the range; writes what differs only."""
        self._get_ready()
        range_ = _overlapping(instrument, start, end)

        def replace(session: ClientSession) -> None:
            self._hold(instrument, session)
            there = self._find(range_, session)
            wanted = _replaced(there, start, end, gaps)
            gone = [there[gap] for gap in there.keys() - wanted]
            self._rows.delete_many({"_id": {"$in": gone}}, session=session)
            self._insert(wanted - there.keys(), session)

        there = self._mongo.run("gaps", lambda: self._find(range_))
        if there.keys() != _replaced(there, start, end, gaps):
            self._mongo.transaction("gaps", replace)

    def between(self, instrument: InstrumentId | None = None, start: int = 0, end: int = FOREVER) -> list[Gap]:
        """Those that reach into [start, end), of one instrument or of all, by instrument and time."""
        self._get_ready()
        return list(self._mongo.run("gaps", lambda: self._find(_overlapping(instrument, start, end))))

    def _find(self, wanted: Mapping[str, Any], session: ClientSession | None = None) -> dict[Gap, Any]:
        """Each with its document's id."""
        return {_gap(row): row["_id"] for row in self._rows.find(wanted, session=session).sort(_KEY)}

    def _hold(self, instrument: str, session: ClientSession) -> None:
        """Another writer of this instrument fails at this, and begins anew once the transaction is over."""
        self._rows.update_one({"_id": instrument}, {"$inc": {"version": 1}}, upsert=True, session=session)

    def _insert(self, gaps: Iterable[Gap], session: ClientSession) -> None:
        if rows := [msgspec.to_builtins(gap) for gap in gaps]:
            self._rows.insert_many(rows, session=session)

    def _get_ready(self) -> None:
        if self._is_ready:
            return
        self._mongo.run("indexes", lambda: self._rows.create_index(_KEY))
        for old in self._mongo.run("gaps", lambda: list(self._rows.find(_OLD_FORM, {"_id": True}))):
            self._take_apart(InstrumentId(old["_id"]))
        self._is_ready = True

    def _take_apart(self, instrument: InstrumentId) -> None:
        def split(session: ClientSession) -> None:
            self._hold(instrument, session)
            old = self._rows.find_one_and_update({"_id": instrument}, {"$unset": {"gaps": True}}, session=session)
            rows = old.get("gaps", ()) if old else ()
            self._insert([_gap({**row, "instrument": instrument}) for row in rows], session)

        self._mongo.transaction("gaps", split)


def _replaced(there: Iterable[Gap], start: int, end: int, gaps: Iterable[Gap]) -> set[Gap]:
    return {*outside(there, start, end), *gaps}


def _overlapping(instrument: InstrumentId | None, start: int, end: int) -> dict[str, Any]:
    """Of all instruments, where none is named: the field's presence tells a hole from what keeps writers apart."""
    return {"instrument": instrument or {"$gt": ""}, "end": {"$gt": start}, "start": {"$lt": end}}


def _gap(row: Mapping[str, Any]) -> Gap:
    return Gap(
        instrument=InstrumentId(row["instrument"]), start=int(row["start"]), end=int(row["end"]), cause=row["cause"]
    )
