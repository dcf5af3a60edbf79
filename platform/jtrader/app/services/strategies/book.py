"""What each strategy holds and has working, folded from the oms's journal events."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

from msgspec.structs import replace

from jtrader.domain.events import (
    ChildAccepted,
    Event,
    OrderAmended,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    PositionAssigned,
    Sequenced,
)
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.domain.order import ChildOrder, Fill, Side
from jtrader.strategy.api import View

PAGE = 1_000

FetchEvents = Callable[[int, int], Awaitable[Sequence[Sequenced]]]
"""(after, limit) → journaled events; RPC `events_since`."""

Place = tuple[AccountId, StrategyId, InstrumentId]


class DeskBook:
    """Call `catch_up` before a decision: the oms's own events are asked for, so nothing rests on a published message.

    A working order counts in full until the journal closes it, also while its outcome is unknown.
    """

    def __init__(self, fetch: FetchEvents, instruments: Mapping[InstrumentId, Instrument]) -> None:
        self._fetch = fetch
        self._instruments = instruments
        self._orders: dict[ClientOrderId, ChildOrder] = {}
        self._left: dict[ClientOrderId, Decimal] = {}
        self._held: dict[Place, Decimal] = {}
        self.last = 0
        """Index of the last event applied."""

    async def catch_up(self) -> None:
        """Applies everything journaled so far. Raises Unavailable where the oms does not answer."""
        while True:
            page = await self._fetch(self.last, PAGE)
            for entry in page:
                self._apply(entry.event)
                self.last = entry.seq
            if len(page) < PAGE:
                return

    def view(self, account: AccountId, strategy: StrategyId, instrument: Instrument) -> View:
        place = (account, strategy, instrument.id)
        orders = ((self._orders[name], left) for name, left in self._left.items())
        working = [(order, left) for order, left in orders if _place(order) == place]
        return View(
            instrument=instrument,
            position=self._held.get(place, ZERO),
            buying=sum((left for order, left in working if order.side is Side.BUY), ZERO),
            selling=sum((left for order, left in working if order.side is Side.SELL), ZERO),
        )

    def _apply(self, event: Event) -> None:
        match event:
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


def _place(order: ChildOrder) -> Place:
    return order.account, order.strategy, order.instrument
