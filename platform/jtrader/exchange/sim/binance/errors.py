"""How Binance says no: HTTP status, code and message, of spot and of its futures.

Source: Binance's error code pages of spot, USDT-M and COIN-M; both kinds of futures share their codes here.
"""

from typing import Any

from jtrader.domain.errors import JtraderError
from jtrader.venue.refusals import Refused, Why

SPOT = "binance_spot"
USDM = "binance_usdm"
COINM = "binance_coinm"


class BinanceError(JtraderError):
    """`{"code": …, "msg": …}` with an HTTP status, and `data` where a request had two halves."""

    def __init__(
        self, code: int, message: str, status: int = 400, data: Any = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.headers = headers or {}
        self._data = data

    @property
    def body(self) -> dict[str, Any]:
        return {"code": self.code, "msg": str(self)} | ({} if self._data is None else {"data": self._data})


BAD_KEY = (-2015, "Invalid API-key, IP, or permissions for action.", 401)
NO_KEY = (-2014, "API-key format invalid.", 401)
BAD_SIGNATURE = (-1022, "Signature for this request is not valid.")
TOO_LATE = (-1021, "Timestamp for this request is outside of the recvWindow.")
TOO_EARLY = (-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
BAD_SYMBOL = (-1121, "Invalid symbol.")
BAD_INTERVAL = (-1120, "Invalid interval.")
NO_ORDER = (-2013, "Order does not exist.")
UNKNOWN_ORDER = (-2011, "Unknown order sent.")
TOO_LONG = (-1127, "More than 24 hours between startTime and endTime.")
BAD_TYPE = (-1116, "Invalid orderType.")
BAD_SIDE = (-1117, "Invalid side.")
BAD_TIME_IN_FORCE = (-1115, "Invalid timeInForce.")
USE_ALGO = (-4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.")
NO_LISTEN_KEY = (-1125, "This listenKey does not exist.")


def missing(name: str) -> BinanceError:
    return BinanceError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str) -> BinanceError:
    return BinanceError(-1100, f"Illegal characters found in parameter '{name}'.")


_SPOT_REFUSALS: dict[Why, tuple[int, str]] = {
    Why.UNKNOWN_SYMBOL: BAD_SYMBOL,
    Why.CLOSED: (-1013, "Market is closed."),
    Why.HALTED: (-1013, "Market is closed."),
    Why.PRICE_STEP: (-1013, "Filter failure: PRICE_FILTER"),
    Why.PRICE_LOW: (-1013, "Filter failure: PRICE_FILTER"),
    Why.PRICE_HIGH: (-1013, "Filter failure: PRICE_FILTER"),
    Why.PRICE_BAND_HIGH: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    Why.PRICE_BAND_LOW: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    Why.QUANTITY_STEP: (-1013, "Filter failure: LOT_SIZE"),
    Why.QUANTITY_LOW: (-1013, "Filter failure: LOT_SIZE"),
    Why.QUANTITY_HIGH: (-1013, "Filter failure: LOT_SIZE"),
    Why.MARKET_QUANTITY_HIGH: (-1013, "Filter failure: MARKET_LOT_SIZE"),
    Why.NOTIONAL_LOW: (-1013, "Filter failure: NOTIONAL"),
    Why.BALANCE: (-2010, "Account has insufficient balance for requested action."),
    Why.WOULD_TAKE: (-2010, "Order would immediately match and take."),
    Why.WOULD_TRIGGER: (-2010, "Stop price would trigger immediately."),
    Why.DUPLICATE_CLIENT_ID: (-2010, "Duplicate order sent."),
    Why.NOT_AMENDED: (-2038, "The requested action would change no state; rejecting."),
    Why.AMOUNT: (-4026, "The user has insufficient balance."),
    Why.TOO_MANY_ORDERS: (-1013, "Filter failure: MAX_NUM_ORDERS"),
    Why.UNKNOWN_ORDER: UNKNOWN_ORDER,
}

_POST_ONLY = (
    "Due to the order could not be executed as maker, the Post Only order will be rejected. "
    "The order will not be recorded in the order history"
)

_FUTURES_REFUSALS: dict[Why, tuple[int, str]] = {
    Why.UNKNOWN_SYMBOL: BAD_SYMBOL,
    Why.CLOSED: (-4141, "Symbol is closed."),
    Why.HALTED: (-4108, "Symbol is on delivering or delivered or settling or closed or pre-trading."),
    Why.PRICE_STEP: (-4014, "Price not increased by tick size."),
    Why.PRICE_LOW: (-4013, "Price less than min price."),
    Why.PRICE_HIGH: (-4002, "Price greater than max price."),
    Why.PRICE_BAND_HIGH: (-4016, "Limit price can't be higher than {limit}."),
    Why.PRICE_BAND_LOW: (-4024, "Limit price can't be lower than {limit}."),
    Why.QUANTITY_STEP: (-1111, "Precision is over the maximum defined for this asset."),
    Why.QUANTITY_LOW: (-4003, "Quantity less than or equal to zero."),
    Why.QUANTITY_HIGH: (-4005, "Quantity greater than max quantity."),
    Why.MARKET_QUANTITY_HIGH: (-4005, "Quantity greater than max quantity."),
    Why.NOTIONAL_LOW: (-4164, "Order's notional must be no smaller than {limit} (unless you choose reduce only)."),
    Why.BALANCE: (-2018, "Balance is insufficient."),
    Why.MARGIN: (-2019, "Margin is insufficient."),
    Why.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected."),
    Why.WOULD_TAKE: (-5022, _POST_ONLY),
    Why.DUPLICATE_CLIENT_ID: (-4116, "ClientOrderId is duplicated."),
    Why.WOULD_TRIGGER: (-2021, "Order would immediately trigger."),
    Why.NO_REFERENCE: (-1116, "Invalid workingType."),
    Why.LEG: (-4061, "Order's position side does not match user's setting."),
    Why.NOT_AMENDED: (-5027, "No need to modify the order."),
    Why.MODE_UNCHANGED: (-4059, "No need to change position side."),
    Why.MODE_IN_USE: (-4068, "Position side cannot be changed if there exists position."),
    Why.AMOUNT: (-4055, "Amount must be positive."),
    Why.TOO_MANY_ORDERS: (-2025, "Reach max open order limit."),
    Why.LEVERAGE: (-4028, "Leverage {limit} is not valid"),
    Why.UNKNOWN_ORDER: UNKNOWN_ORDER,
}


def in_words(market: str, refused: Refused) -> BinanceError:
    """The venue's refusal as this market spells it."""
    code, message = (_SPOT_REFUSALS if market == SPOT else _FUTURES_REFUSALS)[refused.why]
    return BinanceError(code, message.replace("{limit}", refused.limit))
