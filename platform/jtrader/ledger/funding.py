"""Whose funding it is: the positions at the funding instant, in their proportion, summing to the venue's entry."""

from collections import deque
from collections.abc import Mapping
from decimal import Decimal

from jtrader.domain.ids import StrategyId
from jtrader.domain.money import ZERO, round_half_even


class Moves:
    """The last changes of one instrument's positions, so that a late funding row meets the positions of its instant."""

    def __init__(self, keep: int = 2_048) -> None:
        self._moves: deque[tuple[int, StrategyId, Decimal]] = deque(maxlen=keep)

    def add(self, ts: int, strategy: StrategyId, quantity: Decimal) -> None:
        self._moves.append((ts, strategy, quantity))

    def at(self, instant: int, now: Mapping[StrategyId, Decimal]) -> dict[StrategyId, Decimal]:
        """The quantities held just before `instant`, rolled back from `now`."""
        held = dict(now)
        for ts, strategy, quantity in self._moves:
            if ts >= instant:
                held[strategy] = held.get(strategy, ZERO) - quantity
        return held


def shares(
    amount: Decimal, held: Mapping[StrategyId, Decimal], unit: Decimal, nobody: StrategyId
) -> dict[StrategyId, Decimal]:
    """Splits `amount` by signed quantity, each share rounded half-even to `unit`; the largest holder takes the rest.

    Opposite positions pay each other: with +2 and −1 a payment of −1 becomes −2 and +1. Where the net is zero or
    nobody held anything, all of it goes to `nobody`.
    """
    net = sum(held.values(), ZERO)
    holders = {strategy: quantity for strategy, quantity in held.items() if quantity}
    if not net or not holders:
        return {nobody: amount}
    split = {strategy: round_half_even(amount * quantity / net, unit) for strategy, quantity in holders.items()}
    largest = max(holders, key=lambda strategy: (abs(holders[strategy]), strategy))
    split[largest] += amount - sum(split.values(), ZERO)
    return split
