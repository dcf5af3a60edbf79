"""What people do to orders and positions: each with a name and a reason, journaled."""

from jtrader.domain.events import OrderClosed, OrderResolved, PositionAssigned
from jtrader.domain.ids import UNASSIGNED
from jtrader.domain.money import plain
from jtrader.domain.order import OrderStatus
from jtrader.engine import doubts
from jtrader.engine.core import Core
from jtrader.engine.inputs import AssignAsked, CancelAsked, Moment, Outcome, ResolveAsked
from jtrader.engine.intents import ACCEPTED, Answer
from jtrader.engine.orders import Order
from jtrader.engine.reports import fill_reported
from jtrader.risk.verdict import RefusalCode


def cancel(core: Core, given: CancelAsked, now: Moment) -> Answer:
    """Asks the venue to cancel one order."""
    order = core.state.orders.get(given.client_order_id)
    if nameless := _nameless(given.actor, given.reason):
        return _no(nameless)
    if order is None or not order.is_live:
        status = "not known here" if order is None else str(order.status)
        return _no(
            f"order {given.client_order_id} is {status}; 'jtrader orders --open' lists those that may still fill"
        )
    doubts.cancel(core, order, given.reason, now, given.actor)
    return ACCEPTED


def assign(core: Core, given: AssignAsked, now: Moment) -> Answer:
    """Moves what no strategy traded into a strategy's book, at its cost."""
    if nameless := _nameless(given.actor, given.reason):
        return _no(nameless)
    if given.account not in core.accounts:
        return _no(f"account '{given.account}' is not traded here; there are {', '.join(sorted(core.accounts))}")
    if given.strategy == UNASSIGNED:
        return _no("UNASSIGNED is no strategy: name the one that takes the position")
    stray = core.ledger.strategy_position(given.account, UNASSIGNED, given.instrument)
    if not stray:
        return _no(f"nothing of {given.instrument} is UNASSIGNED on account '{given.account}'")
    quantity = abs(stray) if given.quantity is None else given.quantity
    if not (quantity.is_finite() and 0 < quantity <= abs(stray)):
        return _no(f"quantity {quantity}: {plain(stray)} of {given.instrument} is UNASSIGNED; ask for a part of it")
    core.emit(
        PositionAssigned(
            ts=now.market,
            assignment_id=f"assignment:{core.state.counts['position_assigned'] + 1}",
            account=given.account,
            instrument=given.instrument,
            strategy=given.strategy,
            quantity=quantity if stray > 0 else -quantity,
            actor=given.actor,
            reason=given.reason,
        )
    )
    return ACCEPTED


def resolve(core: Core, given: ResolveAsked, now: Moment) -> Answer:
    """Ends an order UNKNOWN by what a person found at the venue. If it lives after all, its fills are booked, and what
    the venue lists as open is cancelled."""
    order = core.state.orders.get(given.client_order_id)
    if nameless := _nameless(given.actor, given.reason):
        return _no(nameless)
    if order is None:
        return _no(f"no order {given.client_order_id}; 'jtrader orders --open' lists those that may still fill")
    if order.status is not OrderStatus.UNKNOWN:
        return _no(f"order {order.id} is {order.status}: only an order that is unknown can be resolved by hand")
    if fault := _misfit(core, order, given):
        return _no(fault)
    core.emit(
        OrderResolved(
            ts=now.market,
            client_order_id=order.id,
            outcome=given.outcome,
            actor=given.actor,
            reason=given.reason,
        )
    )
    if given.fill is not None:
        fill_reported(core, given.fill, now)
    order = core.state.orders[order.id]
    if order.is_live:
        never_was = not order.is_proven
        status = OrderStatus.REJECTED if never_was else OrderStatus.CANCELED
        why = f"resolved by {given.actor} as {given.outcome}: {given.reason}"
        core.emit(OrderClosed(ts=now.market, client_order_id=order.id, status=status, reason=why))
    core.watch.settle(order.id)
    core.watch.resolved[order.id] = now.wall
    return ACCEPTED


def _misfit(core: Core, order: Order, given: ResolveAsked) -> str:
    """Why the outcome can't be booked for the order; empty when it can."""
    child, fill = order.child, given.fill
    if (fill is not None) is not (given.outcome is Outcome.FILLED):
        return "filled needs the fill as the venue tells it, absent has none"
    if fill is None:
        return ""
    if (fill.account, fill.instrument, fill.side) != (child.account, child.instrument, child.side):
        return f"the fill is no {child.side} of {child.instrument} on account '{child.account}'"
    if fill.client_order_id != child.client_order_id:
        return f"the fill names order {fill.client_order_id}"
    amounts = (fill.price, fill.quantity, fill.fee)
    if not all(amount.is_finite() for amount in amounts) or min(fill.price, fill.quantity) <= 0 or not fill.trade_id:
        return "a fill has a price and a quantity above zero, a fee, and the venue's trade id"
    if fill.quantity > order.leaves:
        return f"quantity {plain(fill.quantity)} is more than the {plain(order.leaves)} that the order has left"
    if (fill.account, fill.instrument, fill.trade_id) in core.state.fills:
        return f"trade {fill.trade_id} of {fill.instrument} is booked already"
    opened = core.state.opened.get(child.account)
    return "" if opened is not None and fill.ts >= opened.ts else "the fill is from before the account was taken over"


def _nameless(actor: str, reason: str) -> str:
    return "" if actor.strip() and reason.strip() else "say who you are and why: actor and reason may not be empty"


def _no(reason: str) -> Answer:
    return Answer(False, RefusalCode.NOT_POSSIBLE, reason)
