"""Everything the engine remembers, as a fold over journal events: `apply` is the only way it changes.

Live handling and replay go through the same function, so that a replayed journal gives the same state.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import get_args

from msgspec.structs import replace

from jtrader.domain.errors import Broken
from jtrader.domain.events import (
    AccountOpened,
    AmendRejected,
    AmendRequested,
    BreakAcknowledged,
    CancelRequested,
    ChildAccepted,
    ChildRefused,
    EntryBooked,
    EquityMarked,
    Event,
    ExpirySeen,
    FundingSeen,
    IntentReceived,
    IntentRefused,
    KillChanged,
    LedgerAdjusted,
    MarkSeen,
    OrderAcknowledged,
    OrderAmended,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderReplaced,
    OrderUnknown,
    ParentAsked,
    ParentChanged,
    ReplaceStarted,
    RiskLatched,
    SignalRecorded,
)
from jtrader.domain.ids import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    ParentId,
    SignalId,
    TradeId,
    VenueOrderId,
)
from jtrader.domain.money import ZERO
from jtrader.domain.order import ChildOrder, Fill, OrderStatus, ParentWish
from jtrader.domain.times import MINUTE
from jtrader.engine.lifecycle import CLOSING, Step, after
from jtrader.engine.orders import Amendment, Order, Parent
from jtrader.engine.pace import Pace
from jtrader.engine.standpoint import RiskState

Place = tuple[AccountId, InstrumentId]
TAGS = {kind: str(kind.__struct_config__.tag) for kind in get_args(Event)}


class State:
    """Read it freely; change it by events alone. `seq` is the number of the last event applied."""

    def __init__(self) -> None:
        self.seq = 0
        self.opened: dict[AccountId, AccountOpened] = {}
        self.orders: dict[ClientOrderId, Order] = {}
        self.parents: dict[ParentId, Parent] = {}
        self.live: dict[ClientOrderId, None] = {}
        """Ids of the orders that may still fill, in order of acceptance."""
        self.live_children: dict[ParentId, dict[ClientOrderId, None]] = {}
        """The same by parent; parents without any are not in it."""
        self.by_venue_id: dict[tuple[AccountId, InstrumentId, VenueOrderId], ClientOrderId] = {}
        self.fills: set[tuple[AccountId, InstrumentId, TradeId]] = set()
        self.entries: set[tuple[AccountId, str]] = set()
        self.signals: set[SignalId] = set()
        self.acknowledged: set[tuple[AccountId, str, str]] = set()
        """Account, day and id of the breaks that a person has explained."""
        self.pace = Pace()
        self.risk = RiskState()
        self.last_fill: dict[Place, int] = {}
        self.last_entry: dict[AccountId, int] = {}
        self.last_ts = 0
        self.marks: dict[InstrumentId, Decimal] = {}
        """The mark journaled last."""
        self.marked_minute = 0
        self.counts: Counter[str] = Counter()
        """Number of events by their tag."""

    def live_orders(self) -> Iterator[Order]:
        for client_order_id in list(self.live):
            yield self.orders[client_order_id]

    def progress(self, parent: Parent) -> tuple[Decimal, Decimal]:
        """(filled, working): what the parent's children filled, and what they may still fill."""
        live = self.live_children.get(parent.intent.parent_id, ())
        return parent.filled, sum((self.orders[child].leaves for child in live), ZERO)

    def has_sent(self, parent_id: ParentId) -> bool:
        """Whether the gate has let a child of the parent through."""
        parent = self.parents.get(parent_id)
        children = () if parent is None else parent.children
        return any(self.orders[name].status is not OrderStatus.REFUSED for name in children)

    def apply(self, event: Event) -> None:
        """Raises Broken for what the life-cycle table or the journal's order does not allow."""
        self.seq += 1
        if event.ts > self.last_ts:
            self.last_ts = event.ts
        self.counts[TAGS[type(event)]] += 1
        match event:
            case OrderFilled(fill=fill):
                self._fill(fill)
            case ChildAccepted(order=child):
                self._accept(child)
            case OrderAcknowledged(client_order_id=id_, venue_order_id=venue_id):
                self._step(id_, Step.ACKNOWLEDGE, venue_order_id=venue_id)
            case IntentReceived(intent=intent, ts=ts):
                self.pace.wanted(intent, ts)
                self.parents[intent.parent_id] = Parent(intent)
            case OrderClosed(client_order_id=id_, status=status, reason=reason):
                self._step(id_, CLOSING[status], reason)
            case ChildRefused(order=child, code=code, reason=reason):
                self._add(Order(child, OrderStatus.REFUSED, reason=f"{code}: {reason}"))
            case OrderRejected(client_order_id=id_, code=code, reason=reason):
                self._step(id_, Step.REJECT, f"{code}: {reason}")
            case OrderUnknown(client_order_id=id_, reason=reason, accepted=accepted):
                self._step(id_, Step.LOSE, reason)
                order = self.orders[id_]
                self._put(replace(order, unknown_since=event.ts, accepted=order.accepted or accepted))
            case CancelRequested(client_order_id=id_, reason=reason, ts=ts):
                child = self.orders[id_].child
                self.pace.cancelled(child, ts, by_its_strategy=self._is_withdrawn(child))
                self._step(id_, Step.REQUEST_CANCEL, reason)
                order = self.orders[id_]
                is_replacing = order.amending is not None and order.amending.by_replacing
                self._put(replace(order, cancel_wanted=True, amending=None if is_replacing else order.amending))
            case AmendRequested(client_order_id=id_, quantity=quantity, price=price, ts=ts):
                self.pace.amended(self.orders[id_].child, ts)
                self._put(replace(self.orders[id_], amending=Amendment(quantity, price)))
            case OrderAmended(client_order_id=id_, quantity=quantity, price=price):
                order = self.orders[id_]
                self._put(replace(order, child=replace(order.child, quantity=quantity, price=price), amending=None))
            case AmendRejected(client_order_id=id_) | OrderReplaced(client_order_id=id_):
                self._put(replace(self.orders[id_], amending=None))
            case ReplaceStarted(client_order_id=id_):
                order = self.orders[id_]
                if order.amending is None:
                    raise Broken(f"the journal replaces order {id_}, which nobody has amended")
                self._put(replace(order, amending=replace(order.amending, by_replacing=True)))
            case RiskLatched():
                self.risk.latched(event)
            case EquityMarked():
                self.risk.marked(event)
            case KillChanged():
                for latch in self.risk.killed(event):
                    self.pace.forget(latch)
                if not event.level:
                    self.pace.released(event)
            case SignalRecorded(signal=signal):
                self.signals.add(signal.signal_id)
            case EntryBooked(entry=entry):
                self.entries.add((entry.account, entry.entry_id))
                self.risk.booked(entry)
                self.last_entry[entry.account] = max(self.last_entry.get(entry.account, 0), entry.ts)
            case AccountOpened(account=account):
                self.opened[account] = event
            case MarkSeen(instrument=instrument, mark=mark):
                self.marks[instrument] = mark
                self.marked_minute = event.ts // MINUTE
            case ParentAsked(parent_id=parent_id, wish=wish, actor=actor, reason=reason):
                asked = f"{actor}: {reason}"
                self.parents[parent_id] = replace(self._parent(parent_id), wish=wish, wish_reason=asked)
            case ParentChanged(parent_id=parent_id, state=state, reason=reason, memo=memo, ts=ts):
                changed = replace(self._parent(parent_id), state=state, reason=reason, memo=memo, changed=ts)
                self.parents[parent_id] = changed
            case BreakAcknowledged(account=account, date=date, break_id=break_id):
                self.acknowledged.add((account, date, break_id))
            case LedgerAdjusted():
                self.risk.adjusted(event)
            case IntentRefused() | FundingSeen() | ExpirySeen():
                pass

    def _parent(self, parent_id: ParentId) -> Parent:
        try:
            return self.parents[parent_id]
        except KeyError:
            raise Broken(f"the journal tells of parent {parent_id}, but not of its beginning") from None

    def _is_withdrawn(self, child: ChildOrder) -> bool:
        """The strategy itself has taken back what the order is for."""
        parent = self._parent(child.parent_id)
        return parent.wish is ParentWish.CANCEL and parent.wish_reason.startswith(f"{child.strategy}: ")

    def _accept(self, child: ChildOrder) -> None:
        self.pace.ordered(child, is_first=not self.has_sent(child.parent_id))
        self._add(Order(child, OrderStatus.PENDING_NEW))

    def _add(self, order: Order) -> None:
        if order.id in self.orders:
            raise Broken(f"client order id {order.id} was used twice")
        parent = self.parents.get(order.child.parent_id)
        if parent is None:
            raise Broken(f"order {order.id} has no parent {order.child.parent_id}")
        self.parents[order.child.parent_id] = replace(parent, children=parent.children.with_(order.id))
        self._put(order)

    def _fill(self, fill: Fill) -> None:
        place = (fill.account, fill.instrument)
        key = (*place, fill.trade_id)
        if key in self.fills:
            raise Broken(f"fill {fill.trade_id} of {fill.account} in {fill.instrument} is journaled twice")
        self.fills.add(key)
        if fill.ts > self.last_fill.get(place, 0):
            self.last_fill[place] = fill.ts
        if fill.client_order_id is None:
            return
        order = self._step(fill.client_order_id, Step.FILL, "", fill.quantity, fill.venue_order_id)
        parent = self._parent(order.child.parent_id)
        self.parents[order.child.parent_id] = replace(parent, filled=parent.filled + fill.quantity)

    def _step(
        self,
        client_order_id: ClientOrderId,
        step: Step,
        reason: str = "",
        quantity: Decimal = ZERO,
        venue_order_id: VenueOrderId | None = None,
    ) -> Order:
        """The order afterwards; `quantity` was filled. One that was triggered has two ids of the venue: it is found by
        either, and is called by the one acknowledged last."""
        order = self.orders.get(client_order_id)
        if order is None:
            raise Broken(f"the journal tells of order {client_order_id}, but not of its beginning")
        status = after(order.status, step)
        if status is OrderStatus.NEW and order.filled:
            status = OrderStatus.PARTIALLY_FILLED
        known = order.venue_order_id
        if venue_order_id and venue_order_id != known:
            self.by_venue_id.setdefault((order.child.account, order.child.instrument, venue_order_id), client_order_id)
            known = venue_order_id if known is None or step is Step.ACKNOWLEDGE else known
        order = replace(
            order,
            status=status,
            reason=reason or order.reason,
            filled=order.filled + quantity if quantity else order.filled,
            venue_order_id=known,
        )
        self._put(order)
        return order

    def _put(self, order: Order) -> None:
        name, parent_id = order.child.client_order_id, order.child.parent_id
        self.orders[name] = order
        if order.is_live:
            if name not in self.live:
                self.live[name] = None
                self.live_children.setdefault(parent_id, {})[name] = None
        elif name in self.live:
            del self.live[name]
            siblings = self.live_children[parent_id]
            del siblings[name]
            if not siblings:
                del self.live_children[parent_id]
