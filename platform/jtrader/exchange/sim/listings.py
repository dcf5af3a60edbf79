"""The venues' bounds around what they list: prices, the largest market order, the price band, leverage, open orders.

Sources: Binance's exchangeInfo; BitMEX's /instrument (maxPrice, initMargin); HTX's order limits and price limits of
contracts and its spot symbols.
"""

from decimal import Decimal
from typing import NamedTuple

from jtrader.domain.instrument import Instrument
from jtrader.venue.listing import Listing
from jtrader.venue.terms import terms_of


class Bounds(NamedTuple):
    """`band`: how far from the reference price an order may stand, as a fraction."""

    max_price: str
    band: str
    max_leverage: int
    max_open_orders: int


BOUNDS: dict[str, Bounds] = {
    "binance_spot": Bounds("1000000", "0.8", 1, 200),
    "binance_usdm": Bounds("1000000", "0.05", 125, 200),
    "binance_coinm": Bounds("4520958", "0.05", 125, 200),
    "bitmex": Bounds("1000000", "0.5", 100, 200),
    "huobi_spot": Bounds("1000000", "0.5", 1, 500),
    "huobi_linear": Bounds("1000000", "0.02", 125, 500),
    "huobi_swap": Bounds("1000000", "0.02", 125, 500),
    "huobi_future": Bounds("1000000", "0.05", 125, 500),
}
"""By market: all that the simulator knows."""

NATIVE_PRICES = {"USDT": 65_000_000_000, "BTC": 620_000, "ETH": 25_000_000}
"""One BNB in atoms of what fees are due in: a given rate, the same at all times."""


def listing_of(instrument: Instrument) -> Listing:
    """The instrument as its venue lists it."""
    bounds, terms = BOUNDS[str(instrument.market)], terms_of(instrument)
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
