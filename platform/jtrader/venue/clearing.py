"""What a market does with money: what an order needs and what a fill moves. One implementation a product.

All amounts are atoms.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec

from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.records import Order
from jtrader.venue.units import ATOM, divide

NextId = Callable[[], int]


class Fill(msgspec.Struct, frozen=True, gc=False):
    """A match as one of its two sides sees it."""

    ts: int
    trade_id: int
    ticks: int
    lots: int
    maker: bool


class Settled(msgspec.Struct, frozen=True, gc=False):
    """What a fill moved: the fee (above zero = paid), its asset, and the realised P&L of a derivative."""

    fee: int
    fee_asset: str
    realised: int
    assets: tuple[str, ...]


class Clearing(Protocol):
    def admit(self, account: Account, order: Order, listing: Listing, takes: tuple[int, int]) -> None:
        """Raises Refused when the account can't carry the order; else locks what the market locks.

        `takes` = (lots, Σ ticks·lots) that the order would get from the book at once.
        """
        ...

    def settle(self, account: Account, order: Order, listing: Listing, fill: Fill) -> Settled: ...

    def release(self, account: Account, order: Order, listing: Listing) -> None:
        """Frees what a finished order still locks."""
        ...


def fee_on(amount: int, listing: Listing, maker: bool) -> int:
    """amount × rate, half to even to an atom."""
    return divide(amount * (listing.maker_rate if maker else listing.taker_rate), ATOM)
