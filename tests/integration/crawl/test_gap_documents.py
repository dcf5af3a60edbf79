"""Holes in MongoDB: as many as an instrument may ever have, the form of earlier versions, and what it can't take."""

import pytest

from fixtures.candle_source import BTC, ETH, at
from jtrader.domain.errors import Broken
from jtrader.ports.stores import Gap
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.gaps import MongoGaps


@pytest.fixture
def connection(mongo):
    with Mongo(mongo.uri, mongo.database) as connection:
        yield connection


def gap(a: int, b: int, cause: str = "no_trades", instrument=BTC) -> Gap:
    return Gap(instrument=instrument, start=at(a), end=at(b), cause=cause)


def test_an_instrument_may_have_more_holes_than_a_document_can_hold(connection) -> None:
    """Every second minute of a year would be 16 MB in one document; a fifth of it shows the way."""
    holes = [gap(2 * n, 2 * n + 1) for n in range(50_000)]
    gaps = MongoGaps(connection, "candle_gaps")
    gaps.record(BTC, at(0), at(100_000), holes)
    largest = connection.collection("candle_gaps").aggregate(
        [{"$group": {"_id": None, "bytes": {"$max": {"$bsonSize": "$$ROOT"}}}}]
    )
    assert next(largest)["bytes"] < 200
    gaps.record(BTC, at(99_990), at(100_000), [])
    assert gaps.between(BTC, at(99_900)) == holes[49_950:49_995]


def test_the_form_of_earlier_versions_is_read_once_and_taken_apart(connection) -> None:
    rows = connection.collection("candle_gaps")
    for name, version in ((BTC, 7), (ETH, 1)):
        holes = [{"start": at(n), "end": at(n + 1), "cause": "venue_has_none"} for n in (5, 9)]
        rows.insert_one({"_id": name, "version": version, "gaps": holes})
    told = [gap(n, n + 1, "venue_has_none", name) for name in sorted((BTC, ETH)) for n in (5, 9)]
    for _ in range(2):
        assert MongoGaps(connection, "candle_gaps").between() == told
    MongoGaps(connection, "candle_gaps").record(BTC, at(0), at(6), [])
    assert MongoGaps(connection, "candle_gaps").between(BTC) == told[1:2]
    assert rows.count_documents({"gaps": {"$exists": True}}) == 0


@pytest.mark.parametrize(
    "document", [{"columns": b"x" * 17 * 2**20}, {"ts": 2**63}, {"value": object()}], ids=["size", "number", "type"]
)
def test_what_mongodb_can_not_take_is_named(connection, document) -> None:
    rows = connection.collection("anything")
    with pytest.raises(Broken, match=r"MongoDB .*\(tail\)"):
        connection.run("tail", lambda: rows.insert_many([document]))
    with pytest.raises(Broken, match=r"MongoDB .*\(tail\)"):
        connection.run("tail", lambda: connection.insert(rows, [document]))
