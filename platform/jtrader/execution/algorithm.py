"""What every parent-order algorithm is: a function from where the parent stands to the slices it wants sent now.

An algorithm keeps no state of its own. All it may know stands in `ParentView`, which is rebuilt from the journal, so a
restarted parent goes on by itself. The engine sizes slices to lots, caps exits by the net position, and refuses what
would exceed the parent: filled + working + UNKNOWN + new ≤ quantity.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Quote
from jtrader.domain.order import Intent, OrderType, TimeInForce


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """A child order to be: `quantity` in order units, not yet rounded to lots; `price` on the tick grid."""

    quantity: Decimal
    type: OrderType
    time_in_force: TimeInForce
    price: Decimal | None = None


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

    @property
    def left(self) -> Decimal:
        return self.intent.quantity - self.filled - self.working


class Algorithm(Protocol):
    def check(self, intent: Intent, instrument: Instrument) -> str:
        """Why the intent can't be executed this way, as a sentence; empty when it can."""
        ...

    def plan(self, view: ParentView) -> Sequence[Slice]:
        """The slices to send now; asked when the intent comes in and each second until the parent is over."""
        ...

    def is_over(self, view: ParentView) -> bool:
        """Nothing more will be sent and nothing is working."""
        ...
