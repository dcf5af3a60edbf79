"""What the engine hands the gate beside the order: where the account stands now, in-flight and UNKNOWN included."""

from decimal import Decimal

import msgspec

from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Quote
from jtrader.domain.money import ZERO
from jtrader.domain.order import Side
from jtrader.risk.kill import Kill


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One scope (account, strategy on it, market) just before the order. Quantities in the instrument's order units."""

    net: Decimal = ZERO
    open_buys: Decimal = ZERO
    open_sells: Decimal = ZERO
    """What working orders may still fill: in flight and UNKNOWN at full size."""
    gross_elsewhere: Decimal = ZERO
    """Σ of the largest |position| that working orders can make of each other instrument of the same asset, at mark."""
    up_elsewhere: Decimal = ZERO
    down_elsewhere: Decimal = ZERO
    """The signed sums that they can reach at most and at least."""
    open_orders: int = 0
    orders_last_minute: int = 0
    messages_last_minute: int = 0
    unpriced: str = ""
    """An instrument that is held elsewhere and has no mark: what it is worth can't be told."""

    def open_on(self, side: Side) -> Decimal:
        return self.open_buys if side is Side.BUY else self.open_sells

    def reach(self, side: Side, quantity: Decimal) -> Decimal:
        """The largest |position| that can come of it when `quantity` more is ordered."""
        buys = self.open_buys + (quantity if side is Side.BUY else ZERO)
        sells = self.open_sells + (quantity if side is Side.SELL else ZERO)
        return max(abs(self.net + buys), abs(self.net - sells))


class Exposure(Standing, frozen=True, kw_only=True):
    """One account and instrument just before the order; `strategy` and `venue` are the same for their scopes."""

    now: int
    """Market time, ns."""
    strategy: Standing = Standing()
    venue: Standing = Standing()
    unknown_exits: Decimal = ZERO
    """The part of the open orders, on the side that reduces, which is reduce-only at the venue, and UNKNOWN or waiting
    for its trigger."""
    resting_exits: Decimal = ZERO
    """The part that is reduce-only at the venue and rests in its book; none of `unknown_exits` is in it."""
    orders_last_hour: int = 0
    cancels_last_hour: int = 0
    repeats: int = 0
    """Parents of the same strategy, instrument and side within the window of the throttle."""
    funds: Decimal | None = None
    """Derivatives: wallet + unrealised of the settle asset. Spot: the wallet's quote asset. None = can't be told."""
    funds_taken: Decimal = ZERO
    """Spot: what working buys may still pay."""
    own_opposite: Decimal | None = None
    """The best price of an own order on the other side that may rest."""
    parent_left: Decimal = ZERO
    """The parent's quantity − filled − working − UNKNOWN."""
    quote: Quote | None = None
    silent_since: int | None = None
    """Market time of the last data, where the feed has gone quiet or told that it is stale."""
    kill: Kill | None = None
    protects: bool = False
    """The order's parent is a stop that is watched here."""
    narrowed: str = ""
    """Why this instrument takes no new risk, empty when it does."""
    latched: tuple[str, str] | None = None
    """Code and sentence of what risk itself has stopped here until a named person releases it."""

    def reducible(
        self, side: Side, instrument: Instrument, is_conditional: bool = False, takes: bool = False
    ) -> Decimal:
        """How much an order of `side` may take off the position: net less what other exits may still take.

        Where the venue itself enforces reduce-only (derivatives), an exit that is UNKNOWN or waits for its trigger does
        not count, so that it can't lock the way out; a conditional order may stand beside every other exit, and one
        that takes what there is goes before those that rest.
        """
        held = -side.sign * self.net
        if is_conditional and not instrument.is_spot:
            return max(held, ZERO)
        taken = self.open_on(side)
        if not instrument.is_spot:
            taken -= self.unknown_exits + (self.resting_exits if takes else ZERO)
        return max(held - taken, ZERO)
