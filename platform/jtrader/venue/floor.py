"""What all parts of a venue share: its listings, books and accounts, the numbers it gives, and what it has to tell."""

from collections.abc import Callable, Sequence
from copy import copy

import msgspec

from jtrader.domain.instrument import InstrumentStatus, Product
from jtrader.matching.book import Book
from jtrader.venue.account import Account
from jtrader.venue.clearing.base import Clearing
from jtrader.venue.clearing.derivatives import Derivatives
from jtrader.venue.clearing.fees import NativeCoin
from jtrader.venue.clearing.margin import Margin
from jtrader.venue.clearing.spot import SpotClearing
from jtrader.venue.listing import Listing
from jtrader.venue.market_rules import MarketRules
from jtrader.venue.records import (
    BalancesChanged,
    Execution,
    Happened,
    Income,
    Order,
    OrderReported,
    Position,
    Trade,
    position_key,
)
from jtrader.venue.refusals import Refused, Why


class Numbers(msgspec.Struct, gc=False):
    """The next number of each series."""

    order: int = 1_000_000_001
    algo: int = 3_000_000_001
    row: int = 500_000_001
    foreign: int = -1


class Floor:
    """`marks(symbol)` is the mark price now in atoms (spot: the reference price of the filters)."""

    def __init__(
        self,
        market: str,
        product: Product,
        listings: Sequence[Listing],
        marks: Callable[[str], int],
        rules: MarketRules,
    ) -> None:
        self.market = market
        self.rules = rules
        self.listings = {listing.symbol: listing for listing in listings}
        self.books = {symbol: Book() for symbol in self.listings}
        self.accounts: dict[str, Account] = {}
        self.next_trade_id = dict.fromkeys(self.listings, 1)
        self.status = {symbol: listing.instrument.status for symbol, listing in self.listings.items()}
        self.last: dict[str, int] = {}
        """The last trade's price in atoms."""
        self.index: dict[str, int] = {}
        """The index price in atoms, where the world tells one."""
        self.is_open = True
        self.numbers = Numbers()
        self.resting: dict[int, Order] = {}
        """Accounts' orders in the books, by id."""
        self.native = NativeCoin(rules.native_fee)
        self.marks = marks
        self.derivatives: Derivatives | None = None
        if product is not Product.SPOT:
            self.derivatives = Derivatives(Margin(self.listings, marks, rules.default_leverage), self.native, self.book)
        self.clearing: Clearing = self.derivatives if self.derivatives is not None else SpotClearing(self.native)
        self._happened: list[Happened] = []

    def drain(self) -> list[Happened]:
        happened, self._happened = self._happened, []
        return happened

    def listing(self, symbol: str) -> Listing:
        found = self.listings.get(symbol)
        if found is None:
            raise Refused(Why.UNKNOWN_SYMBOL, f"{self.market} lists no {symbol}")
        return found

    def trading(self, symbol: str) -> Listing:
        """A listing that takes orders now."""
        listing = self.listing(symbol)
        if not self.is_open:
            raise Refused(Why.CLOSED, f"{self.market} is closed for trading")
        if self.status[symbol] is not InstrumentStatus.TRADING:
            raise Refused(Why.HALTED, f"{symbol} is {self.status[symbol]}")
        return listing

    def next_order(self) -> int:
        self.numbers.order += 1
        return self.numbers.order - 1

    def next_algo(self) -> int:
        self.numbers.algo += 1
        return self.numbers.algo - 1

    def next_foreign(self) -> int:
        self.numbers.foreign -= 1
        return self.numbers.foreign + 1

    def next_trade(self, symbol: str) -> int:
        trade_id = self.next_trade_id[symbol]
        self.next_trade_id[symbol] = trade_id + 1
        return trade_id

    def book(self, account: Account, row: Income) -> Income:
        """Numbers a ledger row and moves the wallet by it."""
        balance = account.holding(row.asset).total + row.amount
        numbered = msgspec.structs.replace(row, id=self.numbers.row, balance=balance)
        self.numbers.row += 1
        account.book(numbered)
        return numbered

    def tell(self, happened: Happened) -> None:
        self._happened.append(happened)

    def report(self, order: Order, execution: Execution, ts: int, trade: Trade | None = None) -> None:
        self._happened.append(OrderReported(ts=ts, order=copy(order), execution=execution, trade=trade))

    def tell_balances(
        self,
        account: Account,
        reason: str,
        ts: int,
        assets: Sequence[str],
        positions: Sequence[Position] = (),
        moved: int = 0,
        rows: Sequence[Income] = (),
    ) -> None:
        self._happened.append(
            BalancesChanged(
                ts=ts,
                account=account.name,
                reason=reason,
                holdings={asset: copy(account.holding(asset)) for asset in assets},
                positions={position_key(p.symbol, p.leg): copy(p) for p in positions},
                moved=moved,
                rows=tuple(rows),
            )
        )
