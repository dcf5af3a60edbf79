"""A book as venues tell it, made from a seed: price levels around a fixed middle that come, change and go.

Prices are counted in ticks. Bids stand below the middle and asks above it, so that the book never crosses; what changes
lies mostly near the middle.
"""

import math
import random
from collections.abc import Iterator

REACH = 40.0
"""How many ticks off the middle a change lies on average."""
DEEPEST = 500


class Side:
    """Levels by tick, with a quick choice among those that stand."""

    def __init__(self, ticks: Iterator[int]) -> None:
        self.at = list(ticks)
        self._place = {tick: place for place, tick in enumerate(self.at)}

    def __contains__(self, tick: int) -> bool:
        return tick in self._place

    def add(self, tick: int) -> None:
        self._place[tick] = len(self.at)
        self.at.append(tick)

    def remove(self, tick: int) -> None:
        place, last = self._place.pop(tick), self.at.pop()
        if last != tick:
            self.at[place] = last
            self._place[last] = place


class Moves:
    """Changes of one book. `bids` and `asks` are what stands."""

    def __init__(self, rng: random.Random, middle: int, depth: int = DEEPEST) -> None:
        self._rng = rng
        self._middle = middle
        self.bids = Side(iter(range(middle - depth, middle)))
        self.asks = Side(iter(range(middle + 1, middle + 1 + depth)))

    def changed(self, count: int, gone: float) -> tuple[list[tuple[int, bool]], list[tuple[int, bool]]]:
        """About `count` different levels as (tick, does it stand now): a share `gone` of them leaves."""
        rng = self._rng
        told: tuple[dict[int, bool], dict[int, bool]] = ({}, {})
        for _ in range(count):
            is_bid = rng.random() < 0.5
            tick, side = self._anywhere(is_bid), self.bids if is_bid else self.asks
            if tick in told[not is_bid]:
                continue
            stood = tick in side
            stands = not stood or rng.random() >= gone
            if stands and not stood:
                side.add(tick)
            elif not stands:
                side.remove(tick)
            told[not is_bid][tick] = stands
        return list(told[0].items()), list(told[1].items())

    def drift(self) -> tuple[int, bool]:
        """The middle moves by a tick, through a level that leaves: (its tick, was it a bid)."""
        is_up = self._rng.random() < 0.5
        tick, side = (self._middle + 1, self.asks) if is_up else (self._middle - 1, self.bids)
        if tick in side:
            side.remove(tick)
        self._middle = tick
        return tick, not is_up

    def new_level(self, is_bid: bool) -> int:
        """A level comes where none stood."""
        side = self.bids if is_bid else self.asks
        tick = self._anywhere(is_bid)
        while tick in side:
            tick = tick - 1 if is_bid else tick + 1
        side.add(tick)
        return tick

    def gone_level(self, is_bid: bool) -> int:
        side = self.bids if is_bid else self.asks
        tick = self._rng.choice(side.at)
        side.remove(tick)
        return tick

    def some_level(self, is_bid: bool) -> int:
        return self._rng.choice((self.bids if is_bid else self.asks).at)

    def _anywhere(self, is_bid: bool) -> int:
        off = 1 + min(int(self._rng.expovariate(1 / REACH)), DEEPEST - 1)
        return self._middle - off if is_bid else self._middle + off


def update(moves: Moves, count: int, gone: float) -> tuple[list[tuple[int, bool]], list[tuple[int, bool]]]:
    """As `Moves.changed`, with a middle that drifts: levels that it leaves behind stay in the book."""
    tick, is_bid = moves.drift()
    bids, asks = ({one: stands for one, stands in side if one != tick} for side in moves.changed(count, gone))
    (bids if is_bid else asks)[tick] = False
    return list(bids.items()), list(asks.items())


def spread_counts(rng: random.Random, median: float, mean: float) -> Iterator[int]:
    """Without end: how many levels a message has, log-normal, at least 1."""
    wide = math.sqrt(2 * math.log(mean / median))
    while True:
        yield max(1, round(rng.lognormvariate(math.log(median), wide)))


def among(rng: random.Random, shares: dict[int, int]) -> Iterator[int]:
    """Without end: numbers as often as recorded."""
    while True:
        yield from rng.choices(list(shares), list(shares.values()), k=1_000)
