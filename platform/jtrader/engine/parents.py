"""Parent orders at work: look, let the algorithm plan, journal what it remembers, cancel and send."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec.structs import replace

from jtrader.domain.events import (
    ChildAccepted,
    ChildRefused,
    Event,
    OrderAcknowledged,
    OrderClosed,
    OrderFilled,
    OrderRejected,
    ParentAsked,
    ParentChanged,
)
from jtrader.domain.ids import ClientOrderId, InstrumentId, ParentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.domain.order import ChildOrder, Intent, OrderStatus, ParentState, ParentWish
from jtrader.domain.times import MINUTE, SECOND
from jtrader.engine import doubts
from jtrader.engine.commands import SubmitOrder
from jtrader.engine.core import Core
from jtrader.engine.exposure import exposure_of, reducible_by
from jtrader.engine.inputs import Moment, ParentWished
from jtrader.engine.latches import latch
from jtrader.engine.market import Range, Tape
from jtrader.engine.orders import Order, Parent
from jtrader.engine.pace import series_of
from jtrader.engine.watch import Hold
from jtrader.execution.algorithm import Algorithm, Child, ParentView, Plan, Print, Slice
from jtrader.execution.driver import decide
from jtrader.execution.sizing import is_crossed
from jtrader.risk.gate import EXIT_COLLAR_STEPS, judge
from jtrader.risk.verdict import ApprovedOrder, RefusalCode, Refused

SAVE_EVERY = 1 * MINUTE
"""Market time after which a memo that changed is journaled though nothing else happened."""

_IMPLIED = (ParentState.PENDING, ParentState.RUNNING, ParentState.DONE, ParentState.FAILED)
_HELD = (ParentState.PAUSED, ParentState.COMPLETING)
_NEVER_STOOD = (OrderStatus.REFUSED, OrderStatus.REJECTED)
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def begin(core: Core, parent_id: ParentId, now: Moment) -> Refused | None:
    """A parent that has just come in; the gate's refusal where its first child was refused."""
    core.watch.parents[parent_id] = None
    _tape(core, core.state.parents[parent_id].intent)
    return work(core, parent_id, now)


def restarted(core: Core) -> None:
    """Parents that are not over go on once the venue has been asked what happened."""
    core.watch.is_recovering = True
    core.watch.parents = dict.fromkeys(
        parent_id for parent_id, parent in core.state.parents.items() if not _is_over(core, parent)
    )
    core.watch.restarted = set(core.watch.parents)
    for parent_id in core.watch.parents:
        _tape(core, core.state.parents[parent_id].intent)


def work_all(core: Core, now: Moment) -> None:
    core.watch.is_recovering = False
    for parent_id in list(core.watch.parents):
        work(core, parent_id, now)


def follow_up(core: Core, events: Iterable[Event], now: Moment) -> None:
    """The parents of orders that something has just happened to; those that make one child wait for the tick."""
    if core.watch.is_recovering:
        return
    touched: dict[ParentId, None] = {}
    for event in events:
        client_order_id = _moved(event)
        if client_order_id in core.state.orders:
            touched[core.state.orders[client_order_id].child.parent_id] = None
    for parent_id in touched:
        algorithm = core.algorithms[core.state.parents[parent_id].intent.algorithm]
        if parent_id in core.watch.parents and not algorithm.one_shot:
            work(core, parent_id, now)


def wish(core: Core, given: ParentWished, now: Moment) -> str:
    """Journals what somebody wants of a parent and lets it act; why that can't be, empty when it can."""
    parent = core.state.parents.get(given.parent_id)
    if parent is None:
        return f"there is no parent order {given.parent_id}"
    if given.parent_id not in core.watch.parents:
        return f"parent order {given.parent_id} is over"
    if parent.wish is ParentWish.CANCEL and given.wish is not ParentWish.CANCEL:
        return f"parent order {given.parent_id} is being cancelled by {parent.wish_reason}"
    core.emit(
        ParentAsked(ts=now.market, parent_id=given.parent_id, wish=given.wish, actor=given.actor, reason=given.reason)
    )
    if not core.watch.is_recovering:
        work(core, given.parent_id, now)
    return ""


def work(core: Core, parent_id: ParentId, now: Moment) -> Refused | None:
    """One look at a parent; the gate's refusal of the child made last, if it was refused."""
    parent = core.state.parents[parent_id]
    if parent.wish is ParentWish.RUN and _is_being_replaced(core, parent):
        return None
    algorithm = core.algorithms[parent.intent.algorithm]
    plan = decide(algorithm, view_of(core, parent, now))
    core.watch.restarted.discard(parent_id)
    if _is_still_held(core, parent, plan, now):
        return None
    _remember(core, parent, algorithm, plan, now)
    for client_order_id in plan.cancel:
        doubts.cancel(core, core.state.orders[client_order_id], plan.reason or parent.intent.algorithm, now)
    refused = None
    for piece in plan.place:
        refused = send(core, core.state.parents[parent_id], piece, now)
    if plan.state.is_over:
        core.watch.parents.pop(parent_id, None)
        core.watch.memos.pop(parent_id, None)
        core.watch.holds.pop(parent_id, None)
        core.market.unfollow(parent_id, parent.intent.instrument)
    return refused


def may_send(core: Core, parent_id: ParentId) -> bool:
    """Whether the parent may send an order yet: a one-shot parent may before its child, and after a pause."""
    parent = core.state.parents[parent_id]
    is_paused = parent.wish is ParentWish.PAUSE or parent.state is ParentState.PAUSED
    return not core.algorithms[parent.intent.algorithm].one_shot or not parent.children or is_paused


def state_of(core: Core, parent: Parent) -> ParentState:
    """The state as it is told to people: what is journaled, or what follows from the child of a one-shot parent."""
    if parent.state is not ParentState.PENDING or not parent.children:
        return parent.state
    if parent.intent.parent_id in core.state.live_children or _is_being_replaced(core, parent):
        return ParentState.RUNNING
    stood = parent.filled or core.state.orders[parent.children[-1]].status not in _NEVER_STOOD
    return ParentState.DONE if stood else ParentState.FAILED


def _is_being_replaced(core: Core, parent: Parent) -> bool:
    """Its order has ended so that another takes its place, which is not made yet."""
    order = core.state.orders[parent.children[-1]] if parent.children else None
    return order is not None and not order.is_live and order.amending is not None and order.amending.by_replacing


def _is_over(core: Core, parent: Parent) -> bool:
    return state_of(core, parent).is_over


def _moved(event: Event) -> ClientOrderId | None:
    """The order that the venue has told something new of."""
    match event:
        case OrderFilled(fill=fill):
            return fill.client_order_id
        case OrderAcknowledged() | OrderRejected() | OrderClosed():
            return event.client_order_id
        case _:
            return None


def _remember(core: Core, parent: Parent, algorithm: Algorithm, plan: Plan, now: Moment) -> None:
    """Journals state and memo where they must survive; else the memo is kept until then."""
    parent_id = parent.intent.parent_id
    implied = algorithm.one_shot and parent.state is ParentState.PENDING and plan.state in _IMPLIED
    is_new = (plan.state, plan.reason) != (parent.state, parent.reason) and not implied
    is_on_hold = plan.state is ParentState.PAUSED and parent_id in core.watch.holds
    is_old = now.market - parent.changed >= SAVE_EVERY and not is_on_hold
    is_due = bool(plan.place or plan.cancel or plan.save) or is_old
    if is_new or (plan.memo != parent.memo and is_due):
        core.watch.memos.pop(parent_id, None)
        core.emit(
            ParentChanged(
                ts=now.market, parent_id=parent_id, state=plan.state, reason=plan.reason, memo=dict(plan.memo)
            )
        )
    elif plan.memo != parent.memo:
        core.watch.memos[parent_id] = plan.memo


def view_of(core: Core, parent: Parent, now: Moment) -> ParentView:
    """Where the parent stands now. Reading starts its tape anew."""
    intent = parent.intent
    filled, working = core.state.progress(parent)
    market, name, rules = core.market, intent.instrument, core.instruments[intent.instrument]
    tape = _tape(core, intent)
    last, mark = market.trades.get(name), market.marks.get(name)
    live = core.state.live_children.get(intent.parent_id, ())
    hold = core.watch.holds.get(intent.parent_id, Hold())
    reducible = held = None
    if intent.reduce_only:
        reducible = reducible_by(core, intent, now)
        held = -intent.side.sign * core.ledger.position(intent.account, name)
    view = ParentView(
        now=now.market,
        intent=intent,
        instrument=rules,
        filled=filled,
        working=working,
        children=len(parent.children),
        quote=market.quotes.get(name),
        state=ParentState.RUNNING if hold.is_due else parent.state,
        reason=parent.reason,
        memo=core.watch.memos.get(intent.parent_id, parent.memo),
        wish=parent.wish,
        wish_reason=parent.wish_reason,
        restarted=intent.parent_id in core.watch.restarted,
        live=tuple(_child(core.state.orders[child]) for child in live),
        newest=_child(core.state.orders[parent.children[-1]]) if parent.children else None,
        failures=_failures(core, parent) + hold.tries,
        tried=hold.tried,
        rejections=_failures(core, parent, besides=OrderStatus.REFUSED),
        stale=_stale(core, name, intent, now),
        last=_print(last.price, last.ts, tape, "last") if last is not None else None,
        mark=_print(mark.mark, mark.ts, tape, "mark") if mark is not None else None,
        index=_print(mark.index, mark.ts, tape, "index") if mark is not None else None,
        trades=tuple(tape.trades),
        own=tape.own,
        reducible=reducible,
        held=held,
        collar=_collar(core, intent),
    )
    tape.clear()
    return view


def _collar(core: Core, intent: Intent) -> Decimal:
    """The gate's: exits may go farther."""
    collar = core.accounts[intent.account].limits.price_collar or ZERO
    return collar * EXIT_COLLAR_STEPS if intent.reduce_only else collar


def _tape(core: Core, intent: Intent) -> Tape:
    """The parent's own; one-shot parents, of which there are many, have none."""
    if core.algorithms[intent.algorithm].one_shot:
        return Tape()
    return core.market.follow(intent.parent_id, intent.instrument)


def _print(price: float, ts: int, tape: Tape, source: str) -> Print | None:
    """None where a source has no price that can be one."""
    low, high = tape.ranges.get(source, _point(price))
    return Print(price, ts, low, high) if 0 < low <= high < float("inf") and low <= price <= high else None


def _point(price: float) -> Range:
    return price, price


def _child(order: Order) -> Child:
    child = order.child
    return Child(
        id=order.id,
        status=order.status,
        type=child.type,
        time_in_force=child.time_in_force,
        quantity=child.quantity,
        filled=order.filled,
        price=child.price,
        ts=child.ts,
        cancel_wanted=order.cancel_wanted,
        reason=order.reason,
    )


def _failures(core: Core, parent: Parent, besides: OrderStatus | None = None) -> int:
    """How many of the newest children in a row never stood, or ended unfilled though nobody asked for it; none before
    one that is `besides`."""
    count = 0
    for client_order_id in reversed(parent.children):
        order = core.state.orders[client_order_id]
        ended_unasked = not (order.is_live or order.filled or order.cancel_wanted) and _child(order).rests
        if order.status is besides or (order.status not in _NEVER_STOOD and not ended_unasked):
            break
        count += 1
    return count


def _stale(core: Core, name: InstrumentId, intent: Intent, now: Moment) -> str:
    """Why the market can't be seen, empty while it can."""
    quote, most = core.market.quotes.get(name), core.accounts[intent.account].limits.max_quote_age
    if quote is None:
        return "no quote has been seen"
    if core.market.silent_since(name, now.wall) is not None:
        return "the market data feed has gone quiet"
    if most is not None and now.market - quote.ts > most:
        return f"the quote is older than {most / SECOND:.0f} s"
    return "the quote is crossed or no price" if is_crossed(quote) else ""


def send(core: Core, parent: Parent, piece: Slice, now: Moment) -> Refused | None:
    """Sizes a slice and sends it, if the gate lets it; else the gate's refusal. Both are journaled."""
    core.watch.holds.pop(parent.intent.parent_id, None)
    child, verdict = _judged(core, parent, piece, now)
    if isinstance(verdict, Refused):
        core.emit(ChildRefused(ts=now.market, order=child, code=verdict.code, reason=verdict.reason))
        if verdict.code is RefusalCode.REPEATED:
            latch(core, now.market, verdict.code, verdict.reason, *series_of(child))
        return verdict
    core.emit(ChildAccepted(ts=now.market, order=child))
    core.command(SubmitOrder(verdict))
    return None


def _is_still_held(core: Core, parent: Parent, plan: Plan, now: Moment) -> bool:
    """Whether a parent held up by the gate waits for its next order, or would be refused for the same reason again. A
    hold is journaled once, and its end once: the plan is then as good as not made. What a stop must remember comes with
    a reason, or was journaled with the order that was refused."""
    parent_id = parent.intent.parent_id
    hold = core.watch.holds.get(parent_id, Hold())
    newest = core.state.orders[parent.children[-1]] if parent.children else None
    if newest is None or newest.status is not OrderStatus.REFUSED or parent.state not in _HELD:
        return False
    if not (plan.place or plan.cancel or plan.reason) and plan.state is ParentState.RUNNING:
        core.watch.holds[parent_id] = replace(hold, is_due=True)
        core.watch.memos[parent_id] = plan.memo
        return True
    core.watch.holds[parent_id] = replace(hold, is_due=False)
    if not plan.place or plan.cancel:
        return False
    code = newest.reason.partition(":")[0]
    verdicts = [_judged(core, parent, piece, now)[1] for piece in plan.place]
    if code == RefusalCode.REPEATED or not all(isinstance(one, Refused) and one.code == code for one in verdicts):
        return False
    core.watch.holds[parent_id] = Hold(hold.tries + 1, now.market)
    return True


def _judged(core: Core, parent: Parent, piece: Slice, now: Moment) -> tuple[ChildOrder, ApprovedOrder | Refused]:
    """The order that a slice would be, and what the gate says of it."""
    intent, instrument = parent.intent, core.instruments[parent.intent.instrument]
    filled, working = core.state.progress(parent)
    exposure = exposure_of(core, intent, intent.quantity - filled - working, now)
    child = _order(core, intent, instrument, piece, now)
    if intent.reduce_only:
        most = exposure.reducible(intent.side, instrument, child.type.is_conditional, child.takes)
        child = replace(child, quantity=instrument.quantity_down(min(piece.quantity, most)))
    return child, judge(child, instrument, core.accounts[intent.account].limit_set, exposure)


def _order(core: Core, intent: Intent, instrument: Instrument, piece: Slice, now: Moment) -> ChildOrder:
    return ChildOrder(
        client_order_id=_next_id(core, now),
        parent_id=intent.parent_id,
        strategy=intent.strategy,
        account=intent.account,
        instrument=intent.instrument,
        side=intent.side,
        type=piece.type,
        time_in_force=piece.time_in_force,
        quantity=instrument.quantity_down(piece.quantity),
        price=piece.price,
        reduce_only=intent.reduce_only,
        ts=now.market,
        trigger_price=piece.trigger_price,
        trigger_by=piece.trigger_by,
    )


def _next_id(core: Core, now: Moment) -> ClientOrderId:
    """Unique for ever: which run of which desk it is (its start in wall µs), and the number of the journal's orders."""
    started = core.watch.started or now.wall
    return ClientOrderId(f"jt{_base36(started // 1000)}-{_base36(len(core.state.orders) + 1)}")


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"
