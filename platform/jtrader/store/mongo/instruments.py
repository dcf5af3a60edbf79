"""Instruments in MongoDB: collection `instruments`, one document each, exact numbers as strings."""

from collections.abc import Sequence

import msgspec
from pymongo import ASCENDING, ReplaceOne

from jtrader.domain.errors import Broken
from jtrader.domain.instrument import Instrument
from jtrader.store.mongo.connection import Mongo

INSTRUMENTS = "instruments"


class MongoInstrumentStore:
    """InstrumentStore on MongoDB."""

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo
        self._rows = mongo.collection(INSTRUMENTS)

    def save(self, instruments: Sequence[Instrument]) -> None:
        writes = [ReplaceOne({"_id": i.id}, msgspec.to_builtins(i), upsert=True) for i in instruments]
        if writes:
            self._mongo.run("instruments", lambda: self._rows.bulk_write(writes, ordered=False))

    def load(self) -> Sequence[Instrument]:
        rows = self._mongo.run("instruments", lambda: list(self._rows.find({}, {"_id": False}).sort("id", ASCENDING)))
        try:
            return [msgspec.convert(row, Instrument) for row in rows]
        except msgspec.ValidationError as error:
            raise Broken(f"a stored instrument can't be read ({error}); run 'jtrader instruments --refresh'") from error
