"""A linear position's arithmetic: exact signed cost, released in proportion when it closes."""

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


def move(position: Position, listing: Listing, signed_lots: int, ticks: int) -> Moved:
    """Fills `signed_lots` (+ bought) at `ticks`.

    What opens adds its notional to the cost. What closes releases cost·c/|q|, half to even to an atom (all of it when
    the position goes flat); realised = sign·notional(c) − released. Beyond flat, the rest opens at the fill's price.
    """
    held = position.lots
    if held == 0 or (held > 0) == (signed_lots > 0):
        return Moved(held + signed_lots, position.cost + signed_lots * ticks * listing.tick_lot, 0, 0)
    closed = min(abs(held), abs(signed_lots))
    sign = 1 if held > 0 else -1
    released = position.cost if closed == abs(held) else divide(position.cost * closed, abs(held))
    realised = sign * closed * ticks * listing.tick_lot - released
    opened = signed_lots + sign * closed
    cost = position.cost - released + opened * ticks * listing.tick_lot
    return Moved(held + signed_lots, cost, closed, realised)


def unrealised(position: Position, listing: Listing, mark: int) -> int:
    """q·mark − cost, half to even to an atom; `mark` in atoms."""
    return divide(position.lots * listing.lot * mark - position.cost * ATOM, ATOM)


def entry_price(position: Position, listing: Listing) -> int:
    """cost / q in atoms of price, half to even; 0 when flat. For information: nothing is reckoned from it."""
    if position.lots == 0:
        return 0
    return divide(abs(position.cost) * ATOM, abs(position.lots) * listing.lot)


def funding(position: Position, listing: Listing, mark: int, rate: int) -> int:
    """What the holder receives: −q·mark·rate, half to even to an atom; above zero rates, longs pay."""
    return divide(-position.lots * listing.lot * mark * rate, ATOM * ATOM)
