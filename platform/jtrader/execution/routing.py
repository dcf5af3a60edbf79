"""Where to trade: one ladder of all venues' levels by what they cost all-in, and the split of a quantity over it.

Venues differ in contract units, quote currency, fees, lots and least orders; here each level becomes (price all-in per
base unit, base quantity). Pure: books in, children out; the same books give the same split in whatever order they come.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import combinations

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.money import ONE, ZERO
from jtrader.domain.order import Side
from jtrader.domain.payoff import notional


class VenueBook(msgspec.Struct, frozen=True, kw_only=True):
    """What one venue offers to the side that takes: levels from the best on, (price in its quote, order units)."""

    instrument: Instrument
    levels: tuple[tuple[Decimal, Decimal], ...]
    rate: Decimal = ONE
    """What one unit of its quote currency is worth in the common one."""
    penalty: Decimal = ZERO
    """What its latency and fading quotes are expected to cost, as a fraction of the price."""
    capacity: Decimal | None = None
    """Order units that margin and limits let it take; None = as many as there are."""
    stale: bool = False
    """Its book can't be seen: it is left out."""


class Rung(msgspec.Struct, frozen=True):
    """A level in common terms; `cost` is the price all-in, worse = higher for a buy and lower for a sale."""

    cost: Decimal
    instrument: InstrumentId
    price: Decimal
    quantity: Decimal
    base: Decimal
    """Base units of one order unit at this price."""


class Route(msgspec.Struct, frozen=True):
    """One child: an immediate-or-cancel limit at its worst level."""

    instrument: InstrumentId
    quantity: Decimal
    price: Decimal
    base: Decimal
    cost: Decimal
    """All-in, in the common quote currency."""


class Split(msgspec.Struct, frozen=True):
    """Children by instrument, and the base quantity for which there is no place."""

    routes: tuple[Route, ...]
    rest: Decimal


def ladder(books: Iterable[VenueBook], side: Side, limit: Decimal | None = None) -> list[Rung]:
    """All levels from the cheapest on; ties go by instrument and price. `limit` is all-in, in the common quote. Raises
    BadInput for levels that can't be and for an instrument given twice."""
    rungs: list[Rung] = []
    seen: set[InstrumentId] = set()
    for book in books:
        rules = book.instrument
        if rules.id in seen:
            raise BadInput(f"{rules.id} is given twice")
        seen.add(rules.id)
        if rules.product is Product.QUANTO:
            raise BadInput(f"{rules.id} is quanto: its units are no fixed quantity of base")
        for price, quantity in () if book.stale else book.levels:
            if price <= 0 or quantity <= 0:
                raise BadInput(f"{rules.id} has a level of {quantity} at {price}")
            cost = price * book.rate * (ONE + side.sign * (rules.taker_fee + book.penalty))
            if limit is None or side.sign * (cost - limit) <= 0:
                rungs.append(Rung(cost, rules.id, price, quantity, _base(rules, price)))
    return sorted(rungs, key=lambda rung: (side.sign * rung.cost, rung.instrument, side.sign * rung.price))


def split(
    books: Sequence[VenueBook],
    side: Side,
    quantity: Decimal,
    limit: Decimal | None = None,
    max_venues: int | None = None,
) -> Split:
    """The cheapest way to trade `quantity` base units. A venue whose share would be below its least order leaves it to
    the others. Of more than `max_venues` those are taken that leave the least over, then those that cost least."""
    if max_venues is not None and max_venues < 1:
        raise BadInput(f"max_venues is {max_venues}; at least one is needed")
    if quantity <= 0:
        raise BadInput(f"quantity {quantity} is not above zero")
    rungs = ladder(books, side, limit)
    venues = {book.instrument.id: book for book in books}
    found = _settle(rungs, venues, quantity)
    if max_venues is None or len(found.routes) <= max_venues:
        return found
    names = sorted({rung.instrument for rung in rungs})
    fewer = [
        _settle([rung for rung in rungs if rung.instrument in chosen], venues, quantity)
        for chosen in combinations(names, max_venues)
    ]
    return min(fewer, key=lambda one: (one.rest, side.sign * sum((route.cost for route in one.routes), ZERO)))


def _settle(rungs: Sequence[Rung], venues: Mapping[InstrumentId, VenueBook], quantity: Decimal) -> Split:
    """Over all venues of the ladder, less those whose share would be below their least."""
    while True:
        routes = _top_up(_walk(rungs, venues, quantity), quantity, rungs, venues)
        below = [route for route in routes if route.quantity < _least(venues[route.instrument], route.price)]
        if not below:
            return Split(tuple(routes), max(quantity - _sum(routes), ZERO))
        out = min(below, key=lambda route: (route.base, route.instrument))
        rungs = [rung for rung in rungs if rung.instrument != out.instrument]


def _walk(rungs: Sequence[Rung], venues: Mapping[InstrumentId, VenueBook], quantity: Decimal) -> list[Route]:
    """Takes the ladder from its cheapest rung; each venue's sum is cut to its lots."""
    left = quantity
    taken: dict[InstrumentId, list[tuple[Rung, Decimal]]] = {}
    for rung in rungs:
        room = _room(venues[rung.instrument], taken.get(rung.instrument, ()))
        units = min(rung.quantity, room, left / rung.base)
        if units > 0:
            taken.setdefault(rung.instrument, []).append((rung, units))
            left = max(left - units * rung.base, ZERO)
    routes = [_route(venues[name].instrument, parts) for name, parts in sorted(taken.items())]
    return [route for route in routes if route.quantity > 0]


def _top_up(
    routes: list[Route], quantity: Decimal, rungs: Sequence[Rung], venues: Mapping[InstrumentId, VenueBook]
) -> list[Route]:
    """What the cutting to lots left goes, lot by lot, to the cheapest rung with room whose lot fits into it."""
    rest = quantity - _sum(routes)
    routed = {route.instrument: route.quantity for route in routes}
    shown: dict[InstrumentId, Decimal] = {}
    largest: dict[InstrumentId, Decimal] = {}
    for rung in rungs:
        name, book = rung.instrument, venues[rung.instrument]
        shown[name] = shown.get(name, ZERO) + rung.quantity
        largest[name] = max(largest.get(name, ZERO), rung.base)
        step = book.instrument.quantity_step
        room = min(shown[name], _most(book)) - routed.get(name, ZERO)
        lots = min(rest / (largest[name] * step), room / step) // 1
        if lots > 0:
            routed[name] = routed.get(name, ZERO) + lots * step
            rest -= lots * step * largest[name]
    return [_route(venues[name].instrument, _refill(rungs, name, units)) for name, units in sorted(routed.items())]


def _sum(routes: Iterable[Route]) -> Decimal:
    return sum((route.base for route in routes), ZERO)


def _refill(rungs: Sequence[Rung], name: InstrumentId, units: Decimal) -> list[tuple[Rung, Decimal]]:
    """The rungs of one venue that a quantity takes."""
    parts: list[tuple[Rung, Decimal]] = []
    for rung in rungs:
        if rung.instrument == name and units > 0:
            parts.append((rung, min(rung.quantity, units)))
            units -= parts[-1][1]
    return parts


def _route(rules: Instrument, parts: Sequence[tuple[Rung, Decimal]]) -> Route:
    """Cut to lots, from its worst level on."""
    units = rules.quantity_down(sum((units for _, units in parts), ZERO))
    base, cost, price, left = ZERO, ZERO, parts[0][0].price, units
    for rung, part in parts:
        used = min(part, left)
        if used > 0:
            base, price, left = base + used * rung.base, rung.price, left - used
            cost += used * rung.base * rung.cost
    return Route(rules.id, units, price, base, cost)


def _room(book: VenueBook, taken: Iterable[tuple[Rung, Decimal]]) -> Decimal:
    return _most(book) - sum((units for _, units in taken), ZERO)


def _most(book: VenueBook) -> Decimal:
    most = book.instrument.max_quantity
    return most if book.capacity is None else min(most, book.capacity)


def _least(book: VenueBook, price: Decimal) -> Decimal:
    """Order units that the venue takes at least."""
    rules = book.instrument
    worth = notional(rules.product, ONE, rules.contract_value, price)
    return max(rules.min_quantity, rules.quantity_up(rules.min_notional / worth) if rules.min_notional else ZERO)


def _base(rules: Instrument, price: Decimal) -> Decimal:
    """Base units of one order unit."""
    return rules.contract_value / price if rules.product is Product.INVERSE else rules.contract_value
