"""A market price becomes an order price only through the tick index, in the stated direction."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.instruments import instrument
from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import Instrument

TICKS = ["0.1", "0.01", "0.5", "0.0001", "2.5"]


def grid(tick: str, step: str = "0.001") -> Instrument:
    return instrument(price_tick=tick, quantity_step=step, min_quantity=step, max_quantity=1_000_000)


@given(st.sampled_from(TICKS), st.integers(1, 10**9))
def test_a_price_on_the_grid_keeps_its_tick(tick: str, index: int) -> None:
    it = grid(tick)
    price = it.price_at(index)
    assert it.price_on_grid(price)
    assert it.ticks_down(float(price)) == it.ticks_up(float(price)) == index


@given(st.sampled_from(TICKS), st.floats(0.01, 1e6))
def test_down_and_up_enclose_a_price_within_one_tick(tick: str, price: float) -> None:
    it = grid(tick)
    down, up = it.price_at(it.ticks_down(price)), it.price_at(it.ticks_up(price))
    slack = it.price_tick / 1_000_000
    assert down <= Decimal(repr(price)) + slack
    assert up >= Decimal(repr(price)) - slack
    assert up - down in (0, it.price_tick)


@given(st.decimals(0, 10**6, places=9), st.sampled_from(["0.001", "1", "0.00001", "100"]))
def test_quantities_are_floored_and_raised_to_the_lot(quantity: Decimal, step: str) -> None:
    it = grid("0.1", step)
    down, up = it.quantity_down(quantity), it.quantity_up(quantity)
    assert down <= quantity <= up
    assert up - down in (0, it.quantity_step)
    assert it.quantity_on_grid(down)
    assert it.quantity_on_grid(up)


@pytest.mark.parametrize("wish", [float("nan"), float("inf"), float("-inf")])
def test_a_wish_that_is_no_number_is_refused(wish: float) -> None:
    with pytest.raises(BadInput, match="finite"):
        grid("0.1").quantity_from_float(wish)


def test_steps_above_zero_are_required() -> None:
    with pytest.raises(BadInput, match="price_tick"):
        grid("0")
