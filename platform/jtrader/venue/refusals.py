"""Why a venue says no. Each dialect spells these with its own codes and words."""

from enum import StrEnum, auto

from jtrader.domain.errors import JtraderError


class Why(StrEnum):
    UNKNOWN_SYMBOL = auto()
    CLOSED = auto()
    HALTED = auto()
    """This instrument is halted, settling or delisted."""
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
    WOULD_TRIGGER = auto()
    NO_REFERENCE = auto()
    """The price that the order should watch is not known here."""
    DUPLICATE_CLIENT_ID = auto()
    TOO_MANY_ORDERS = auto()
    LEVERAGE = auto()
    LEG = auto()
    """The order's leg doesn't go with the account's position mode."""
    UNKNOWN_ORDER = auto()
    NOT_AMENDED = auto()
    """The amendment changes nothing, or the order can't be amended."""
    MODE_UNCHANGED = auto()
    MODE_IN_USE = auto()
    """A mode can't change while positions or orders depend on it."""
    AMOUNT = auto()
    """Not an amount that can be moved or converted."""


class Refused(JtraderError):
    """Nothing was changed. `limit` is the bound that was missed, where the venue tells it."""

    def __init__(self, why: Why, message: str, limit: str = "") -> None:
        super().__init__(message)
        self.why = why
        self.limit = limit
