"""A position that changes hands inside the account: it leaves one book with its cost and enters another at that cost.

Nothing is traded: the account's net position and its wallet stay as they are.
"""

from decimal import Decimal

import msgspec

from jtrader.domain.account import EntryKind
from jtrader.domain.ids import UNASSIGNED, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO, round_half_even
from jtrader.ledger.position import Holding
from jtrader.ledger.postings import Line


class Assigned(msgspec.Struct, frozen=True):
    """Both books after the move; `cost` is what moved with the quantity, `realised` what the taker made by it."""

    left: Holding
    taken: Holding
    cost: Decimal
    realised: Decimal


def assigned(giver: Holding, taker: Holding, quantity: Decimal, unit: Decimal) -> Assigned:
    """Moves `quantity` (signed like the giver's, at most all of it) with its share of the cost, rounded half-even to
    `unit`; all of the cost leaves with all of the quantity.

    What meets an opposite position closes it: realised = −(cost that comes) − (cost that is released).
    """
    left = giver.quantity - quantity
    cost = giver.cost if not left else round_half_even(giver.cost * quantity / giver.quantity, unit)
    taken, realised = _met(taker, quantity, cost, unit)
    return Assigned(Holding(left, giver.cost - cost), taken, cost, realised)


def _met(held: Holding, quantity: Decimal, cost: Decimal, unit: Decimal) -> tuple[Holding, Decimal]:
    after = held.quantity + quantity
    if held.quantity * quantity >= 0:
        return Holding(after, held.cost + cost), ZERO
    if after * held.quantity > 0:
        released = round_half_even(held.cost * -quantity / held.quantity, unit)
        return Holding(after, held.cost - released), -cost - released
    opening = round_half_even(cost * after / quantity, unit)
    return Holding(after, opening), opening - cost - held.cost


def assignment_lines(instrument: Instrument, quantity: Decimal, moved: Assigned, to: StrategyId) -> list[Line]:
    """Quantity and cost from UNASSIGNED's inventory to the strategy's, and what that closed there."""
    unit = instrument.base if instrument.is_spot else str(instrument.id)
    settle, kind = instrument.settle, EntryKind.ADJUST
    return [
        (kind, "inventory", unit, quantity, UNASSIGNED),
        (kind, "inventory", unit, -quantity, to),
        (kind, "inventory", settle, -moved.cost, UNASSIGNED),
        (kind, "inventory", settle, moved.cost + moved.realised, to),
        (kind, "realised", settle, -moved.realised, to),
    ]
