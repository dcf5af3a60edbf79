"""Instruments in MongoDB: collection `instruments`, a document a version, unique by (id, valid_from); exact numbers as
strings."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from pymongo import ASCENDING, ReplaceOne

from jtrader.domain.errors import Broken, JtraderError
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.store.mongo.connection import Mongo

log = logging.getLogger(__name__)

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
        """An instrument whose rules can't be read is left out: older ones are not its rules."""
        newest = dict(self._find({} if at is None else {"valid_from": {"$lte": at}}))
        return [one for one in newest.values() if one is not None]

    def history(self, instrument: InstrumentId) -> Sequence[Instrument]:
        return [one for _, one in self._find({"id": instrument}) if one is not None]

    def _find(self, which: Mapping[str, Any]) -> list[tuple[str, Instrument | None]]:
        """(id, version) in the order of their validity, None for one that can't be read, with an alarm. Raises Broken
        where none can."""
        rows = self._mongo.run("instruments", lambda: list(self._rows.find(which, {"_id": False}).sort(_KEY)))
        found = [(str(row.get("id")), _read(row)) for row in rows]
        if found and all(one is None for _, one in found):
            raise Broken(f"none of {len(found):,} stored instruments can be read; run 'jtrader instruments --refresh'")
        return found


def _read(row: Mapping[str, Any]) -> Instrument | None:
    try:
        return msgspec.convert(row, Instrument)
    except (msgspec.ValidationError, JtraderError) as error:
        log.error(
            "stored rules of %s as of %s can't be read (%s); run 'jtrader instruments --refresh'",
            row.get("id"),
            row.get("valid_from"),
            error,
        )
        return None
