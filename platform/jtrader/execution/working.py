"""How what is due is worked: taken at once, rested and crossed when it is late, or pegged to the own side's best."""

from decimal import Decimal
from enum import StrEnum

import msgspec

from jtrader.domain.ids import ClientOrderId
from jtrader.domain.money import ZERO
from jtrader.domain.order import ParentState
from jtrader.domain.times import SECOND
from jtrader.execution.algorithm import Child, ParentView, Plan, Slice
from jtrader.execution.driver import may_take
from jtrader.execution.sizing import BPS, better, lots_of, own_best, resting, take_price, taking


class Style(StrEnum):
    TAKER = "taker"  # immediate-or-cancel limits within the collar
    PASSIVE = "passive"  # post-only at the own best; crosses what is late by `cross_after`
    PEG = "peg"  # the same, and follows the best


class Manner(msgspec.Struct, frozen=True):
    """`cross_after` and `min_rest` in ns; cross_after None = never takes."""

    style: Style
    collar: Decimal
    cross_after: int | None
    min_rest: int = 5 * SECOND


def collar_of(bps: Decimal) -> Decimal:
    return bps * BPS


def work(view: ParentView, target: Decimal, late: Decimal, manner: Manner) -> Plan:
    """Brings filled + working to `target`; of that `late` should be filled by now. PAUSED where the limit or collar is
    not marketable and something has to be taken."""
    if manner.style is Style.TAKER:
        return _take(view, target - view.filled - view.working, manner)
    rests = [child for child in view.live if child.rests]
    taken = view.working - sum((child.quantity - child.filled for child in rests), ZERO)
    overdue = late - view.filled - taken if manner.cross_after is not None else ZERO
    if overdue > 0 and lots_of(_all_free(view, rests), overdue, own_best(view)):
        if rests:
            old = [child for child in rests if view.now - child.ts >= (manner.cross_after or 0)]
            return Plan(cancel=_uncancelled(old), reason="what is late crosses")
        return _take(view, overdue, manner)
    price = passive_price(view)
    if price is None:
        return Plan()
    moved = [child for child in rests if manner.style is Style.PEG and _is_off(view, child, price, manner.min_rest)]
    quantity = lots_of(view, target - view.filled - view.working, price)
    place: tuple[Slice, ...] = (resting(quantity, price),) if quantity else ()
    return Plan(place=place, cancel=_uncancelled(moved))


def passive_price(view: ParentView) -> Decimal | None:
    """The own side's best, within the limit."""
    best, limit = own_best(view), view.intent.limit_price
    return best if best is None or limit is None else better(view.intent.side, best, limit)


def _take(view: ParentView, due: Decimal, manner: Manner) -> Plan:
    price = take_price(view, manner.collar)
    if not lots_of(view, due, price if price is not None else own_best(view)):
        return Plan()
    if price is None:
        return Plan(state=ParentState.PAUSED, reason="limit not marketable")
    if not may_take(view):
        return Plan()
    return Plan(place=(taking(lots_of(view, due, price), price),))


def _all_free(view: ParentView, rests: list[Child]) -> ParentView:
    """The view once what rests has been cancelled."""
    freed = sum((child.quantity - child.filled for child in rests), ZERO)
    return msgspec.structs.replace(view, working=view.working - freed, reducible=None)


def _is_off(view: ParentView, child: Child, price: Decimal, min_rest: int) -> bool:
    return child.price != price and view.now - child.ts >= min_rest and not _leads(view, child, price)


def _leads(view: ParentView, child: Child, best: Decimal) -> bool:
    """It stands better than everybody else: nothing to follow."""
    return child.price is not None and better(view.intent.side, child.price, best) == best and child.price != best


def _uncancelled(children: list[Child]) -> tuple[ClientOrderId, ...]:
    return tuple(child.id for child in children if not child.cancel_wanted)
