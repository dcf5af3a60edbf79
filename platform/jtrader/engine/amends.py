"""Resting limit orders that get another quantity or price: in place where the venue offers it, else by cancelling,
waiting for the end, and placing what is left.

While it is in flight the order counts at the larger of both quantities. A venue that still tells the old order after
the request has expired never took it; one that tells neither the old nor the new one is believed then. A replacement
goes out only while its parent works and the venue is not still being asked what happened before a restart.
"""

from decimal import Decimal

from msgspec.structs import replace

from jtrader.domain.events import AmendRejected, AmendRequested, OrderAmended, OrderReplaced, ReplaceStarted
from jtrader.domain.order import Intent, OrderStatus, OrderType, ParentState, ParentWish
from jtrader.engine import doubts, parents
from jtrader.engine.commands import AmendOrder
from jtrader.engine.core import Core
from jtrader.engine.exposure import exposure_of
from jtrader.engine.inputs import AmendAsked, AmendRefused, Moment, OrderReported
from jtrader.engine.intents import ACCEPTED, Answer
from jtrader.engine.orders import Amendment, Order
from jtrader.engine.reports import after_fill, find
from jtrader.engine.watch import ASK_AGAIN, CLOCK_ERROR
from jtrader.execution.algorithm import Slice
from jtrader.risk.gate import judge
from jtrader.risk.verdict import RefusalCode, Refused

_RESTING = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


def amend(core: Core, given: AmendAsked, now: Moment) -> Answer:
    """Asks the venue for the change, if the gate would send the order as it would then be."""
    order = core.state.orders.get(given.client_order_id)
    if order is None:
        return _no(f"no order {given.client_order_id}; 'jtrader orders --open' lists those that may still fill")
    if fault := _unfit(core, order, given):
        return _no(fault)
    quantity = order.child.quantity if given.quantity is None else given.quantity
    price = given.price or order.child.price
    if price is None or not (quantity.is_finite() and price.is_finite()) or quantity <= order.filled or price <= 0:
        return _no(
            f"quantity {quantity} at {price}: {order.filled:f} of the order has filled, more than that has to stay"
        )
    if (quantity, price) == (order.child.quantity, order.child.price):
        return _no(f"order {order.id} has that quantity and price already")
    if refused := _refused(core, order, quantity, price, now):
        return Answer(False, refused.code, refused.reason)
    core.emit(
        AmendRequested(
            ts=now.market,
            client_order_id=order.id,
            quantity=quantity,
            price=price,
            actor=given.actor,
            reason=given.reason,
        )
    )
    core.watch.amends[order.id] = now.wall
    core.command(AmendOrder(order.child.account, order.child.instrument, order.id, quantity, price))
    core.watch.doubt(order.id, now.wall, after=ASK_AGAIN)
    return ACCEPTED


def refused(core: Core, given: AmendRefused, now: Moment) -> None:
    order = core.state.orders[given.client_order_id]
    if order.amending is not None and not order.amending.by_replacing:
        core.emit(AmendRejected(ts=now.market, client_order_id=order.id, code=given.code, reason=given.reason))
        core.watch.doubt(order.id, now.wall)


def uncertain(core: Core, order: Order, now: Moment) -> None:
    if order.amending is not None:
        core.watch.amends[order.id] = now.wall
        core.watch.doubt(order.id, now.wall)


def not_offered(core: Core, order: Order, now: Moment) -> None:
    """Cancel, wait for the terminal report, place: `go_on` does the last."""
    if order.amending is None or not order.is_live:
        return
    if order.cancel_wanted:
        reason = "the order is being cancelled"
        core.emit(AmendRejected(ts=now.market, client_order_id=order.id, code="cancelled", reason=reason))
        return
    doubts.cancel(core, order, "to be replaced: the venue changes no such order in place", now)
    core.emit(ReplaceStarted(ts=now.market, client_order_id=order.id))


def reported(core: Core, given: OrderReported, now: Moment) -> None:
    """Whether the venue tells the new order, or still the old one, or a third, after the request had expired."""
    report, order = given.order, find(core, given.order)
    if order is None or order.amending is None or order.amending.by_replacing:
        return
    if (report.quantity, report.price) == (order.amending.quantity, order.amending.price):
        _amended(core, order, order.amending, now)
        return
    expired = core.watch.amends.get(order.id, now.wall) + given.request_life + CLOCK_ERROR
    is_old = (report.quantity, report.price) == (order.child.quantity, order.child.price)
    is_last_word = given.asked is not None and given.asked >= expired
    if is_old and is_last_word:
        reason = "the request was lost: the venue has the old order after the request had expired"
        core.emit(AmendRejected(ts=now.market, client_order_id=order.id, code="lost", reason=reason))
    elif is_last_word and report.price is not None and not report.status.is_terminal:
        core.watch.counters["amended_otherwise"] += 1
        _amended(core, order, Amendment(report.quantity, report.price), now)
    elif order.is_live and not report.status.is_terminal:
        core.watch.doubt(order.id, now.wall, after=ASK_AGAIN)


def restarted(core: Core, now: Moment) -> None:
    """A request that was in flight may arrive yet."""
    core.watch.amends = {order.id: now.wall for order in core.state.orders.values() if order.amending is not None}


def go_on(core: Core, now: Moment) -> None:
    """After any input: what has ended is replaced where that was wanted; other amendments of it are over. Both wait
    while the venue is asked what happened before a restart."""
    for client_order_id in list(core.watch.amends):
        order = core.state.orders[client_order_id]
        if order.amending is not None and (order.is_live or core.watch.is_recovering):
            continue
        del core.watch.amends[client_order_id]
        if order.amending is not None:
            _ended(core, order, order.amending, now)


def _ended(core: Core, order: Order, wanted: Amendment, now: Moment) -> None:
    parent = core.state.parents[order.child.parent_id]
    left = wanted.quantity - order.filled
    if (
        not wanted.by_replacing and order.filled > order.child.quantity
    ):  # more than it was for: the venue had changed it
        quantity, price = wanted.quantity, wanted.price
        core.emit(OrderAmended(ts=now.market, client_order_id=order.id, quantity=quantity, price=price))
        return
    was_cancelled = order.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED)
    is_at_work = parent.wish is ParentWish.RUN and parent.state in (ParentState.PENDING, ParentState.RUNNING)
    if not (wanted.by_replacing and was_cancelled and left > 0 and is_at_work):
        reason = f"the order is {order.status}, {order.filled:f} of it has filled"
        if not is_at_work:
            reason += f"; its parent is {parent.state} and was asked to {parent.wish}"
        core.emit(AmendRejected(ts=now.market, client_order_id=order.id, code="closed", reason=reason))
        return
    child = order.child
    core.emit(OrderReplaced(ts=now.market, client_order_id=order.id, left=left))
    piece = Slice(quantity=left, type=child.type, time_in_force=child.time_in_force, price=wanted.price)
    parents.send(core, parent, piece, now)


def _amended(core: Core, order: Order, to: Amendment, now: Moment) -> None:
    core.emit(OrderAmended(ts=now.market, client_order_id=order.id, quantity=to.quantity, price=to.price))
    after_fill(core, core.state.orders[order.id], now)  # what has filled since may be all of it now


def _unfit(core: Core, order: Order, given: AmendAsked) -> str:
    """Why the order can't be amended now, empty when it can."""
    algorithm = core.state.parents[order.child.parent_id].intent.algorithm
    if not (given.actor.strip() and given.reason.strip()):
        return "say who you are and why: actor and reason may not be empty"
    if order.status not in _RESTING or order.cancel_wanted:
        status = "being cancelled" if order.cancel_wanted and order.is_live else str(order.status)
        return f"order {order.id} is {status}: only a resting order can be amended"
    if order.child.type is not OrderType.LIMIT:
        return f"order {order.id} is a {order.child.type} order: only limit orders can be amended; place another"
    if order.amending is not None:
        return f"order {order.id} is being amended already; wait for the venue's answer"
    if not core.algorithms[algorithm].one_shot:
        return f"order {order.id} belongs to a {algorithm} at work: it would be made anew; pause or cancel its parent"
    return ""


def _refused(core: Core, order: Order, quantity: Decimal, price: Decimal, now: Moment) -> Refused | None:
    """What the gate says of the order as it would rest then, its present self aside."""
    child, parent = order.child, core.state.parents[order.child.parent_id]
    intent: Intent = parent.intent
    filled, working = core.state.progress(parent)
    left = intent.quantity - filled - (working - order.leaves)
    exposure = exposure_of(core, intent, left, now, without=order.id)
    trial = replace(child, quantity=quantity - order.filled, price=price, ts=now.market)
    verdict = judge(trial, core.instruments[child.instrument], core.accounts[child.account].limit_set, exposure)
    return verdict if isinstance(verdict, Refused) else None


def _no(reason: str) -> Answer:
    return Answer(False, RefusalCode.NOT_POSSIBLE, reason)
