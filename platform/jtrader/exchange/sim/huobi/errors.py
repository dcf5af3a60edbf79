"""How HTX says no. Every answer has HTTP status 200; four families of bodies, two vocabularies.

Codes and their meaning: huobiapi.github.io/docs (spot v1, coin_margined_swap v1: error code details); the codes that
ccxt 4.5.83 maps are spelled as its `exceptions` table has them.
"""

from enum import Enum
from typing import Any

from jtrader.domain.errors import JtraderError
from jtrader.exchange.sim.huobi.names import SPOT
from jtrader.venue.refusals import Refused, Why

Code = str | int


class HuobiError(JtraderError):
    """A refusal under one of HTX's codes."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class Family(Enum):
    """How a route wraps its answers."""

    SPOT = "spot"
    """{"status", "data"} and {"status": "error", "err-code", "err-msg", "data"}"""
    SPOT_V2 = "spot_v2"
    """{"code": 200, "data"} and {"code", "message"}"""
    CONTRACT = "contract"
    """{"status", "data", "ts"} and {"status": "error", "err_code", "err_msg", "ts"}"""
    V5 = "v5"
    """{"code": 200, "message", "data", "ts"} and {"code", "message", "data": null, "ts"}"""

    @property
    def is_spot(self) -> bool:
        return self in (Family.SPOT, Family.SPOT_V2)


def error_body(family: Family, error: HuobiError, now_ms: int) -> dict[str, Any]:
    message = str(error)
    if family is Family.SPOT:
        return {"status": "error", "err-code": error.code, "err-msg": message, "data": None}
    if family is Family.SPOT_V2:
        return {"code": error.code if isinstance(error.code, int) else 2002, "message": message, "success": False}
    if family is Family.CONTRACT:
        return {"status": "error", "err_code": error.code, "err_msg": message, "ts": now_ms}
    return {"code": error.code, "message": message, "data": None, "ts": now_ms}


def missing(family: Family, name: str) -> HuobiError:
    if family.is_spot:
        return HuobiError("validation-constraints-required", f"Field is missing: {name}.")
    return HuobiError(1066, f"The {name} field cannot be empty. Please re-enter.")


def illegal(family: Family, name: str) -> HuobiError:
    if family.is_spot:
        return HuobiError("validation-format-error", f"Format Error: {name}.")
    return HuobiError(1067, f"The {name} field is invalid. Please re-enter.")


def unknown_symbol(family: Family) -> HuobiError:
    if family.is_spot:
        return HuobiError("base-symbol-error", "The symbol is invalid")
    return HuobiError(1013, "This contract symbol doesnt exist.")


UNKNOWN_PATH = ("bad-request", "Not found")
BAD_KEY_WORDS = "Incorrect Access key [Access key错误]"
BAD_SIGNATURE_WORDS = "Verification failure [校验失败]"
BAD_TIME_WORDS = "Invalid submission time [无效的提交时间]"
NO_ORDER = HuobiError(1017, "Order doesnt exist.")
NOTHING_TO_CANCEL = HuobiError(1051, "No orders to cancel.")
SPOT_NO_ORDER = HuobiError("base-record-invalid", "record invalid")
SPOT_ORDER_STATE = HuobiError("order-orderstate-error", "Incorrect order state")
BAD_TYPE = HuobiError(1034, "Incorrect field of order price type.")
BAD_DIRECTION = HuobiError(1035, "Incorrect field of order direction.")
BAD_OFFSET = HuobiError(1036, "Incorrect field of open long form.")


def unproven(family: Family, why: str) -> HuobiError:
    """A request whose sender or signature or time is not right."""
    if family is Family.SPOT:
        return HuobiError("api-signature-not-valid", f"Signature not valid: {why}")
    if family is Family.SPOT_V2:
        return HuobiError(1003, "invalid signature")
    return HuobiError(403, why)


def too_fast(family: Family) -> HuobiError:
    if family is Family.SPOT:
        return HuobiError("rate-too-many-requests", "exceeded rate limit")
    if family is Family.SPOT_V2:
        return HuobiError(429, "too.many.request")
    return HuobiError(1032, "The number of access exceeds the limit.")


_SPOT_REFUSALS: dict[Why, tuple[str, str]] = {
    Why.UNKNOWN_SYMBOL: ("base-symbol-error", "The symbol is invalid"),
    Why.CLOSED: ("base-symbol-trade-disabled", "Trading is disabled for this symbol"),
    Why.PRICE_STEP: ("order-orderprice-precision-error", "order price precision error"),
    Why.PRICE_LOW: ("order-limitorder-price-min-error", "limit order price error: {why}"),
    Why.PRICE_HIGH: ("order-limitorder-price-max-error", "limit order price error: {why}"),
    Why.PRICE_BAND_HIGH: (
        "order-limitorder-price-buy-max-error",
        "The price of buy orders cannot be higher than `{limit}`",
    ),
    Why.PRICE_BAND_LOW: (
        "order-limitorder-price-sell-min-error",
        "The price of sell orders cannot be lower than `{limit}`",
    ),
    Why.QUANTITY_STEP: ("order-orderamount-precision-error", "order amount precision error"),
    Why.QUANTITY_LOW: ("order-limitorder-amount-min-error", "limit order amount error: {why}"),
    Why.QUANTITY_HIGH: ("order-limitorder-amount-max-error", "limit order amount error: {why}"),
    Why.MARKET_QUANTITY_HIGH: ("order-marketorder-amount-max-error", "market order amount error: {why}"),
    Why.NOTIONAL_LOW: ("order-value-min-error", "Order total cannot be lower than: {limit}"),
    Why.BALANCE: ("account-frozen-balance-insufficient-error", "trade account balance is not enough"),
    Why.DUPLICATE_CLIENT_ID: ("invalid-client-order-id", "invalid client order id: it is in use"),
    Why.TOO_MANY_ORDERS: ("order-holding-limit-failed", "Order failed, too many open orders"),
    Why.UNKNOWN_ORDER: ("order-orderstate-error", "Incorrect order state"),
    Why.HALTED: ("base-symbol-trade-disabled", "Trading is disabled for this symbol"),
    Why.WOULD_TRIGGER: ("order-stop-order-hit-trigger", "Orders that may trigger immediately are not allowed"),
    Why.AMOUNT: ("invalid-amount", "Paramemter `amount` is invalid."),
}

_CONTRACT_REFUSALS: dict[Why, tuple[int, str]] = {
    Why.UNKNOWN_SYMBOL: (1013, "This contract symbol doesnt exist."),
    Why.CLOSED: (1060, "The contract is in non-trading state, orders can't be placed or cancelled."),
    Why.PRICE_STEP: (1038, "The order price exceeds the precision limit, please modify and order again."),
    Why.PRICE_LOW: (1039, "The order price is out of range: {why}."),
    Why.PRICE_HIGH: (1039, "The order price is out of range: {why}."),
    Why.PRICE_BAND_HIGH: (1039, "Buy price must be lower than {limit}."),
    Why.PRICE_BAND_LOW: (1039, "Sell price must exceed {limit}."),
    Why.QUANTITY_STEP: (1040, "The order amount must be a whole number of contracts."),
    Why.QUANTITY_LOW: (1040, "The order amount is invalid: {why}."),
    Why.QUANTITY_HIGH: (1041, "The order amount exceeds the limit, please modify and order again: {why}."),
    Why.MARKET_QUANTITY_HIGH: (
        1041,
        "The order amount exceeds the limit, please modify and order again: {why}.",
    ),
    Why.NOTIONAL_LOW: (1040, "The order's worth is below {limit}."),
    Why.BALANCE: (1047, "Insufficient margin available."),
    Why.MARGIN: (1047, "Insufficient margin available."),
    Why.REDUCE_ONLY: (1048, "Insufficient close amount available."),
    Why.DUPLICATE_CLIENT_ID: (1050, "Duplicated client order id."),
    Why.TOO_MANY_ORDERS: (1052, "The number of open orders exceeds the limit."),
    Why.LEVERAGE: (1037, "The leverage is invalid: {limit}."),
    Why.UNKNOWN_ORDER: (1061, "This order doesnt exist."),
    Why.HALTED: (1060, "The contract is in non-trading state, orders can't be placed or cancelled."),
    Why.WOULD_TRIGGER: (1085, "Failed to place the trigger order, please modify the price."),
    Why.NO_REFERENCE: (1054, "The latest price of the contract can't be obtained."),
    Why.LEG: (1036, "Incorrect field of open long form."),
    Why.MODE_UNCHANGED: (1067, "The mode is this already."),
    Why.MODE_IN_USE: (1045, "The mode can't be changed while there are positions or open orders."),
    Why.AMOUNT: (1322, "The transferred amount must be greater than 0."),
}


def in_words(market: str, refused: Refused) -> HuobiError:
    """The venue's refusal as this market spells it."""
    table: dict[Why, tuple[str, str]] | dict[Why, tuple[int, str]]
    table = _SPOT_REFUSALS if market == SPOT else _CONTRACT_REFUSALS
    code, message = table[refused.why]
    return HuobiError(code, message.format(limit=refused.limit, why=refused))
