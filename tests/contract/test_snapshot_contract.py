"""Snapshots name exactly the rows that were pinned: in memory and on MongoDB, with the same id."""

import itertools
import random

import msgspec
import pytest

from fixtures.candle_source import BTC, ETH, at, candle
from jtrader.crawl.snapshot import changed_days, check_unchanged, pin
from jtrader.domain.errors import BadInput
from jtrader.domain.times import DAY, Span
from jtrader.ports.stores import Gap, PinnedDay, PinnedInstrument, Snapshot
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
    assert list(snapshots.pinned()) == [(BTC, SPAN), (ETH, SPAN)]
    assert snapshots.forget(made.id[:8]) == made
    assert (list(snapshots.pinned()), list(snapshots.newest())) == ([], [])


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


class WrittenMeanwhile(MemoryCandleStore):
    """A crawl that goes on while candles are pinned: with each of the first reads a candle changes."""

    def __init__(self, times: int, change) -> None:
        super().__init__()
        self.changes = iter([change] * times)

    def packed(self, instrument, start: int, end: int) -> bytes:
        rows = super().packed(instrument, start, end)
        next(self.changes, lambda store: None)(self)
        return rows


CHANGES = itertools.count()


def store_one_more(store) -> None:
    store.upsert([candle(-100, BTC, close=101 + next(CHANGES) / 1000)])


def record_one_more(store) -> None:
    at_once = Gap(instrument=BTC, start=at(len(store.gaps())), end=at(1 + len(store.gaps())), cause="lost")
    store.record_gaps(BTC, at_once.start, at_once.end, [at_once])


@pytest.mark.parametrize("change", [store_one_more, record_one_more])
def test_a_snapshot_is_of_one_moment(change) -> None:
    store = WrittenMeanwhile(3, change)
    fill(store)
    made = pin(store, BOTH, SPAN, "now", "c0ffee")
    assert changed_days(store, made) == []
    assert made == pin(store, BOTH, SPAN, "now", "c0ffee"), "begun anew until nothing changed"
    restless = WrittenMeanwhile(100, change)
    fill(restless)
    with pytest.raises(BadInput, match="being written while they are pinned"):
        pin(restless, BOTH, SPAN, "now", "c0ffee")


def test_a_snapshot_may_be_larger_than_a_document(stores) -> None:
    """Many instruments over years, and holes without number."""
    _, snapshots = stores
    holes = tuple(Gap(instrument=BTC, start=at(2 * n), end=at(2 * n + 1), cause="no_trades") for n in range(100_000))
    days = tuple(PinnedDay(instrument=BTC, day=str(n), count=n, hash=f"{n:064x}") for n in range(100_000))
    pinned = PinnedInstrument(instrument=BTC, count=1, first=at(0), last=at(1), gaps=holes)
    small = Snapshot(id="5" * 64, start=0, end=1, created="1", commit="c", instruments=(), days=days[:1])
    large = Snapshot(id="1" * 64, start=0, end=1, created="2", commit="c", instruments=(pinned,), days=days)
    for made in (large, small):
        assert snapshots.save(made) == made
    assert snapshots.save(msgspec.structs.replace(large, created="3")) == large, "pinned once"
    assert snapshots.load("1111") == large
    assert list(snapshots.newest()) == [large, small]
    assert list(snapshots.pinned()) == [(BTC, Span(0, 1))]
    assert snapshots.forget("1111") == large
    assert (list(snapshots.newest()), list(snapshots.pinned())) == ([small], [])


def test_nothing_can_not_be_pinned(stores) -> None:
    store, _ = stores
    store.upsert([candle(0)])
    with pytest.raises(BadInput, match="no candle of binance_usdm:ETHUSDT is stored"):
        pin(store, BOTH, SPAN, "now", "c0ffee")
