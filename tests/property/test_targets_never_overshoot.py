"""Whatever of the working orders fills, the new intent never carries the position beyond the target."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fixtures.trading import PERP, SPOT, minutes
from jtrader.domain.ids import AccountId, StrategyId
from jtrader.domain.money import ZERO
from jtrader.domain.order import Side
from jtrader.strategy.api import Target, View
from jtrader.strategy.targets import delta, intent_for

LOT = Decimal("0.00000001")
signed = st.integers(-(10**9), 10**9).map(lambda n: n * LOT)
positive = st.integers(0, 10**9).map(lambda n: n * LOT)
share = st.sampled_from([Decimal(0), Decimal("0.5"), Decimal(1)])


@given(position=signed, buying=positive, selling=positive, target=signed, bought=share, sold=share, filled=share)
def test_a_perpetual_stays_on_this_side_of_its_target(
    position: Decimal,
    buying: Decimal,
    selling: Decimal,
    target: Decimal,
    bought: Decimal,
    sold: Decimal,
    filled: Decimal,
) -> None:
    trade = delta(target, View(instrument=PERP, position=position, buying=buying, selling=selling))
    assert PERP.quantity_on_grid(trade)
    if trade > 0:
        assert position + buying * bought + trade * filled <= target
    if trade < 0:
        assert position - selling * sold + trade * filled >= target


@given(position=positive, selling=positive, target=signed, filled=share)
def test_spot_never_sells_more_than_there_is(
    position: Decimal, selling: Decimal, target: Decimal, filled: Decimal
) -> None:
    selling = min(selling, position)
    trade = delta(target, View(instrument=SPOT, position=position, selling=selling))
    assert position - selling + trade * filled >= 0


@given(position=signed, target=signed)
def test_without_working_orders_the_target_is_met_within_a_lot(position: Decimal, target: Decimal) -> None:
    trade = delta(target, View(instrument=PERP, position=position))
    assert abs(target - position - trade) < PERP.quantity_step


@given(position=signed, buying=positive, selling=positive, target=signed)
def test_reduce_only_means_just_that(position: Decimal, buying: Decimal, selling: Decimal, target: Decimal) -> None:
    (candle,) = minutes([50_000.0])
    view = View(instrument=PERP, position=position, buying=buying, selling=selling)
    intent = intent_for(Target(quantity=target, reason=""), view, candle, StrategyId("s"), AccountId("a"), 0)
    if intent is None:
        return
    assert intent.quantity > ZERO
    opposite = position > 0 if intent.side is Side.SELL else position < 0
    assert intent.reduce_only == (opposite and intent.quantity <= abs(position))
