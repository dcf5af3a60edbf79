"""The venue tells a position's cost only through its unrealised P&L, rounded: it is found again, also half-way."""

from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.trading_day import END, INSTRUMENTS, PERP, START
from jtrader.domain.account import VenuePosition
from jtrader.domain.money import round_half_even
from jtrader.ledger.position import Holding
from jtrader.ledger.rollback import VenueNow, their_side
from jtrader.ledger.rules import SATOSHI
from jtrader.ledger.sides import Window

lots = st.integers(-50_000, 50_000).filter(bool)
units = st.integers(1, 10**14)


@given(lots, units, units)
@example(1, 100_000_000_500, 100_000_001)  # half-way, the cost is odd
@example(1, 100_000_000_500, 100_000_000)
@example(-1, 100_000_000_500, 100_000_001)
def test_the_cost_is_found_again(quantity, mark_units, cost_units):
    held = quantity * Decimal("0.001")
    mark, cost = mark_units * SATOSHI, cost_units * SATOSHI * (1 if quantity > 0 else -1)
    position = VenuePosition(
        account="a",
        instrument=PERP,
        quantity=held,
        entry_price=round_half_even(cost / held, SATOSHI),
        mark=mark,
        unrealised=round_half_even(held * mark - cost, SATOSHI),
        settle="USDT",
    )
    now = VenueNow(balances=(), positions=(position,), fills=(), entries=())
    marks = ({PERP: mark}.get, {PERP: mark}.get)
    truth = {PERP: Holding(held, cost)}
    assert their_side(Window(START, END), now, INSTRUMENTS, marks, truth).closing.holdings == truth
