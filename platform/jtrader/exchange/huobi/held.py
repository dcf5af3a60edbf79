"""Orders that wait for their fills, so that a state is never told before what led to it."""

from collections import OrderedDict
from decimal import Decimal

from jtrader.domain.ids import TradeId
from jtrader.domain.money import ZERO
from jtrader.domain.order import Fill, VenueOrder

MOST_ORDERS = 10_000
"""Orders whose fills are remembered; the oldest are forgotten, and their next report asks for them again."""


class HeldOrders:
    """`saw` each fill, ask of each order whether it `waits`."""

    def __init__(self) -> None:
        self._fills: OrderedDict[str, dict[TradeId, Decimal]] = OrderedDict()
        self._held: dict[str, list[VenueOrder]] = {}

    def holds(self, venue_order_id: str) -> bool:
        return venue_order_id in self._held

    def has_seen(self, fill: Fill) -> bool:
        return fill.trade_id in self._fills.get(fill.venue_order_id, ())

    def saw(self, fill: Fill) -> list[VenueOrder]:
        """The held states that this fill completes, in the order they came."""
        known = self._fills.setdefault(fill.venue_order_id, {})
        known[fill.trade_id] = fill.quantity
        if len(self._fills) > MOST_ORDERS:
            self._fills.popitem(last=False)
        held = self._held.get(fill.venue_order_id, [])
        ready = [order for order in held if self._covers(order)]
        if ready:
            rest = held[len(ready) :]
            self._held[fill.venue_order_id] = rest
            if not rest:
                del self._held[fill.venue_order_id]
        return ready

    def waits(self, order: VenueOrder) -> bool:
        """Keeps an order whose fills have not all been seen."""
        if order.venue_order_id not in self._held and self._covers(order):
            return False
        self._held.setdefault(order.venue_order_id, []).append(order)
        return True

    def release(self, venue_order_id: str) -> list[VenueOrder]:
        """The held states of an order whose fills don't come."""
        return self._held.pop(venue_order_id, [])

    def _covers(self, order: VenueOrder) -> bool:
        return sum(self._fills.get(order.venue_order_id, {}).values(), ZERO) >= order.filled
