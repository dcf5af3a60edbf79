"""What each journal event changes in the tables of orders, fills and signals."""

from sqlalchemy.orm import Session

from jtrader.domain.events import (
    AccountOpened,
    CancelRequested,
    ChildAccepted,
    ChildRefused,
    Event,
    IntentReceived,
    IntentRefused,
    OrderAcknowledged,
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
from jtrader.store.postgres import tables

_TERMINAL = {status.value for status in OrderStatus if status.is_terminal}


def project(session: Session, event: Event) -> None:
    """Adds or changes the event's rows. EntryBooked and MarkSeen have none of their own: their money is in postings."""
    match event:
        case AccountOpened(account=account, balances=balances, ts=ts):
            exact = {asset: plain(amount) for asset, amount in balances.items()}
            session.merge(tables.AccountRow(account=account, opened_ns=ts, balances=exact))
        case SignalRecorded(signal=signal):
            session.merge(_signal(signal))
        case IntentReceived(intent=intent):
            session.merge(_parent(intent))
        case IntentRefused(intent=intent, code=code, reason=reason):
            if code != "duplicate" or session.get(tables.ParentRow, intent.parent_id) is None:
                session.merge(_parent(intent, code, reason))
        case ChildAccepted(order=order):
            session.merge(_order(order, OrderStatus.PENDING_NEW))
        case ChildRefused(order=order, code=code, reason=reason):
            session.merge(_order(order, OrderStatus.REFUSED, code, reason))
        case OrderFilled(fill=fill):
            _fill(session, fill)
        case _:
            _change(session, event)


def _change(session: Session, event: Event) -> None:
    """Events that move an order along. A terminal order stays as it is, unless the venue closes it."""
    match event:
        case OrderAcknowledged(client_order_id=client, venue_order_id=venue, ts=ts):
            order = _live(session, client, OrderStatus.NEW, ts)
            if order is not None:
                order.venue_order_id = venue
        case OrderRejected(client_order_id=client, code=code, reason=reason, ts=ts):
            _live(session, client, OrderStatus.REJECTED, ts, code, reason)
        case OrderUnknown(client_order_id=client, reason=reason, ts=ts):
            _live(session, client, OrderStatus.UNKNOWN, ts, reason=reason)
        case CancelRequested(client_order_id=client, reason=reason, ts=ts):
            _live(session, client, OrderStatus.PENDING_CANCEL, ts, reason=reason)
        case OrderClosed(client_order_id=client, status=status, reason=reason, ts=ts):
            closed = session.get(tables.OrderRow, client)
            if closed is not None:
                closed.status, closed.updated_ns, closed.reason = status.value, ts, reason or closed.reason


def _live(
    session: Session, client: ClientOrderId, status: OrderStatus, ts: int, code: str = "", reason: str = ""
) -> tables.OrderRow | None:
    """The order, moved to `status` unless it has ended; None for one that is not ours."""
    order = session.get(tables.OrderRow, client)
    if order is None or order.status in _TERMINAL:
        return order
    partly = status is OrderStatus.NEW and order.filled > 0
    order.status = (OrderStatus.PARTIALLY_FILLED if partly else status).value
    order.updated_ns = ts
    order.code, order.reason = code or order.code, reason or order.reason
    return order


def _fill(session: Session, fill: Fill) -> None:
    session.merge(
        tables.FillRow(
            account=fill.account,
            instrument=fill.instrument,
            trade_id=fill.trade_id,
            venue_order_id=fill.venue_order_id,
            client_order_id=fill.client_order_id,
            side=fill.side.value,
            price=fill.price,
            quantity=fill.quantity,
            fee=fill.fee,
            fee_asset=fill.fee_asset,
            maker=fill.maker,
            realised=fill.realised,
            ts_ns=fill.ts,
        )
    )
    order = session.get(tables.OrderRow, fill.client_order_id) if fill.client_order_id else None
    if order is None:
        return
    order.filled += fill.quantity
    order.updated_ns = max(order.updated_ns, fill.ts)
    if order.filled >= order.quantity:
        order.status = OrderStatus.FILLED.value
    elif order.status not in _TERMINAL and order.status != OrderStatus.PENDING_CANCEL.value:
        order.status = OrderStatus.PARTIALLY_FILLED.value


def _signal(signal: Signal) -> tables.SignalRow:
    return tables.SignalRow(
        signal_id=signal.signal_id,
        strategy=signal.strategy,
        instrument=signal.instrument,
        ts_ns=signal.ts,
        prediction=signal.prediction,
        features=signal.features,
        model_name=signal.model.name,
        model_version=signal.model.version,
        artifact_hash=signal.model.artifact_hash,
        data_manifest=signal.model.data_manifest,
        commit=signal.model.commit,
        allowed_brokers=",".join(signal.model.allowed_brokers),
    )


def _parent(intent: Intent, code: str = "", refusal: str = "") -> tables.ParentRow:
    return tables.ParentRow(
        parent_id=intent.parent_id,
        strategy=intent.strategy,
        account=intent.account,
        instrument=intent.instrument,
        side=intent.side.value,
        quantity=intent.quantity,
        algorithm=intent.algorithm,
        limit_price=intent.limit_price,
        reduce_only=intent.reduce_only,
        signal_id=intent.signal_id,
        reason=intent.reason,
        ts_ns=intent.ts,
        refusal_code=code,
        refusal=refusal,
    )


def _order(order: ChildOrder, status: OrderStatus, code: str = "", reason: str = "") -> tables.OrderRow:
    return tables.OrderRow(
        client_order_id=order.client_order_id,
        parent_id=order.parent_id,
        strategy=order.strategy,
        account=order.account,
        instrument=order.instrument,
        side=order.side.value,
        type=order.type.value,
        time_in_force=order.time_in_force.value,
        quantity=order.quantity,
        price=order.price,
        reduce_only=order.reduce_only,
        status=status.value,
        venue_order_id=None,
        filled=ZERO,
        code=code,
        reason=reason,
        ts_ns=order.ts,
        updated_ns=order.ts,
    )
