"""A position's arithmetic, for every payoff: exact signed cost, released in proportion when it closes."""

import msgspec

from jtrader.venue.listing import Listing
from jtrader.venue.records import Position
from jtrader.venue.units import ATOM, divide


class Moved(msgspec.Struct, frozen=True, gc=False):
    """The position after a fill, how many lots that closed, and what they realised in atoms."""

    lots: int
    cost: int
    closed: int
    realised: int
    open_cost: int = 0


def move(position: Position, listing: Listing, signed_lots: int, ticks: int, ts: int | None = None) -> Moved:
    """Fills `signed_lots` (+ bought) at a tick index."""
    return move_at(position, listing, signed_lots, ticks * listing.tick, ts)


def move_at(position: Position, listing: Listing, signed_lots: int, price: int, ts: int | None = None) -> Moved:
    """Fills `signed_lots` (+ bought) at a price in atoms.

    What opens adds its worth to the cost. What closes releases cost·c/|q|, half to even to the settle asset's unit (all
    of it when the position goes flat); realised = −worth of the closing lots − released. Beyond flat, the rest opens at
    the fill's price.
    """
    held = position.lots
    if held == 0 or (held > 0) == (signed_lots > 0):
        worth = listing.worth(signed_lots, price, ts)
        return Moved(held + signed_lots, position.cost + worth, 0, 0, position.open_cost + worth)
    closed = min(abs(held), abs(signed_lots))
    closing = closed if signed_lots > 0 else -closed
    unit = listing.settle_unit
    released = _released(position.cost, closed, abs(held), unit)
    opened = signed_lots - closing
    worth = listing.worth(opened, price, ts) if opened else 0
    return Moved(
        lots=held + signed_lots,
        cost=position.cost - released + worth,
        closed=closed,
        realised=-listing.worth(closing, price, ts) - released,
        open_cost=position.open_cost - _released(position.open_cost, closed, abs(held), unit) + worth,
    )


def unrealised(position: Position, listing: Listing, mark: int) -> int:
    """Worth at `mark` (atoms) − cost, rounded once, half to even to an atom."""
    return listing.profit(position.lots, mark, position.cost) if position.lots else 0


def entry_price(position: Position, listing: Listing) -> int:
    """What the position was entered for on average, in atoms of price, half to even; 0 when flat. For information:
    nothing is reckoned from it. After a periodic settlement it is the settlement's price (HTX: position price)."""
    return _price(position.lots, position.cost, listing)


def open_price(position: Position, listing: Listing) -> int:
    """The average entry price that settlements leave alone (HTX: open price)."""
    return _price(position.lots, position.open_cost, listing)


def funding(position: Position, listing: Listing, mark: int, rate: int) -> int:
    """What the holder receives, half to even to an atom; above zero rates, longs pay.

    Linear and quanto −q·m·M·F, inverse −q·(m/M)·F; where worths are whole units by rule, of the position's worth.
    """
    if listing.is_inverse:
        if listing.value_rules:
            return divide(listing.worth(position.lots, mark) * rate, ATOM)
        return divide(-position.lots * listing.lot * listing.contract * rate, mark * ATOM)
    unit = listing.settle_unit
    return divide(-position.lots * listing.lot * listing.contract * mark * rate, ATOM * ATOM * ATOM * unit) * unit


def _released(cost: int, closed: int, held: int, unit: int) -> int:
    return cost if closed == held else divide(cost * closed, held * unit) * unit


def _price(lots: int, cost: int, listing: Listing) -> int:
    """Linear and quanto cost / (q·m), inverse q·m / −cost: the harmonic mean."""
    if lots == 0:
        return 0
    quantity = abs(lots) * listing.lot * listing.contract
    if listing.is_inverse:
        return divide(quantity, abs(cost)) if cost else 0
    return divide(abs(cost) * ATOM * ATOM, quantity)
