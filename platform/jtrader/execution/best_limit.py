"""Best limit price: a post-only order that follows the own side's best.

It moves only when the best has moved far enough, somebody else stands there, it has rested long enough and the budget
of moves allows: every move loses its place in the queue. What the venue refuses as taking backs off by a tick each
time, MOST_TICKS at most, until one has rested or the desk itself refused.
"""

from decimal import Decimal

import msgspec
from msgspec.structs import replace

from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.domain.order import Intent, Side
from jtrader.domain.times import MINUTE, SECOND
from jtrader.execution.algorithm import Child, ParentView, Plan
from jtrader.execution.driver import may_take, stuck, to_cancel
from jtrader.execution.params import Params, limit_fault, params_fault, read_params, window_fault
from jtrader.execution.sizing import BPS, better, lots_of, other_best, own_best, resting, take_price, taking
from jtrader.risk.price import touch_of

MOST_TICKS = 10
"""How far it backs off from what the venue refuses."""


class BestLimitParams(Params, frozen=True, kw_only=True):
    offset_ticks: int = 0
    """Ticks from the best, above 0 = more aggressive: only where the spread has room for it."""
    reprice_ticks: int = 1
    min_rest: float = 1.0
    max_reprices: int = 20
    """Within a market minute."""
    cross_after: float | None = None
    """Seconds after its start at which the rest is taken; unset = never."""
    collar_bps: Decimal = Decimal(50)

    def fault(self) -> str:
        if self.reprice_ticks < 1 or self.max_reprices < 1 or self.min_rest < 0:
            return "'reprice_ticks' and 'max_reprices' must be at least 1, 'min_rest' at least 0"
        if self.cross_after is not None and self.cross_after < 0:
            return f"'cross_after' is {self.cross_after}; it can't be below 0"
        return "" if self.collar_bps > 0 else f"'collar_bps' is {self.collar_bps}; it must be above 0"


class Moves(msgspec.Struct, frozen=True):
    """The memo: market times of the moves within the last minute."""

    at: tuple[int, ...] = ()


class BestLimit:
    one_shot = False
    needs_market = True
    params: type[Params] = BestLimitParams

    def check(self, intent: Intent, instrument: Instrument) -> str:
        return (
            params_fault(intent, BestLimitParams)
            or limit_fault(intent, instrument.price_tick)
            or window_fault(intent, needs_end=False)
        )

    def plan(self, view: ParentView) -> Plan:
        params = read_params(view.intent, BestLimitParams)
        told = msgspec.convert(view.memo, Moves)
        moves = Moves(tuple(ts for ts in told.at if ts > view.now - MINUTE))
        plan = self._plan(view, params, moves)
        if plan.cancel:
            moves = Moves((*moves.at, view.now))
        return replace(plan, memo={"at": list(moves.at)})

    def _plan(self, view: ParentView, params: BestLimitParams, moves: Moves) -> Plan:
        if params.cross_after is not None and view.now >= view.start + params.cross_after * SECOND:
            return _cross(view, params)
        price = peg(view, params)
        if price is None:
            return Plan(reason="no price to rest at")
        for child in view.live:
            if should_move(view, child, price, params) and len(moves.at) < params.max_reprices:
                return Plan(cancel=to_cancel(view), reason="follows the best")
        if view.live:
            return Plan(reason="rests at the best")
        quantity = lots_of(view, view.left, price)
        if not quantity:
            return stuck(view)
        return Plan(place=(resting(quantity, price),), reason="rests at the best")


def peg(view: ParentView, params: BestLimitParams) -> Decimal | None:
    """Where to rest: the best, moved by the offset and away from the market by a tick for each of the venue's
    refusals in a row, never taking and never beyond the limit."""
    best, other = own_best(view), other_best(view)
    if best is None or other is None:
        return None
    tick, side = view.instrument.price_tick, view.intent.side
    price = best + side.sign * tick * (params.offset_ticks - min(view.rejections, MOST_TICKS))
    price = better(side, price, other - side.sign * tick)
    if view.intent.limit_price is not None:
        price = better(side, price, view.intent.limit_price)
    return price if price > 0 else None


def should_move(view: ParentView, child: Child, price: Decimal, params: BestLimitParams) -> bool:
    """The order is far enough from where it should stand, has rested, and does not follow itself."""
    if child.price is None or child.cancel_wanted or view.now - child.ts < params.min_rest * SECOND:
        return False
    if abs(price - child.price) < params.reprice_ticks * view.instrument.price_tick:
        return False
    return not _is_alone_at_best(view, child)


def _is_alone_at_best(view: ParentView, child: Child) -> bool:
    """Everything that is shown at the best price is this order: who stands behind it is not known."""
    quote = view.quote
    if quote is None:
        return True
    touch = touch_of(quote, view.instrument)
    is_buy = view.intent.side is Side.BUY
    best, shown = (touch.bid, quote.bid_quantity) if is_buy else (touch.ask, quote.ask_quantity)
    return child.price == best and Decimal(repr(shown)) <= child.quantity - child.filled


def _cross(view: ParentView, params: BestLimitParams) -> Plan:
    if to_cancel(view):
        return Plan(cancel=to_cancel(view), reason="crosses what is left")
    if view.live or not may_take(view):
        return Plan(reason="crosses what is left")
    price = take_price(view, params.collar_bps * BPS)
    if price is None:
        return Plan(reason="crosses what is left: nothing to take within limit and collar")
    quantity = lots_of(view, view.left, price)
    return Plan(place=(taking(quantity, price),), reason="crosses what is left") if quantity > ZERO else stuck(view)
