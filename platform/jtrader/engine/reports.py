"""What the venue says becomes journal events: each fill and entry once, order states only where the table allows."""

from msgspec.structs import replace

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.events import EntryBooked, OrderAcknowledged, OrderClosed, OrderFilled, OrderRejected, OrderUnknown
from jtrader.domain.ids import ClientOrderId
from jtrader.domain.order import Fill, OrderStatus, VenueOrder
from jtrader.engine.commands import CancelOrder
from jtrader.engine.core import Core
from jtrader.engine.inputs import Moment, SubmitRefused, SubmitUncertain
from jtrader.engine.lifecycle import CLOSING, Step, allows
from jtrader.engine.orders import Order
from jtrader.engine.watch import ASK_AGAIN

BOOKED_FROM_FILLS = frozenset({EntryKind.TRADE, EntryKind.FEE})
"""Rows of the venue's ledger that repeat a fill where they name one. A rebate is money of its own and is booked."""

ORIGINS = (("autoclose-", "liquidation"), ("adl_autoclose", "adl"), ("settlement_autoclose-", "settlement"))
"""How Binance names the orders that it makes itself."""


def submit_refused(core: Core, given: SubmitRefused, now: Moment) -> None:
    order = core.state.orders[given.client_order_id]
    if order.is_proven or not allows(order.status, Step.REJECT):
        core.watch.counters["refusal_contradicted"] += 1
        core.watch.doubt(order.id, now.wall)
        return
    core.watch.settle(order.id)
    core.emit(
        OrderRejected(ts=now.market, client_order_id=order.id, code=given.code or "rejected", reason=given.reason)
    )


def submit_uncertain(core: Core, given: SubmitUncertain, now: Moment) -> None:
    order = core.state.orders[given.client_order_id]
    if order.is_live:
        if not order.is_proven and allows(order.status, Step.LOSE):
            core.emit(
                OrderUnknown(ts=now.market, client_order_id=order.id, reason=given.reason, accepted=given.accepted)
            )
        core.watch.doubt(order.id, now.wall)
        core.watch.sent_until(order.id, now.wall)


def order_reported(core: Core, report: VenueOrder, now: Moment) -> None:
    order = find(core, report)
    if order is None or order.status is OrderStatus.REFUSED:
        core.watch.counters["foreign_order_report"] += 1
        core.watch.note_foreign(report, now.wall)
        return
    if report.status is not OrderStatus.REJECTED:
        order = _acknowledge(core, order, report, now)
    if not order.is_live:
        _told_after_its_end(core, order, report, now)
        return
    if report.status.is_terminal:
        _end(core, order, report, now)
    elif report.filled > order.filled:
        core.watch.doubt(order.id, now.wall)  # a fill is on its way, or lost
    elif order.cancel_wanted or order.amending is not None:
        core.watch.doubt(order.id, now.wall, after=ASK_AGAIN)  # the cancel was lost, or is on its way
    else:
        core.watch.settle(order.id)


def fill_reported(core: Core, fill: Fill, now: Moment) -> None:
    key = (fill.account, fill.instrument, fill.trade_id)
    if key in core.state.fills:
        core.watch.counters["fill_told_again"] += 1
        return
    opened = core.state.opened.get(fill.account)
    if opened is None or fill.ts < opened.ts:
        core.watch.counters["fill_before_adoption"] += 1
        return
    owner = _owner(core, fill)
    if owner is None and fill.client_order_id is None and _ask_whose(core, fill, now):
        core.watch.waiting[key] = fill
        return
    core.watch.waiting.pop(key, None)
    origin = _origin(fill) if owner is None else ""
    core.emit(OrderFilled(ts=now.market, fill=replace(fill, client_order_id=owner), origin=origin))
    if owner is None:
        core.watch.counters["external_fill"] += 1
        return
    after_fill(core, core.state.orders[owner], now)


def entry_reported(core: Core, entry: VenueEntry, now: Moment) -> None:
    opened = core.state.opened.get(entry.account)
    repeats_fill = entry.kind in BOOKED_FROM_FILLS and bool(entry.reference)
    if repeats_fill or opened is None or entry.ts <= opened.ts:
        return
    if (entry.account, entry.entry_id) not in core.state.entries:
        core.emit(EntryBooked(ts=now.market, entry=entry))


def find(core: Core, report: VenueOrder) -> Order | None:
    """Our order that a report is about, by our id or the venue's."""
    own = core.state.orders.get(report.client_order_id) if report.client_order_id else None
    return own or find_by_venue(core, report)


def find_by_venue(core: Core, report: VenueOrder) -> Order | None:
    """By the venue's id alone."""
    known = core.state.by_venue_id.get((report.account, report.instrument, report.venue_order_id))
    return core.state.orders.get(known) if known else None


def end_again(core: Core, client_order_id: ClientOrderId, report: VenueOrder, now: Moment) -> None:
    """An order of ours that has ended by our books and is open at the venue counts for nothing here: it is cancelled,
    and narrows its market until it is gone. Its fills are booked as they come."""
    known = core.watch.foreign.get(report.account, {}).get(report.venue_order_id)
    core.watch.note_foreign(report, now.wall, is_ours=True)
    if known is None or now.wall - known.heard >= ASK_AGAIN:
        core.watch.counters["ended_order_lives"] += 1
        core.command(CancelOrder(report.account, report.instrument, client_order_id))


def _told_after_its_end(core: Core, order: Order, report: VenueOrder, now: Moment) -> None:
    """Reports that are late say nothing; of an order that a person has ended they say that it lives."""
    if report.status.is_terminal:
        core.watch.note_foreign(report, now.wall)
    elif order.id in core.watch.resolved and order.status is not OrderStatus.FILLED:
        end_again(core, order.id, report, now)


def _acknowledge(core: Core, order: Order, report: VenueOrder, now: Moment) -> Order:
    """The report proves that the order exists: unsaid until now, or doubted."""
    is_doubted = order.status in (OrderStatus.UNKNOWN, OrderStatus.REJECTED)
    is_triggered = report.is_triggered and find_by_venue(core, report) is None
    if (order.venue_order_id is None or is_doubted or is_triggered) and allows(order.status, Step.ACKNOWLEDGE):
        if order.status is OrderStatus.REJECTED:
            core.watch.counters["rejected_order_lives"] += 1
        core.emit(OrderAcknowledged(ts=now.market, client_order_id=order.id, venue_order_id=report.venue_order_id))
        _retry_waiting(core, order, now)
    return core.state.orders[order.id]


def _end(core: Core, order: Order, report: VenueOrder, now: Moment) -> None:
    """Closes the order, unless the venue counts fills that have not come in yet: those first."""
    if report.filled > order.filled:
        core.watch.ended[order.id] = report
        core.watch.doubt(order.id, now.wall)
        return
    step = CLOSING[report.status]
    if not allows(order.status, step):
        core.watch.counters["late_report"] += 1
        return
    core.watch.settle(order.id)
    if step is Step.REJECT:
        reason = report.reason or "rejected by the venue"
        core.emit(OrderRejected(ts=now.market, client_order_id=order.id, code="rejected", reason=reason))
    else:
        core.emit(OrderClosed(ts=now.market, client_order_id=order.id, status=report.status, reason=report.reason))


def after_fill(core: Core, order: Order, now: Moment) -> None:
    """Ends the order where all of it has filled, or what the venue counted has come in."""
    if order.filled > order.total:
        core.watch.counters["overfill"] += 1
    if order.filled >= order.total and allows(order.status, Step.COMPLETE):
        core.watch.settle(order.id)
        core.emit(OrderClosed(ts=now.market, client_order_id=order.id, status=OrderStatus.FILLED))
        return
    if order.amending is not None and order.filled >= order.child.quantity:
        core.watch.doubt(order.id, now.wall)  # the venue may count it as whole
    report = core.watch.ended.get(order.id)
    if report is not None and order.is_live:
        _end(core, order, report, now)


def _owner(core: Core, fill: Fill) -> ClientOrderId | None:
    """Our order that the fill belongs to: by our id, else by the venue's."""
    if fill.client_order_id in core.state.orders:
        order = core.state.orders[fill.client_order_id]
        return None if order.status is OrderStatus.REFUSED else order.id
    return core.state.by_venue_id.get((fill.account, fill.instrument, fill.venue_order_id))


def _origin(fill: Fill) -> str:
    """Whose fill it is, where no order of ours made it."""
    name = fill.client_order_id or ""
    return f"{next((word for prefix, word in ORIGINS if name.startswith(prefix)), 'external')} {name}".strip()


def _ask_whose(core: Core, fill: Fill, now: Moment) -> bool:
    """Whether the fill may be of an order whose venue id we don't know yet; those are then looked up."""
    candidates = [
        order
        for order in core.state.live_orders()
        if order.venue_order_id is None
        and (order.child.account, order.child.instrument) == (fill.account, fill.instrument)
    ]
    for order in candidates:
        core.watch.doubt(order.id, now.wall)
    return bool(candidates)


def _retry_waiting(core: Core, order: Order, now: Moment) -> None:
    for fill in list(core.watch.waiting.values()):
        if (fill.account, fill.instrument) == (order.child.account, order.child.instrument):
            fill_reported(core, fill, now)
