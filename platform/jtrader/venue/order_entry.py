"""Orders enter, change, trade and end. Everything that moves money because of a trade goes through here."""

from copy import copy
from decimal import Decimal

from jtrader.domain.order import OrderStatus
from jtrader.matching.book import FOREIGN, Event, Matched, SelfTradePrevented
from jtrader.matching.entry import Order as Entry
from jtrader.matching.entry import Style, enter
from jtrader.venue.account import Account
from jtrader.venue.admission import admitted, reducible_left
from jtrader.venue.clearing.base import Fill
from jtrader.venue.filters import NewOrder, check_notional, checked_lots, checked_ticks
from jtrader.venue.floor import Floor
from jtrader.venue.listing import Listing
from jtrader.venue.records import Execution, Order, Trade, TradePrinted
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.words import Ended, Origin


class OrderEntry:
    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def submit(self, account: Account, new: NewOrder, ts: int) -> Order:
        """Checks, records, matches. Raises Refused when there is no such order afterwards."""
        listing = self._floor.trading(new.symbol)
        order = admitted(self._floor, account, new, ts)
        if not self._would_take(order):
            self._admit(account, order, listing)
        elif not self._floor.rules.post_only_cancels:
            raise Refused(Why.WOULD_TAKE, "the order would match at once, and it may only rest")
        account.record(order)
        self.work(account, order, ts)
        return order

    def work(self, account: Account, order: Order, ts: int) -> None:
        """Puts an admitted order to work: into the book, as far as its style lets it."""
        account.open_orders[order.id] = order
        self._floor.resting[order.id] = order
        self._floor.report(order, Execution.NEW, ts)
        if self._would_take(order):
            self.end(account, order, OrderStatus.CANCELED, Ended.POST_ONLY, ts)
        else:
            self._match(account, order, ts)

    def readmit(self, account: Account, order: Order) -> None:
        """A triggered order meets the rules of a new one. Raises Refused."""
        listing = self._floor.trading(order.symbol)
        if self._would_take(order):
            raise Refused(Why.WOULD_TAKE, "the order would match at once, and it may only rest")
        self._admit(account, order, listing)

    def cancel(self, account: Account, order: Order | None, ts: int, cancel_id: str = "") -> Order:
        """Raises Refused for an order that is not open (any more)."""
        if order is None or not order.is_open:
            raise Refused(Why.UNKNOWN_ORDER, "there is no such open order")
        order.cancel_id = cancel_id
        self.end(account, order, OrderStatus.CANCELED, Ended.ASKED, ts)
        return order

    def amend(
        self, account: Account, order: Order | None, quantity: Decimal | None, price: Decimal | None, ts: int
    ) -> Order:
        """Changes a resting order's total quantity, its price, or both; None leaves one as it is.

        It keeps its place when only its quantity shrinks; else it goes to the end of its (new) price's queue and takes
        first what it now crosses. As on Binance's futures it ends instead when no more than its filled part would be
        left of it, or when it may only rest and would take. Raises Refused, and then it stands as before.
        """
        if order is None or not order.is_open or order.price is None or order.is_waiting:
            raise Refused(Why.UNKNOWN_ORDER, "there is no such open order in the book")
        listing = self._floor.trading(order.symbol)
        lots = order.lots if quantity is None else checked_lots(quantity, listing, market=False)
        if order.reduce_only:
            lots = min(lots, order.filled + reducible_left(account, order))
        ticks = checked_ticks(price, order.side, listing, self._floor.marks(order.symbol)) or order.price
        if (lots, ticks) == (order.lots, order.price):
            raise Refused(Why.NOT_AMENDED, "the order has this price and quantity already")
        if not order.reduce_only:
            check_notional(lots, ticks, listing, self._floor.marks(order.symbol))
        if lots <= order.filled:
            self.end(account, order, OrderStatus.CANCELED, Ended.AMENDED, ts)
        elif ticks == order.price and lots < order.lots:
            self._shrink(account, order, lots, listing, ts)
        else:
            self._move(account, order, lots, ticks, listing, ts)
        return order

    def foreign(self, symbol: str, side: int, ticks: int, lots: int, style: Style, ts: int) -> None:
        entry = Entry(self._floor.next_foreign(), FOREIGN, side, lots, style, ticks)
        enter(self._floor.books[symbol], entry, lambda event: self._on_event(event, symbol, None, side, ts))

    def off_book(self, account: Account, order: Order, ticks: int, lots: int, ts: int) -> None:
        """A trade with the venue itself: no book, no public print. The order must be recorded."""
        account.open_orders[order.id] = self._floor.resting[order.id] = order
        self._floor.report(order, Execution.NEW, ts)
        self._fill(order, Matched(0, FOREIGN, ticks, lots, 0), self._floor.next_trade(order.symbol), False, ts)
        self.trim_reduce_only(account, order.symbol, order, ts)

    def overfill(self, account: Account, order: Order, ticks: int, lots: int, ts: int) -> None:
        """A filled order gets more than it asked for."""
        self._fill(order, Matched(0, FOREIGN, ticks, lots, 0), self._floor.next_trade(order.symbol), False, ts)
        self.trim_reduce_only(account, order.symbol, order, ts)

    def end(self, account: Account, order: Order, status: OrderStatus, ended: Ended, ts: int) -> None:
        floor = self._floor
        if not order.is_waiting:
            floor.books[order.symbol].cancel(order.id)
        order.status, order.ended, order.updated = status, ended, ts
        self._forget(account, order)
        floor.report(order, _EXECUTIONS[status], ts)
        if floor.derivatives is None:
            instrument = floor.listings[order.symbol].instrument
            floor.tell_balances(account, "ORDER", ts, (instrument.base, instrument.quote))

    def expire(self, account: Account, order: Order, ended: Ended, ts: int) -> None:
        self.end(account, order, OrderStatus.EXPIRED, ended, ts)

    def trim_reduce_only(self, account: Account, symbol: str, taker: Order | None, ts: int) -> None:
        """Reduce-only orders that rest for more than their position has left expire, the newest first."""
        resting = [o for o in account.open_of(symbol) if o.reduce_only and o is not taker]
        for leg in dict.fromkeys(order.leg for order in resting):
            held = account.position(symbol, leg).lots
            of_leg = [order for order in resting if order.leg is leg]
            wanted = sum(order.left for order in of_leg)
            for order in reversed(of_leg):
                if wanted <= abs(held) and held * order.side < 0:
                    break
                wanted -= order.left
                self.expire(account, order, Ended.REDUCE_ONLY, ts)

    # inside

    def _would_take(self, order: Order) -> bool:
        book = self._floor.books[order.symbol]
        return order.style is Style.POST_ONLY and order.price is not None and book.crosses(order.side, order.price)

    def _admit(self, account: Account, order: Order, listing: Listing) -> None:
        takes = self._floor.books[order.symbol].takeable(order.side, order.left, order.price, account.number)
        self._floor.clearing.admit(account, order, listing, takes)

    def _match(self, account: Account, order: Order, ts: int) -> None:
        symbol, side = order.symbol, order.side
        entry = Entry(order.id, account.number, side, order.left, order.style, order.price)
        book = self._floor.books[symbol]
        entered = enter(book, entry, lambda event: self._on_event(event, symbol, order, side, ts))
        if entered.expired and order.is_open:
            self.expire(account, order, Ended.TIME_IN_FORCE, ts)

    def _shrink(self, account: Account, order: Order, lots: int, listing: Listing, ts: int) -> None:
        self._floor.books[order.symbol].reduce(order.id, order.lots - lots)
        self._floor.clearing.release(account, order, listing)
        order.lots = lots
        self._admit(account, order, listing)
        order.amended, order.updated = order.amended + 1, ts
        self._floor.report(order, Execution.AMENDED, ts)

    def _move(self, account: Account, order: Order, lots: int, ticks: int, listing: Listing, ts: int) -> None:
        """Out of the book and in again. What the account can't carry leaves the order as it was, in its place."""
        clearing, wanted = self._floor.clearing, copy(order)
        wanted.lots, wanted.price, wanted.locked = lots, ticks, 0
        clearing.release(account, order, listing)
        try:
            self._admit(account, wanted, listing)
        except Refused:
            self._admit(account, order, listing)
            raise
        order.lots, order.price, order.locked = wanted.lots, wanted.price, wanted.locked
        self._floor.books[order.symbol].cancel(order.id)
        order.amended, order.updated = order.amended + 1, ts
        self._floor.report(order, Execution.AMENDED, ts)
        if self._would_take(order):
            self.end(account, order, OrderStatus.CANCELED, Ended.POST_ONLY, ts)
        else:
            self._match(account, order, ts)

    def _on_event(self, event: Event, symbol: str, taker: Order | None, side: int, ts: int) -> None:
        floor = self._floor
        if isinstance(event, SelfTradePrevented):
            maker = floor.resting[event.maker_id]
            self.expire(floor.accounts[maker.account], maker, Ended.SELF_TRADE, ts)
            return
        trade_id = floor.next_trade(symbol)
        floor.last[symbol] = event.ticks * floor.listings[symbol].tick
        by_venue = taker is not None and taker.origin is Origin.LIQUIDATION
        floor.tell(
            TradePrinted(
                ts=ts, symbol=symbol, id=trade_id, ticks=event.ticks, lots=event.lots, side=side, liquidation=by_venue
            )
        )
        touched = []
        if event.maker_owner != FOREIGN:
            touched.append(self._fill(floor.resting[event.maker_id], event, trade_id, True, ts))
        if taker is not None:
            touched.append(self._fill(taker, event, trade_id, False, ts))
        for account in touched:
            self.trim_reduce_only(account, symbol, taker, ts)

    def _fill(self, order: Order, match: Matched, trade_id: int, maker: bool, ts: int) -> Account:
        floor = self._floor
        account, listing = floor.accounts[order.account], floor.listings[order.symbol]
        settled = floor.clearing.settle(account, order, listing, Fill(ts, trade_id, match.ticks, match.lots, maker))
        order.filled += match.lots
        order.quote += settled.worth
        order.tick_lots += match.ticks * match.lots
        order.updated = ts
        order.status = OrderStatus.FILLED if order.left <= 0 else OrderStatus.PARTIALLY_FILLED
        trade = Trade(
            id=trade_id,
            order_id=order.id,
            account=account.name,
            symbol=order.symbol,
            side=order.side,
            price=match.ticks,
            lots=match.lots,
            quote=settled.worth,
            fee=settled.fee,
            fee_asset=settled.fee_asset,
            maker=maker,
            realised=settled.realised,
            ts=ts,
            closed=settled.closed,
            leg=order.leg,
            origin=order.origin,
        )
        account.record_trade(trade)
        if order.left <= 0:
            self._forget(account, order)
        held = () if floor.derivatives is None else (account.position(order.symbol, order.leg),)
        floor.tell_balances(account, "ORDER", ts, settled.assets, held, rows=settled.rows)
        floor.report(order, Execution.TRADE, ts, trade)
        return account

    def _forget(self, account: Account, order: Order) -> None:
        self._floor.clearing.release(account, order, self._floor.listings[order.symbol])
        account.open_orders.pop(order.id, None)
        account.open_conditionals.pop(order.id, None)
        self._floor.resting.pop(order.id, None)


_EXECUTIONS = {
    OrderStatus.CANCELED: Execution.CANCELED,
    OrderStatus.EXPIRED: Execution.EXPIRED,
    OrderStatus.REJECTED: Execution.REJECTED,
}
