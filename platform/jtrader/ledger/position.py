"""Average cost, exactly: what is held, what it cost, and what a trade realises."""

from decimal import Decimal

import msgspec

from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.money import ZERO, round_half_even
from jtrader.ledger.rules import Rounding, signed_value


class Holding(msgspec.Struct, frozen=True, gc=False):
    """A signed quantity (+ long) and its signed cost in the settle asset.

    `settled` is what periodic settlements have added to the cost of what is held: cost is that of the venue's position
    price, cost − settled that of the open price.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    settled: Decimal = ZERO


class Traded(msgspec.Struct, frozen=True, gc=False):
    """A holding after a trade, what the trade was worth (signed like its quantity) and what it realised."""

    holding: Holding
    value: Decimal
    realised: Decimal


FLAT = Holding()


def traded(held: Holding, instrument: Instrument, quantity: Decimal, price: Decimal, rounding: Rounding) -> Traded:
    """The holding after a trade of `quantity` (signed) at `price`.

    Adding sums costs. Reducing by c of |q| releases cost·c/|q|, rounded half-even to the unit; going flat releases all
    of it; crossing zero closes everything at `price` and opens the rest there. In every case, exactly:
    cost after = cost before + value of the trade + realised.
    """
    after = held.quantity + quantity
    if held.quantity * quantity >= 0:
        value = signed_value(instrument, quantity, price, rounding)
        return Traded(Holding(after, held.cost + value, held.settled), value, ZERO)
    if after * held.quantity > 0:
        value = signed_value(instrument, quantity, price, rounding)
        released = _released(held.cost, -quantity, held.quantity, rounding)
        settled = held.settled
        if settled:
            settled -= released - _released(held.cost - settled, -quantity, held.quantity, rounding)
        return Traded(Holding(after, held.cost - released, settled), value, -value - released)
    closing = signed_value(instrument, -held.quantity, price, rounding)
    opening = signed_value(instrument, after, price, rounding) if after else ZERO
    return Traded(Holding(after, opening), closing + opening, -closing - held.cost)


def trade_value(
    instrument: Instrument, before: Decimal, quantity: Decimal, price: Decimal, rounding: Rounding
) -> Decimal:
    """What `traded` reckons for a trade that meets `before`: a flip is two trades, each rounded by itself."""
    after = before + quantity
    if before * after >= 0:
        return signed_value(instrument, quantity, price, rounding)
    return signed_value(instrument, -before, price, rounding) + signed_value(instrument, after, price, rounding)


def rebased(held: Holding, amount: Decimal) -> Holding:
    """After a periodic settlement moved `amount` of unrealised P&L to the wallet: the rest is reckoned from there."""
    return Holding(held.quantity, held.cost + amount, held.settled + amount)


def unrealised(held: Holding, instrument: Instrument, mark: Decimal, rounding: Rounding) -> Decimal:
    """Worth at `mark` − cost, rounded half-even to the unit as venues report it."""
    if not held.quantity:
        return ZERO
    return round_half_even(signed_value(instrument, held.quantity, mark, rounding) - held.cost, rounding.unit)


def entry_price(held: Holding, instrument: Instrument) -> Decimal | None:
    """The average entry (HTX: position price), unrounded; inverse contracts have the harmonic mean. None when flat."""
    return _price(held.quantity, held.cost, instrument)


def open_price(held: Holding, instrument: Instrument) -> Decimal | None:
    """The average entry that periodic settlements leave alone."""
    return _price(held.quantity, held.cost - held.settled, instrument)


def _price(quantity: Decimal, cost: Decimal, instrument: Instrument) -> Decimal | None:
    if not quantity or not cost:
        return None
    face = quantity * instrument.contract_value
    return -face / cost if instrument.product is Product.INVERSE else cost / face


def _released(cost: Decimal, closed: Decimal, held: Decimal, rounding: Rounding) -> Decimal:
    return round_half_even(cost * closed / held, rounding.unit)
