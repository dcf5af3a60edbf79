"""Snapshots in MongoDB, collection `snapshots`: one document each under its id, never changed.

One that is too large for a document has `{created, parts: [id]}` there, and its MessagePack in `snapshot_parts`, cut
into documents `{bytes}`.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import bson
import msgspec
from bson import ObjectId
from pymongo import DESCENDING

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import Span
from jtrader.ports.stores import Snapshot
from jtrader.store.mongo.connection import Mongo

SNAPSHOTS = "snapshots"
PARTS = "snapshot_parts"
MOST_BYTES = 8 * 1024 * 1024
"""Of one document: MongoDB takes 16 MB."""


class MongoSnapshots:
    """SnapshotStore on MongoDB; raises Unavailable when the server is away."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._rows = mongo.collection(SNAPSHOTS)
        self._parts = mongo.collection(PARTS)

    def save(self, snapshot: Snapshot) -> Snapshot:
        fields: dict[str, Any] = msgspec.to_builtins(snapshot)
        del fields["id"]
        if len(bson.encode(fields)) > MOST_BYTES:
            fields = {"created": snapshot.created, "parts": self._save_parts(msgspec.msgpack.encode(snapshot))}
        first = {"$setOnInsert": fields}
        self._mongo.run("snapshots", lambda: self._rows.update_one({"_id": snapshot.id}, first, upsert=True))
        return self.load(snapshot.id)

    def load(self, name: str) -> Snapshot:
        wanted = {"_id": {"$regex": f"^{name}"}} if name.isalnum() else {"_id": name}
        rows = self._mongo.run("snapshots", lambda: list(self._rows.find(wanted).limit(2)))
        if len(rows) != 1:
            what = "is the start of several snapshots' ids" if rows else "is no snapshot"
            raise BadInput(f"'{name}' {what}; 'jtrader crawl snapshot --list' shows them")
        return self._snapshot(rows[0])

    def newest(self, limit: int = 20) -> Sequence[Snapshot]:
        rows = self._mongo.run("snapshots", lambda: list(self._rows.find().sort("created", DESCENDING).limit(limit)))
        return [self._snapshot(row) for row in rows]

    def pinned(self) -> Sequence[tuple[InstrumentId, Span]]:
        fields = {"start": True, "end": True, "instruments.instrument": True, "parts": True}
        rows = self._mongo.run("snapshots", lambda: list(self._rows.find({}, fields)))
        large = [self._snapshot(row) for row in rows if "parts" in row]
        return [
            *(
                (InstrumentId(one["instrument"]), Span(int(row["start"]), int(row["end"])))
                for row in rows
                for one in row.get("instruments", ())
            ),
            *((row.instrument, Span(one.start, one.end)) for one in large for row in one.instruments),
        ]

    def forget(self, name: str) -> Snapshot:
        found = self.load(name)
        row = self._mongo.run("snapshots", lambda: self._rows.find_one_and_delete({"_id": found.id}))
        gone = {"_id": {"$in": (row or {}).get("parts", [])}}
        self._mongo.run("snapshots", lambda: self._parts.delete_many(gone))
        return found

    def _save_parts(self, packed: bytes) -> list[ObjectId]:
        """They come before what names them; under ids of their own, so that two who save at once don't mix theirs."""
        ids = []
        for start in range(0, len(packed), MOST_BYTES):
            key, part = {"_id": ObjectId()}, {"$setOnInsert": {"bytes": packed[start : start + MOST_BYTES]}}
            self._mongo.run("snapshots", partial(self._parts.update_one, key, part, upsert=True))
            ids.append(key["_id"])
        return ids

    def _snapshot(self, row: dict[str, Any]) -> Snapshot:
        if "parts" not in row:
            return msgspec.convert({**row, "id": row["_id"]}, Snapshot)
        found = self._mongo.run("snapshots", lambda: list(self._parts.find({"_id": {"$in": row["parts"]}})))
        parts = {part["_id"]: part["bytes"] for part in found}
        return msgspec.msgpack.decode(b"".join(parts[one] for one in row["parts"]), type=Snapshot)
