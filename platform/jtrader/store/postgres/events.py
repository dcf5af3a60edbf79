"""What journal events change in the tables of orders, fills and signals, gathered for a batch."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from jtrader.domain.events import (
    AccountOpened,
    CancelRequested,
    ChildAccepted,
    ChildRefused,
    Event,
    IntentReceived,
    IntentRefused,
    OrderAcknowledged,
    OrderAmended,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    OrderUnknown,
    SignalRecorded,
)
from jtrader.domain.ids import ClientOrderId
from jtrader.domain.money import ZERO, plain
from jtrader.domain.order import ChildOrder, Fill, Intent, OrderStatus
from jtrader.domain.signal import Signal

Row = dict[str, Any]

DUPLICATE = "duplicate"
"""The refusal of an intent whose parent is there already."""

_TERMINAL = {status.value for status in OrderStatus if status.is_terminal}

_KEPT_BY_FILLS = {*_TERMINAL, OrderStatus.PENDING_CANCEL.value} - {OrderStatus.REJECTED.value}

_STAYS = {(OrderStatus.PENDING_CANCEL.value, OrderStatus.NEW), (OrderStatus.UNKNOWN.value, OrderStatus.PENDING_CANCEL)}
"""(where an order stands, what it is told): acknowledged after a cancel was asked for, cancelled while unknown."""


def orders_named(events: Iterable[Event]) -> set[ClientOrderId]:
    """The client ids of all orders that the events are about."""
    named: set[ClientOrderId] = set()
    for event in events:
        match event:
            case OrderFilled(fill=fill) if fill.client_order_id:
                named.add(fill.client_order_id)
            case ChildAccepted(order=order) | ChildRefused(order=order):
                named.add(order.client_order_id)
            case (
                OrderAcknowledged(client_order_id=client)
                | OrderRejected(client_order_id=client)
                | OrderUnknown(client_order_id=client)
                | CancelRequested(client_order_id=client)
                | OrderClosed(client_order_id=client)
                | OrderAmended(client_order_id=client)
            ):
                named.add(client)
    return named


class Rows:
    """Whole rows to be written, by primary key; starts from the orders as they stand in the database.

    EntryBooked and MarkSeen have no rows of their own: their money is in the postings.
    """

    def __init__(self, orders: Mapping[str, Row]) -> None:
        self.accounts: list[Row] = []
        self.signals: list[Row] = []
        self.parents: list[Row] = []
        self.orders: dict[str, Row] = dict(orders)
        self.fills: list[Row] = []

    def add(self, event: Event) -> None:
        match event:
            case AccountOpened(account=account, balances=balances, ts=ts):
                exact = {asset: plain(amount) for asset, amount in balances.items()}
                self.accounts.append({"account": account, "opened_ns": ts, "balances": exact})
            case SignalRecorded(signal=signal):
                self.signals.append(_signal(signal))
            case IntentReceived(intent=intent):
                self.parents.append(_parent(intent))
            case IntentRefused(intent=intent, code=code, reason=reason) if code != DUPLICATE:
                self.parents.append(_parent(intent, code, reason))
            case ChildAccepted(order=order):
                self.orders[order.client_order_id] = _order(order, OrderStatus.PENDING_NEW)
            case ChildRefused(order=order, code=code, reason=reason):
                self.orders[order.client_order_id] = _order(order, OrderStatus.REFUSED, code, reason)
            case OrderFilled(fill=fill):
                self.fills.append(_fill(fill))
                self._filled(fill)
            case _:
                self._move(event)

    def _move(self, event: Event) -> None:
        """Events that move an order along."""
        match event:
            case OrderAcknowledged(client_order_id=client, venue_order_id=venue, ts=ts):
                order = self._live(client, OrderStatus.NEW, ts)
                if order is not None:
                    order["venue_order_id"] = venue
            case OrderRejected(client_order_id=client, code=code, reason=reason, ts=ts):
                self._live(client, OrderStatus.REJECTED, ts, code, reason)
            case OrderUnknown(client_order_id=client, reason=reason, ts=ts):
                self._live(client, OrderStatus.UNKNOWN, ts, reason=reason)
            case CancelRequested(client_order_id=client, reason=reason, ts=ts):
                self._live(client, OrderStatus.PENDING_CANCEL, ts, reason=reason)
            case OrderAmended(client_order_id=client, quantity=quantity, price=price, ts=ts):
                amended = self.orders.get(client)
                if amended is not None:
                    amended |= {"quantity": quantity, "price": price, "updated_ns": ts}
                    if amended["status"] == OrderStatus.FILLED.value and amended["filled"] < quantity:
                        amended["status"] = OrderStatus.PARTIALLY_FILLED.value
            case OrderClosed(client_order_id=client, status=status, reason=reason, ts=ts):
                closed = self.orders.get(client)
                if closed is not None:
                    closed |= {"status": status.value, "updated_ns": ts, "reason": reason or closed["reason"]}

    def _live(
        self, client: ClientOrderId, status: OrderStatus, ts: int, code: str = "", reason: str = ""
    ) -> Row | None:
        """The order, moved to `status` unless it has ended; None for one that is not ours. One that was held for
        rejected and is acknowledged lives again."""
        order = self.orders.get(client)
        if order is None:
            return None
        lives_again = status is OrderStatus.NEW and order["status"] == OrderStatus.REJECTED.value
        if order["status"] in _TERMINAL and not lives_again:
            return order
        if (order["status"], status) in _STAYS:
            status = OrderStatus(order["status"])
        if status is OrderStatus.NEW and order["filled"] > 0:
            status = OrderStatus.PARTIALLY_FILLED
        order |= {"status": status.value, "updated_ns": ts}
        order |= {"code": code or order["code"], "reason": reason or order["reason"]}
        return order

    def _filled(self, fill: Fill) -> None:
        """A fill counts whatever the order's state; it ends the order when nothing is left."""
        order = self.orders.get(fill.client_order_id or "")
        if order is None:
            return
        filled: Decimal = order["filled"] + fill.quantity
        order |= {"filled": filled, "updated_ns": max(order["updated_ns"], fill.ts)}
        order["venue_order_id"] = order["venue_order_id"] or fill.venue_order_id
        if filled >= order["quantity"]:
            order["status"] = OrderStatus.FILLED.value
        elif order["status"] not in _KEPT_BY_FILLS:
            order["status"] = OrderStatus.PARTIALLY_FILLED.value


def _fill(fill: Fill) -> Row:
    return {
        "account": fill.account,
        "instrument": fill.instrument,
        "trade_id": fill.trade_id,
        "venue_order_id": fill.venue_order_id,
        "client_order_id": fill.client_order_id,
        "side": fill.side.value,
        "price": fill.price,
        "quantity": fill.quantity,
        "fee": fill.fee,
        "fee_asset": fill.fee_asset,
        "maker": fill.maker,
        "realised": fill.realised,
        "ts_ns": fill.ts,
    }


def _signal(signal: Signal) -> Row:
    return {
        "signal_id": signal.signal_id,
        "strategy": signal.strategy,
        "instrument": signal.instrument,
        "ts_ns": signal.ts,
        "prediction": signal.prediction,
        "features": signal.features,
        "model_name": signal.model.name,
        "model_version": signal.model.version,
        "artifact_hash": signal.model.artifact_hash,
        "data_manifest": signal.model.data_manifest,
        "commit": signal.model.commit,
        "allowed_brokers": ",".join(signal.model.allowed_brokers),
    }


def _parent(intent: Intent, code: str = "", refusal: str = "") -> Row:
    return {
        "parent_id": intent.parent_id,
        "strategy": intent.strategy,
        "account": intent.account,
        "instrument": intent.instrument,
        "side": intent.side.value,
        "quantity": intent.quantity,
        "algorithm": intent.algorithm,
        "limit_price": intent.limit_price,
        "reduce_only": intent.reduce_only,
        "signal_id": intent.signal_id,
        "reason": intent.reason,
        "ts_ns": intent.ts,
        "refusal_code": code,
        "refusal": refusal,
    }


def _order(order: ChildOrder, status: OrderStatus, code: str = "", reason: str = "") -> Row:
    return {
        "client_order_id": order.client_order_id,
        "parent_id": order.parent_id,
        "strategy": order.strategy,
        "account": order.account,
        "instrument": order.instrument,
        "side": order.side.value,
        "type": order.type.value,
        "time_in_force": order.time_in_force.value,
        "quantity": order.quantity,
        "price": order.price,
        "reduce_only": order.reduce_only,
        "status": status.value,
        "venue_order_id": None,
        "filled": ZERO,
        "code": code,
        "reason": reason,
        "ts_ns": order.ts,
        "updated_ns": order.ts,
    }
