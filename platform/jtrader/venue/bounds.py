"""The venues' bounds around what they list: prices, the largest market order, the price band, leverage, open orders.

Sources: Binance's exchangeInfo; BitMEX's /instrument (maxPrice, initMargin); HTX's order limits and price limits of
contracts and its spot symbols. Other venues are taken with wide bounds and little leverage.
"""

from decimal import Decimal
from typing import NamedTuple

import msgspec

from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.money import ONE
from jtrader.venue.listing import Listing
from jtrader.venue.terms import terms_of
from jtrader.venue.units import ATOM


class Bounds(NamedTuple):
    """`band`: how far from the reference price an order may stand, as a fraction."""

    max_price: str
    band: str
    max_leverage: int
    max_open_orders: int


_BOUNDS: dict[str, Bounds] = {
    "binance_spot": Bounds("1000000", "0.8", 1, 200),
    "binance_usdm": Bounds("1000000", "0.05", 125, 200),
    "binance_coinm": Bounds("4520958", "0.05", 125, 200),
    "bitmex": Bounds("1000000", "0.5", 100, 200),
    "huobi_spot": Bounds("1000000", "0.5", 1, 500),
    "huobi_linear": Bounds("1000000", "0.02", 125, 500),
    "huobi_swap": Bounds("1000000", "0.02", 125, 500),
    "huobi_future": Bounds("1000000", "0.05", 125, 500),
}
"""By market."""

_OTHERS = Bounds("1000000000", "0.5", 20, 200)


def listing_of(instrument: Instrument) -> Listing:
    """The instrument as its venue lists it."""
    bounds, terms = _BOUNDS.get(str(instrument.market), _OTHERS), terms_of(instrument)
    return Listing(
        instrument=instrument,
        min_price=instrument.price_tick,
        max_price=Decimal(bounds.max_price),
        market_max_quantity=instrument.market_max_quantity or instrument.max_quantity,
        band=Decimal(bounds.band),
        max_leverage=bounds.max_leverage,
        max_open_orders=bounds.max_open_orders,
        maintenance=terms.maintenance,
        liquidation_fee=terms.liquidation_fee,
        delivery_fee=terms.delivery_fee,
        value_rules=terms.value_rules,
        settle_unit=terms.settle_unit,
    )


def keepable(instrument: Instrument) -> Instrument:
    """With the finest quantity step that this venue can keep exactly: one lot at one tick is worth whole atoms. Some
    venues list finer ones."""
    if instrument.product is Product.INVERSE:
        return instrument
    contract = ONE if instrument.is_spot else instrument.contract_value
    step = instrument.quantity_step
    while step * ATOM % 1 or instrument.price_tick * step * contract * ATOM % 1:
        step *= 10
    if step == instrument.quantity_step:
        return instrument
    steps, rest = divmod(instrument.min_quantity, step)
    return msgspec.structs.replace(instrument, quantity_step=step, min_quantity=(steps + bool(rest)) * step)
