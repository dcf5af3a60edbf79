"""Spot: an order locks what it would pay; a fill swaps assets; the fee is taken from what is received.

Source: Binance's and HTX's spot rules: a buy is charged in base, a sell in quote, unless the venue's own coin pays.
"""

from jtrader.matching.book import BUY
from jtrader.venue.account import Account
from jtrader.venue.clearing.base import Fill, Settled
from jtrader.venue.clearing.fees import NativeCoin
from jtrader.venue.listing import Listing
from jtrader.venue.records import Order
from jtrader.venue.refusals import Refused, Why


class SpotClearing:
    def __init__(self, native: NativeCoin) -> None:
        self._native = native

    def admit(self, account: Account, order: Order, listing: Listing, takes: tuple[int, int]) -> None:
        """A priced order locks its full worth until it fills or ends; a market order needs what the book asks now."""
        asset = paid_asset(order, listing)
        if order.side != BUY:
            needed = order.left * listing.lot
        elif order.price is None:
            needed = takes[1] * listing.tick_lot
        else:
            needed = listing.notional(order.left, order.price)
        holding = account.holding(asset)
        if needed > holding.free:
            raise Refused(Why.BALANCE, f"order needs {needed} of {asset} in units of 1e-8, free are {holding.free}")
        if order.price is not None or order.side != BUY:
            holding.free -= needed
            holding.locked += needed
            order.locked = needed

    def settle(self, account: Account, order: Order, listing: Listing, fill: Fill) -> Settled:
        base, quote = listing.instrument.base, listing.instrument.quote
        bought, worth = fill.lots * listing.lot, listing.notional(fill.lots, fill.ticks)
        paid, received = (worth, bought) if order.side == BUY else (bought, worth)
        asset, received_asset = (quote, base) if order.side == BUY else (base, quote)
        self._pay(account, order, listing, fill, asset, paid)
        account.holding(received_asset).free += received
        fee = self._native.fee(account, received, worth, listing, fill.maker, received_asset)
        account.holding(fee.asset).free -= fee.amount
        assets = (base, quote, fee.asset) if fee.native and fee.asset not in (base, quote) else (base, quote)
        return Settled(worth, fee.amount, fee.asset, 0, 0, assets)

    def release(self, account: Account, order: Order, listing: Listing) -> None:
        holding = account.holding(paid_asset(order, listing))
        holding.locked -= order.locked
        holding.free += order.locked
        order.locked = 0

    def _pay(self, account: Account, order: Order, listing: Listing, fill: Fill, asset: str, paid: int) -> None:
        """Out of the order's lock where it has one: a buy filled below its limit gets the difference back."""
        holding = account.holding(asset)
        if order.locked == 0:
            holding.free -= paid
            return
        buys_at = order.price if order.side == BUY else None
        unlocked = listing.notional(fill.lots, buys_at) if buys_at is not None else paid
        holding.locked -= unlocked
        order.locked -= unlocked
        holding.free += unlocked - paid


def paid_asset(order: Order, listing: Listing) -> str:
    return listing.instrument.quote if order.side == BUY else listing.instrument.base
