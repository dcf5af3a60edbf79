"""How an order enters a book: market, limit, IOC, FOK and post-only, as one table of what takes and what rests."""

from collections.abc import Callable
from enum import Enum

import msgspec

from jtrader.matching.book import Book, Event, Matched


class Style(Enum):
    """(takes, rests, all or nothing)"""

    MARKET = ("market", True, False, False)
    LIMIT = ("limit", True, True, False)
    IOC = ("ioc", True, False, False)
    FOK = ("fok", True, False, True)
    POST_ONLY = ("post_only", False, True, False)

    def __new__(cls, label: str, takes: bool, rests: bool, whole: bool) -> "Style":  # noqa: ARG004
        """The value is the label alone: that is how a style is written down and read again."""
        style = object.__new__(cls)
        style._value_ = label
        return style

    def __init__(self, label: str, takes: bool, rests: bool, whole: bool) -> None:
        self.label = label
        self.takes = takes
        self.rests = rests
        self.whole = whole


class Order(msgspec.Struct, frozen=True, gc=False):
    """What wants to enter. `ticks` is None for a market order, which takes any price."""

    order_id: int
    owner: int
    side: int
    lots: int
    style: Style
    ticks: int | None = None


class Entered(msgspec.Struct, frozen=True, gc=False):
    """What became of it: filled + rested + expired = the order's lots. `would_take`: a post-only one, refused."""

    events: list[Event]
    filled: int
    rested: int
    expired: int
    would_take: bool = False

    @property
    def matches(self) -> list[Matched]:
        return [event for event in self.events if isinstance(event, Matched)]


def enter(book: Book, order: Order, on_event: Callable[[Event], None] | None = None) -> Entered:
    """Takes what the style allows, then rests or expires what is left.

    `on_event` is called after each single event, when the book is consistent: it may cancel other resting orders, as a
    venue does when a fill makes them impossible. Raises ValueError for lots or a price that can't be used.
    """
    if order.lots <= 0:
        raise ValueError(f"order {order.order_id} has {order.lots} lots; it needs at least one")
    if (order.ticks is None) != (order.style is Style.MARKET):
        raise ValueError(f"order {order.order_id}: a market order has no price, any other order has one")
    if not order.style.takes and order.ticks is not None and book.crosses(order.side, order.ticks):
        return Entered([], 0, 0, order.lots, would_take=True)
    if order.style.whole and book.takeable(order.side, order.lots, order.ticks, order.owner)[0] < order.lots:
        return Entered([], 0, 0, order.lots)
    events: list[Event] = []
    if order.style.takes:
        for event in book.taking(order.side, order.lots, order.ticks, order.owner):
            events.append(event)
            if on_event is not None:
                on_event(event)
    filled = sum(event.lots for event in events if isinstance(event, Matched))
    left = order.lots - filled
    if left and order.style.rests and order.ticks is not None:
        book.add(order.order_id, order.owner, order.side, order.ticks, left)
        return Entered(events, filled, left, 0)
    return Entered(events, filled, 0, left)
