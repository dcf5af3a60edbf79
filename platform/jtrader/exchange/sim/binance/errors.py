"""How Binance says no: HTTP status, code and message, per market (`api` = spot, `fapi` = USDT-M)."""

from jtrader.domain.errors import JtraderError
from jtrader.venue.refusals import Refused, Why

SPOT = "binance_spot"
USDM = "binance_usdm"


class BinanceError(JtraderError):
    """`{"code": …, "msg": …}` with an HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    @property
    def body(self) -> dict[str, int | str]:
        return {"code": self.code, "msg": str(self)}


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


def missing(name: str) -> BinanceError:
    return BinanceError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def illegal(name: str) -> BinanceError:
    return BinanceError(-1100, f"Illegal characters found in parameter '{name}'.")


_SPOT_REFUSALS: dict[Why, tuple[int, str]] = {
    Why.UNKNOWN_SYMBOL: BAD_SYMBOL,
    Why.CLOSED: (-1013, "Market is closed."),
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
    Why.DUPLICATE_CLIENT_ID: (-2010, "Duplicate order sent."),
    Why.TOO_MANY_ORDERS: (-1013, "Filter failure: MAX_NUM_ORDERS"),
    Why.UNKNOWN_ORDER: UNKNOWN_ORDER,
}

_POST_ONLY = (
    "Due to the order could not be executed as maker, the Post Only order will be rejected. "
    "The order will not be recorded in the order history"
)

_USDM_REFUSALS: dict[Why, tuple[int, str]] = {
    Why.UNKNOWN_SYMBOL: BAD_SYMBOL,
    Why.CLOSED: (-4141, "Symbol is closed."),
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
    Why.TOO_MANY_ORDERS: (-4045, "Reach max stop order limit."),
    Why.LEVERAGE: (-4028, "Leverage {limit} is not valid"),
    Why.UNKNOWN_ORDER: UNKNOWN_ORDER,
}


def in_words(market: str, refused: Refused) -> BinanceError:
    """The venue's refusal as this market spells it."""
    code, message = (_USDM_REFUSALS if market == USDM else _SPOT_REFUSALS)[refused.why]
    return BinanceError(code, message.replace("{limit}", refused.limit))
