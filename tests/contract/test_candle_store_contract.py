"""One contract for every CandleStore and InstrumentStore: in memory and on MongoDB."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from msgspec.structs import replace

from fixtures.candle_source import BTC, ETH, START, at, candle
from fixtures.instruments import instrument
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Funding
from jtrader.ports.stores import Gap
from jtrader.store.memory.candles import MemoryCandleStore
from jtrader.store.memory.instruments import MemoryInstrumentStore
from jtrader.store.memory.series import MemorySeries
from jtrader.store.mongo.candles import MongoCandleStore
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.instruments import MongoInstrumentStore
from jtrader.store.mongo.series import MongoSeries


@pytest.fixture(params=["memory", "mongo"])
def kind(request):
    return request.param


@pytest.fixture
def connection(kind, request):
    if kind == "memory":
        yield None
        return
    server = request.getfixturevalue("mongo")
    with Mongo(server.uri, server.database) as connection:
        yield connection


@pytest.fixture
def store(connection):
    return MongoCandleStore(connection) if connection else MemoryCandleStore()


@pytest.fixture
def instruments(connection):
    return MongoInstrumentStore(connection) if connection else MemoryInstrumentStore()


@pytest.fixture
def funding(connection):
    return MongoSeries(connection, Funding, "funding") if connection else MemorySeries()


def test_a_series_of_another_kind_keeps_the_same_promises(funding) -> None:
    rows = [Funding(BTC, at(0), 0.0001), Funding(ETH, at(0), -1 / 3), Funding(BTC, at(480), 0.0003)]
    assert funding.upsert([*rows, rows[0]]) == 3
    assert funding.upsert(rows) == 0
    assert funding.upsert([Funding(BTC, at(480), 0.0002)]) == 1
    assert list(funding.read(BTC, START, at(481))) == [rows[0], Funding(BTC, at(480), 0.0002)]
    assert (funding.times(ETH, 0, 2**62), funding.count()) == ([at(0)], 3)


def test_a_range_of_one_instrument_can_be_removed(store) -> None:
    store.upsert([candle(n, name) for n in range(6) for name in (BTC, ETH)])
    assert (store.remove(BTC, at(1), at(4)), store.remove(BTC, at(1), at(4))) == (3, 0)
    assert [c.ts for c in store.read(BTC, START, at(9))] == [at(0), at(4), at(5)]
    assert store.count() == 9


def test_the_ends_of_a_history_are_told_without_reading_it(store) -> None:
    store.upsert([candle(7), candle(5), candle(9), candle(1, ETH)])
    assert (store.oldest(BTC), store.newest(BTC)) == (at(5), at(9))
    assert (store.oldest(ETH), store.newest(ETH)) == (at(1), at(1))
    assert [store.has_before(BTC, ts) for ts in (0, at(4), at(5), at(5) + 1, at(900))] == [False] * 3 + [True] * 2
    assert type(store.oldest(BTC)) is int
    store.remove(BTC, 0, at(8))
    assert (store.oldest(BTC), store.has_before(BTC, at(9))) == (at(9), False)


def test_empty(store) -> None:
    assert (store.oldest(BTC), store.newest(BTC), store.has_before(BTC, 2**62)) == (None, None, False)
    assert (store.count(), list(store.read(BTC, 0, 2**62)), list(store.times(BTC, 0, 2**62))) == (0, [], [])
    assert list(store.gaps()) == []


def test_reads_back_exactly_what_was_stored_in_order(store) -> None:
    exact = Candle(BTC, at(7), 0.1 + 0.2, 1 / 3 + 1, 1e-12, 0.30000000000000004, 123456789.123456789)
    assert store.upsert([candle(9), exact, candle(8, ETH), candle(3)]) == 4
    assert list(store.read(BTC, START, at(10))) == [candle(3), exact, candle(9)]
    assert list(store.read(ETH, START, at(10))) == [candle(8, ETH)]
    assert store.count() == 4


def test_times_are_plain_integers(store) -> None:
    """They go into JSON and msgpack, which refuse a driver's own number types."""
    store.upsert([candle(1)])
    store.record_gaps(BTC, at(0), at(9), [gap(3, 4)])
    assert {type(ts) for ts in store.times(BTC, at(0), at(9))} == {int}
    assert {type(c.ts) for c in store.read(BTC, at(0), at(9))} == {int}
    assert {type(edge) for g in store.gaps() for edge in (g.start, g.end)} == {int}


def test_times_of_any_size_come_back(store) -> None:
    """Small ones take less room in a document, on which reading them fast may not rely."""
    rows = [replace(candle(0), ts=ts) for ts in (0, 5, 2**31 - 1, 2**31, at(0), at(1), 2**62)]
    store.upsert(rows)
    assert list(store.times(BTC, 0, 2**63 - 1)) == [row.ts for row in rows]
    assert list(store.times(BTC, 0, 9)) == [0, 5]


def test_bounds_include_start_and_exclude_end(store) -> None:
    store.upsert([candle(m) for m in range(5)])
    assert [c.ts for c in store.read(BTC, at(1), at(3))] == [at(1), at(2)]
    assert list(store.times(BTC, at(1), at(3))) == [at(1), at(2)]
    assert list(store.read(BTC, at(3), at(3))) == []


def test_upsert_counts_new_and_changed_only(store) -> None:
    assert store.upsert([]) == 0
    assert store.upsert([candle(m) for m in range(10)]) == 10
    assert store.upsert([candle(m) for m in range(10)]) == 0
    assert store.upsert([candle(3, close=105.0), candle(4), candle(99)]) == 2
    assert store.count() == 11
    assert next(store.read(BTC, at(3), at(4))).close == 105.0


def test_rows_far_apart_are_compared_with_what_is_stored(store) -> None:
    year = 525_600
    rows = [candle(m, name) for name in (BTC, ETH) for m in (0, 1, 1_440, 2_881, year, year + 1)]
    assert store.upsert(rows[::-1]) == len(rows)
    assert store.upsert([*rows, candle(year // 2)]) == 1
    assert store.upsert([candle(year, close=105.0), *rows[:2], candle(year + 2)]) == 2
    assert store.count() == len(rows) + 2


def test_the_last_of_two_in_one_batch_stays(store) -> None:
    assert store.upsert([candle(1, close=1.0), candle(1, close=2.0)]) == 1
    assert [c.close for c in store.read(BTC, at(1), at(2))] == [2.0]


def test_long_histories_come_whole(store) -> None:
    """More than one page of reading and of writing."""
    rows = [candle(m) for m in range(25_000)]
    assert store.upsert(rows) == 25_000
    assert list(store.read(BTC, at(0), at(25_000))) == rows


def test_quarantine_is_idempotent_and_outside_the_candles(store) -> None:
    for _ in range(2):
        store.quarantine(candle(1, volume=float("nan")), "volume")
    assert store.count() == 0


def test_every_row_that_was_put_aside_stays(store) -> None:
    """Two bad rows of one minute, one of another instrument, and one that is told again."""
    high, low = candle(1, close=1e9), candle(1, close=1e-9)
    foreign = candle(1, ETH)
    for row, reason in ((high, "high"), (low, "low"), (foreign, "of ETHUSDT"), (candle(2, volume=-1.0), "volume")):
        store.quarantine(row, reason, BTC)
    told = {(one.row, one.reason, one.replaced) for one in store.aside(BTC, at(1), at(2))}
    assert told == {(high, "high", None), (low, "low", None), (foreign, "of ETHUSDT", None)}
    assert (list(store.aside(ETH, at(0), at(9))), len(store.aside(BTC, at(0), at(9)))) == ([], 4)
    store.replace([candle(1)])
    store.quarantine(high, "still too high")
    told = {(one.row, one.reason, one.replaced) for one in store.aside(BTC, at(1), at(2))}
    good = candle(1)
    assert told == {(high, "still too high", good), (low, "low", good), (foreign, "of ETHUSDT", good)}


def gap(a: int, b: int, cause: str = "venue_has_none", instrument=BTC) -> Gap:
    return Gap(instrument=instrument, start=at(a), end=at(b), cause=cause)


def test_gaps_of_a_range_replace_what_was_recorded_there(store) -> None:
    store.record_gaps(BTC, at(0), at(100), [gap(10, 20), gap(30, 90)])
    store.record_gaps(ETH, at(0), at(100), [gap(5, 6, "quarantined", ETH)])
    assert list(store.gaps()) == [gap(10, 20), gap(30, 90), gap(5, 6, "quarantined", ETH)]
    store.record_gaps(BTC, at(15), at(40), [gap(35, 37, "not_fetched")])
    assert [g for g in store.gaps() if g.instrument == BTC] == [gap(10, 15), gap(35, 37, "not_fetched"), gap(40, 90)]
    store.record_gaps(BTC, at(0), at(100), [])
    assert list(store.gaps()) == [gap(5, 6, "quarantined", ETH)]


def test_gaps_are_asked_for_by_instrument_and_range(store) -> None:
    told = [gap(10, 20), gap(30, 90, "no_trades"), gap(95, 96)]
    store.record_gaps(BTC, at(0), at(100), told)
    store.record_gaps(ETH, at(0), at(100), [gap(0, 100, instrument=ETH)])
    cases = [
        ((0, 10), []),
        ((0, 11), told[:1]),
        ((20, 30), []),
        ((19, 31), told[:2]),
        ((40, 41), told[1:2]),
        ((96, 900), []),
    ]
    for (a, b), wanted in cases:
        assert list(store.gaps(BTC, at(a), at(b))) == wanted, "uncut"
    assert list(store.gaps(BTC)) == told
    assert list(store.gaps(start=at(96))) == [gap(0, 100, instrument=ETH)]


def test_a_gap_that_spans_the_range_keeps_its_ends(store) -> None:
    store.record_gaps(BTC, at(0), at(100), [gap(0, 100)])
    store.record_gaps(BTC, at(40), at(50), [gap(44, 46, "no_trades"), gap(44, 46, "no_trades")])
    assert list(store.gaps()) == [gap(0, 40), gap(44, 46, "no_trades"), gap(50, 100)]


def test_gaps_told_by_several_at_once_all_stay(store) -> None:
    """Each cuts a piece out of the same hole, as crawls of different ranges do."""
    store.record_gaps(BTC, at(0), at(160), [gap(0, 160)])
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(
                lambda n: store.record_gaps(BTC, at(n), at(n + 10), [gap(n, n + 5, "no_trades")]), range(0, 160, 20)
            )
        )
    told = [[gap(n, n + 5, "no_trades"), gap(n + 10, n + 20)] for n in range(0, 160, 20)]
    assert list(store.gaps()) == [one for pair in told for one in pair]


def rules(symbol: str, tick: str) -> Instrument:
    return instrument(
        f"binance_usdm:{symbol}", price_tick=tick, min_notional=100, maker_fee="0.0002", taker_fee="0.0005"
    )


def test_instruments_come_back_exact_and_by_id(instruments) -> None:
    assert list(instruments.load()) == []
    eth, btc = rules("ETHUSDT", "0.01"), rules("BTCUSDT", "0.10")
    instruments.save([eth, btc])
    instruments.save([])
    assert list(instruments.load()) == [btc, eth]
    assert str(instruments.load()[0].price_tick) == "0.10"
    instruments.save([rules("BTCUSDT", "0.05")])
    assert [i.price_tick for i in instruments.load()] == [Decimal("0.05"), Decimal("0.01")]


def test_rules_are_kept_by_the_time_they_became_effective(instruments) -> None:
    versions = [replace(rules("BTCUSDT", tick), valid_from=since) for tick, since in (("0.10", 100), ("0.05", 200))]
    instruments.save(versions[1:])
    instruments.save([*versions, rules("ETHUSDT", "0.01")])
    assert instruments.history(BTC) == versions
    assert [(i.id, str(i.price_tick)) for i in instruments.load(99)] == [(ETH, "0.01")]
    assert [str(i.price_tick) for i in instruments.load(199)] == ["0.10", "0.01"]
    assert [str(i.price_tick) for i in instruments.load(200)] == ["0.05", "0.01"]
    assert instruments.load() == instruments.load(200)
