"""What the engine hands the gate beside the order: where the account stands now, in-flight and UNKNOWN included."""

from decimal import Decimal

import msgspec

from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Quote
from jtrader.domain.money import ZERO
from jtrader.domain.order import Side
from jtrader.risk.kill import Kill


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """One account and instrument just before the order. Quantities in order units."""

    now: int
    """Market time, ns."""
    net: Decimal
    """The account's signed position."""
    open_buys: Decimal = ZERO
    open_sells: Decimal = ZERO
    """What working orders may still fill: in flight and UNKNOWN at full size."""
    unknown_exits: Decimal = ZERO
    """The part of it, on the side that reduces, which is UNKNOWN and reduce-only at the venue."""
    open_orders: int = 0
    """Of the whole account."""
    orders_last_minute: int = 0
    """Of the whole account, in market time."""
    parent_left: Decimal = ZERO
    """The parent's quantity − filled − working − UNKNOWN."""
    quote: Quote | None = None
    silent_since: int | None = None
    """Market time of the last data, where the feed has gone quiet or told that it is stale."""
    kill: Kill | None = None
    narrowed: str = ""
    """Why this instrument takes no new risk, empty when it does."""

    def open_on(self, side: Side) -> Decimal:
        return self.open_buys if side is Side.BUY else self.open_sells

    def reducible(self, side: Side, instrument: Instrument) -> Decimal:
        """How much an order of `side` may take off the position: net less what other exits may still take.

        Where the venue itself enforces reduce-only (derivatives), an exit that is UNKNOWN does not count, so that it
        can't lock the way out.
        """
        held = -side.sign * self.net
        taken = self.open_on(side) - (ZERO if instrument.is_spot else self.unknown_exits)
        return max(held - taken, ZERO)
