"""What a contract is worth in coins and in quote, and public volumes, which HTX's contract markets count on both sides.

The public `amount`, `vol`, `quantity` and `trade_turnover` of contracts are the sum of the buyer's and the seller's
side, twice what was traded; order books, orders and fills count one side (htx.com, get kline data and trade detail of
the contract markets). Spot counts once.
"""

from decimal import Decimal

from jtrader.domain.instrument import Product
from jtrader.exchange.sim.market.tape import Kline
from jtrader.venue.listing import Listing

SIDES = 2


def coins(listing: Listing, lots: int, price: Decimal) -> Decimal:
    """Base coins of `lots` at a price."""
    rules = listing.instrument
    quantity = lots * rules.quantity_step
    if rules.product is Product.INVERSE:
        return quantity * rules.contract_value / price
    return quantity * rules.contract_value


def turnover(listing: Listing, lots: int, price: Decimal) -> Decimal:
    """Quote of `lots` at a price."""
    rules = listing.instrument
    quantity = lots * rules.quantity_step
    if rules.product is Product.INVERSE:
        return quantity * rules.contract_value
    return quantity * rules.contract_value * price


def average_price(listing: Listing, kline: Kline) -> Decimal:
    """By volume; the close of a candle without a trade. An inverse candle's coins are reckoned at this price."""
    tick = listing.instrument.price_tick
    return kline.turnover * tick / kline.volume if kline.volume else kline.close * tick
