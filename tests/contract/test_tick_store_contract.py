"""One contract for every TickStore: in memory and on MongoDB, before and after compaction."""

import pytest

from fixtures.ticks import BTC, ETH, START, XBT, quote, snapshot, trade, trades, updates
from jtrader.domain.errors import BadInput
from jtrader.domain.market import (
    Candle,
    Depth,
    FeedStatus,
    Funding,
    Mark,
    OpenInterest,
    Quote,
    Trade,
    TradingStatus,
)
from jtrader.domain.order_book import OrderBook
from jtrader.domain.times import HOUR, SECOND
from jtrader.ports.stores import Gap, IdRange
from jtrader.store.memory.ticks import MemoryTickStore
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.ticks import MongoTickStore

EVER = (0, 2**62)


@pytest.fixture(params=["memory", "mongo"])
def store(request):
    if request.param == "memory":
        yield MemoryTickStore()
        return
    server = request.getfixturevalue("mongo")
    with Mongo(server.uri, server.database) as connection:
        yield MongoTickStore(connection)


@pytest.fixture(params=[False, True], ids=["tail", "compacted"])
def settle(request, store):
    """Compacts in one of two runs: what is read may not depend on it."""
    return lambda: request.param and store.compact(2**62)


def all_of(store, kind=Trade, instrument=BTC, start=0, end=2**62):
    return list(store.read(kind, instrument, start, end))


def test_empty(store) -> None:
    assert (all_of(store), all_of(store, Depth), store.count(Trade), store.newest(Trade, BTC)) == ([], [], 0, None)
    assert list(store.replay(BTC, *EVER)) == []
    whole = store.contiguity(BTC, *EVER)
    assert (whole.first, whole.last, whole.count, whole.is_whole) == (None, None, 0, True)
    assert store.compact(2**62) == 0
    assert list(store.gaps(Trade)) == []


@pytest.mark.parametrize(
    "event",
    [
        Trade(BTC, START + 1, 7, 0.1 + 0.2, 1 / 3, -1),
        Trade(XBT, START + 1, "a7e40b3c-9a54-45f3-9b3f-3b8a6f6a1c11", 42_000.5, 100.0, 1),
        Trade(XBT, START + 1, "no-uuid ü", 1e-12, 1e15, 1),
        Trade(BTC, START + 1, 10**20, 1.0, 1.0, 1),
        Quote(BTC, START + 1, 41_999.9, 0.001, 42_000.0, 12.0),
        Mark(BTC, START + 1, 42_000.12345678, 41_998.0, -0.0001, START + 8 * HOUR),
        Funding(BTC, START + 1, 0.00012345),
        OpenInterest(BTC, START + 1, 81_234.567),
        TradingStatus(BTC, START + 1, "halted"),
        FeedStatus(BTC, START + 1, 3, "stale"),
        snapshot(START + 1, [(100.0, 1.0), (99.5, 2.0)], [], 9),
        Depth(BTC, START + 1, (), ((100.5, 0.0),), 10),
    ],
)
def test_every_kind_comes_back_as_it_was(store, settle, event) -> None:
    store.append([event], received=START + 5)
    settle()
    assert all_of(store, type(event), event.instrument) == [event]
    assert store.newest(type(event), event.instrument) == event
    assert store.count(type(event)) == 1


def test_minutes_are_no_ticks(store) -> None:
    with pytest.raises(BadInput, match=r"Candle is not kept as ticks; kept are trade"):
        store.append([Candle(BTC, START, 1.0, 1.0, 1.0, 1.0, 1.0)])


def test_trades_are_read_in_order_whatever_the_order_of_batches(store, settle) -> None:
    wanted = trades(1, 9_000)
    for first, last in ((5_001, 9_000), (1, 3_000), (2_500, 6_000)):
        store.append(trades(first, last))
    store.append(trades(10, 20, ETH))
    settle()
    assert all_of(store) == wanted
    assert all_of(store, instrument=ETH) == trades(10, 20, ETH)
    assert all_of(store, start=START + 3_599 * SECOND, end=START + 3_602 * SECOND) == trades(3_599, 3_601)
    assert store.newest(Trade, BTC) == wanted[-1]


def test_appending_again_changes_nothing(store, settle) -> None:
    for _ in range(3):
        store.append(trades(1, 50))
        store.append([quote(n) for n in range(5)], received=START)
        settle()
    assert all_of(store) == trades(1, 50)
    assert all_of(store, Quote) == [quote(n) for n in range(5)]
    assert (store.count(Trade), store.count(Quote)) == (50, 5)


def test_compaction_takes_closed_hours_and_late_rows_join_them(store) -> None:
    store.append(trades(0, 5_000))
    store.compact(START + HOUR - 1)
    assert all_of(store) == trades(0, 5_000)
    store.compact(START + HOUR)
    store.append(trades(3_000, 3_400))
    store.append([trade(-100, START + 100)])
    store.compact(START + HOUR)
    assert all_of(store, end=START + HOUR) == sorted([*trades(0, 3_599), trade(-100, START + 100)], key=lambda t: t.ts)
    assert store.count(Trade) == 5_002


def test_two_tellings_of_one_trade_leave_the_same_one_in_any_order(store) -> None:
    one, other = Trade(BTC, START, 1, 100.0, 1.0, 1), Trade(BTC, START, 1, 100.5, 1.0, 1)
    for rows in ([one, other], [other, one]):
        store.append(rows)
        store.compact(2**62)
        assert all_of(store) == [one]


def test_trades_without_numbers_stand_by_time_and_id(store, settle) -> None:
    names = ["b1", "a2", "c0", "a0"]
    rows = [Trade(XBT, START + n // 2, name, 100.0, 1.0, 1) for n, name in enumerate(names)]
    store.append(rows[2:])
    store.append(rows)
    settle()
    assert [t.trade_id for t in all_of(store, instrument=XBT)] == ["a2", "b1", "a0", "c0"]
    with pytest.raises(BadInput, match="carry no numbers"):
        store.contiguity(XBT, *EVER)


def test_contiguity_names_each_hole(store, settle) -> None:
    for first, last in ((100, 3_000), (3_005, 3_005), (3_001, 3_002), (8_000, 8_100)):
        store.append(trades(first, last))
    settle()
    found = store.contiguity(BTC, *EVER)
    assert (found.first, found.last, found.count) == (100, 8_100, 2_901 + 3 + 101)
    assert found.missing == (IdRange(3_003, 3_004), IdRange(3_006, 7_999))
    part = store.contiguity(BTC, START + 3_002 * SECOND, START + 8_001 * SECOND)
    assert (part.first, part.last, part.missing) == (3_002, 8_000, found.missing)
    store.record_absent(BTC, [IdRange(3_006, 7_999)])
    assert store.contiguity(BTC, *EVER).missing == (IdRange(3_003, 3_004),)
    store.append(trades(3_003, 3_004))
    settle()
    assert store.contiguity(BTC, *EVER).is_whole
    assert store.contiguity(BTC, START, START + 3_005 * SECOND).is_whole


def test_what_has_no_id_keeps_the_order_of_receipt(store, settle) -> None:
    early, late = quote(5), quote(4)
    store.append([late], received=START + 50)
    store.append([early, early], received=START + 10)
    settle()
    assert all_of(store, Quote) == [early, early, late]


def book_of(updates_of) -> tuple[list, list]:
    book = OrderBook(BTC)
    for update in updates_of:
        book.apply(update)
    return list(book.bids.levels()), list(book.asks.levels())


def test_a_book_can_be_replayed_from_any_moment(store, settle) -> None:
    """Three hours of updates with one snapshot at their start."""
    told = updates(180, step=60 * SECOND)
    store.append(told[100:], received=START + 100)
    store.append(told[:100], received=START)
    settle()
    for at in (0, 1, 59, 60, 61, 125, 179):
        start = START + at * 60 * SECOND
        first, *rest = store.replay(BTC, start, 2**62)
        assert rest == told[at:] if at else [first, *rest] == told
        if at:
            assert (first.ts, first.snapshot, first.update_id) == (start, True, at)
            assert (list(first.bids), list(first.asks)) == book_of(told[:at])
    assert list(store.replay(BTC, START + HOUR, START + HOUR + 1))[1:] == told[60:61]


def test_a_late_batch_mends_the_books_after_it(store) -> None:
    told = updates(200, step=60 * SECOND)
    kept = [*told[:30], *told[50:]]
    for position, update in enumerate(told):
        if update in kept:
            store.append([update], received=START + position)
    store.compact(2**62)
    for position in range(30, 50):
        store.append([told[position]], received=START + position)
    store.compact(2**62)
    first = next(store.replay(BTC, START + 3 * HOUR, 2**62))
    assert (list(first.bids), list(first.asks)) == book_of(told[:180])


def lose(store, start: int, end: int) -> Gap:
    gap = Gap(instrument=BTC, start=start, end=end, cause="lost")
    store.record_gaps(Depth, BTC, start, end, [gap])
    return gap


@pytest.mark.parametrize("lost", [range(100, 120), range(50, 70), range(118, 125)])
def test_a_book_is_not_known_from_a_gap_to_the_next_snapshot(store, settle, lost) -> None:
    """Also where compaction begins an hour within it."""
    told = updates(180, step=60 * SECOND)
    whole = snapshot(told[lost[-1] + 5].ts, [(99.0, 1.0)], [(101.0, 2.0)], 500)
    store.append([u for n, u in enumerate(told) if n not in lost and u.ts < whole.ts], received=START)
    store.append([whole, *[u for u in told if u.ts > whole.ts]], received=START + 10_000)
    lose(store, told[lost[0] - 1].ts + 1, whole.ts)
    settle()
    after = [whole, *[u for u in told if u.ts > whole.ts]]
    assert list(store.replay(BTC, START, 2**62)) == [*told[: lost[0]], *after]
    for at in (lost[0] + 1, lost[-1] + 3):
        assert list(store.replay(BTC, told[at].ts, 2**62)) == after
    assert list(store.replay(BTC, told[at].ts, whole.ts)) == []
    [first] = store.replay(BTC, whole.ts + 1, whole.ts + 2)
    assert list(first.bids) == list(whole.bids)
    *_, last = store.replay(BTC, START + 3 * HOUR, 2**62)
    assert (list(last.bids), list(last.asks)) == book_of(after)


def test_hours_without_an_update_leave_the_book_as_it_was(store) -> None:
    told = updates(40, step=60 * SECOND)
    later = [Depth(BTC, START + 5 * HOUR + n, ((99.0, float(n)),), (), 900 + n) for n in range(1, 4)]
    store.append([*told, *later], received=START)
    store.compact(2**62)
    first, *rest = store.replay(BTC, START + 5 * HOUR, 2**62)
    assert (list(first.bids), list(first.asks)) == book_of(told)
    assert rest == later


def test_the_newest_before_a_moment(store, settle) -> None:
    store.append(trades(1, 10))
    store.append(trades(9_000, 9_010))
    settle()
    cases = ((trade(9_005).ts, 9_004), (trade(9_005).ts + 1, 9_005), (trade(9_000).ts, 10), (trade(1).ts, None))
    for before, found in cases:
        newest = store.newest(Trade, BTC, before)
        assert (None if newest is None else newest.trade_id) == found


def test_the_last_time_of_receipt(store, settle) -> None:
    assert store.newest_receipt(Quote, BTC) == 0
    store.append([quote(7), quote(1)], received=START + 50)
    store.append([quote(8)], received=START + 20)
    settle()
    assert store.newest_receipt(Quote, BTC) == START + 51


@pytest.mark.parametrize("kind", [Trade, Quote, Depth])
def test_what_is_forgotten_takes_its_gaps_along(store, kind) -> None:
    for name in (BTC, ETH):
        gap = Gap(instrument=name, start=START + 10, end=START + HOUR + 5, cause="lost")
        store.record_gaps(kind, name, gap.start, gap.end, [gap])
    store.forget(kind, START + HOUR + 60 * SECOND)
    assert [(gap.instrument, gap.start, gap.end) for gap in store.gaps(kind)] == [
        (BTC, START + HOUR, START + HOUR + 5),
        (ETH, START + HOUR, START + HOUR + 5),
    ]


def test_gaps_are_kept_by_kind(store) -> None:
    gap = Gap(instrument=BTC, start=START, end=START + 10, cause="we_were_down")
    store.record_gaps(Depth, BTC, START, START + 10, [gap])
    assert (list(store.gaps(Depth)), list(store.gaps(Quote))) == ([gap], [])
    store.record_gaps(Depth, BTC, START + 5, START + 10, [])
    assert [(g.start, g.end) for g in store.gaps(Depth)] == [(START, START + 5)]
