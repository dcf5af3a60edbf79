"""What the engine knows of a child order and of its parent. Frozen: a change is a new value."""

from decimal import Decimal
from typing import Any

import msgspec

from jtrader.domain.ids import ClientOrderId, VenueOrderId
from jtrader.domain.money import ZERO
from jtrader.domain.order import ChildOrder, Intent, OrderStatus, ParentState, ParentWish


class Amendment(msgspec.Struct, frozen=True):
    """What a resting order is to become. `by_replacing`: it is being cancelled for that."""

    quantity: Decimal
    price: Decimal
    by_replacing: bool = False


class Order(msgspec.Struct, frozen=True):
    """A child order and where it stands."""

    child: ChildOrder
    status: OrderStatus
    filled: Decimal = ZERO
    venue_order_id: VenueOrderId | None = None
    reason: str = ""
    cancel_wanted: bool = False
    """A cancel was asked for; it stays wanted until the order has ended, whatever is learnt in between."""

    amending: Amendment | None = None
    accepted: bool = False
    """The venue has said that an order of this id exists."""
    unknown_since: int = 0
    """Market time at which it was last lost, ns."""

    @property
    def id(self) -> ClientOrderId:
        return self.child.client_order_id

    @property
    def is_live(self) -> bool:
        """It may still fill, for all we know."""
        return not self.status.is_terminal

    @property
    def leaves(self) -> Decimal:
        """What it may still fill; in flight, being cancelled or UNKNOWN count in full."""
        return max(self.total - self.filled, ZERO) if self.is_live else ZERO

    @property
    def total(self) -> Decimal:
        """The most that it may fill in all, for all we know."""
        if self.amending is None or self.amending.by_replacing:
            return self.child.quantity
        return max(self.child.quantity, self.amending.quantity)

    @property
    def is_proven(self) -> bool:
        """The venue has confirmed it at least once."""
        return self.venue_order_id is not None or self.filled > 0 or self.accepted


class Parent(msgspec.Struct, frozen=True):
    """An intent and the children made for it, refused ones included; `state`, `reason` and `memo` as journaled last."""

    intent: Intent
    children: tuple[ClientOrderId, ...] = ()
    filled: Decimal = ZERO
    state: ParentState = ParentState.PENDING
    reason: str = ""
    memo: dict[str, Any] = {}
    wish: ParentWish = ParentWish.RUN
    wish_reason: str = ""
    changed: int = 0
    """Market time of the last ParentChanged, 0 before the first."""
