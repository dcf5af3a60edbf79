"""What the engine knows of a child order and of its parent. Frozen: a change is a new value."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, overload

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


class Children(Sequence[ClientOrderId]):
    """Ids in order of making. Frozen to its reader: a sequence with one more shares all before it, so that the
    thousandth slice of a parent costs no more than its first."""

    __slots__ = ("_count", "_names")

    def __init__(self, names: Iterable[ClientOrderId] = ()) -> None:
        self._names = list(names)
        self._count = len(self._names)

    def with_(self, name: ClientOrderId) -> "Children":
        more = Children.__new__(Children)
        more._names = self._names if len(self._names) == self._count else self._names[: self._count]
        more._names.append(name)
        more._count = self._count + 1
        return more

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> ClientOrderId: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ClientOrderId]: ...
    def __getitem__(self, index: int | slice) -> ClientOrderId | Sequence[ClientOrderId]:
        if isinstance(index, slice):
            return self._names[: self._count][index]
        return self._names[range(self._count)[index]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Children) and self[:] == other[:]

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Children({self[:]!r})"


NO_CHILDREN = Children()


class Parent(msgspec.Struct, frozen=True):
    """An intent and the children made for it, refused ones included; `state`, `reason` and `memo` as journaled last."""

    intent: Intent
    children: Children = NO_CHILDREN
    filled: Decimal = ZERO
    state: ParentState = ParentState.PENDING
    reason: str = ""
    memo: dict[str, Any] = {}
    wish: ParentWish = ParentWish.RUN
    wish_reason: str = ""
    changed: int = 0
    """Market time of the last ParentChanged, 0 before the first."""
