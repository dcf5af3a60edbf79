"""Orders and fills in FIX's words. Everything here is exact and frozen."""

from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from jtrader.domain.ids import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    ParentId,
    SignalId,
    StrategyId,
    TradeId,
    VenueOrderId,
)
from jtrader.domain.money import ZERO


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """FIX OrdType. The last four wait at the venue for their trigger price: stops sell below and buy above the market,
    if-touched orders the other way round."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    MARKET_IF_TOUCHED = "market_if_touched"
    LIMIT_IF_TOUCHED = "limit_if_touched"

    @property
    def is_conditional(self) -> bool:
        return self not in (OrderType.MARKET, OrderType.LIMIT)


class TriggerBy(StrEnum):
    """FIX TriggerPriceType: the price that is watched."""

    LAST = "last"
    MARK = "mark"
    INDEX = "index"


class TimeInForce(StrEnum):
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST_ONLY = "post_only"


class OrderStatus(StrEnum):
    """The life of a child order. PENDING_* are in flight; UNKNOWN counts at full size until proven otherwise."""

    PENDING_NEW = "pending_new"
    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    PENDING_CANCEL = "pending_cancel"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    REFUSED = "refused"  # by our own gate: never sent

    @property
    def is_terminal(self) -> bool:
        return self in _TERMINAL


_TERMINAL = frozenset(
    {OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED, OrderStatus.REFUSED}
)


class ParentState(StrEnum):
    """Where a parent order stands; every change comes with a reason."""

    PENDING = "pending"  # not begun: its start lies ahead
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETING = "completing"  # cancels what works and waits for its end
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    DUST = "dust"  # what is left is below the venue's least

    @property
    def is_over(self) -> bool:
        return self in _OVER


_OVER = frozenset({ParentState.DONE, ParentState.CANCELLED, ParentState.FAILED, ParentState.DUST})


class ParentWish(StrEnum):
    """What people want of a parent."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"


class Completion(StrEnum):
    """What becomes of the rest at a parent's end. Whatever rests in the market is cancelled first."""

    BEST_EFFORT = "best_effort"  # given up: the parent is DONE with what it has
    CANCEL_REMAINDER = "cancel_remainder"  # given up: the parent is CANCELLED
    MUST_COMPLETE = "must_complete"  # taken from the market within the collar


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy wants: a parent order. `quantity` in order units, above zero.

    `algorithm` names how to execute it, `params` are the algorithm's own (JSON-able; money as text). It works from
    `start` (market time, ns; 0 = at once) to `end` (None = until it is filled or cancelled).
    """

    parent_id: ParentId
    strategy: StrategyId
    account: AccountId
    instrument: InstrumentId
    side: Side
    quantity: Decimal
    ts: int
    """Market time of the decision, ns."""
    algorithm: str = "market"
    limit_price: Decimal | None = None
    reduce_only: bool = False
    signal_id: SignalId | None = None
    reason: str = ""
    params: dict[str, Any] = {}
    start: int = 0
    end: int | None = None
    completion: Completion = Completion.BEST_EFFORT


class ChildOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order as it is sent to a venue, under our own client id."""

    client_order_id: ClientOrderId
    parent_id: ParentId
    strategy: StrategyId
    account: AccountId
    instrument: InstrumentId
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    price: Decimal | None
    reduce_only: bool
    ts: int
    trigger_price: Decimal | None = None
    trigger_by: TriggerBy = TriggerBy.LAST

    @property
    def takes(self) -> bool:
        """It takes what there is at once, and never rests."""
        return self.type is OrderType.MARKET or self.time_in_force in (TimeInForce.IOC, TimeInForce.FOK)


class Fill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One execution as the venue reports it; key (account, instrument, trade_id).

    `fee` in `fee_asset`, above zero = paid. `realised` is the venue's own figure where it gives one (settle asset).
    """

    account: AccountId
    instrument: InstrumentId
    trade_id: TradeId
    venue_order_id: VenueOrderId
    client_order_id: ClientOrderId | None
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    ts: int
    realised: Decimal | None = None


class VenueOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue says of an order now. A conditional order that waits is NEW; once triggered it goes on under the
    same client id, `is_triggered`, whatever new id the venue gives it."""

    account: AccountId
    instrument: InstrumentId
    venue_order_id: VenueOrderId
    client_order_id: ClientOrderId | None
    side: Side
    type: OrderType
    status: OrderStatus
    quantity: Decimal
    filled: Decimal = ZERO
    price: Decimal | None = None
    ts: int = 0
    reason: str = ""
    trigger_price: Decimal | None = None
    is_triggered: bool = False
    reduce_only: bool = False
