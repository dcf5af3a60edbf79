"""What each strategy holds and has working, and what became of its orders, folded from the oms's journal events."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from jtrader.domain.events import (
    ChildAccepted,
    ChildRefused,
    Event,
    IntentReceived,
    IntentRefused,
    OrderAmended,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    ParentChanged,
    PositionAssigned,
    Sequenced,
)
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, ParentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.domain.order import ChildOrder, Fill, Intent, Side
from jtrader.execution.catalogue import ALGORITHMS
from jtrader.strategy.api import Closed, Filled, Refused, View, Working

PAGE = 1_000

FetchEvents = Callable[[int, int], Awaitable[Sequence[Sequenced]]]
"""(after, limit) → journaled events; RPC `events_since`."""

Place = tuple[AccountId, StrategyId, InstrumentId]
News = Filled | Refused | Closed


class DeskBook:
    """Call `catch_up` before a decision: the oms's own events are asked for, so nothing rests on a published message.

    A working order counts in full until the journal closes it, also while its outcome is unknown.
    """

    def __init__(self, fetch: FetchEvents, instruments: Mapping[InstrumentId, Instrument]) -> None:
        self._fetch = fetch
        self._instruments = instruments
        self._orders: dict[ClientOrderId, ChildOrder] = {}
        self._left: dict[ClientOrderId, Decimal] = {}
        self._schedules: dict[ParentId, Intent] = {}
        """Parents that may send more than one order, and are not over."""
        self._held: dict[Place, Decimal] = {}
        self._after: dict[StrategyId, int | None] = {}
        self._news: dict[StrategyId, list[News]] = {}
        self._is_current = False
        self.last = 0
        """Index of the last event applied."""
        self.readings = 0
        """How often it was brought up to date."""

    def follow(self, strategy: StrategyId, after: int | None = None) -> None:
        """Keeps what becomes of the strategy's orders for `news`: all after event `after`; None = from now on."""
        self._after[strategy] = self.last if after is None and self._is_current else after
        self._news[strategy] = []

    def news(self, strategy: StrategyId) -> list[News]:
        """What was not told yet, in order."""
        told, self._news[strategy] = self._news.get(strategy, []), []
        return told

    async def catch_up(self) -> None:
        """Applies everything journaled so far. Raises Unavailable where the oms does not answer."""
        while True:
            page = await self._fetch(self.last, PAGE)
            for entry in page:
                if entry.seq <= self.last:
                    continue
                self._apply(entry.event, entry.seq)
                self.last = entry.seq
            if len(page) < PAGE:
                self._is_current = True
                self.readings += 1
                self._after = {name: self.last if after is None else after for name, after in self._after.items()}
                return

    def view(self, account: AccountId, strategy: StrategyId, instrument: Instrument) -> View:
        place = (account, strategy, instrument.id)
        orders = ((self._orders[name], left) for name, left in self._left.items())
        working = tuple(_working(order, left) for order, left in orders if _place(order) == place)
        return View(
            instrument=instrument,
            position=self._held.get(place, ZERO),
            buying=sum((one.left for one in working if one.side is Side.BUY), ZERO),
            selling=sum((one.left for one in working if one.side is Side.SELL), ZERO),
            orders=working,
        )

    def parents(self, strategy: StrategyId) -> dict[ParentId, bool]:
        """The strategy's parents that are not over → whether they only reduce."""
        orders = (self._orders[name] for name in self._left)
        found = {one.parent_id: one.reduce_only for one in orders if one.strategy == strategy}
        return found | {p.parent_id: p.reduce_only for p in self._schedules.values() if p.strategy == strategy}

    def _apply(self, event: Event, seq: int) -> None:
        match event:
            case IntentReceived(intent=intent) if not _is_one_shot(intent):
                self._schedules[intent.parent_id] = intent
            case ParentChanged(parent_id=parent, state=state) if state.is_over:
                self._schedules.pop(parent, None)
            case ChildAccepted(order=order):
                self._orders[order.client_order_id] = order
                self._left[order.client_order_id] = order.quantity
            case OrderClosed(client_order_id=name) | OrderRejected(client_order_id=name):
                self._left.pop(name, None)
            case OrderFilled(fill=fill):
                self._fill(fill)
            case OrderAmended(client_order_id=name, quantity=quantity, price=price) if name in self._orders:
                order = self._orders[name]
                self._orders[name] = replace(order, quantity=quantity, price=price)
                if name in self._left:
                    self._left[name] = max(self._left[name] + quantity - order.quantity, ZERO)
            case PositionAssigned(account=account, strategy=strategy, instrument=instrument, quantity=quantity):
                place = (account, strategy, instrument)
                self._held[place] = self._held.get(place, ZERO) + quantity
            case _:
                pass
        if found := self._told(event):
            strategy, news = found
            after = self._after.get(strategy)
            if after is not None and seq > after:
                self._news[strategy].append(news)

    def _told(self, event: Event) -> tuple[StrategyId, News] | None:
        """The event as its strategy hears it."""
        match event:
            case IntentRefused(intent=i, code=code, reason=reason):
                return i.strategy, Refused(parent_id=i.parent_id, instrument=i.instrument, code=code, reason=reason)
            case ChildRefused(order=o, code=code, reason=reason):
                return o.strategy, Refused(parent_id=o.parent_id, instrument=o.instrument, code=code, reason=reason)
            case OrderRejected(client_order_id=name, code=code, reason=reason) if name in self._orders:
                o = self._orders[name]
                return o.strategy, Refused(parent_id=o.parent_id, instrument=o.instrument, code=code, reason=reason)
            case OrderClosed(client_order_id=name, status=status, reason=reason) if name in self._orders:
                return self._orders[name].strategy, Closed(order=self._orders[name], status=status, reason=reason)
            case OrderFilled(fill=fill) if fill.client_order_id in self._orders:
                order = self._orders[fill.client_order_id]
                return order.strategy, Filled(order=order, fill=fill)
        return None

    def _fill(self, fill: Fill) -> None:
        """A fill of an order that is no strategy's is not a strategy's position."""
        order = self._orders.get(fill.client_order_id) if fill.client_order_id else None
        if order is None:
            return
        if order.client_order_id in self._left:
            self._left[order.client_order_id] = max(self._left[order.client_order_id] - fill.quantity, ZERO)
        instrument = self._instruments.get(fill.instrument)
        gained = fill.side.sign * fill.quantity
        if instrument is not None and instrument.is_spot and fill.fee_asset == instrument.base:
            gained -= fill.fee
        self._held[_place(order)] = self._held.get(_place(order), ZERO) + gained


def _is_one_shot(intent: Intent) -> bool:
    known = ALGORITHMS.get(intent.algorithm)
    return known is not None and known.one_shot


def _working(order: ChildOrder, left: Decimal) -> Working:
    return Working(
        client_order_id=order.client_order_id,
        parent_id=order.parent_id,
        side=order.side,
        price=order.price,
        left=left,
        reduce_only=order.reduce_only,
    )


def _place(order: ChildOrder) -> Place:
    return order.account, order.strategy, order.instrument
