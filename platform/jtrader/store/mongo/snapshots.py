"""Snapshots in MongoDB, collection `snapshots`: one document each under its id, never changed."""

from collections.abc import Sequence
from typing import Any

import msgspec
from pymongo import DESCENDING

from jtrader.domain.errors import BadInput
from jtrader.ports.stores import Snapshot
from jtrader.store.mongo.connection import Mongo

SNAPSHOTS = "snapshots"


class MongoSnapshots:
    """SnapshotStore on MongoDB; raises Unavailable when the server is away."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._rows = mongo.collection(SNAPSHOTS)

    def save(self, snapshot: Snapshot) -> Snapshot:
        fields: dict[str, Any] = msgspec.to_builtins(snapshot)
        del fields["id"]
        first = {"$setOnInsert": fields}
        self._mongo.run("snapshots", lambda: self._rows.update_one({"_id": snapshot.id}, first, upsert=True))
        return self.load(snapshot.id)

    def load(self, name: str) -> Snapshot:
        wanted = {"_id": {"$regex": f"^{name}"}} if name.isalnum() else {"_id": name}
        rows = self._mongo.run("snapshots", lambda: list(self._rows.find(wanted).limit(2)))
        if len(rows) != 1:
            what = "is the start of several snapshots' ids" if rows else "is no snapshot"
            raise BadInput(f"'{name}' {what}; 'jtrader crawl snapshot --list' shows them")
        return _snapshot(rows[0])

    def newest(self, limit: int = 20) -> Sequence[Snapshot]:
        rows = self._mongo.run("snapshots", lambda: list(self._rows.find().sort("created", DESCENDING).limit(limit)))
        return [_snapshot(row) for row in rows]


def _snapshot(row: dict[str, Any]) -> Snapshot:
    return msgspec.convert({**row, "id": row["_id"]}, Snapshot)
