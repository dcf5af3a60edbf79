"""Ticks in MongoDB: two collections a kind (`HourDocuments`), `<kind>_gaps` (`MongoGaps`), and `trade_absent`, one
document an instrument, `{_id: instrument, ranges: [[first, last]]}`: trade ids that the venue does not have."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, MarketEvent, Trade
from jtrader.domain.times import HOUR
from jtrader.ports.stores import FOREVER, Contiguity, Gap, IdRange, Tick
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.gaps import MongoGaps
from jtrader.store.mongo.hours import HourDocuments
from jtrader.store.ticks.batch import TickBatch, pack
from jtrader.store.ticks.columns import unpack_integers
from jtrader.store.ticks.contiguity import between, joined, runs, within
from jtrader.store.ticks.depth import book_after, concatenated
from jtrader.store.ticks.kinds import KINDS, RECEIVED, Table, kind_of
from jtrader.store.ticks.replaying import is_void, meaningful

ABSENT = "trade_absent"
_META = ("hour", "count", "start", "end", "first_id", "last_id")
_IDS = ("count", "columns.trade_id", "columns.ts")
_RECEIPTS = ("count", f"columns.{RECEIVED}")


class MongoTickStore:
    """TickStore on MongoDB; safe to use from several threads."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._documents = {name: HourDocuments(mongo, name) for name in KINDS}
        self._gaps = {name: MongoGaps(mongo, f"{name}_gaps") for name in KINDS}
        self._absent = mongo.collection(ABSENT)

    def append(self, events: Sequence[MarketEvent], received: int = 0) -> None:
        self.write(pack(events, received))

    def write(self, batches: Sequence[TickBatch]) -> None:
        """`append` of what is packed already. Raises Unavailable: some of it may be stored then, and writing it again
        changes nothing."""
        by_kind: dict[str, list[TickBatch]] = {}
        for batch in batches:
            by_kind.setdefault(batch.kind, []).append(batch)
        for kind, same in by_kind.items():
            self._documents[kind].insert(same)

    def read(self, kind: type[Tick], instrument: InstrumentId, start: int, end: int) -> Iterator[Tick]:
        documents = self._documents_of(kind)
        for hour in documents.hours_between(instrument, start, end):
            table = documents.table(instrument, hour)
            if table is not None:
                yield from documents.kind.events(instrument, _cut(documents, table, start, end))

    def replay(self, instrument: InstrumentId, start: int, end: int) -> Iterator[Depth]:
        documents = self._documents_of(Depth)
        gaps = self._gaps[documents.kind.name].between(instrument, 0, end)
        book, since = self._book_at(documents, instrument, start)
        is_known = book is not None and not is_void(gaps, since, start)
        if is_known and book is not None:
            [snapshot] = documents.kind.events(instrument, book)
            yield Depth(instrument, start, snapshot.bids, snapshot.asks, snapshot.update_id, snapshot=True)
        later = [gap for gap in gaps if gap.start >= start or (not is_known and gap.end > start)]
        yield from meaningful(self.read(Depth, instrument, start, end), later, is_known)

    def newest(self, kind: type[Tick], instrument: InstrumentId, before: int = FOREVER) -> Tick | None:
        documents = self._documents_of(kind)
        hour = documents.newest_hour(instrument, before)
        while hour is not None:
            table = documents.table(instrument, hour)
            if table is not None and (table["ts"] < before).any():
                rows = np.flatnonzero(table["ts"] < before)
                last = rows[len(rows) - 1 - table["ts"][rows][::-1].argmax()]
                found: list[Tick] = documents.kind.events(instrument, documents.kind.take(table, [int(last)]))
                return found[0]
            hour = documents.newest_hour(instrument, hour)
        return None

    def newest_receipt(self, kind: type[MarketEvent], instrument: InstrumentId) -> int:
        documents = self._documents_of(kind)
        hour = documents.newest_hour(instrument)
        rows = [] if hour is None else documents.rows(instrument, [hour], _RECEIPTS)
        columns = [unpack_integers(row["columns"][RECEIVED], int(row["count"])) for row in rows if "columns" in row]
        return max((int(column.max()) for column in columns), default=0)

    def count(self, kind: type[MarketEvent]) -> int:
        return self._documents_of(kind).count()

    def contiguity(self, instrument: InstrumentId, start: int, end: int) -> Contiguity:
        documents = self._documents_of(Trade)
        found: list[IdRange] = []
        for hour in documents.hours_between(instrument, start, end):
            found = joined(chain(found, self._ids(documents, instrument, hour, start, end)))
        if not found:
            return Contiguity(instrument=instrument, first=None, last=None, count=0, missing=())
        first, last = found[0].first, found[-1].last
        known = joined(chain(found, within(self._known_absent(instrument), first, last)))
        count = sum(one.last - one.first + 1 for one in found)
        return Contiguity(instrument=instrument, first=first, last=last, count=count, missing=tuple(between(known)))

    def record_absent(self, instrument: InstrumentId, absent: Sequence[IdRange]) -> None:
        added = {"$addToSet": {"ranges": {"$each": [list(one) for one in absent]}}}
        self._mongo.run("absent trades", lambda: self._absent.update_one({"_id": instrument}, added, upsert=True))

    def forget(self, kind: type[MarketEvent], before: int) -> int:
        documents = self._documents_of(kind)
        gone, end = documents.forget(before), before // HOUR * HOUR
        gaps = self._gaps[documents.kind.name]
        for name in {gap.instrument for gap in gaps.between(None, 0, end)}:
            gaps.record(name, 0, end, [])
        return gone

    def compact(self, before: int) -> int:
        return sum(self._compact(documents, before) for documents in self._documents.values())

    def record_gaps(
        self, kind: type[MarketEvent], instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]
    ) -> None:
        self._gaps[kind_of(kind).name].record(instrument, start, end, gaps)

    def gaps(self, kind: type[MarketEvent]) -> Sequence[Gap]:
        return self._gaps[kind_of(kind).name].between()

    def _documents_of(self, kind: type[MarketEvent]) -> HourDocuments:
        return self._documents[kind_of(kind).name]

    def _compact(self, documents: HourDocuments, before: int) -> int:
        """A book's hour that changed leaves another book to the next hour after it."""
        waiting = documents.waiting(before)
        done = 0
        while waiting:
            hour, instrument = waiting.pop(0)
            if documents.kind.event is not Depth:
                done += documents.compact(instrument, hour)
                continue
            gaps = self._gaps[documents.kind.name].between(instrument, hour, hour + 1)
            if not documents.compact(instrument, hour, is_book_known=all(gap.start >= hour for gap in gaps)):
                continue
            done += 1
            follower = documents.follower(instrument, hour)
            if follower is not None and (follower, instrument) not in waiting and follower + HOUR <= before:
                waiting = sorted([*waiting, (follower, instrument)])
        return done

    def _book_at(self, documents: HourDocuments, instrument: InstrumentId, start: int) -> tuple[Table | None, int]:
        """The book before the updates of `start`, from the nearest snapshot or compacted hour on, and when that was."""
        later: list[Table] = []
        hour: int | None = start // HOUR * HOUR
        while hour is not None:
            table = documents.table(instrument, hour)
            if table is not None:
                later.insert(0, _cut(documents, table, 0, start))
            if later and later[0]["is_snapshot"].any():
                whole = concatenated(later)
                return book_after(whole), int(whole["ts"][np.flatnonzero(whole["is_snapshot"])[-1]])
            opening = documents.opening(instrument, hour)
            if opening is not None:
                return book_after(concatenated([opening, *later])), hour
            hour = documents.newest_hour(instrument, hour)
        return None, 0

    def _ids(
        self, documents: HourDocuments, instrument: InstrumentId, hour: int, start: int, end: int
    ) -> Iterator[IdRange]:
        """The trade ids of an hour as far as it lies in the range. Only documents with holes are unpacked."""
        rows = documents.rows(instrument, [hour], _META)
        if any(row["first_id"] is None for row in rows):
            raise BadInput(f"{instrument}: its trades carry no numbers, so that none can be missing")
        holed = []
        for row in rows:
            first, last = int(row["first_id"]), int(row["last_id"])
            if start <= row["start"] and row["end"] < end and last - first + 1 == row["count"]:
                yield IdRange(first, last)
            else:
                holed.append(row["_id"])
        if holed:
            for row in documents.rows(instrument, [hour], _IDS):
                if row["_id"] in holed:
                    yield from _runs_within(row, start, end)

    def _known_absent(self, instrument: InstrumentId) -> list[IdRange]:
        row = self._mongo.run("absent trades", lambda: self._absent.find_one({"_id": instrument}))
        return [IdRange(int(first), int(last)) for first, last in row["ranges"]] if row else []


def _cut(documents: HourDocuments, table: Table, start: int, end: int) -> Table:
    if start <= table["ts"].min() and table["ts"].max() < end:
        return table
    return documents.kind.take(table, (table["ts"] >= start) & (table["ts"] < end))


def _runs_within(row: dict[str, Any], start: int, end: int) -> list[IdRange]:
    count = int(row["count"])
    ids = unpack_integers(row["columns"]["trade_id"], count)
    ts = unpack_integers(row["columns"]["ts"], count)
    return runs(ids[(ts >= start) & (ts < end)])
