"""One contract for every CandleStore and InstrumentStore: in memory and on MongoDB."""

from decimal import Decimal

import pytest

from fixtures.candle_source import BTC, ETH, START, at, candle
from jtrader.domain.ids import Market, VenueSymbol
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.market import Candle
from jtrader.ports.stores import Gap
from jtrader.store.memory.candles import MemoryCandleStore
from jtrader.store.memory.instruments import MemoryInstrumentStore
from jtrader.store.mongo.candles import MongoCandleStore
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.instruments import MongoInstrumentStore


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


def test_empty(store) -> None:
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


def instrument(symbol: str, tick: str) -> Instrument:
    return Instrument(
        id=f"binance_usdm:{symbol}",
        venue="binance",
        market=Market("binance_usdm"),
        venue_symbol=VenueSymbol(symbol),
        ccxt_symbol=f"{symbol[:3]}/USDT:USDT",
        product=Product.LINEAR,
        base=symbol[:3],
        quote="USDT",
        settle="USDT",
        price_tick=Decimal(tick),
        quantity_step=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        max_quantity=Decimal("120"),
        min_notional=Decimal("100"),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0005"),
    )


def test_instruments_come_back_exact_and_by_id(instruments) -> None:
    assert list(instruments.load()) == []
    eth, btc = instrument("ETHUSDT", "0.01"), instrument("BTCUSDT", "0.10")
    instruments.save([eth, btc])
    instruments.save([])
    assert list(instruments.load()) == [btc, eth]
    assert str(instruments.load()[0].price_tick) == "0.10"
    instruments.save([instrument("BTCUSDT", "0.05")])
    assert [i.price_tick for i in instruments.load()] == [Decimal("0.05"), Decimal("0.01")]
