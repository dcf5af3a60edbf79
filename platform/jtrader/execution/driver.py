"""What holds for every parent whatever its algorithm: wishes of people, the window, data that is stale, refusals.

A pause cancels what rests, except stops that wait at the venue. The order of actions at the end is fixed: no new slices
→ cancel what rests → wait for the ends → sweep where the parent must complete → report. What is not settled GRACE after
the end is reported as FAILED, with what is still open.
"""

from msgspec.structs import replace

from jtrader.domain.ids import ClientOrderId
from jtrader.domain.money import ZERO, plain
from jtrader.domain.order import Completion, OrderStatus, ParentState, ParentWish
from jtrader.domain.times import MINUTE, SECOND, iso
from jtrader.execution.algorithm import Algorithm, ParentView, Plan
from jtrader.execution.sizing import lots_of, take_price, taking

GRACE = 5 * MINUTE
"""Market time that orders get to end after their parent's end."""
RETRY = 2 * SECOND
"""Market time between two children that take."""
MOST_BACKOFF = 64 * SECOND


def decide(algorithm: Algorithm, view: ParentView) -> Plan:
    """The plan for a parent that is not over yet. Memo and state of a parent that is held up are kept."""
    return _keeping(view, _held(algorithm, view) or algorithm.plan(view))


def _held(algorithm: Algorithm, view: ParentView) -> Plan | None:
    """What is done in the algorithm's place, or None where it is to be asked."""
    intent = view.intent
    is_waiting = view.state in (ParentState.PAUSED, ParentState.COMPLETING)
    if algorithm.one_shot and view.children and not view.live and not is_waiting:
        return None
    if not view.live and view.filled >= intent.quantity:
        return Plan(state=ParentState.DONE, reason=f"filled {plain(view.filled)}")
    if view.wish is ParentWish.CANCEL:
        return _cancelled(view)
    if intent.end is not None and view.now >= intent.end:
        return _finish(view, intent.end)
    if view.wish is ParentWish.PAUSE:
        resting = tuple(
            child.id for child in view.live if child.id in to_cancel(view) and not child.type.is_conditional
        )
        return Plan(cancel=resting, state=ParentState.PAUSED, reason=f"user: {view.wish_reason}")
    if intent.start and view.now < intent.start:
        return Plan(state=ParentState.PENDING, reason=f"starts at {iso(view.start)}")
    if algorithm.one_shot:
        return None
    if algorithm.needs_market and view.stale:
        return Plan(state=ParentState.PAUSED, reason=f"stale data: {view.stale}")
    if view.newest is not None and backs_off(view):
        who = "risk" if view.newest.status is OrderStatus.REFUSED else "venue"
        return Plan(state=ParentState.PAUSED, reason=f"{who}: {view.newest.reason or view.newest.status}")
    return None if view.live else _nothing_left(view)


def to_cancel(view: ParentView) -> tuple[ClientOrderId, ...]:
    """Children that rest and are not being cancelled yet."""
    return tuple(child.id for child in view.live if child.rests and not child.cancel_wanted)


def backoff(failures: int) -> int:
    """Market time to wait after so many failures in a row."""
    return min((1 << min(failures, 10)) * SECOND, MOST_BACKOFF) if failures else 0


def backs_off(view: ParentView) -> bool:
    """The last try failed, and the next one is not due."""
    return view.newest is not None and view.now < max(view.newest.ts, view.tried) + backoff(view.failures)


def may_take(view: ParentView) -> bool:
    """The last child that took is RETRY old: a market that gives nothing is not asked each moment."""
    newest = view.newest
    return newest is None or newest.rests or view.now - newest.ts >= RETRY


def _keeping(view: ParentView, plan: Plan) -> Plan:
    return plan if plan.memo else replace(plan, memo=view.memo)


def _cancelled(view: ParentView) -> Plan:
    if view.live:
        return Plan(cancel=to_cancel(view), state=ParentState.COMPLETING, reason=f"cancelled by {view.wish_reason}")
    return Plan(state=ParentState.CANCELLED, reason=f"cancelled by {view.wish_reason}")


def _finish(view: ParentView, end: int) -> Plan:
    intent = view.intent
    is_late = view.now >= end + GRACE
    if view.live:
        if is_late:
            names = ", ".join(f"{child.id} ({child.status})" for child in view.live)
            return Plan(
                cancel=to_cancel(view), state=ParentState.FAILED, reason=f"past its end and still working: {names}"
            )
        return Plan(cancel=to_cancel(view), state=ParentState.COMPLETING, reason="past its end: waits for its orders")
    told = f"filled {plain(view.filled)} of {plain(intent.quantity)} by its end"
    if (over := _nothing_left(view)) is not None:
        return over
    if intent.completion is Completion.MUST_COMPLETE:
        return Plan(state=ParentState.FAILED, reason=told) if is_late else _sweep(view)
    if intent.completion is Completion.CANCEL_REMAINDER:
        return Plan(state=ParentState.CANCELLED, reason=told)
    return Plan(state=ParentState.DONE, reason=told)


def _sweep(view: ParentView) -> Plan:
    if view.stale:
        return Plan(state=ParentState.COMPLETING, reason=f"past its end: can't sweep on stale data: {view.stale}")
    price = take_price(view, view.collar)
    if price is None:
        return Plan(state=ParentState.COMPLETING, reason="past its end: nothing to take within limit and collar")
    if not may_take(view) or backs_off(view):
        return Plan(state=ParentState.COMPLETING, reason="past its end: sweeping what is left")
    quantity = lots_of(view, view.left, price)
    if not quantity:
        over = stuck(view)
        return over if over.state.is_over else replace(over, state=ParentState.COMPLETING)
    return Plan(
        place=(taking(quantity, price),), state=ParentState.COMPLETING, reason="past its end: sweeping what is left"
    )


def stuck(view: ParentView) -> Plan:
    """What is left can't be sent: it is below the least, or other exits are taking the position."""
    if view.held is not None and view.left < view.instrument.min_quantity <= view.held:
        return Plan(reason="waits: other exits are taking the position")
    return Plan(state=ParentState.DUST, reason=f"{plain(view.left)} is left, below the venue's least")


def _nothing_left(view: ParentView) -> Plan | None:
    least = view.instrument.min_quantity
    if view.held is not None and view.held <= ZERO:
        return Plan(state=ParentState.DONE, reason=f"filled {plain(view.filled)}; nothing is left to reduce")
    if view.instrument.quantity_down(view.left) < least and (view.held is None or view.held < least):
        return stuck(view)
    return None
