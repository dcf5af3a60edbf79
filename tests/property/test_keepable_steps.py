"""Whatever steps a venue lists, a paper account keeps amounts exactly, with the finest step that allows it."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fixtures.instruments import instrument
from jtrader.domain.instrument import Product
from jtrader.venue.bounds import keepable, listing_of

POWERS = st.integers(-10, 2).map(lambda power: Decimal(1).scaleb(power))


@given(
    tick=st.integers(-8, 1).map(lambda power: Decimal(1).scaleb(power)),
    step=POWERS,
    least=st.integers(1, 999),
    contract=st.sampled_from([Decimal("0.001"), Decimal("0.01"), Decimal(1), Decimal(100)]),
    market=st.sampled_from(["okx_spot", "okx_swap"]),
)
def test_the_finest_step_that_is_whole(
    tick: Decimal, step: Decimal, least: int, contract: Decimal, market: str
) -> None:
    is_spot = market == "okx_spot"
    listed = instrument(
        f"{market}:BTC-USDT",
        product=Product.SPOT if is_spot else Product.LINEAR,
        price_tick=tick,
        quantity_step=step,
        min_quantity=least * step,
        contract_value=contract,
    )
    kept = keepable(listed)
    listing = listing_of(kept)  # refuses a lot that is worth no whole amount
    assert listing.tick_lot > 0
    assert kept.quantity_step >= step
    assert kept.quantity_step % step == 0
    assert kept.min_quantity >= listed.min_quantity
    assert kept.min_quantity % kept.quantity_step == 0
    assert keepable(kept) is kept
    if kept.quantity_step > step:
        finer = kept.quantity_step / 10
        assert finer * 10**8 % 1 != 0 or tick * finer * (1 if is_spot else contract) * 10**8 % 1 != 0
