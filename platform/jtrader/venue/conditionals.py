"""Conditional orders: they wait outside the book for a price to come, then go to work under the rules of a new order.

Sources: Binance's algo orders (trigger by contract or mark price; -2021 when the price has come already; what can't be
carried when it triggers is rejected), BitMEX's Stop, StopLimit, MarketIfTouched and LimitIfTouched, HTX's trigger
orders. A waiting spot order locks what it will pay where the market's rules say so.
"""

from collections.abc import Iterable

from jtrader.domain.order import OrderStatus, TriggerBy
from jtrader.venue.account import Account
from jtrader.venue.admission import admitted, reducible
from jtrader.venue.filters import NewOrder
from jtrader.venue.floor import Floor
from jtrader.venue.listing import Listing
from jtrader.venue.order_entry import OrderEntry
from jtrader.venue.records import Execution, Order
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.words import Ended


class Conditionals:
    def __init__(self, floor: Floor, entry: OrderEntry) -> None:
        self._floor = floor
        self._entry = entry
        self._waiting: dict[str, dict[int, Order]] = {}
        """By symbol and order id."""

    def accept(self, account: Account, new: NewOrder, ts: int) -> Order:
        """Raises Refused, also when the price has come already or is not known here."""
        listing = self._floor.trading(new.symbol)
        order = admitted(self._floor, account, new, ts)
        watched = self._watched(new.symbol, new.trigger_by)
        if watched == 0:
            raise Refused(Why.NO_REFERENCE, f"{new.symbol} has no {new.trigger_by} price to wait for")
        if _has_come(order, watched, listing):
            raise Refused(Why.WOULD_TRIGGER, "the order would trigger at once")
        if self._locks and order.lots:
            self._floor.clearing.admit(account, order, listing, (0, 0))
        account.record(order)
        account.open_conditionals[order.id] = order
        self._waiting.setdefault(order.symbol, {})[order.id] = order
        self._floor.report(order, Execution.NEW, ts)
        return order

    def watch_only(self, orders: Iterable[Order]) -> None:
        """From now on these are what waits."""
        self._waiting.clear()
        for order in orders:
            self._waiting.setdefault(order.symbol, {})[order.id] = order

    def watch(self, symbol: str, mark: int, ts: int) -> None:
        """Lets go what has come, in the order of arrival, at the last and index prices that are known now."""
        waiting = self._waiting.get(symbol)
        if not waiting:
            return
        listing = self._floor.listings[symbol]
        last, index = self._floor.last.get(symbol, 0), self._floor.index.get(symbol, 0)
        prices = {TriggerBy.LAST: last, TriggerBy.MARK: mark, TriggerBy.INDEX: index}
        for order in list(waiting.values()):
            if not order.is_waiting:
                del waiting[order.id]
            elif order.trigger is not None and _has_come(order, prices[order.trigger.by], listing):
                del waiting[order.id]
                self._release(self._floor.accounts[order.account], order, ts)

    def _release(self, account: Account, order: Order, ts: int) -> None:
        """To work, or rejected with the reason."""
        order.triggered = order.updated = ts
        del account.open_conditionals[order.id]
        self._floor.report(order, Execution.TRIGGERED, ts)
        self._floor.clearing.release(account, order, self._floor.listings[order.symbol])
        try:
            if order.close_position:
                order.lots = abs(account.position(order.symbol, order.leg).lots)
            if order.reduce_only:
                order.lots = reducible(account, order, order.lots)
            self._entry.readmit(account, order)
        except Refused as refused:
            order.status, order.ended = OrderStatus.REJECTED, _ENDED.get(refused.why, Ended.REFUSED)
            self._floor.report(order, Execution.REJECTED, ts)
            return
        self._entry.work(account, order, ts)

    @property
    def _locks(self) -> bool:
        return self._floor.derivatives is None and self._floor.rules.conditionals_lock

    def _watched(self, symbol: str, by: TriggerBy) -> int:
        """The price now in atoms, 0 = not known. Before the first trade the mark stands for it."""
        if by is TriggerBy.INDEX:
            return self._floor.index.get(symbol, 0)
        mark = self._floor.marks(symbol)
        return self._floor.last.get(symbol, mark) if by is TriggerBy.LAST else mark


def _has_come(order: Order, price: int, listing: Listing) -> bool:
    if order.trigger is None or price == 0:
        return False
    level = order.trigger.ticks * listing.tick
    return price >= level if order.trigger.rises(order.side) else price <= level


_ENDED = {
    Why.BALANCE: Ended.FUNDS,
    Why.MARGIN: Ended.FUNDS,
    Why.REDUCE_ONLY: Ended.REDUCE_ONLY,
    Why.WOULD_TAKE: Ended.POST_ONLY,
}
