"""What every parent-order algorithm is: a pure function from where the parent stands to what is to be done now.

An algorithm keeps no state of its own. All it may know stands in `ParentView`, which is rebuilt from the journal, so a
restarted parent goes on by itself; what it must remember (a schedule's anchor, a trailing extreme, a trigger that has
been latched) is the memo that it returns and that is journaled before the orders of the same step. The engine sizes
slices to lots, caps exits by the net position, and refuses what would exceed the parent: filled + working + UNKNOWN +
new ≤ quantity.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from jtrader.domain.ids import ClientOrderId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Quote
from jtrader.domain.money import ZERO
from jtrader.domain.order import Intent, OrderStatus, OrderType, ParentState, ParentWish, TimeInForce, TriggerBy
from jtrader.execution.params import Params


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """A child order to be: `quantity` in order units, not yet rounded to lots; prices on the tick grid."""

    quantity: Decimal
    type: OrderType
    time_in_force: TimeInForce
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    trigger_by: TriggerBy = TriggerBy.LAST


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """A child order that may still fill, or the newest one that has ended."""

    id: ClientOrderId
    status: OrderStatus
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    filled: Decimal
    price: Decimal | None
    ts: int
    """Market time at which it was made, ns."""
    cancel_wanted: bool = False
    reason: str = ""

    @property
    def rests(self) -> bool:
        """It works until it is cancelled, as opposed to one that takes what there is."""
        return self.time_in_force in (TimeInForce.GTC, TimeInForce.POST_ONLY)


class Print(msgspec.Struct, frozen=True):
    """A price source: the newest price and its market time, and the range since the parent was looked at last."""

    price: float
    ts: int
    low: float
    high: float


class ParentView(msgspec.Struct, frozen=True, kw_only=True):
    """A parent order at one market time."""

    now: int
    intent: Intent
    instrument: Instrument
    filled: Decimal
    working: Decimal
    """What live and UNKNOWN children may still fill."""
    children: int
    """How many were made so far, refused ones included."""
    quote: Quote | None
    state: ParentState = ParentState.PENDING
    reason: str = ""
    memo: Mapping[str, Any] = {}
    wish: ParentWish = ParentWish.RUN
    wish_reason: str = ""
    restarted: bool = False
    """The process was started anew since the parent was looked at last."""
    live: tuple[Child, ...] = ()
    newest: Child | None = None
    """The child made last, whatever became of it."""
    failures: int = 0
    """How many of the newest children in a row were refused, rejected, or ended unasked and unfilled."""
    tried: int = 0
    """Market time at which the gate last refused what it had refused before: counted in `failures`, not journaled."""
    rejections: int = 0
    """The same, by the venue alone: back to the last one that the desk's own gate refused."""
    stale: str = ""
    """Why the market can't be seen, empty while it can."""
    last: Print | None = None
    mark: Print | None = None
    index: Print | None = None
    trades: tuple[float, ...] = ()
    """Quantities of the public trades since the parent was looked at last."""
    own: Decimal = ZERO
    """What the desk's accounts traded of it in that time, by any order."""
    reducible: Decimal | None = None
    """How much the net position and other exits let a reduce-only parent still trade; None for other parents."""
    held: Decimal | None = None
    """The net position on the side that it reduces."""
    collar: Decimal = ZERO
    """The account's price collar, as a fraction of the mid."""

    @property
    def left(self) -> Decimal:
        """What is neither filled nor working, at most what may be reduced."""
        rest = self.intent.quantity - self.filled - self.working
        return rest if self.reducible is None else min(rest, self.reducible)

    @property
    def start(self) -> int:
        return self.intent.start or self.intent.ts

    @property
    def resumed(self) -> bool:
        """Time has passed in which the algorithm was not asked: a pause, data that was stale, a restart."""
        return self.restarted or self.state is ParentState.PAUSED


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What to do now: first the memo is journaled, then children are cancelled and made."""

    place: tuple[Slice, ...] = ()
    cancel: tuple[ClientOrderId, ...] = ()
    state: ParentState = ParentState.RUNNING
    reason: str = ""
    memo: Mapping[str, Any] = {}
    save: bool = False
    """The memo must be on disk even when nothing else happens now."""


class Algorithm(Protocol):
    one_shot: bool
    """It makes one child and is over with it: its state follows from the child and is not journaled by itself."""
    needs_market: bool
    """It is not asked while the market can't be seen."""
    params: type[Params]
    """What `Intent.params` may hold."""

    def check(self, intent: Intent, instrument: Instrument) -> str:
        """Why the intent can't be executed this way, as a sentence; empty when it can."""
        ...

    def plan(self, view: ParentView) -> Plan:
        """What to do now; asked when the intent comes in, each second and after each report of a child, between the
        parent's start and end, until it is over."""
        ...
