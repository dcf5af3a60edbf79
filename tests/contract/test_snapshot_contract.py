"""Snapshots name exactly the rows that were pinned: in memory and on MongoDB, with the same id."""

import random

import pytest

from fixtures.candle_source import BTC, ETH, at, candle
from jtrader.crawl.snapshot import changed_days, check_unchanged, pin
from jtrader.domain.errors import BadInput
from jtrader.domain.times import DAY, Span
from jtrader.ports.stores import Gap
from jtrader.store.memory.candles import MemoryCandleStore
from jtrader.store.memory.snapshots import MemorySnapshots
from jtrader.store.mongo.candles import MongoCandleStore
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.snapshots import MongoSnapshots

SPAN = Span(at(-100), at(0) + DAY)
BOTH = (BTC, ETH)


@pytest.fixture(params=["memory", "mongo"])
def stores(request):
    if request.param == "memory":
        yield MemoryCandleStore(), MemorySnapshots()
        return
    server = request.getfixturevalue("mongo")
    with Mongo(server.uri, server.database) as connection:
        yield MongoCandleStore(connection), MongoSnapshots(connection)


def fill(store) -> None:
    rows = [candle(m, name, close=100 + m % 7 / 9) for name in BOTH for m in range(-100, 1440) if m != 30]
    random.Random(3).shuffle(rows)
    store.upsert(rows)
    store.record_gaps(BTC, at(30), at(31), [Gap(instrument=BTC, start=at(30), end=at(31), cause="no_trades")])


def test_the_same_rows_have_the_same_name_wherever_they_lie(stores) -> None:
    store, snapshots = stores
    fill(store)
    made = pin(store, [ETH, BTC, ETH], SPAN, "2026-01-16T00:00:00Z", "c0ffee")
    twin = MemoryCandleStore()
    fill(twin)
    assert pin(twin, BOTH, SPAN, "later", "other").id == made.id
    assert [(row.instrument, row.count, row.first, row.last) for row in made.instruments] == [
        (BTC, 1539, at(-100), at(1439)),
        (ETH, 1539, at(-100), at(1439)),
    ]
    assert [len(row.gaps) for row in made.instruments] == [1, 0]
    assert [(day.day, day.count) for day in made.days[:2]] == [("2026-01-14", 100), ("2026-01-15", 1439)]
    assert pin(twin, BOTH, Span(SPAN.start - DAY, SPAN.end), "now", "c0ffee").id != made.id, "the range is part of it"
    assert snapshots.save(made) == made
    assert snapshots.save(pin(store, BOTH, SPAN, "later", "other")) == made, "pinned once"
    assert snapshots.load(made.id[:8]) == made
    assert snapshots.newest() == [made]
    with pytest.raises(BadInput, match="'ffff' is no snapshot"):
        snapshots.load("ffff")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda store: store.upsert([candle(700, ETH, close=100.25)]),
            "on 2026-01-15: 1,439 candles were pinned, 1,439",
        ),
        (lambda store: store.remove(ETH, at(-7), at(-6)), "on 2026-01-14: 100 candles were pinned, 99 are stored"),
        (lambda store: store.upsert([candle(30, ETH)]), "1,439 candles were pinned, 1,440 are stored"),
    ],
)
def test_a_change_is_told_by_instrument_and_day(stores, change, says: str) -> None:
    store, _ = stores
    fill(store)
    made = pin(store, BOTH, SPAN, "now", "c0ffee")
    assert changed_days(store, made) == []
    check_unchanged(store, made)
    change(store)
    [told] = changed_days(store, made)
    assert told.startswith(f"{ETH} ")
    assert says in told
    with pytest.raises(BadInput, match=f"snapshot {made.id[:12]} changed since it was pinned"):
        check_unchanged(store, made)
    assert pin(store, BOTH, SPAN, "now", "c0ffee").id != made.id


def test_nothing_can_not_be_pinned(stores) -> None:
    store, _ = stores
    store.upsert([candle(0)])
    with pytest.raises(BadInput, match="no candle of binance_usdm:ETHUSDT is stored"):
        pin(store, BOTH, SPAN, "now", "c0ffee")
