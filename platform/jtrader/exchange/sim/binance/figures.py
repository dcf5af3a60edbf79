"""How Binance writes figures: decimals, and what contracts of COIN-M are worth in their coin."""

from jtrader.exchange.sim.market.tape import Kline
from jtrader.venue.listing import Listing
from jtrader.venue.units import divide

SPOT_DECIMALS = 8


def places(listing: Listing) -> tuple[int, int]:
    """Decimals of prices and of quantities: eight on spot, on futures as many as the steps have."""
    if listing.instrument.is_spot:
        return SPOT_DECIMALS, SPOT_DECIMALS
    return listing.price_decimals, listing.quantity_decimals


def price_text(listing: Listing, ticks: int) -> str:
    return listing.price_text(ticks, places(listing)[0])


def quantity_text(listing: Listing, lots: int) -> str:
    return listing.quantity_text(lots, places(listing)[1])


def turnover(listing: Listing, ticks_lots: int, lots: int) -> int:
    """What `lots` that traded for Σ ticks·lots were worth, in atoms: in quote, of inverse contracts in their coin. That
    is reckoned at the average price, which differs from the sum over trades by less than 1e-6 of it within a minute."""
    if not listing.is_inverse:
        return ticks_lots * listing.tick_lot
    return divide(lots * lots * listing.lot * listing.contract, ticks_lots * listing.tick) if ticks_lots else 0


def average_ticks(candle: Kline) -> int:
    """The volume-weighted price, in ticks; of a candle without a trade its close."""
    return divide(candle.turnover, candle.volume) if candle.volume else candle.close
