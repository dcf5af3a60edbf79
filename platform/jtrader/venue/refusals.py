"""Why a venue says no. Each dialect spells these with its own codes and words."""

from enum import StrEnum, auto

from jtrader.domain.errors import JtraderError


class Why(StrEnum):
    UNKNOWN_SYMBOL = auto()
    CLOSED = auto()
    PRICE_STEP = auto()
    PRICE_LOW = auto()
    PRICE_HIGH = auto()
    PRICE_BAND_HIGH = auto()
    PRICE_BAND_LOW = auto()
    QUANTITY_STEP = auto()
    QUANTITY_LOW = auto()
    QUANTITY_HIGH = auto()
    MARKET_QUANTITY_HIGH = auto()
    NOTIONAL_LOW = auto()
    BALANCE = auto()
    MARGIN = auto()
    REDUCE_ONLY = auto()
    WOULD_TAKE = auto()
    DUPLICATE_CLIENT_ID = auto()
    TOO_MANY_ORDERS = auto()
    LEVERAGE = auto()
    UNKNOWN_ORDER = auto()


class Refused(JtraderError):
    """Nothing was changed. `limit` is the bound that was missed, where the venue tells it."""

    def __init__(self, why: Why, message: str, limit: str = "") -> None:
        super().__init__(message)
        self.why = why
        self.limit = limit
