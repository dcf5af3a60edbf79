"""What the gate answers. Only an ApprovedOrder can be sent."""

from enum import StrEnum

import msgspec

from jtrader.domain.order import ChildOrder


class RefusalCode(StrEnum):
    """Why an order or intent never left; each comes with a sentence."""

    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_INSTRUMENT = "unknown_instrument"
    UNKNOWN_ALGORITHM = "unknown_algorithm"
    BAD_INTENT = "bad_intent"
    DUPLICATE_PARENT = "duplicate"
    MODEL_NOT_ALLOWED = "model_not_allowed"
    DUST = "dust"
    NOT_POSSIBLE = "not_possible"
    """What a person asked for, as things stand."""
    KILL = "kill"
    NARROWED = "narrowed"
    LIMIT_UNSET = "limit_unset"
    PARENT_EXCEEDED = "parent_exceeded"
    OFF_TICK = "off_tick"
    OFF_LOT = "off_lot"
    BELOW_MIN_QUANTITY = "below_min_quantity"
    ABOVE_MAX_QUANTITY = "above_max_quantity"
    BELOW_MIN_NOTIONAL = "below_min_notional"
    NO_QUOTE = "no_quote"
    STALE_QUOTE = "stale_quote"
    BAD_QUOTE = "bad_quote"
    COLLAR = "collar"
    REDUCE_ONLY = "reduce_only"
    SPOT_SHORT = "spot_short"
    ORDER_NOTIONAL = "order_notional"
    POSITION_NOTIONAL = "position_notional"
    OPEN_ORDERS = "open_orders"
    ORDER_RATE = "order_rate"
    SYMBOL = "symbol"
    ORDER_QUANTITY = "order_quantity"
    GROSS_EXPOSURE = "gross_exposure"
    NET_EXPOSURE = "net_exposure"
    NO_MARK = "no_mark"
    FREE_BALANCE = "free_balance"
    FREE_MARGIN = "free_margin"
    MESSAGE_BUDGET = "message_budget"
    CANCEL_RATIO = "cancel_ratio"
    REPEATED = "repeated"
    SELF_TRADE = "self_trade"
    DUPLICATE_INTENT = "duplicate_intent"
    STALE_SIGNAL = "stale_signal"
    DAILY_LOSS = "daily_loss"
    DRAWDOWN = "drawdown"


class ApprovedOrder(msgspec.Struct, frozen=True):
    order: ChildOrder


class Refused(msgspec.Struct, frozen=True):
    order: ChildOrder
    code: RefusalCode
    reason: str
