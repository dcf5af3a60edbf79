"""Whose funding and whose fee it is: a stated rule each, always summing to the venue's entry.

The positions at the instant count. Funding goes by signed quantity: opposite positions pay each other. A fee that
names no trade (of a delivery, of a liquidation) is borne by those on the side of the net position. Shares are rounded
half-even to the settle asset's unit; the largest holder takes the rest.
"""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

from jtrader.domain import payoff
from jtrader.domain.ids import StrategyId
from jtrader.domain.instrument import Instrument, Product
from jtrader.domain.money import ZERO, round_half_even
from jtrader.ledger.rules import Rounding, signed_value

Quantities = Mapping[StrategyId, Decimal]


class Moves:
    """The last changes of one instrument's positions, so that a late funding row meets the positions of its instant."""

    def __init__(self, keep: int = 2_048) -> None:
        self._moves: deque[tuple[int, StrategyId, Decimal]] = deque(maxlen=keep)

    def add(self, ts: int, strategy: StrategyId, quantity: Decimal) -> None:
        self._moves.append((ts, strategy, quantity))

    def at(self, instant: int, now: Quantities) -> dict[StrategyId, Decimal]:
        """The quantities held just before `instant`, rolled back from `now`."""
        held = dict(now)
        for ts, strategy, quantity in self._moves:
            if ts >= instant:
                held[strategy] = held.get(strategy, ZERO) - quantity
        return held


def shares(amount: Decimal, held: Quantities, unit: Decimal, nobody: StrategyId) -> dict[StrategyId, Decimal]:
    """Splits a venue's funding by signed quantity: with +2 and −1 a payment of −1 becomes −2 and +1. Where the net is
    zero or nobody held anything, all of it goes to `nobody`."""
    holders = {strategy: quantity for strategy, quantity in held.items() if quantity}
    if not sum(holders.values(), ZERO):
        return {nobody: amount}
    return by_quantity(amount, holders, unit)


def burden(amount: Decimal, held: Quantities, unit: Decimal, nobody: StrategyId) -> dict[StrategyId, Decimal]:
    """Splits a fee among the holders on the side of the net position."""
    net = sum(held.values(), ZERO)
    return shares(amount, {strategy: q for strategy, q in held.items() if q * net > 0}, unit, nobody)


def paid(instrument: Instrument, quantity: Decimal, mark: Decimal, rate: Decimal, rounding: Rounding) -> Decimal:
    """What a holder receives at the funding instant, rounded half-even to the unit: −q·m·M·F, inverse −q·(m/M)·F; of a
    worth that is rounded by lots, where that is the rule. Above zero rates, longs pay."""
    if rounding.lot and instrument.product is Product.INVERSE:
        exact = signed_value(instrument, quantity, mark, rounding) * rate
    else:
        exact = payoff.funding(instrument.product, quantity, instrument.contract_value, mark, rate)
    return round_half_even(exact, rounding.unit)


def crossed(
    instrument: Instrument, held: Quantities, mark: Decimal, rate: Decimal, rounding: Rounding
) -> dict[StrategyId, Decimal]:
    """What holders pay each other where the account's net is flat and the venue therefore books nothing; sums to zero.
    At the mark and rate of the instant; empty where the net is not flat."""
    holders = {strategy: quantity for strategy, quantity in held.items() if quantity}
    if not holders or sum(holders.values(), ZERO):
        return {}
    received = {strategy: paid(instrument, q, mark, rate, rounding) for strategy, q in holders.items()}
    received[largest(holders)] -= sum(received.values(), ZERO)
    return received


def by_quantity(amount: Decimal, held: Quantities, unit: Decimal) -> dict[StrategyId, Decimal]:
    """In proportion to signed quantities whose sum is not zero."""
    net = sum(held.values(), ZERO)
    split = {strategy: round_half_even(amount * quantity / net, unit) for strategy, quantity in held.items()}
    split[largest(held)] += amount - sum(split.values(), ZERO)
    return split


def largest(held: Quantities) -> StrategyId:
    """Who takes what rounding leaves."""
    return max(held, key=lambda strategy: (abs(held[strategy]), strategy))
