"""What a venue does to whole positions by its clock: delivery at expiry."""

from collections.abc import Mapping
from decimal import Decimal

from jtrader.domain.ids import StrategyId
from jtrader.ledger.funding import by_quantity
from jtrader.ledger.position import FLAT, Holding, Traded


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
