"""Instruments in MongoDB: collection `instruments`, a document a version, unique by (id, valid_from); exact numbers as
strings."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from pymongo import ASCENDING, ReplaceOne

from jtrader.domain.errors import Broken
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.store.mongo.connection import Mongo

INSTRUMENTS = "instruments"

_KEY = [("id", ASCENDING), ("valid_from", ASCENDING)]


class MongoInstrumentStore:
    """InstrumentStore on MongoDB."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._rows = mongo.collection(INSTRUMENTS)
        mongo.run("indexes", lambda: self._rows.create_index(_KEY, unique=True))

    def save(self, versions: Sequence[Instrument]) -> None:
        writes = [
            ReplaceOne({"id": one.id, "valid_from": one.valid_from}, msgspec.to_builtins(one), upsert=True)
            for one in versions
        ]
        if writes:
            self._mongo.run("instruments", lambda: self._rows.bulk_write(writes, ordered=False))

    def load(self, at: int | None = None) -> Sequence[Instrument]:
        found = self._find({} if at is None else {"valid_from": {"$lte": at}})
        return list({one.id: one for one in found}.values())

    def history(self, instrument: InstrumentId) -> Sequence[Instrument]:
        return self._find({"id": instrument})

    def _find(self, which: Mapping[str, Any]) -> list[Instrument]:
        rows = self._mongo.run("instruments", lambda: list(self._rows.find(which, {"_id": False}).sort(_KEY)))
        try:
            return [msgspec.convert(row, Instrument) for row in rows]
        except msgspec.ValidationError as error:
            raise Broken(f"a stored instrument can't be read ({error}); run 'jtrader instruments --refresh'") from error
