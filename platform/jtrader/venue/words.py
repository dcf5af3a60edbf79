"""Words of orders and positions beyond the plain ones: legs, triggers, who made an order and why it ended."""

from enum import StrEnum, auto

import msgspec

from jtrader.domain.order import TriggerBy


class Leg(StrEnum):
    """Which of an instrument's positions: the only one (one-way), or one of the two that hedge mode keeps apart."""

    BOTH = auto()
    LONG = auto()
    SHORT = auto()

    @property
    def sign(self) -> int:
        """+1 long, -1 short, 0 either."""
        return _SIGNS[self]


_SIGNS = {Leg.BOTH: 0, Leg.LONG: 1, Leg.SHORT: -1}


class Trigger(msgspec.Struct, frozen=True, gc=False):
    """What a conditional order waits for. A stop buys above and sells below; if-touched the other way round."""

    ticks: int
    by: TriggerBy
    if_touched: bool = False

    def rises(self, side: int) -> bool:
        """True when the watched price must come up to the trigger, False when it must come down."""
        return (side > 0) != self.if_touched


class Origin(StrEnum):
    """Who made an order."""

    ACCOUNT = auto()
    LIQUIDATION = auto()
    """The venue, since the margin was gone."""
    DELEVERAGING = auto()
    """The venue, since somebody else's margin was gone (ADL)."""


class Ended(StrEnum):
    """Why an order ended before it was filled."""

    NOT = auto()
    ASKED = auto()
    """Cancelled by its account."""
    TIME_IN_FORCE = auto()
    """What IOC, FOK or market could not get at once."""
    POST_ONLY = auto()
    SELF_TRADE = auto()
    REDUCE_ONLY = auto()
    """Nothing was left that it could reduce."""
    FUNDS = auto()
    """A conditional order that could not be carried when it triggered."""
    REFUSED = auto()
    """A conditional order that broke another rule when it triggered."""
    AMENDED = auto()
    """Amended to no more than what was filled."""
    LIQUIDATION = auto()
    CLOSED = auto()
    """Trading ended: closed, delisted, delivered."""
