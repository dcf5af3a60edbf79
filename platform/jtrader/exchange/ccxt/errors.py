"""What ccxt's classes of errors mean for an order, where a venue's own codes are not known.

The class decides, or its nearest listed ancestor, by name, so that nothing imports ccxt to read this table.
"""

from jtrader.ports.broker import (
    AccessDenied,
    BrokerError,
    NotOffered,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    Reason,
    RetryLater,
)

REFUSALS: dict[str, Reason] = {
    "InsufficientFunds": Reason.FUNDS,
    "OrderImmediatelyFillable": Reason.POST_ONLY,
    "OrderNotFillable": Reason.POST_ONLY,
    "BadSymbol": Reason.NOT_TRADING,
    "MarketClosed": Reason.NOT_TRADING,
    "InvalidOrder": Reason.OTHER,
    "BadRequest": Reason.OTHER,
    "ArgumentsRequired": Reason.OTHER,
    "OperationRejected": Reason.OTHER,
}
DUPLICATES = ("order id already exists", "duplicate clordid", "duplicate order", "order id is duplicated")
"""How venues say that a client id is taken, where ccxt has no class of it."""
TAKEN = "DuplicateOrderId"
"""ccxt's class of it, one of its InvalidOrder's."""
KINDS: dict[str, type[BrokerError]] = {
    "AuthenticationError": AccessDenied,
    "PermissionDenied": AccessDenied,
    "AccountNotEnabled": AccessDenied,
    "AccountSuspended": AccessDenied,
    "OrderNotFound": OrderNotFound,
    "NotSupported": NotOffered,
    "DDoSProtection": RetryLater,
    "RateLimitExceeded": RetryLater,
    "OnMaintenance": RetryLater,
    "InvalidNonce": RetryLater,
}
"""All else (timeouts, 5xx, lost connections, what ccxt has no class for) has no known outcome."""
UNREADABLE = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What reading a row raises that isn't what the venue documents, in ccxt or here."""


def translate(error: BaseException, is_order: bool = False, retry_after: float = 1.0) -> BrokerError:
    """`is_order`: the request could change something, so an unclear answer is OutcomeUnknown."""
    text = " ".join(str(error).split())[:300] or type(error).__name__
    if any(words in text.lower() for words in DUPLICATES):
        return OutcomeUnknown(text, reason=Reason.DUPLICATE_ID)
    for ancestor in type(error).__mro__:
        name = ancestor.__name__
        if name == TAKEN:
            return OutcomeUnknown(text, reason=Reason.DUPLICATE_ID)
        if name in REFUSALS:
            return OrderRefusedByVenue(text, reason=REFUSALS[name])
        if name in KINDS:
            kind = KINDS[name]
            return RetryLater(text, after=max(1.0, retry_after)) if kind is RetryLater else kind(text)
    return OutcomeUnknown(text) if is_order else RetryLater(text)
