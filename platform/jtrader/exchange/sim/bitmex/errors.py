"""How BitMEX says no: HTTP status and `{"error": {"message", "name"}}`. https://www.bitmex.com/app/restAPI#Errors"""

from jtrader.domain.errors import JtraderError
from jtrader.venue.refusals import Refused, Why


class BitmexError(JtraderError):
    """`name` is HTTPError for what the server refuses, ValidationError for what a request lacks; `headers` go out with
    the answer."""

    def __init__(
        self, message: str, status: int = 400, name: str = "HTTPError", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, dict[str, str]]:
        return {"error": {"message": str(self), "name": self.name}}


NO_KEY = ("Authorization Required", 401)
BAD_KEY = ("Invalid API Key.", 401)
BAD_SIGNATURE = ("Signature not valid.", 401)
BAD_ORDER = ("Invalid orderID", 400)
DUPLICATE = "Duplicate clOrdID"
NOT_FOUND = ("Not Found", 404)
FINISHED = "Unable to cancel order due to existing state: "
"""Followed by the state."""


def missing(name: str) -> BitmexError:
    return BitmexError(f"'{name}' is a required arg.", name="ValidationError")


def invalid(name: str) -> BitmexError:
    return BitmexError(f"'{name}' is invalid.", name="ValidationError")


_REFUSALS: dict[Why, str] = {
    Why.UNKNOWN_SYMBOL: "Invalid symbol",
    Why.CLOSED: "Instrument is closed for trading",
    Why.PRICE_STEP: "Invalid price tickSize",
    Why.PRICE_LOW: "Invalid price",
    Why.PRICE_HIGH: "Invalid price: exceeds maxPrice",
    Why.PRICE_BAND_HIGH: "Invalid price: limitUpPrice is {limit}",
    Why.PRICE_BAND_LOW: "Invalid price: limitDownPrice is {limit}",
    Why.QUANTITY_STEP: "Order quantity must be a multiple of lot size",
    Why.QUANTITY_LOW: "orderQty is invalid",
    Why.QUANTITY_HIGH: "orderQty is invalid",
    Why.MARKET_QUANTITY_HIGH: "orderQty is invalid",
    Why.NOTIONAL_LOW: "orderQty is invalid",
    Why.BALANCE: "Account has insufficient Available Balance",
    Why.MARGIN: "Account has insufficient Available Balance",
    Why.REDUCE_ONLY: "Order had execInst of ReduceOnly and would not reduce a position",
    Why.DUPLICATE_CLIENT_ID: DUPLICATE,
    Why.TOO_MANY_ORDERS: "Too many open orders",
    Why.LEVERAGE: "Invalid leverage",
    Why.UNKNOWN_ORDER: "Invalid orderID",
    Why.HALTED: "Instrument is closed for trading",
    Why.WOULD_TRIGGER: "Order would trigger immediately",
    Why.NOT_AMENDED: "Invalid amend: orderQty, leavesQty, price, stopPx unchanged",
    Why.MODE_IN_USE: "Position or open orders exist: the margin mode can't change",
    Why.AMOUNT: "Invalid amount",
}


def in_words(refused: Refused) -> BitmexError:
    """The venue's refusal as BitMEX spells it."""
    message = _REFUSALS.get(refused.why, str(refused))
    return BitmexError(message.replace("{limit}", refused.limit))
