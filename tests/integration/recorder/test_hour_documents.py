"""What hour documents hold beside their rows, and how they are found."""

from collections.abc import Iterator
from typing import Any

import pymongo
import pytest

from fixtures.stack import Mongo as Database
from fixtures.ticks import BTC, START, trades, updates
from jtrader.domain.market import Depth, Trade
from jtrader.domain.times import HOUR, SECOND
from jtrader.ports.stores import Gap
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.hours import HourDocuments
from jtrader.store.mongo.ticks import MongoTickStore

TOLD = updates(90, step=60 * SECOND)
"""An hour and a half."""


@pytest.fixture
def connection(mongo: Database) -> Iterator[Mongo]:
    with Mongo(mongo.uri, mongo.database) as connection:
        yield connection


def after_hours(count: int) -> Depth:
    return Depth(BTC, START + count * HOUR + 7, ((99.0, 1.0),), (), 500)


@pytest.mark.parametrize(
    ("empty_hours", "gap", "has_opening"),
    [
        (0, None, True),
        (3, None, True),
        (30, None, False),
        (3, (TOLD[80].ts, START + 6 * HOUR), False),
        (3, (TOLD[20].ts, TOLD[25].ts), True),
    ],
    ids=["next", "after empty hours", "after more than a day", "lost since", "lost and told whole"],
)
def test_the_book_at_the_start_of_an_hour(
    connection: Mongo, empty_hours: int, gap: tuple[int, int] | None, has_opening: bool
) -> None:
    store, documents = MongoTickStore(connection), HourDocuments(connection, "depth")
    last = after_hours(2 + empty_hours)
    store.append([*TOLD, last], received=START)
    if gap is not None:
        lost = Gap(instrument=BTC, start=gap[0], end=gap[1], cause="lost")
        store.record_gaps(Depth, BTC, lost.start, lost.end, [lost])
    store.compact(2**62)
    assert (documents.opening(BTC, last.ts // HOUR * HOUR) is not None) is has_opening


def test_a_late_batch_mends_the_opening_after_empty_hours(connection: Mongo) -> None:
    store, documents = MongoTickStore(connection), HourDocuments(connection, "depth")
    last = after_hours(5)
    store.append([*TOLD[:70], last], received=START)
    store.compact(2**62)
    store.append(TOLD[70:], received=START + 1_000)
    store.compact(2**62)
    opening = documents.opening(BTC, last.ts // HOUR * HOUR)
    assert opening is not None
    assert opening["update_id"].tolist() == [TOLD[-1].update_id]


@pytest.mark.parametrize("collection", ["trade_tail", "trade_hours"])
def test_what_is_over_is_found_by_an_index(mongo: Database, connection: Mongo, collection: str) -> None:
    store = MongoTickStore(connection)
    store.append(trades(1, 10))
    store.compact(2**62)
    store.append(trades(20_000, 20_010))
    with pymongo.MongoClient[dict[str, Any]](mongo.uri) as client:
        rows = client[mongo.database][collection]
        plan = rows.find({"hour": {"$lte": START}}).explain()["queryPlanner"]["winningPlan"]
        assert "COLLSCAN" not in str(plan)
    assert store.forget(Trade, START + HOUR) == 1
