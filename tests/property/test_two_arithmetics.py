"""The venue's arithmetic (whole atoms) and the ledger's (Decimals) share no code and come to the same digits."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jtrader.domain import payoff
from jtrader.domain.ids import InstrumentId
from jtrader.domain.money import round_half_even
from jtrader.exchange.sim.market.listing import listed
from jtrader.ledger import position as books
from jtrader.ledger.rules import SATOSHI
from jtrader.venue import position as venue
from jtrader.venue.bounds import listing_of
from jtrader.venue.records import Position
from jtrader.venue.units import ATOM

NAMES = [
    "binance_usdm:BTCUSDT",
    "binance_coinm:BTCUSD_PERP",
    "bitmex:ETHUSD",
    "bitmex:XBTUSD",
    "huobi_linear:ETH-USDT",
    "huobi_future:BTC261225",
]
fills = st.lists(st.tuples(st.integers(-3_000, 3_000).filter(bool), st.integers(1, 2_000_000)), min_size=1, max_size=40)
marks = st.integers(1, 10**14)


def exact_listing(name: str):
    """As listed, but with worths to the nearest satoshi: BitMEX's rounding by lots is tested with its own figures."""
    return msgspec.structs.replace(listing_of(listed(InstrumentId(name))), value_rules=())


@pytest.mark.parametrize("name", NAMES)
@given(fills, marks)
def test_positions_profit_and_unrealised_agree_to_the_last_digit(name, trades, mark):
    listing = exact_listing(name)
    rules = listing.instrument
    held, there = books.FLAT, Position()
    for lots, ticks in trades:
        step = books.traded(held, rules, lots * rules.quantity_step, ticks * rules.price_tick, SATOSHI)
        moved = venue.move(there, listing, lots, ticks)
        held, there = step.holding, Position(moved.lots, moved.cost)
        assert held.quantity == there.lots * rules.quantity_step
        assert held.cost * ATOM == there.cost
        assert step.realised * ATOM == moved.realised
        ours = books.unrealised(held, rules, mark * SATOSHI, SATOSHI)
        assert ours * ATOM == venue.unrealised(there, listing, mark)


@pytest.mark.parametrize("name", NAMES)
@given(st.integers(-(10**6), 10**6).filter(bool), marks, st.integers(-(10**6), 10**6))
def test_funding_agrees_to_the_last_digit(name, lots, mark, rate):
    listing = exact_listing(name)
    rules = listing.instrument
    quantity = lots * rules.quantity_step
    ours = payoff.funding(rules.product, quantity, rules.contract_value, mark * SATOSHI, rate * SATOSHI)
    assert round_half_even(ours, SATOSHI) * ATOM == venue.funding(Position(lots), listing, mark, rate)
