"""The clearing's contract with order entry. All amounts are atoms."""

from typing import Protocol

import msgspec

from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.records import Income, Order


class Fill(msgspec.Struct, frozen=True, gc=False):
    """A match as one of its two sides sees it."""

    ts: int
    trade_id: int
    ticks: int
    lots: int
    maker: bool


class Settled(msgspec.Struct, frozen=True, gc=False):
    """What a fill moved: its worth, the fee (above zero = paid), its asset, the realised P&L of a derivative and how
    many lots it closed, the assets it touched and the ledger rows it made."""

    worth: int
    fee: int
    fee_asset: str
    realised: int
    closed: int
    assets: tuple[str, ...]
    rows: tuple[Income, ...] = ()


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
