"""One table: what HTX or ccxt says → what it means for an order. https://www.htx.com/en-us/opend (error codes)

HTX answers HTTP 200 also where it refuses: spot with `err-code`, contracts with `err_code`, v2 and v5 with a `code`
that is not 200, cancels with a list `errors` within a good answer. ccxt raises for the codes it knows and hands all
other bodies through, so `refusal` looks at each of them.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

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

GOOD = ("200", "0")
STALE = "submission time"
"""Words of a refusal for its timestamp: HTX has no code of its own for that, so it looks like a wrong key."""

BY_CODE: dict[str, type[BrokerError]] = {
    "api-signature-not-valid": AccessDenied,
    "api-signature-check-failed": AccessDenied,
    "login-required": AccessDenied,
    "invalid-auth-state": AccessDenied,
    "403": AccessDenied,
    "1003": AccessDenied,  # signature (v5)
    "1010": AccessDenied,  # no such account
    "1220": AccessDenied,
    "rate-too-many-requests": RetryLater,
    "base-request-exceed-frequency-limit": RetryLater,
    "request limit": RetryLater,
    "429": RetryLater,
    "1032": RetryLater,
    "system-maintenance": RetryLater,
    "timeout": OutcomeUnknown,
    "gateway-internal-error": OutcomeUnknown,
    "order-update-error": OutcomeUnknown,
    "500": OutcomeUnknown,
    "1000": OutcomeUnknown,
    "1001": OutcomeUnknown,
    "1002": OutcomeUnknown,
    "1004": OutcomeUnknown,  # busy
    "1030": OutcomeUnknown,
    "base-record-invalid": OrderNotFound,
    "order-queryorder-invalid": OrderNotFound,
    "order-orderstate-error": OrderNotFound,  # it is final already
    "1017": OrderNotFound,
    "1051": OrderNotFound,  # nothing to cancel
    "1061": OrderNotFound,
    "1062": OrderNotFound,  # is being cancelled
    "1063": OrderNotFound,  # was executed
    "1071": OrderNotFound,  # is being cancelled
}
"""Any other code is a definite refusal: the request was judged and nothing was done."""

REASONS: dict[str, Reason] = {
    "account-frozen-balance-insufficient-error": Reason.FUNDS,
    "1047": Reason.FUNDS,
    "1048": Reason.REDUCE_ONLY,
    "1492": Reason.REDUCE_ONLY,
    "1050": Reason.DUPLICATE_ID,
    "1064": Reason.DUPLICATE_ID,
    "invalid-client-order-id": Reason.DUPLICATE_ID,
    "order-stop-order-hit-trigger": Reason.WOULD_TRIGGER,
    "1085": Reason.WOULD_TRIGGER,
    "order-holding-limit-failed": Reason.TOO_MANY,
    "1052": Reason.TOO_MANY,
    "base-symbol-trade-disabled": Reason.NOT_TRADING,
    "symbol trade not open now": Reason.NOT_TRADING,
    "1056": Reason.NOT_TRADING,
    "1058": Reason.NOT_TRADING,
    "1059": Reason.NOT_TRADING,
    "1060": Reason.NOT_TRADING,
    "1077": Reason.NOT_TRADING,
    "1078": Reason.NOT_TRADING,
    "1038": Reason.FILTER,
    "1039": Reason.FILTER,
    "1040": Reason.FILTER,
    "1041": Reason.FILTER,
    "invalid-amount": Reason.FILTER,
    "order-value-min-error": Reason.FILTER,
    "order-invalid-price": Reason.FILTER,
}
_REASON_PATTERNS = (
    (
        re.compile(r"-(amount|price)-(min|max)-error$|-precision-error$|price-(buy|sell)-(min|max)-error$"),
        Reason.FILTER,
    ),
    (re.compile(r"limit-?maker|post.?only"), Reason.POST_ONLY),
    (re.compile(r"duplicate|repeated"), Reason.DUPLICATE_ID),
)

BY_CCXT: dict[str, type[BrokerError]] = {
    "AuthenticationError": AccessDenied,
    "PermissionDenied": AccessDenied,
    "AccountNotEnabled": AccessDenied,
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
"""By ccxt's class or the nearest listed ancestor, where the venue gave no code; all else (timeouts, 5xx, lost
connections) has no known outcome."""

_BY_TEXT = (
    (re.compile(r"submission time|timestamp", re.IGNORECASE), RetryLater),  # the clock has to be set
    (re.compile(r"invalid\.order\.id", re.IGNORECASE), OrderNotFound),
)
"""Codes that mean several things: the words decide first."""

_CODE = re.compile(r'"(?:err[-_]code|code)"\s*:\s*"?([^",}\s]+)"?')
_TEXT = re.compile(r'"(?:err[-_]msg|message|msg)"\s*:\s*"([^"]*)"')
_SECRET = re.compile(r"\b(Signature|AccessKeyId|accessKey|signature)=[^&\s]+")


def translate(error: BaseException, is_order: bool = False, retry_after: float = 1.0) -> BrokerError:
    """`is_order`: the request could change something, so an unclear answer is OutcomeUnknown; a mere reading has no
    outcome and can be asked again. An error's `answer`, where it has one, is the venue's own body, its `status` that of
    HTTP. The message names no key and no signature."""
    text = " ".join(str(error).split()) or type(error).__name__
    body = getattr(error, "answer", "") or text
    found = _CODE.search(body)
    code = found.group(1) if found else ""
    said = _TEXT.search(body)
    kind = _kind(error, code, said.group(1) if said else "", getattr(error, "status", 0))
    return _made(kind, code, _SECRET.sub(r"\1=…", text)[:300], is_order, retry_after)


def refusal(answer: Any, is_order: bool = False) -> BrokerError | None:
    """What a body says that ccxt let through, or None where it is good. Of several refusals within one body (cancels
    tell them row by row) the first that is more than an order that was over already."""
    if not isinstance(answer, Mapping):
        return None
    data = answer.get("data")
    errors = data.get("errors") if isinstance(data, Mapping) else data if is_order else None
    rows = [row for row in errors if isinstance(row, Mapping)] if isinstance(errors, list) else []
    found = [error for row in (answer, *rows) if (error := _refused(row, is_order)) is not None]
    return next((error for error in found if not isinstance(error, OrderNotFound)), found[0] if found else None)


def _refused(row: Mapping[str, Any], is_order: bool) -> BrokerError | None:
    code = str(row.get("err_code") or row.get("err-code") or "")
    if not code and str(row.get("code", "200")) not in GOOD:
        code = str(row["code"])
    if not code and row.get("status") == "error":
        code = "error"
    if not code:
        return None
    text = str(row.get("err_msg") or row.get("err-msg") or row.get("message") or row.get("msg") or "")
    kind = _by_text(text) or BY_CODE.get(code, OrderRefusedByVenue)
    return _made(kind, code, f"{code} {text}", is_order, 1.0)


@contextlib.contextmanager
def trying(failed: list[BrokerError]) -> Iterator[None]:
    """One of several cancels: why it failed is noted, and the next is tried. An order that was over is no failure."""
    try:
        yield
    except OrderNotFound:
        return
    except BrokerError as error:
        failed.append(error)


def reason_of(code: str, text: str) -> Reason:
    """The venue's code, and its words where the code says nothing, in our set of words."""
    if code in REASONS:
        return REASONS[code]
    for pattern, reason in _REASON_PATTERNS:
        if pattern.search(code) or pattern.search(text.lower()):
            return reason
    return Reason.OTHER


def _made(kind: type[BrokerError], code: str, text: str, is_order: bool, after: float) -> BrokerError:
    message = f"HTX: {text}"
    if kind is OutcomeUnknown and not is_order:
        kind = RetryLater
    if kind is RetryLater:
        return RetryLater(message, code, after=max(1.0, after))
    if kind is OrderRefusedByVenue:
        reason = reason_of(code, text)
        if is_order and reason is Reason.DUPLICATE_ID:
            return OutcomeUnknown(message, code, reason)  # an order of this id is there: it is to be looked up
        return OrderRefusedByVenue(message, code, reason)
    return kind(message, code)


def _kind(error: BaseException, code: str, said: str, status: int) -> type[BrokerError]:
    if (by_text := _by_text(said)) is not None:
        return by_text
    if code in BY_CODE or said in BY_CODE:
        return BY_CODE.get(code) or BY_CODE[said]
    if never_connected(error):
        return RetryLater
    if code and code not in GOOD and status < 500:
        return by_class(error, BY_CCXT, OrderRefusedByVenue)
    return OutcomeUnknown if status >= 500 else by_class(error, BY_CCXT, OutcomeUnknown)


def _by_text(said: str) -> type[BrokerError] | None:
    return next((kind for pattern, kind in _BY_TEXT if pattern.search(said)), None)
