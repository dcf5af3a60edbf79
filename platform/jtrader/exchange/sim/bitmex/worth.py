"""What contracts are worth on BitMEX's tapes: in what they settle in, in the underlying, in the quote currency."""

from typing import NamedTuple

from jtrader.domain.instrument import Product
from jtrader.venue.listing import Listing
from jtrader.venue.units import ATOM, divide


class Worth(NamedTuple):
    """All in atoms and above zero: of the settling coin, of the underlying (home), of the quote currency (foreign)."""

    gross: int
    home: int
    foreign: int


def worth(listing: Listing, lots: int, price: int, coin_price: int) -> Worth:
    """`price` in atoms. `coin_price`: what the settling coin costs in quote, in atoms; only a quanto needs it."""
    gross = listing.notional_at(lots, price)
    if listing.is_inverse:
        return Worth(gross, gross, divide(lots * listing.lot * listing.contract, ATOM))
    if listing.instrument.product is Product.QUANTO:
        foreign = divide(gross * coin_price, ATOM)
        return Worth(gross, divide(foreign * ATOM, price), foreign)
    return Worth(gross, divide(lots * listing.lot * listing.contract, ATOM), gross)
