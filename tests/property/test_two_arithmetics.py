"""The venue's arithmetic (whole atoms) and the ledger's (Decimals) share no code and come to the same digits."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fixtures.trading_day import rules
from jtrader.ledger import position as books
from jtrader.ledger.rules import SATOSHI
from jtrader.venue import position as venue
from jtrader.venue.listing import Listing
from jtrader.venue.records import Position
from jtrader.venue.units import ATOM

PERP = rules("binance_usdm:BTCUSDT", "BTC")
LISTING = Listing(
    instrument=PERP,
    min_price=Decimal("0.1"),
    max_price=Decimal(1_000_000),
    market_max_quantity=Decimal(1_000),
    band=Decimal("0.05"),
)
fills = st.lists(st.tuples(st.integers(-3_000, 3_000).filter(bool), st.integers(1, 2_000_000)), min_size=1, max_size=40)


@given(fills, st.integers(1, 10**14))
def test_positions_profit_and_unrealised_agree_to_the_last_digit(trades, mark):
    held, there = books.FLAT, Position()
    for lots, ticks in trades:
        step = books.traded(held, PERP, lots * PERP.quantity_step, ticks * PERP.price_tick, SATOSHI)
        moved = venue.move(there, LISTING, lots, ticks)
        held, there = step.holding, Position(moved.lots, moved.cost)
        assert held.quantity == there.lots * PERP.quantity_step
        assert held.cost * ATOM == there.cost
        assert step.realised * ATOM == moved.realised
        ours = books.unrealised(held, PERP, mark * SATOSHI, SATOSHI)
        assert ours * ATOM == venue.unrealised(there, LISTING, mark)
