"""An order book with price-time priority, in integer ticks and lots.

Own and foreign orders stand in the same queues. The book only knows orders and how they meet; money, rules and names
belong to the venue. Sides are +1 (buy) and -1 (sell). Every change of a level raises `version` by one and is kept in
the set of changed levels until `drain_changes` reads it: depth streams are made of these.
"""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator

import msgspec

BUY = 1
SELL = -1
FOREIGN = 0
"""The owner of everybody else's orders; they may trade with each other."""


class Crossing(ValueError):
    """A resting order would have met the other side: take first, then rest what is left."""


class Rested(msgspec.Struct, gc=False):
    """An order in its queue; `lots` is what is left of it."""

    order_id: int
    owner: int
    side: int
    ticks: int
    lots: int


class Matched(msgspec.Struct, frozen=True, gc=False):
    """`lots` of a resting order met a taker at the resting order's price."""

    maker_id: int
    maker_owner: int
    ticks: int
    lots: int
    maker_left: int


class SelfTradePrevented(msgspec.Struct, frozen=True, gc=False):
    """A resting order was removed since the taker has the same owner; `lots` is what was left of it."""

    maker_id: int
    lots: int


Event = Matched | SelfTradePrevented


class Level(msgspec.Struct, frozen=True, gc=False):
    """All that stands at one price: total lots in the number of orders."""

    ticks: int
    lots: int
    orders: int


class _Queue:
    """One price: orders by arrival, and their sum."""

    __slots__ = ("lots", "orders")

    def __init__(self) -> None:
        self.orders: OrderedDict[int, Rested] = OrderedDict()
        self.lots = 0


class _Side:
    """One side's queues; `ranks` ascends to the best price (ticks for bids, -ticks for asks)."""

    __slots__ = ("queues", "ranks", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.queues: dict[int, _Queue] = {}
        self.ranks: list[int] = []

    def best(self) -> int | None:
        return self.ranks[-1] * self.sign if self.ranks else None

    def queue_for(self, ticks: int) -> _Queue:
        queue = self.queues.get(ticks)
        if queue is None:
            queue = self.queues[ticks] = _Queue()
            insort(self.ranks, ticks * self.sign)
        return queue

    def drop_if_empty(self, ticks: int) -> None:
        if not self.queues[ticks].orders:
            del self.queues[ticks]
            del self.ranks[bisect_left(self.ranks, ticks * self.sign)]

    def from_best(self) -> Iterator[int]:
        for rank in reversed(self.ranks):
            yield rank * self.sign


class Book:
    """Never crossed: the best bid stands below the best ask after every call."""

    def __init__(self) -> None:
        self._sides = {BUY: _Side(BUY), SELL: _Side(SELL)}
        self._orders: dict[int, Rested] = {}
        self._changed: set[tuple[int, int]] = set()
        self.version = 0

    def __contains__(self, order_id: int) -> bool:
        return order_id in self._orders

    def __len__(self) -> int:
        return len(self._orders)

    def order(self, order_id: int) -> Rested | None:
        return self._orders.get(order_id)

    def best(self, side: int) -> int | None:
        """The best price of a side in ticks, None when it is empty."""
        return self._sides[side].best()

    def lots_at(self, side: int, ticks: int) -> int:
        queue = self._sides[side].queues.get(ticks)
        return queue.lots if queue is not None else 0

    def depth(self, side: int, levels: int) -> list[Level]:
        """The first `levels` prices of a side, best first."""
        found: list[Level] = []
        queues = self._sides[side].queues
        for ticks in self._sides[side].from_best():
            if len(found) == levels:
                break
            found.append(Level(ticks, queues[ticks].lots, len(queues[ticks].orders)))
        return found

    def queue(self, side: int, ticks: int) -> list[Rested]:
        """The orders at one price, first to be served first."""
        found = self._sides[side].queues.get(ticks)
        return list(found.orders.values()) if found is not None else []

    def orders(self) -> Iterator[Rested]:
        """Every order: bids, then asks, each from the best price on, first come first within one."""
        for side in self._sides.values():
            for ticks in side.from_best():
                yield from side.queues[ticks].orders.values()

    def crosses(self, side: int, ticks: int) -> bool:
        """Would an order of this side at this price meet the other side?"""
        other = self._sides[-side].best()
        return other is not None and (ticks - other) * side >= 0

    def add(self, order_id: int, owner: int, side: int, ticks: int, lots: int) -> Rested:
        """Rests an order at the end of its price's queue. Raises Crossing, and ValueError for a known id or no lots."""
        if order_id in self._orders:
            raise ValueError(f"order {order_id} is in the book already")
        if lots <= 0:
            raise ValueError(f"order {order_id} has {lots} lots; it needs at least one")
        if self.crosses(side, ticks):
            raise Crossing(f"order {order_id} at {ticks} would meet the other side at {self.best(-side)}")
        order = Rested(order_id, owner, side, ticks, lots)
        queue = self._sides[side].queue_for(ticks)
        queue.orders[order_id] = order
        queue.lots += lots
        self._orders[order_id] = order
        self._touch(side, ticks)
        return order

    def cancel(self, order_id: int) -> int:
        """Removes an order; returns the lots that were left, 0 for one that is not in the book."""
        order = self._orders.get(order_id)
        if order is None:
            return 0
        left = order.lots
        self._shrink(order, left)
        return left

    def reduce(self, order_id: int, lots: int) -> int:
        """Takes lots off an order, which keeps its place; returns what is left (0 = it is gone)."""
        if lots <= 0:
            raise ValueError(f"order {order_id} can't be reduced by {lots} lots")
        order = self._orders[order_id]
        self._shrink(order, min(lots, order.lots))
        return order.lots

    def clear(self) -> None:
        """Removes every order."""
        for order_id in list(self._orders):
            self.cancel(order_id)

    def takeable(self, side: int, lots: int, limit: int | None = None, owner: int = FOREIGN) -> tuple[int, int]:
        """(lots, Σ ticks·lots) that a taker of this side would get at once, without taking them."""
        found = cost = 0
        opposite = self._sides[-side]
        for ticks in opposite.from_best():
            if found == lots or not _acceptable(side, ticks, limit):
                break
            queue = opposite.queues[ticks]
            there = queue.lots
            if owner != FOREIGN:
                there -= sum(order.lots for order in queue.orders.values() if order.owner == owner)
            got = min(there, lots - found)
            found += got
            cost += got * ticks
        return found, cost

    def affordable(self, side: int, budget: int) -> int:
        """The most lots that a taker of this side can get while Σ ticks·lots ≤ budget."""
        found = 0
        opposite = self._sides[-side]
        for ticks in opposite.from_best():
            there = opposite.queues[ticks].lots
            got = min(there, budget // ticks)
            found += got
            budget -= got * ticks
            if got < there:
                break
        return found

    def taking(self, side: int, lots: int, limit: int | None = None, owner: int = FOREIGN) -> Iterator[Event]:
        """Walks the other side from its best price, first come first served, as far as `limit` allows.

        Each step is done when it is yielded, and the book may be changed between steps. A resting order of the same
        owner is removed instead of matched (foreign orders trade with each other).
        """
        opposite = self._sides[-side]
        while lots > 0 and opposite.ranks:
            ticks = opposite.ranks[-1] * opposite.sign
            if not _acceptable(side, ticks, limit):
                return
            maker = next(iter(opposite.queues[ticks].orders.values()))
            if owner != FOREIGN and maker.owner == owner:
                prevented = SelfTradePrevented(maker.order_id, maker.lots)
                self._shrink(maker, maker.lots)
                yield prevented
                continue
            got = min(lots, maker.lots)
            lots -= got
            self._shrink(maker, got)
            yield Matched(maker.order_id, maker.owner, ticks, got, maker.lots)

    def take(self, side: int, lots: int, limit: int | None = None, owner: int = FOREIGN) -> list[Event]:
        """`taking`, all at once."""
        return list(self.taking(side, lots, limit, owner))

    def drain_changes(self) -> list[tuple[int, int, int]]:
        """(side, ticks, lots now) of each level that changed since the last call; 0 lots = the level is gone."""
        changes = [(side, ticks, self.lots_at(side, ticks)) for side, ticks in sorted(self._changed)]
        self._changed.clear()
        return changes

    def _shrink(self, order: Rested, lots: int) -> None:
        side = self._sides[order.side]
        queue = side.queues[order.ticks]
        order.lots -= lots
        queue.lots -= lots
        if order.lots == 0:
            del queue.orders[order.order_id]
            del self._orders[order.order_id]
            side.drop_if_empty(order.ticks)
        self._touch(order.side, order.ticks)

    def _touch(self, side: int, ticks: int) -> None:
        self.version += 1
        self._changed.add((side, ticks))


def _acceptable(side: int, ticks: int, limit: int | None) -> bool:
    """A buyer takes up to its limit, a seller down to it; None takes any price."""
    return limit is None or (limit - ticks) * side >= 0
