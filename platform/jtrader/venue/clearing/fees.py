"""Fees: a rate on what was traded, in the asset that the market charges or, at a discount, in the venue's own coin."""

import msgspec

from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.market_rules import NativeFee
from jtrader.venue.units import ATOM, atoms, divide


class Fee(msgspec.Struct, frozen=True, gc=False):
    """Above zero = paid, below = a maker's rebate. `native`: in the venue's own coin."""

    amount: int
    asset: str
    native: bool = False


def fee_on(amount: int, listing: Listing, maker: bool) -> int:
    """amount × rate, half to even to the settle asset's unit; a rate below zero is a rebate."""
    unit = listing.settle_unit
    return divide(amount * (listing.maker_rate if maker else listing.taker_rate), ATOM * unit) * unit


class NativeCoin:
    """What the venue's own coin is worth now, and who pays with it."""

    def __init__(self, terms: NativeFee | None) -> None:
        self.terms = terms
        self.prices: dict[str, int] = {}
        """One coin in atoms of another asset."""

    def fee(self, account: Account, amount: int, worth: int, listing: Listing, maker: bool, asset: str) -> Fee:
        """`amount` is what the fee is charged on, in `asset`; `worth` the same in the listing's quote (or settle).

        In the native coin: worth·rate·(1 − discount) / price, half to even, when the account wants it, the coin's price
        is known, there is enough of it, and there is something to pay; else amount·rate in `asset`. Binance charges the
        usual asset without a word once the coin has run out.
        """
        usual = Fee(fee_on(amount, listing, maker), asset)
        terms, price = self.terms, self.prices.get(listing.settle, 0)
        if terms is None or not account.modes.native_fee or price <= 0 or usual.amount <= 0:
            return usual
        rate = (listing.maker_rate if maker else listing.taker_rate) * (ATOM - atoms(terms.discount))
        native = divide(worth * rate, price * ATOM)
        if account.holding(terms.asset).free < native:
            return usual
        return Fee(native, terms.asset, native=True)
