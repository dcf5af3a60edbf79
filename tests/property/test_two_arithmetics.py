"""The venue's arithmetic (whole atoms) and the ledger's (Decimals) share no code and come to the same digits, with the
rounding rules of each market and time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import parse_time
from jtrader.exchange.sim.market.listing import listed
from jtrader.ledger import position as books
from jtrader.ledger.funding import paid
from jtrader.ledger.rules import SATOSHI, rounding_at
from jtrader.venue import position as venue
from jtrader.venue.bounds import listing_of
from jtrader.venue.records import Position
from jtrader.venue.units import ATOM

NAMES = [
    "binance_usdm:BTCUSDT",
    "binance_coinm:BTCUSD_PERP",
    "bitmex:ETHUSD",
    "bitmex:XBTUSD",
    "bitmex:XBTUSDT",
    "huobi_linear:ETH-USDT",
    "huobi_future:BTC261225",
]
fills = st.lists(st.tuples(st.integers(-3_000, 3_000).filter(bool), st.integers(1, 2_000_000)), min_size=1, max_size=40)
marks = st.integers(1, 10**14)


TIMES = [parse_time("2020-03-13"), parse_time("2021-06-08T04:29:59Z"), parse_time("2026-01-15"), None]


def listing_named(name: str):
    return listing_of(listed(InstrumentId(name)))


@pytest.mark.parametrize("name", NAMES)
@given(fills, marks, st.sampled_from(TIMES))
def test_positions_profit_and_unrealised_agree_to_the_last_digit(name, trades, mark, ts):
    listing = listing_named(name)
    rules = listing.instrument
    rounding = rounding_at(rules, ts)
    held, there = books.FLAT, Position()
    for lots, ticks in trades:
        step = books.traded(held, rules, lots * rules.quantity_step, ticks * rules.price_tick, rounding)
        moved = venue.move(there, listing, lots, ticks, ts)
        held, there = step.holding, Position(moved.lots, moved.cost)
        assert held.quantity == there.lots * rules.quantity_step
        assert held.cost * ATOM == there.cost
        assert step.realised * ATOM == moved.realised
        ours = books.unrealised(held, rules, mark * SATOSHI, rounding_at(rules, None))
        assert ours * ATOM == venue.unrealised(there, listing, mark)


@pytest.mark.parametrize("name", NAMES)
@given(st.integers(-(10**6), 10**6).filter(bool), marks, st.integers(-(10**6), 10**6))
def test_funding_agrees_to_the_last_digit(name, lots, mark, rate):
    listing = listing_named(name)
    rules = listing.instrument
    quantity = lots * rules.quantity_step
    ours = paid(rules, quantity, mark * SATOSHI, rate * SATOSHI, rounding_at(rules, None))
    assert ours * ATOM == venue.funding(Position(lots), listing, mark, rate)
