"""One market of a venue in memory: its books, its accounts, and everything that happens to them.

Orders of accounts and the flow of other participants meet in the same books. Time is an argument; what happened is
collected and handed out by `drain`.
"""

import itertools
from collections.abc import Callable, Sequence
from copy import copy

from jtrader.domain.instrument import Product
from jtrader.domain.order import OrderStatus
from jtrader.matching.book import BUY, FOREIGN, SELL, Book, Event, Matched, SelfTradePrevented
from jtrader.matching.entry import Entered, Style, enter
from jtrader.matching.entry import Order as Entry
from jtrader.venue.account import Account
from jtrader.venue.clearing import Clearing, Fill
from jtrader.venue.filters import NewOrder, check_notional, checked_lots, checked_ticks
from jtrader.venue.linear import SETTLE, LinearClearing
from jtrader.venue.listing import Listing
from jtrader.venue.position import funding
from jtrader.venue.records import (
    BalancesChanged,
    Execution,
    Happened,
    Income,
    IncomeKind,
    Order,
    OrderReported,
    Trade,
    TradePrinted,
)
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.spot import SpotClearing

FIRST_ORDER_ID = 1_000_000_001
FIRST_ROW_ID = 500_000_001


class Venue:
    """Of one product. `marks(symbol)` is the mark price now in atoms (spot: the reference price of the filters)."""

    def __init__(self, market: str, product: Product, listings: Sequence[Listing], marks: Callable[[str], int]) -> None:
        self.market = market
        self.listings = {listing.symbol: listing for listing in listings}
        self.books = {symbol: Book() for symbol in self.listings}
        self.accounts: dict[str, Account] = {}
        self.next_trade_id = dict.fromkeys(self.listings, 1)
        self.is_open = True
        self._marks = marks
        self._order_ids = itertools.count(FIRST_ORDER_ID)
        self._row_ids = itertools.count(FIRST_ROW_ID)
        self._foreign_ids = itertools.count(-1, -1)
        self._resting: dict[int, Order] = {}
        self._happened: list[Happened] = []
        self.linear: LinearClearing | None = None
        if product is not Product.SPOT:
            self.linear = LinearClearing(self.listings, marks, lambda: next(self._row_ids))
        self._clearing: Clearing = self.linear if self.linear is not None else SpotClearing()

    def drain(self) -> list[Happened]:
        happened, self._happened = self._happened, []
        return happened

    def listing(self, symbol: str) -> Listing:
        found = self.listings.get(symbol)
        if found is None:
            raise Refused(Why.UNKNOWN_SYMBOL, f"{self.market} lists no {symbol}")
        return found

    # accounts

    def open_account(self, name: str, funds: dict[str, int]) -> Account:
        """The opening funds are a deposit from before the first row: they have none."""
        account = self.accounts[name] = Account(name, len(self.accounts) + 1, funds)
        return account

    def transfer(self, account: Account, asset: str, amount: int, ts: int) -> Income:
        """Money comes in (above zero) or goes out; it shows as a TRANSFER row."""
        if account.holding(asset).free + amount < 0:
            raise Refused(Why.BALANCE, f"{account.name} has too little {asset} to send {-amount} units of 1e-8")
        row = Income(id=next(self._row_ids), kind=IncomeKind.TRANSFER, symbol="", asset=asset, amount=amount, ts=ts)
        account.book(row)
        reason = "DEPOSIT" if amount >= 0 else "WITHDRAW"
        self._tell_balances(account, reason, ts, (asset,), moved=amount)
        return row

    def set_leverage(self, account: Account, symbol: str, leverage: int) -> None:
        listing = self.listing(symbol)
        if not 1 <= leverage <= listing.max_leverage:
            raise Refused(Why.LEVERAGE, f"leverage {leverage} is not within 1 to {listing.max_leverage}", str(leverage))
        account.leverage[symbol] = leverage

    # orders

    def submit(self, account: Account, new: NewOrder, ts: int) -> Order:
        """Checks, records, matches. Raises Refused when there is no such order afterwards."""
        listing = self.listing(new.symbol)
        if not self.is_open:
            raise Refused(Why.CLOSED, f"{self.market} is closed for trading")
        order = self._checked(account, new, listing, ts)
        entry = Entry(order.id, account.number, order.side, order.lots, order.style, order.price)
        book = self.books[new.symbol]
        if order.style is Style.POST_ONLY and order.price is not None and book.crosses(order.side, order.price):
            raise Refused(Why.WOULD_TAKE, "the order would match at once, and it may only rest")
        takes = book.takeable(order.side, order.lots, order.price, account.number)
        self._clearing.admit(account, order, listing, takes)
        account.record(order)
        account.open_orders[order.id] = order
        self._resting[order.id] = order
        self._report(order, Execution.NEW, ts)
        entered = enter(book, entry, lambda event: self._on_event(event, new.symbol, order, order.side, ts))
        self._finish(account, order, entered, ts)
        return order

    def cancel(self, account: Account, order: Order | None, ts: int, cancel_id: str = "") -> Order:
        """Raises Refused for an order that is not open (any more)."""
        if order is None or not order.is_open:
            raise Refused(Why.UNKNOWN_ORDER, "there is no such open order")
        self.books[order.symbol].cancel(order.id)
        order.cancel_id = cancel_id
        self._end(account, order, OrderStatus.CANCELED, Execution.CANCELED, ts)
        return order

    def close(self, ts: int) -> None:
        """Ends trading: every resting order expires, nothing is accepted any more."""
        self.is_open = False
        for account in self.accounts.values():
            for order in list(account.open_orders.values()):
                self._expire(account, order, ts)
        for book in self.books.values():
            book.clear()

    # the other participants

    def foreign_limit(self, symbol: str, side: int, ticks: int, lots: int, ts: int) -> None:
        """Rests; what has come to cross in the meantime is taken first."""
        self._foreign(symbol, side, ticks, lots, Style.LIMIT, ts)

    def foreign_take(self, symbol: str, side: int, ticks: int, lots: int, ts: int) -> None:
        self._foreign(symbol, side, ticks, lots, Style.IOC, ts)

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

    # funding

    def pay_funding(self, symbol: str, mark: int, rate: int, ts: int) -> None:
        """Settles the positions of the instant; `mark` and `rate` in atoms."""
        listing = self.listing(symbol)
        for account in self.accounts.values():
            position = account.positions.get(symbol)
            if position is None or not position.lots:
                continue
            amount = funding(position, listing, mark, rate)
            row_id = next(self._row_ids)
            account.book(
                Income(id=row_id, kind=IncomeKind.FUNDING_FEE, symbol=symbol, asset=SETTLE, amount=amount, ts=ts)
            )
            self._tell_balances(account, "FUNDING_FEE", ts, (SETTLE,), symbol, amount)

    # inside

    def _checked(self, account: Account, new: NewOrder, listing: Listing, ts: int) -> Order:
        reference = self._marks(new.symbol)
        price = checked_ticks(new, listing, reference)
        lots = self._lots(new, listing)
        if not new.reduce_only:
            check_notional(lots, price, listing, reference)
        if any(order.client_id == new.client_id for order in account.open_of(new.symbol)):
            raise Refused(Why.DUPLICATE_CLIENT_ID, f"client id {new.client_id} is open already")
        if len(account.open_of(new.symbol)) >= listing.max_open_orders:
            raise Refused(Why.TOO_MANY_ORDERS, f"{listing.max_open_orders} orders are open, the most allowed")
        if new.reduce_only:
            lots = self._reducible(account, new, lots)
        return Order(
            id=next(self._order_ids),
            client_id=new.client_id,
            account=account.name,
            symbol=new.symbol,
            side=new.side,
            style=new.style,
            lots=lots,
            price=price,
            reduce_only=new.reduce_only,
            created=ts,
            updated=ts,
            quote_wanted=int(new.quote * 10**8) if new.quote is not None else 0,
        )

    def _lots(self, new: NewOrder, listing: Listing) -> int:
        if new.quantity is not None:
            return checked_lots(new.quantity, listing, new.style is Style.MARKET)
        budget = int((new.quote or 0) * 10**8) // listing.tick_lot
        lots = self.books[new.symbol].affordable(new.side, budget)
        return checked_lots(lots * listing.instrument.quantity_step, listing, market=True)

    def _reducible(self, account: Account, new: NewOrder, lots: int) -> int:
        """As much as closes the position: less where other reduce-only orders already rest for it."""
        held = account.position(new.symbol).lots
        resting = sum(o.left for o in account.open_of(new.symbol) if o.reduce_only) if new.style.rests else 0
        most = abs(held) - resting
        if held * new.side >= 0 or most <= 0:
            raise Refused(Why.REDUCE_ONLY, "there is no position that this order would reduce")
        return min(lots, most)

    def _foreign(self, symbol: str, side: int, ticks: int, lots: int, style: Style, ts: int) -> None:
        entry = Entry(next(self._foreign_ids), FOREIGN, side, lots, style, ticks)
        enter(self.books[symbol], entry, lambda event: self._on_event(event, symbol, None, side, ts))

    def _on_event(self, event: Event, symbol: str, taker: Order | None, side: int, ts: int) -> None:
        if isinstance(event, SelfTradePrevented):
            maker = self._resting[event.maker_id]
            self._expire(self.accounts[maker.account], maker, ts)
            return
        trade_id = self.next_trade_id[symbol]
        self.next_trade_id[symbol] = trade_id + 1
        self._happened.append(
            TradePrinted(ts=ts, symbol=symbol, id=trade_id, ticks=event.ticks, lots=event.lots, side=side)
        )
        touched = []
        if event.maker_owner != FOREIGN:
            touched.append(self._fill(self._resting[event.maker_id], event, trade_id, True, ts))
        if taker is not None:
            touched.append(self._fill(taker, event, trade_id, False, ts))
        for account in touched:
            self._trim_reduce_only(account, symbol, taker, ts)

    def _fill(self, order: Order, match: Matched, trade_id: int, maker: bool, ts: int) -> Account:
        account, listing = self.accounts[order.account], self.listings[order.symbol]
        settled = self._clearing.settle(account, order, listing, Fill(ts, trade_id, match.ticks, match.lots, maker))
        worth = listing.notional(match.lots, match.ticks)
        order.filled += match.lots
        order.quote += worth
        order.updated = ts
        order.status = OrderStatus.FILLED if order.left == 0 else OrderStatus.PARTIALLY_FILLED
        trade = Trade(
            id=trade_id,
            order_id=order.id,
            account=account.name,
            symbol=order.symbol,
            side=order.side,
            price=match.ticks,
            lots=match.lots,
            quote=worth,
            fee=settled.fee,
            fee_asset=settled.fee_asset,
            maker=maker,
            realised=settled.realised,
            ts=ts,
        )
        account.record_trade(trade)
        if order.left == 0:
            self._forget(account, order)
        self._tell_balances(account, "ORDER", ts, settled.assets, order.symbol)
        self._report(order, Execution.TRADE, ts, trade)
        return account

    def _finish(self, account: Account, order: Order, entered: Entered, ts: int) -> None:
        """What the book neither filled nor rested has expired."""
        if entered.expired and order.is_open:
            self._expire(account, order, ts)

    def _expire(self, account: Account, order: Order, ts: int) -> None:
        self.books[order.symbol].cancel(order.id)
        self._end(account, order, OrderStatus.EXPIRED, Execution.EXPIRED, ts)

    def _end(self, account: Account, order: Order, status: OrderStatus, execution: Execution, ts: int) -> None:
        order.status = status
        order.updated = ts
        self._forget(account, order)
        self._report(order, execution, ts)
        if self.linear is None:
            assets = (self.listings[order.symbol].instrument.base, self.listings[order.symbol].instrument.quote)
            self._tell_balances(account, "ORDER", ts, assets)

    def _forget(self, account: Account, order: Order) -> None:
        self._clearing.release(account, order, self.listings[order.symbol])
        account.open_orders.pop(order.id, None)
        self._resting.pop(order.id, None)

    def _trim_reduce_only(self, account: Account, symbol: str, taker: Order | None, ts: int) -> None:
        """Reduce-only orders that rest for more than the position has left expire, the newest first."""
        resting = [o for o in account.open_of(symbol) if o.reduce_only and o is not taker]
        if not resting:
            return
        held = account.position(symbol).lots
        wanted = sum(order.left for order in resting)
        for order in reversed(resting):
            if wanted <= abs(held) and held * order.side < 0:
                return
            wanted -= order.left
            self._expire(account, order, ts)

    def _tell_balances(
        self, account: Account, reason: str, ts: int, assets: tuple[str, ...], symbol: str = "", moved: int = 0
    ) -> None:
        holdings = {asset: copy(account.holding(asset)) for asset in assets}
        positions = {symbol: copy(account.position(symbol))} if symbol and self.linear is not None else {}
        self._happened.append(
            BalancesChanged(
                ts=ts, account=account.name, reason=reason, holdings=holdings, positions=positions, moved=moved
            )
        )

    def _report(self, order: Order, execution: Execution, ts: int, trade: Trade | None = None) -> None:
        self._happened.append(OrderReported(ts=ts, order=copy(order), execution=execution, trade=trade))


__all__ = ["BUY", "SELL", "NewOrder", "Venue"]
