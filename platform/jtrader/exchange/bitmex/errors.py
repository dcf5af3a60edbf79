"""One table: what BitMEX or ccxt says → what it means for an order. https://www.bitmex.com/app/restAPI#Errors

BitMEX has no codes: the HTTP status and the words decide, then ccxt's class by its name, so that nothing imports ccxt
to read this table.
"""

import re

from jtrader.exchange.common.failures import by_class, never_connected
from jtrader.ports.broker import (
    AccessDenied,
    BrokerError,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    Reason,
    RetryLater,
)

EXPIRED = "This request has expired"
DUPLICATE = "Duplicate clOrdID"

BY_TEXT: tuple[tuple[str, type[BrokerError]], ...] = (
    (EXPIRED, RetryLater),  # our clock is off: it is set right by the answer
    ("Invalid API Key", AccessDenied),
    ("Signature not valid", AccessDenied),
    ("Authorization Required", AccessDenied),
    ("This key is disabled", AccessDenied),
    ("Access Denied", AccessDenied),
    ("Account is restricted", AccessDenied),
    (DUPLICATE, OutcomeUnknown),  # it was taken before: look it up
    ("Unable to cancel order due to existing state", OrderNotFound),
    ("Invalid ordStatus", OrderNotFound),
    ("Invalid orderID", OrderNotFound),
    ("Invalid origClOrdID", OrderNotFound),
    ("Not Found", OrderNotFound),
    ("overloaded", RetryLater),  # the venue sheds load before it looks at a request
)
"""The first text found decides."""

BY_STATUS: dict[int, type[BrokerError]] = {
    400: OrderRefusedByVenue,
    401: AccessDenied,
    403: AccessDenied,
    404: OrderNotFound,
    429: RetryLater,
}

BY_CCXT: dict[str, type[BrokerError]] = {
    "AuthenticationError": AccessDenied,
    "PermissionDenied": AccessDenied,
    "OrderNotFound": OrderNotFound,
    "InvalidOrder": OrderRefusedByVenue,
    "InsufficientFunds": OrderRefusedByVenue,
    "BadRequest": OrderRefusedByVenue,
    "BadSymbol": OrderRefusedByVenue,
    "DDoSProtection": RetryLater,
    "RateLimitExceeded": RetryLater,
}
"""By ccxt's class or the nearest listed ancestor; all else (timeouts, 5xx, lost connections) has no known outcome."""

REASONS: tuple[tuple[str, Reason], ...] = (
    ("insufficient Available Balance", Reason.FUNDS),
    (DUPLICATE, Reason.DUPLICATE_ID),
    ("execInst of ParticipateDoNotInitiate", Reason.POST_ONLY),
    ("ReduceOnly", Reason.REDUCE_ONLY),
    ("No position to close", Reason.REDUCE_ONLY),
    ("trigger immediately", Reason.WOULD_TRIGGER),
    ("Too many", Reason.TOO_MANY),
    ("closed for trading", Reason.NOT_TRADING),
    ("Invalid symbol", Reason.NOT_TRADING),
    ("orderQty is invalid", Reason.FILTER),
    ("lot size", Reason.FILTER),
    ("Invalid price", Reason.FILTER),
    ("Invalid stopPx", Reason.FILTER),
    ("Invalid orderQty", Reason.FILTER),
    ("timeInForce", Reason.OTHER),
)
"""Also for the text of an order that the venue ended by itself."""

_MESSAGE = re.compile(r'"message"\s*:\s*"((?:[^"\\]|\\.)*)"')
_SECRET = re.compile(r"""(api-signature|api-key|signature)['"]?\s*[:=]\s*['"]?[\w-]+""", re.IGNORECASE)
_VENUE_TIME = re.compile(r"Current time: (\d+)")


def translate(error: BaseException, is_order: bool = False, retry_after: float = 1.0) -> BrokerError:
    """`is_order`: the request could change something, so an unclear answer is OutcomeUnknown; a mere reading has no
    outcome and can be asked again. `retry_after` is the venue's Retry-After in seconds. An error's `answer`, where it
    has one, is the venue's own body, its `status` that of HTTP. The message names no key and no signature."""
    text = " ".join(str(error).split()) or type(error).__name__
    said = said_in(getattr(error, "answer", "") or text)
    status = getattr(error, "status", 0)
    kind = _kind(error, said or text, status)
    if kind is OutcomeUnknown and not is_order:
        kind = RetryLater
    message = f"BitMEX: {_SECRET.sub('…', said or text)[:300]}"
    code = str(status) if status else ""
    if kind is RetryLater:
        return RetryLater(message, code, after=max(1.0, retry_after))
    if kind is OrderRefusedByVenue:
        return OrderRefusedByVenue(message, code, reason_of(said or text))
    if kind is OutcomeUnknown:
        return OutcomeUnknown(message, code, reason_of(said or text))
    return kind(message, code)


def said_in(answer: str) -> str:
    """The message of an error's body; empty where there is none."""
    found = _MESSAGE.search(answer)
    return found.group(1) if found else ""


def reason_of(text: str) -> Reason:
    """Why an order was refused or ended, by the venue's words."""
    for words, reason in REASONS:
        if words in text:
            return reason
    return Reason.OTHER


def venue_time(text: str) -> int | None:
    """The venue's wall time in seconds, as its refusal of an expired request tells it."""
    found = _VENUE_TIME.search(text)
    return int(found.group(1)) if found else None


def _kind(error: BaseException, text: str, status: int) -> type[BrokerError]:
    for words, kind in BY_TEXT:
        if words in text:
            return kind
    if status in BY_STATUS:
        return BY_STATUS[status]
    if never_connected(error):
        return RetryLater
    if status >= 500:
        return OutcomeUnknown
    return by_class(error, BY_CCXT, OutcomeUnknown)
