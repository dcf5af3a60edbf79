"""One table: what Binance or ccxt says → what it means for an order. https://developers.binance.com (error codes)

The venue's own code decides first, since ccxt's class can mislead (a bad key becomes DDoSProtection after a first
success); then ccxt's class, by name, so that nothing imports ccxt to read this table.
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

BY_CODE: dict[int, type[BrokerError]] = {
    -1000: OutcomeUnknown,  # unknown error while processing
    -1001: OutcomeUnknown,  # internal error
    -1006: OutcomeUnknown,  # unexpected response from the message bus
    -1007: OutcomeUnknown,  # timeout waiting for the backend
    -2010: OrderRefusedByVenue,
    -4116: OutcomeUnknown,  # this client id is open already: look it up
    -20132: OutcomeUnknown,  # the same of a conditional order
    -1003: RetryLater,  # too many requests
    -1008: RetryLater,  # overloaded: a definite failure by the documentation
    -1015: RetryLater,  # too many new orders of this account: cancels still go
    -1021: RetryLater,  # timestamp outside recvWindow: the clock has to be set
    -1002: AccessDenied,
    -1022: AccessDenied,  # signature
    -2014: AccessDenied,  # malformed key
    -2015: AccessDenied,  # key, IP or permission
    -2011: OrderNotFound,
    -2013: OrderNotFound,
    -20124: OrderNotFound,  # no such conditional order, or it is done
}
"""Every other negative code is a definite refusal, the request was judged and nothing was done, unless it comes with a
5xx: that one says that the venue itself failed."""

BY_CCXT: dict[str, type[BrokerError]] = {
    "AuthenticationError": AccessDenied,
    "PermissionDenied": AccessDenied,
    "AccountSuspended": AccessDenied,
    "OrderNotFound": OrderNotFound,
    "InvalidOrder": OrderRefusedByVenue,
    "InsufficientFunds": OrderRefusedByVenue,
    "BadRequest": OrderRefusedByVenue,
    "BadSymbol": OrderRefusedByVenue,
    "DDoSProtection": RetryLater,
    "RateLimitExceeded": RetryLater,
    "OnMaintenance": RetryLater,
    "InvalidNonce": RetryLater,
}
"""By ccxt's class or the nearest listed ancestor; all else (timeouts, 5xx, lost connections) has no known outcome."""

DEFINITE_FAILURES = ("Service Unavailable.", "Request throttled by system-level protection")
"""Texts of a 503 that mean: certainly not done. Any other 5xx may have been."""

REASONS_BY_CODE: dict[Reason, tuple[int, ...]] = {
    Reason.POST_ONLY: (-5022,),
    Reason.FILTER: (
        -1013, -1111, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4016, -4023, -4024, -4029, -4030, -4131, -4164,
        -4183, -4184,
    ),
    Reason.FUNDS: (-2018, -2019, -2027, -2028, -4050, -4051),
    Reason.REDUCE_ONLY: (-2022, -4118, -4138),
    Reason.DUPLICATE_ID: (-4116, -20132),
    Reason.WOULD_TRIGGER: (-2021,),
    Reason.TOO_MANY: (-2025, -2026, -4045),
    Reason.NOT_TRADING: (-1121, -4108, -4140, -4141, -4400),
}  # fmt: skip

REASONS_BY_TEXT: tuple[tuple[str, Reason], ...] = (
    ("MAX_NUM", Reason.TOO_MANY),
    ("MAX_POSITION", Reason.FUNDS),
    ("Filter failure", Reason.FILTER),
    ("immediately match and take", Reason.POST_ONLY),
    ("insufficient balance", Reason.FUNDS),
    ("Margin is insufficient", Reason.FUNDS),
    ("Duplicate order sent", Reason.DUPLICATE_ID),
    ("would trigger immediately", Reason.WOULD_TRIGGER),
    ("ReduceOnly Order is rejected", Reason.REDUCE_ONLY),
    ("Market is closed", Reason.NOT_TRADING),
    ("precision", Reason.FILTER),
)
"""Spot's -2010 and -1013 say why in words only; the first text found decides, before the code."""

_BY_CODE = {code: reason for reason, codes in REASONS_BY_CODE.items() for code in codes}
_CODE = re.compile(r'"code"\s*:\s*(-\d+)')
_SECRET = re.compile(r"\b(signature|apiKey|listenKey)=[^&\s]+|(/ws)/\w{20,}")


def translate(error: BaseException, is_order: bool = False, retry_after: float = 1.0) -> BrokerError:
    """`is_order`: the request could change something, so an unclear answer is OutcomeUnknown; a mere reading has no
    outcome and can be asked again. `retry_after` is the venue's Retry-After in seconds. An error's `answer`, where it
    has one, is the venue's own body, its `status` that of HTTP. The message names no key and no signature."""
    text = " ".join(str(error).split()) or type(error).__name__
    found = _CODE.search(getattr(error, "answer", "")) or _CODE.search(text)
    code = found.group(1) if found else ""
    reason = reason_of(int(code) if code else 0, text)
    kind = _kind(error, text, int(code) if code else None, getattr(error, "status", 0), reason)
    if kind is OutcomeUnknown and not is_order:
        kind = RetryLater
    message = f"Binance: {_SECRET.sub(_without_secret, text)[:300]}"
    if kind is RetryLater:
        return RetryLater(message, code, after=max(1.0, retry_after))
    if kind is OrderRefusedByVenue:
        return OrderRefusedByVenue(message, code, reason)
    if kind is OutcomeUnknown:
        return OutcomeUnknown(message, code, reason)
    return kind(message, code)


def reason_of(code: int, text: str) -> Reason:
    """Why an order was refused, by the venue's words or its code."""
    for words, reason in REASONS_BY_TEXT:
        if words in text:
            return reason
    return _BY_CODE.get(code, Reason.OTHER)


def _without_secret(found: re.Match[str]) -> str:
    return f"{found[1]}=…" if found[1] else f"{found[2]}/…"


def _kind(error: BaseException, text: str, code: int | None, status: int, reason: Reason) -> type[BrokerError]:
    if reason is Reason.DUPLICATE_ID:
        return OutcomeUnknown
    if code is not None and (code in BY_CODE or status < 500):
        return BY_CODE.get(code, OrderRefusedByVenue)
    if any(failure in text for failure in DEFINITE_FAILURES) or never_connected(error):
        return RetryLater
    if status >= 500:
        return OutcomeUnknown
    return by_class(error, BY_CCXT, OutcomeUnknown)
