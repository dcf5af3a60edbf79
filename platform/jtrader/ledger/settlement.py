"""What a venue does to whole positions by its clock: delivery at expiry."""

from collections.abc import Mapping
from decimal import Decimal

from jtrader.domain.ids import StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO
from jtrader.ledger.funding import by_quantity, largest
from jtrader.ledger.position import FLAT, Holding, Traded
from jtrader.ledger.rules import Rounding, signed_value


def delivered(
    amount: Decimal, net: Holding, held: Mapping[StrategyId, Holding], unit: Decimal
) -> dict[StrategyId, Traded]:
    """Closes every strategy's book at the settlement price, `amount` being what the venue realised on the net position.

    The row names no price, but the net position was worth its cost + amount there: that is shared by signed quantity,
    as it is in proportion to it for every payoff. Empty where the net is flat: then nothing is delivered.
    """
    if not net.quantity:
        return {}
    quantities = {strategy: holding.quantity for strategy, holding in held.items() if holding.quantity}
    worths = by_quantity(net.cost + amount, quantities, unit)
    return {strategy: Traded(FLAT, -worth, worth - held[strategy].cost) for strategy, worth in worths.items()}


def closed_at(
    price: Decimal, instrument: Instrument, held: Mapping[StrategyId, Holding], rounding: Rounding
) -> dict[StrategyId, Traded]:
    """Closes books whose quantities cancel out: they deliver to each other, so that what they are worth sums to zero;
    the largest takes what rounding leaves."""
    holders = {strategy: holding for strategy, holding in held.items() if holding.quantity}
    values = {s: signed_value(instrument, -holding.quantity, price, rounding) for s, holding in holders.items()}
    values[largest({s: holding.quantity for s, holding in holders.items()})] -= sum(values.values(), ZERO)
    return {strategy: Traded(FLAT, value, -value - holders[strategy].cost) for strategy, value in values.items()}
