"""What the other participants have resting in one book, kept in slots that widen with the distance from the best.

Sizes follow the measured depth; each is larger by 1 / intensity, as the trades are. A side is mended towards its
target: an empty slot gets a limit order (the best price several), a slot with too many prices loses the farthest.
"""

from bisect import bisect_right
from itertools import pairwise

import numpy as np

from jtrader.domain.order import Side
from jtrader.exchange.sim.market.calibration import InstrumentCalibration

SLOTS_BP = (
    0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.3, 1.7, 2.2, 3.0, 4.0, 5.0, 6.5, 8.0, 10.0, 12.5, 16.0, 20.0, 25.0,
)  # fmt: skip
PRICES_PER_SLOT = 2
QUEUE_AT_BEST = (0.02, 0.04, 0.08, 0.86)
"""Shares of the best price's orders, first in the queue first: a taker order usually fills several."""
_TOUCH_SHARE = 0.35
"""Of the depth within 1 bp stands at the best price."""
_THIN = 0.4
_SIZE_SPREAD = 0.6
"""Standard deviation of an order's log size."""

Orders = list[tuple[int, int]]
"""(price in ticks, lots)."""


class Ladder:
    """One side. Offsets count ticks away from the best price, towards worse ones; prices in ticks, sizes in lots."""

    def __init__(self, side: Side, figures: InstrumentCalibration, tick_bp: float, lots_per_base: float) -> None:
        self.side = side
        self.lots: dict[int, int] = {}
        self._away = -side.sign
        self._edges = sorted({round(bp / tick_bp) for bp in SLOTS_BP} | {1})
        depths = [_depth_to(figures, edge * tick_bp) * lots_per_base for edge in self._edges[1:]]
        touch = _TOUCH_SHARE * figures.depth[0][1] * lots_per_base
        self._targets = [max(touch, 1.0)] + [max(b - a, 1.0) for a, b in pairwise(depths)]

    def prune(self, best: int | None) -> None:
        """Forgets what must have been taken: everything better than the book's best price."""
        for price in [p for p in self.lots if best is None or (p - best) * self._away < 0]:
            del self.lots[price]

    def withdraw(self, limit: int) -> Orders:
        """Takes back every order better than `limit`."""
        stale = [(price, lots) for price, lots in self.lots.items() if (price - limit) * self._away < 0]
        for price, _ in stale:
            del self.lots[price]
        return stale

    def mend(self, best: int, draws: np.random.Generator) -> tuple[Orders, Orders]:
        """Orders to add and to cancel, so that the side stands at `best`."""
        totals, cancels = self._settle(best)
        places = draws.random(len(totals)).tolist()
        noises = np.exp(_SIZE_SPREAD * draws.standard_normal(len(totals) + len(QUEUE_AT_BEST))).tolist()
        adds: Orders = []
        for slot, (target, total, place) in enumerate(zip(self._targets, totals, places, strict=True)):
            if total < _THIN * target:
                start, end = self._edges[slot : slot + 2]
                price = best + self._away * (start + int(place * (end - start)))
                shares = QUEUE_AT_BEST if slot == 0 else (1.0,)
                lots = ((target - total) * share * noises.pop() for share in shares)
                adds += [(price, max(int(size), 1)) for size in lots if price > 0]
        for price, lots_added in adds:
            self.lots[price] = self.lots.get(price, 0) + lots_added
        return adds, cancels

    def _settle(self, best: int) -> tuple[list[int], Orders]:
        """Lots by slot after cancelling what stands too far out or on too many prices of a slot."""
        totals = [0] * len(self._targets)
        prices = [0] * len(self._targets)
        cancels: Orders = []
        for price in sorted(self.lots, key=lambda price: price * self._away):
            slot = bisect_right(self._edges, (price - best) * self._away) - 1
            if 0 <= slot < len(totals) and prices[slot] < PRICES_PER_SLOT:
                totals[slot] += self.lots[price]
                prices[slot] += 1
            elif slot >= 0:
                cancels.append((price, self.lots.pop(price)))
        return totals, cancels


def _depth_to(figures: InstrumentCalibration, distance_bp: float) -> float:
    """Base units resting up to a distance on one side: linear below the first measured point, on top of what stands at
    the best price; a power of the distance beyond it."""
    nearest, amount = figures.depth[0]
    if distance_bp < nearest:
        return amount * (_TOUCH_SHARE + (1.0 - _TOUCH_SHARE) * distance_bp / nearest)
    distances = np.log([distance for distance, _ in figures.depth])
    amounts = np.log([base for _, base in figures.depth])
    return float(np.exp(np.interp(np.log(distance_bp), distances, amounts)))
