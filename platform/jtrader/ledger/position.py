"""Average cost, exactly: what is held, what it cost, and what a trade realises."""

from decimal import Decimal

import msgspec

from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO, round_half_even
from jtrader.ledger.rules import signed_value


class Holding(msgspec.Struct, frozen=True):
    """A signed quantity (+ long) and its signed cost in the settle asset."""

    quantity: Decimal = ZERO
    cost: Decimal = ZERO


class Traded(msgspec.Struct, frozen=True):
    """A holding after a trade, what the trade was worth (signed like its quantity) and what it realised."""

    holding: Holding
    value: Decimal
    realised: Decimal


FLAT = Holding()


def traded(held: Holding, instrument: Instrument, quantity: Decimal, price: Decimal, unit: Decimal) -> Traded:
    """The holding after a trade of `quantity` (signed) at `price`.

    Adding sums costs. Reducing by c of |q| releases cost·c/|q|, rounded half-even to `unit`; going flat releases all of
    it; crossing zero closes everything at `price` and opens the rest there. In every case, exactly:
    cost after = cost before + value of the trade + realised.
    """
    after = held.quantity + quantity
    if held.quantity * quantity >= 0:
        value = signed_value(instrument, quantity, price, unit)
        return Traded(Holding(after, held.cost + value), value, ZERO)
    if after * held.quantity > 0:
        value = signed_value(instrument, quantity, price, unit)
        released = round_half_even(held.cost * -quantity / held.quantity, unit)
        return Traded(Holding(after, held.cost - released), value, -value - released)
    closing = signed_value(instrument, -held.quantity, price, unit)
    opening = signed_value(instrument, after, price, unit)
    return Traded(Holding(after, opening), closing + opening, -closing - held.cost)


def unrealised(held: Holding, instrument: Instrument, mark: Decimal, unit: Decimal) -> Decimal:
    """Worth at `mark` − cost, rounded half-even to `unit` as venues report it."""
    if not held.quantity:
        return ZERO
    return round_half_even(signed_value(instrument, held.quantity, mark, unit) - held.cost, unit)
