"""Two instruments that are traded against each other: what they must be, and how much of each is the same amount."""

from collections.abc import Mapping
from decimal import Decimal

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument, Product
from jtrader.strategy.api import Setup, Target


def two_legs(setup: Setup) -> tuple[Instrument, Instrument]:
    """The strategy's two instruments in the order of its settings. Raises BadInput for other numbers of them, and for
    inverse and quanto contracts, whose worth is not linear in the price."""
    if len(setup.instruments) != 2:
        raise BadInput(f"strategy '{setup.strategy}' trades {len(setup.instruments)} instruments; give it two")
    first, second = setup.instruments.values()
    for leg in (first, second):
        if leg.product not in (Product.SPOT, Product.LINEAR):
            raise BadInput(f"strategy '{setup.strategy}' can't trade {leg.id}: it is {leg.product}, not spot or linear")
    return first, second


def same_amount(first: Instrument, second: Instrument, base: Decimal) -> tuple[Decimal, Decimal]:
    """Order quantities of both, tradable and worth the same amount of the base asset, at most `base` where their lots
    fit into each other."""
    amount = first.quantity_down(base / first.contract_value) * first.contract_value
    other = second.quantity_down(amount / second.contract_value)
    return first.quantity_down(other * second.contract_value / first.contract_value), other


def base_of(notional: Decimal, leg: Instrument, price: float) -> Decimal:
    """How much of the base asset `notional` (quote) buys at a market-data price, which counts as the tick above."""
    return notional / leg.price_at(leg.ticks_up(price))


def targets(quantities: dict[InstrumentId, Decimal], reason: str) -> list[Target]:
    return [Target(instrument=name, quantity=quantity, reason=reason) for name, quantity in quantities.items()]


def restored(saved: Mapping[str, str], legs: Mapping[InstrumentId, Decimal]) -> dict[InstrumentId, Decimal]:
    """What was wanted of the legs, in the saved order; legs that were not saved stay as they are."""
    known = {InstrumentId(name): Decimal(text) for name, text in saved.items() if name in legs}
    return known | {name: quantity for name, quantity in legs.items() if name not in known}
