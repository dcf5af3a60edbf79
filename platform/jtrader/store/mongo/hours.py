"""Ticks of one kind in two collections: `<kind>_tail`, one document a batch as it came, and `<kind>_hours`, one
document an instrument and hour (more where one would be too large), into which compaction packs the tail.

A document is `{instrument, hour: int64 ns, count, start, end: int64 ns, first_id, last_id: int64, columns: {name:
bytes}}` (see `TickBatch`). A tail's also has `first` (its lowest trade id, or its first venue time) and `digest`, and
is unique by (instrument, hour, first, digest). An hour's has `part` and, for books, `opening`: the book as it stood
at the hour's start, as the columns of one snapshot, where it was known; it is unique by (instrument, hour, part).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth
from jtrader.domain.times import DAY, HOUR
from jtrader.store.mongo.connection import Mongo
from jtrader.store.ticks.batch import TickBatch, pack_hour
from jtrader.store.ticks.columns import SMALL
from jtrader.store.ticks.depth import book_after, concatenated
from jtrader.store.ticks.kinds import KINDS, Table

MOST_BYTES = 8 * 1024 * 1024
"""Of the columns of one document: MongoDB takes 16 MB."""

CARRIED = DAY
"""How long without an update a book is taken to stand still."""

_TAIL_KEY = [("instrument", 1), ("hour", 1), ("first", 1), ("digest", 1)]
_HOUR_KEY = [("instrument", 1), ("hour", 1), ("part", 1)]
_AGE_KEY = [("hour", 1), ("instrument", 1)]
"""What is over, of all instruments: to be packed, or to be forgotten."""
_DUPLICATE = 11000

Row = Mapping[str, Any]


class HourDocuments:
    """The documents of one kind. Every method raises Unavailable, Broken."""

    def __init__(self, mongo: Mongo, kind: str) -> None:
        self.kind = KINDS[kind]
        self.tail = mongo.collection(f"{kind}_tail")
        self.hours = mongo.collection(f"{kind}_hours")
        self._mongo = mongo
        self._is_indexed = False

    def insert(self, batches: Sequence[TickBatch]) -> None:
        """What is there already stays as it is."""
        self._make_indexes()
        rows = [_tail_row(batch) for batch in batches]

        def insert() -> None:
            try:
                self.tail.insert_many([dict(row) for row in rows], ordered=False)
            except BulkWriteError as error:
                faults = error.details.get("writeErrors", ())
                if error.details.get("writeConcernErrors") or any(fault["code"] != _DUPLICATE for fault in faults):
                    raise

        self._mongo.run(f"{self.kind.name} ticks", insert)

    def hours_between(self, instrument: InstrumentId, start: int, end: int) -> list[int]:
        """Hours with rows, ascending, that reach into [start, end)."""
        wanted = {"instrument": instrument, "hour": {"$gt": start - HOUR, "$lt": end}}

        def find() -> list[int]:
            found = (collection.distinct("hour", wanted) for collection in (self.tail, self.hours))
            return sorted({int(hour) for hour in chain.from_iterable(found)})

        return self._mongo.run("hours", find)

    def newest_hour(self, instrument: InstrumentId, before: int = 2**62) -> int | None:
        """The last hour with rows that starts before `before`."""
        wanted = {"instrument": instrument, "hour": {"$lt": before}}

        def find() -> int | None:
            rows = [c.find_one(wanted, {"hour": True}, sort=[("hour", -1)]) for c in (self.tail, self.hours)]
            return max((int(row["hour"]) for row in rows if row is not None), default=None)

        return self._mongo.run("newest hour", find)

    def instruments(self) -> set[str]:
        """All that have rows."""

        def find() -> set[str]:
            return {name for collection in (self.tail, self.hours) for name in collection.distinct("instrument")}

        return self._mongo.run("instruments", find)

    def sizes(self, instrument: str, start: int, end: int) -> dict[int, int]:
        """Hour → number of rows (overlapping batches count twice), ascending, of hours that reach into [start, end)."""
        pipeline: list[dict[str, Any]] = [
            {"$match": {"instrument": instrument, "hour": {"$gt": start - HOUR, "$lt": end}}},
            {"$group": {"_id": "$hour", "count": {"$sum": "$count"}}},
        ]

        def add() -> dict[int, int]:
            found: Counter[int] = Counter()
            for row in chain(self.tail.aggregate(pipeline), self.hours.aggregate(pipeline)):
                found[int(row["_id"])] += int(row["count"])
            return dict(sorted(found.items()))

        return self._mongo.run("hours", add)

    def rows(self, instrument: InstrumentId, hours: Sequence[int], fields: Sequence[str] = ()) -> list[dict[str, Any]]:
        """The documents of whole hours, the tail's first; `fields` = only some, by their paths."""
        wanted = {"instrument": instrument, "hour": {"$in": list(hours)}}
        projection = dict.fromkeys(fields, True) or None

        def find() -> list[dict[str, Any]]:
            # in this order: what a compaction moves meanwhile is then seen twice rather than not at all
            tail = list(self.tail.find(wanted, projection))
            return tail + list(self.hours.find(wanted, projection).sort(_HOUR_KEY))

        return self._mongo.run(f"{self.kind.name} ticks", find)

    def table(self, instrument: InstrumentId, hour: int) -> Table | None:
        """All rows of an hour, each once and in order."""
        rows = self.rows(instrument, [hour])
        return self.kind.merge([self._table(row) for row in rows]) if rows else None

    def opening(self, instrument: InstrumentId, hour: int) -> Table | None:
        """The book at the start of a compacted hour."""
        row = self._mongo.run(
            "opening", lambda: self.hours.find_one({**_key(instrument, hour), "part": 0}, {"opening": True})
        )
        opening = row.get("opening") if row else None
        return self.kind.unpack(opening, 1) if opening else None

    def count(self) -> int:
        total: list[dict[str, Any]] = [{"$group": {"_id": None, "count": {"$sum": "$count"}}}]

        def add() -> int:
            return sum(int(row["count"]) for c in (self.tail, self.hours) for row in c.aggregate(total))

        return self._mongo.run("count", add)

    def forget(self, before: int) -> int:
        """Removes the documents of hours that are over by `before`; returns how many there were."""
        self._make_indexes()
        old = {"hour": {"$lte": before - HOUR}}
        gone = (self._mongo.run("old hours", lambda c=c: c.delete_many(old)) for c in (self.tail, self.hours))  # type: ignore[misc]
        return sum(one.deleted_count for one in gone)

    def waiting(self, before: int) -> list[tuple[int, InstrumentId]]:
        """(hour, instrument) of what can be compacted, ascending: hours that are over by `before` and have a tail."""
        self._make_indexes()
        pipeline: list[dict[str, Any]] = [
            {"$match": {"hour": {"$lte": before - HOUR}}},
            {"$group": {"_id": {"hour": "$hour", "instrument": "$instrument"}}},
        ]
        found = self._mongo.run("tail", lambda: list(self.tail.aggregate(pipeline)))
        return sorted((int(row["_id"]["hour"]), row["_id"]["instrument"]) for row in found)

    def follower(self, instrument: InstrumentId, hour: int) -> int | None:
        """The next hour with rows, if its book can go on from that of `hour`."""
        wanted = {"instrument": instrument, "hour": {"$gt": hour, "$lte": hour + CARRIED}}

        def find() -> int | None:
            rows = [c.find_one(wanted, {"hour": True}, sort=[("hour", 1)]) for c in (self.tail, self.hours)]
            return min((int(row["hour"]) for row in rows if row is not None), default=None)

        return self._mongo.run("next hour", find)

    def compact(self, instrument: InstrumentId, hour: int, is_book_known: bool = True) -> bool:
        """Packs one hour; True where its documents changed. `is_book_known`: whether no gap reaches into its start."""
        self._make_indexes()
        return self._mongo.transaction(
            "compaction", lambda session: self._compact(session, instrument, hour, is_book_known)
        )

    def _compact(self, session: ClientSession, instrument: InstrumentId, hour: int, is_book_known: bool) -> bool:
        tail = list(self.tail.find(_key(instrument, hour), session=session))
        there = self._parts(session, instrument, hour)
        if not tail and not there:
            return False
        table = self.kind.merge([self._table(row) for row in (*there, *tail)])
        fresh = [_hour_row(batch, part) for part, batch in enumerate(self._packed(instrument, hour, table))]
        has_opening = self.kind.event is Depth and is_book_known
        opening = self._closing(session, instrument, hour) if has_opening else None
        if opening is not None:
            fresh[0]["opening"] = self.kind.pack(opening, SMALL)
        is_changed = [_content(row) for row in there] != [_content(row) for row in fresh]
        if is_changed:
            for row in fresh:
                self.hours.replace_one(
                    {**_key(instrument, hour), "part": row["part"]}, row, upsert=True, session=session
                )
            self.hours.delete_many({**_key(instrument, hour), "part": {"$gte": len(fresh)}}, session=session)
        if tail:
            self.tail.delete_many({"_id": {"$in": [row["_id"] for row in tail]}}, session=session)
        return is_changed

    def _closing(self, session: ClientSession, instrument: InstrumentId, before: int) -> Table | None:
        """The book as the last compacted hour before `before` leaves it: in hours without updates it stands still."""
        wanted = {"instrument": instrument, "hour": {"$lt": before, "$gte": before - CARRIED}}
        last = self.hours.find_one(wanted, {"hour": True}, sort=[("hour", -1)], session=session)
        if last is None:
            return None
        rows = self._parts(session, instrument, int(last["hour"]))
        opening = rows[0].get("opening")
        tables = [self.kind.unpack(opening, 1)] if opening else []
        return book_after(concatenated([*tables, *map(self._table, rows)]))

    def _parts(self, session: ClientSession, instrument: InstrumentId, hour: int) -> list[dict[str, Any]]:
        return list(self.hours.find(_key(instrument, hour), session=session).sort("part", 1))

    def _packed(self, instrument: InstrumentId, hour: int, table: Table) -> Iterator[TickBatch]:
        """The hour in as few pieces as fit into documents."""
        batch = pack_hour(self.kind, instrument, hour, table, SMALL)
        if sum(map(len, batch.columns.values())) <= MOST_BYTES or batch.count == 1:
            yield batch
            return
        middle = batch.count // 2
        yield from self._packed(instrument, hour, self.kind.take(table, slice(None, middle)))
        yield from self._packed(instrument, hour, self.kind.take(table, slice(middle, None)))

    def _table(self, row: Row) -> Table:
        return self.kind.unpack(row["columns"], int(row["count"]))

    def _make_indexes(self) -> None:
        if self._is_indexed:
            return
        self._mongo.run("indexes", lambda: self.tail.create_index(_TAIL_KEY, unique=True))
        self._mongo.run("indexes", lambda: self.hours.create_index(_HOUR_KEY, unique=True))
        for collection in (self.tail, self.hours):
            self._mongo.run("indexes", lambda c=collection: c.create_index(_AGE_KEY))  # type: ignore[misc]
        self._is_indexed = True


def _tail_row(batch: TickBatch) -> dict[str, Any]:
    first = batch.start if batch.first_id is None else batch.first_id
    return {**_fields(batch), "first": first, "digest": batch.digest}


def _hour_row(batch: TickBatch, part: int) -> dict[str, Any]:
    return {**_fields(batch), "part": part}


def _fields(batch: TickBatch) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(batch).items() if name != "kind"}


def _key(instrument: InstrumentId, hour: int) -> dict[str, Any]:
    return {"instrument": instrument, "hour": hour}


def _content(row: Row) -> tuple[Any, ...]:
    return row["part"], row["columns"], row.get("opening")
