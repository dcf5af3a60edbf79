"""One market of a venue in memory: its books, its accounts, and everything that happens to them.

Orders of accounts and the flow of other participants meet in the same books. Time is an argument; what happened is
collected and handed out by `drain`. Rules and money live in the parts that this class puts together.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from jtrader.domain.instrument import InstrumentStatus, Product
from jtrader.matching.book import BUY, FOREIGN, SELL
from jtrader.matching.entry import Style
from jtrader.venue.account import Account
from jtrader.venue.clearing.margin import Margin
from jtrader.venue.conditionals import Conditionals
from jtrader.venue.filters import NewOrder
from jtrader.venue.floor import Floor
from jtrader.venue.liquidation import Liquidation
from jtrader.venue.listing import Listing
from jtrader.venue.market_rules import PLAIN, MarketRules
from jtrader.venue.market_state import MarketState
from jtrader.venue.mishaps import Mishaps
from jtrader.venue.modes import ModeDesk
from jtrader.venue.order_entry import OrderEntry
from jtrader.venue.records import Happened, Income, Order
from jtrader.venue.refusals import Refused
from jtrader.venue.settlement import Settlement
from jtrader.venue.snapshot import dump, load
from jtrader.venue.treasury import Treasury
from jtrader.venue.words import Leg


class Replaced(msgspec.Struct, frozen=True):
    """What became of the two halves of a cancel-replace; `placed` is None when the second was not tried."""

    cancelled: Order | Refused
    placed: Order | Refused | None


class Venue:
    """`product` says whether this is a spot market; of derivatives each listing has its own payoff and settle asset.

    `marks(symbol)` is the mark price now in atoms (spot: the reference price of the filters).
    """

    def __init__(
        self,
        market: str,
        product: Product,
        listings: Sequence[Listing],
        marks: Callable[[str], int],
        rules: MarketRules = PLAIN,
    ) -> None:
        self._floor = floor = Floor(market, product, listings, marks, rules)
        self._entry = entry = OrderEntry(floor)
        self._conditionals = Conditionals(floor, entry)
        self._settlement = Settlement(floor, entry)
        self._liquidation = Liquidation(floor, entry)
        self._state = MarketState(floor, entry)
        self.market = market
        self.rules = rules
        self.listings = floor.listings
        self.books = floor.books
        self.accounts = floor.accounts
        self.next_trade_id = floor.next_trade_id
        self.status = floor.status
        self.native_prices = floor.native.prices
        """One of the venue's own coin (BNB) in atoms of each asset that fees are due in; kept by the world."""
        self.margin: Margin | None = floor.derivatives.margin if floor.derivatives is not None else None
        """What positions and orders of a derivatives market need; None on spot."""
        self.modes = ModeDesk(floor)
        self.treasury = Treasury(floor)
        self.mishaps = Mishaps(floor, entry)

    @property
    def is_open(self) -> bool:
        return self._floor.is_open

    def drain(self) -> list[Happened]:
        return self._floor.drain()

    def listing(self, symbol: str) -> Listing:
        """Raises Refused for a symbol that is not listed."""
        return self._floor.listing(symbol)

    # accounts

    def open_account(self, name: str, funds: dict[str, int]) -> Account:
        """The opening funds are a deposit from before the first row: they have none."""
        account = self.accounts[name] = Account(name, len(self.accounts) + 1, funds)
        account.modes.hedge = self.rules.hedge
        return account

    def transfer(self, account: Account, asset: str, amount: int, ts: int, reference: str = "") -> Income:
        """Money comes in (above zero) or goes out; it shows as a TRANSFER row. Raises Refused beyond what is free."""
        return self.treasury.transfer(account, asset, amount, ts, reference)

    def deposit(self, account: Account, asset: str, amount: int, ts: int, reference: str = "") -> Income:
        return self.treasury.deposit(account, asset, amount, ts, reference)

    def withdraw(self, account: Account, asset: str, amount: int, ts: int, fee: int = 0, reference: str = "") -> Income:
        return self.treasury.withdraw(account, asset, amount, ts, fee, reference)

    def convert_dust(
        self, account: Account, prices: Mapping[str, int], into: str, ts: int, fee_rate: int = 0
    ) -> list[Income]:
        return self.treasury.convert_dust(account, prices, into, ts, fee_rate)

    def set_leverage(self, account: Account, symbol: str, leverage: int, ts: int = 0) -> None:
        self.modes.set_leverage(account, symbol, leverage, ts)

    # orders

    def submit(self, account: Account, new: NewOrder, ts: int) -> Order:
        """Checks, records, matches, or lets it wait. Raises Refused when there is no such order afterwards."""
        if new.trigger_price is not None:
            return self._conditionals.accept(account, new, ts)
        return self._entry.submit(account, new, ts)

    def cancel(self, account: Account, order: Order | None, ts: int, cancel_id: str = "") -> Order:
        """A resting or a waiting one. Raises Refused for an order that is not open (any more)."""
        return self._entry.cancel(account, order, ts, cancel_id)

    def cancel_all(self, account: Account, symbol: str | None, ts: int, cancel_id: str = "") -> list[Order]:
        """Every resting and waiting order of a symbol, or of all."""
        orders = [*account.open_orders.values(), *account.open_conditionals.values()]
        found = [order for order in orders if symbol in (None, order.symbol)]
        return [self.cancel(account, order, ts, cancel_id) for order in found]

    def amend(
        self, account: Account, order: Order | None, quantity: Decimal | None, price: Decimal | None, ts: int
    ) -> Order:
        """See `OrderEntry.amend`: a new total quantity, a new price, or both."""
        return self._entry.amend(account, order, quantity, price, ts)

    def cancel_replace(
        self, account: Account, order: Order | None, new: NewOrder, ts: int, go_on: bool = False, cancel_id: str = ""
    ) -> Replaced:
        """Cancels, then places; when the cancel fails it places only if it shall `go_on`. Both halves are told."""
        cancelled: Order | Refused
        try:
            cancelled = self.cancel(account, order, ts, cancel_id)
        except Refused as refused:
            cancelled = refused
            if not go_on:
                return Replaced(cancelled, None)
        try:
            return Replaced(cancelled, self.submit(account, new, ts))
        except Refused as refused:
            return Replaced(cancelled, refused)

    def open_conditionals(self, account: Account, symbol: str | None = None) -> list[Order]:
        """Those that wait for their price."""
        return [order for order in account.open_conditionals.values() if symbol in (None, order.symbol)]

    # the other participants

    def foreign_limit(self, symbol: str, side: int, ticks: int, lots: int, ts: int) -> None:
        """Rests; what has come to cross in the meantime is taken first."""
        if self._trades(symbol):
            self._entry.foreign(symbol, side, ticks, lots, Style.LIMIT, ts)

    def foreign_take(self, symbol: str, side: int, ticks: int, lots: int, ts: int) -> None:
        if self._trades(symbol):
            self._entry.foreign(symbol, side, ticks, lots, Style.IOC, ts)

    def foreign_reduce(self, symbol: str, side: int, ticks: int, lots: int) -> None:
        """Others withdraw up to `lots` at a price, the newest orders first; accounts' orders stay."""
        book = self.books[symbol]
        for resting in reversed(book.queue(side, ticks)):
            if lots <= 0:
                return
            if resting.owner == FOREIGN:
                gone = min(lots, resting.lots)
                lots -= gone
                book.reduce(resting.order_id, gone)

    # what time brings

    def trigger(self, symbol: str, last: int, mark: int, index: int, ts: int) -> None:
        """Prices of a symbol now, in atoms, 0 = not known: conditional orders whose price has come go to work."""
        if index:
            self._floor.index[symbol] = index
        if last:
            self._floor.last[symbol] = last
        if self._trades(symbol):
            self._conditionals.watch(symbol, mark, ts)

    def pay_funding(self, symbol: str, mark: int, rate: int, ts: int) -> None:
        """Settles the positions of the instant; `mark` and `rate` in atoms."""
        self._settlement.pay_funding(symbol, mark, rate, ts)

    def settle_periodic(self, ts: int, prices: Mapping[str, int] | None = None) -> None:
        """HTX: unrealised P&L moves to the wallet, positions re-base; `prices` in atoms, by default every mark."""
        if prices is None:
            prices = {symbol: self._floor.marks(symbol) for symbol in self.listings}
        self._settlement.settle_periodic(prices, ts)

    def deliver(self, symbol: str, price: int, ts: int) -> None:
        """A dated contract ends at its settlement price (atoms): orders end, positions close, it is delisted."""
        self._settlement.deliver(symbol, price, ts)
        self._state.set_status(symbol, InstrumentStatus.DELISTED, ts)

    def check_liquidations(self, ts: int) -> list[Order]:
        """Closes what has fallen below its maintenance margin at the marks of now; the orders that did it."""
        return self._liquidation.check(ts)

    def deleverage(self, account: Account, symbol: str, leg: Leg, lots: int, ticks: int, ts: int) -> Order:
        """ADL against a position, at a price."""
        return self._liquidation.deleverage(account, symbol, leg, lots, ticks, ts)

    def set_status(self, symbol: str, status: InstrumentStatus, ts: int) -> None:
        self._state.set_status(symbol, status, ts)

    def set_rules(self, listing: Listing, ts: int) -> None:
        self._state.set_rules(listing, ts)

    def close(self, ts: int) -> None:
        """Ends trading: every order expires, nothing is accepted any more."""
        self._state.close(ts)

    # keeping it

    def dump(self) -> bytes:
        """The whole state; what was not drained yet is not part of it."""
        return dump(self._floor)

    def load(self, data: bytes, with_others: bool = True) -> None:
        """Goes on from a dump of this market. `with_others` False: the books hold only the accounts' own orders.
        Raises BadInput."""
        load(self._floor, self._conditionals, data, with_others)

    def _trades(self, symbol: str) -> bool:
        return self._floor.status[symbol] is InstrumentStatus.TRADING


__all__ = ["BUY", "SELL", "NewOrder", "Replaced", "Venue"]
