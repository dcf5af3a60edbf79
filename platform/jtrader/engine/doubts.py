"""Open questions to the venue: orders in doubt are looked up until the venue's answers prove what they are."""

from jtrader.domain.events import CancelRequested, OrderClosed, OrderUnknown
from jtrader.domain.ids import ClientOrderId
from jtrader.domain.money import plain
from jtrader.domain.order import OrderStatus
from jtrader.domain.times import MINUTE, SECOND
from jtrader.engine.commands import CancelOrder, QueryOrder
from jtrader.engine.core import Core
from jtrader.engine.inputs import Moment, OpenOrdersListed, OrderAbsent
from jtrader.engine.lifecycle import Step, allows
from jtrader.engine.orders import Order
from jtrader.engine.reports import end_again, fill_reported, find
from jtrader.engine.watch import ABSENCE_GAP, ASK_AGAIN, CLOCK_ERROR

LOOK_BACK = 10 * MINUTE
"""How much earlier than the order (market time) its fills are looked for."""


def restarted(core: Core, now: Moment) -> None:
    """What was in flight is UNKNOWN; everything that may live is asked for at once."""
    core.watch.started = now.wall
    for order in core.state.live_orders():
        if not order.is_proven and allows(order.status, Step.LOSE):
            core.emit(OrderUnknown(ts=now.market, client_order_id=order.id, reason="in flight when the oms ended"))
        core.watch.doubt(order.id, now.wall, after=0)


def ask(core: Core, now: Moment) -> None:
    """Queries the orders in doubt that are due. A cancel that was asked for is asked for again."""
    for client_order_id, doubt in list(core.watch.doubts.items()):
        order = core.state.orders[client_order_id]
        if not order.is_live:
            core.watch.settle(client_order_id)
        elif doubt.due <= now.wall:
            doubt.due = now.wall + ASK_AGAIN
            child = order.child
            core.command(QueryOrder(child.account, child.instrument, order.id, child.ts - LOOK_BACK))
            if order.cancel_wanted:
                core.command(CancelOrder(child.account, child.instrument, order.id))


def book_unclaimed(core: Core, now: Moment) -> None:
    """Fills that waited for an order's venue id, now that no order is left whose they could be."""
    for fill in list(core.watch.waiting.values()):
        fill_reported(core, fill, now)


def absent(core: Core, given: OrderAbsent, now: Moment) -> None:
    """Absence is proven by two findings ABSENCE_GAP apart, both when the venue had ceased to take the request, with the
    stream live, of an order that was never acknowledged. Anything less leaves it UNKNOWN, counted at full size."""
    order = core.state.orders[given.client_order_id]
    if not order.is_live:
        return
    if order.is_proven:
        core.watch.counters["order_vanished"] += 1
        if order.status is not OrderStatus.UNKNOWN and allows(order.status, Step.LOSE):
            reason = "the venue has confirmed it before and does not know it now"
            core.emit(OrderUnknown(ts=now.market, client_order_id=order.id, reason=reason))
        core.watch.doubt(order.id, now.wall, after=ASK_AGAIN)
        return
    core.watch.doubt(order.id, now.wall, after=ASK_AGAIN)
    doubt = core.watch.doubts[order.id]
    is_evidence = (
        given.stream_is_live
        and given.asked >= doubt.sent + given.request_life + CLOCK_ERROR
        and not any(key[:2] == (order.child.account, order.child.instrument) for key in core.watch.waiting)
    )
    if order.status is not OrderStatus.UNKNOWN or not is_evidence:
        return
    if doubt.absent is None:
        doubt.absent = given.asked
    elif given.asked - doubt.absent >= ABSENCE_GAP:
        core.watch.settle(order.id)
        reason = "absent: neither among the venue's orders nor its trades, found twice after the request had expired"
        core.emit(OrderClosed(ts=now.market, client_order_id=order.id, status=OrderStatus.REJECTED, reason=reason))


def listed(core: Core, given: OpenOrdersListed, now: Moment) -> None:
    """Orders of ours that should be open and are not are looked up; open ones that are not ours narrow the market."""
    ours = {order.id for report in given.orders if (order := find(core, report)) is not None}
    before = core.watch.foreign.get(given.account, {})
    core.watch.foreign[given.account] = {name: one for name, one in before.items() if one.heard > given.asked}
    for report in given.orders:
        if find(core, report) is None:
            core.watch.note_foreign(report, now.wall)
    _end_again(core, given, now)
    for order in core.state.live_orders():
        if order.child.account == given.account and order.is_proven and order.id not in ours:
            core.watch.doubt(order.id, now.wall)


def _end_again(core: Core, given: OpenOrdersListed, now: Moment) -> None:
    """Orders of ours that have ended by our books and that the venue lists as open twice in a row, or once after a
    person has ended them: somebody was wrong."""
    before = core.watch.revenants.get(given.account, frozenset())
    found = {order.id: report for report in given.orders if (order := find(core, report)) and not order.is_live}
    core.watch.revenants[given.account] = frozenset(found)
    for client_order_id, report in found.items():
        if client_order_id in before or given.asked > core.watch.resolved.get(client_order_id, given.asked):
            end_again(core, client_order_id, report, now)


def cancel(core: Core, order: Order, reason: str, now: Moment, actor: str = "") -> None:
    """Cancelling twice is harmless; an order UNKNOWN is cancelled by our id and stays UNKNOWN until proven."""
    if not allows(order.status, Step.REQUEST_CANCEL):
        return
    core.emit(CancelRequested(ts=now.market, client_order_id=order.id, reason=reason, actor=actor))
    core.command(CancelOrder(order.child.account, order.child.instrument, order.id))
    core.watch.doubt(order.id, now.wall, after=ASK_AGAIN)


def unknown_for(core: Core, order: Order, now: Moment) -> int:
    """For how long an order has been UNKNOWN, ns: by market time over restarts, by wall time while the market's stands
    still."""
    since = core.watch.unknown_since.setdefault(order.id, now.wall)
    return max(now.market - order.unknown_since, now.wall - since)


def overdue(core: Core, patience: int, now: Moment) -> dict[ClientOrderId, str]:
    """Orders UNKNOWN for more than `patience` ns, with the cause, what still protects the position, and what to do."""
    told: dict[ClientOrderId, str] = {}
    unknown = [order for order in core.state.live_orders() if order.status is OrderStatus.UNKNOWN]
    for gone in core.watch.unknown_since.keys() - {order.id for order in unknown}:
        del core.watch.unknown_since[gone]
    for order in unknown:
        age = unknown_for(core, order, now)
        if age > patience:
            child = order.child
            told[order.id] = (
                f"{child.side} {plain(order.leaves)} {child.instrument} on account {child.account} has been unknown for"
                f" {age // SECOND} s ({order.reason}). It counts in full and is asked for again and again; reduce-only"
                f" exits stay open. Look at the venue's page, then: jtrader orders resolve {order.id} --absent --reason"
                f" …, or --filled QUANTITY --price P --trade-id T --reason …"
            )
    return told
