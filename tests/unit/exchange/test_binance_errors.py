"""What each answer of Binance means for an order."""

import pytest

from jtrader.exchange.binance.errors import translate
from jtrader.ports.broker import (
    AccessDenied,
    BrokerError,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    RetryLater,
)


def ccxt_error(*names: str, cause: BaseException | None = None) -> type[Exception]:
    """An exception class named like ccxt's, its ancestors after it."""
    kind: type[Exception] = Exception
    for name in reversed(names):
        kind = type(name, (kind,), {})
    return kind


def body(code: int, text: str = "…") -> str:
    return f'binance {{"code":{code},"msg":"{text}"}}'


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        (("InsufficientFunds", "ExchangeError"), body(-2019), OrderRefusedByVenue),
        (("InvalidOrder", "ExchangeError"), body(-1013, "Filter failure: LOT_SIZE"), OrderRefusedByVenue),
        (("InvalidOrder",), "binance order amount should be evenly divisible by lot size", OrderRefusedByVenue),
        (("OrderNotFillable", "InvalidOrder"), body(-5022), OrderRefusedByVenue),
        (("InvalidOrder",), body(-2010, "Duplicate order sent."), OutcomeUnknown),
        (("InvalidOrder",), body(-4116, "ClientOrderId is duplicated."), OutcomeUnknown),
        (("OrderNotFound", "InvalidOrder"), body(-2011, "Unknown order sent."), OrderNotFound),
        (("OrderNotFound", "InvalidOrder"), body(-2013), OrderNotFound),
        (("AuthenticationError",), body(-1022), AccessDenied),
        (("DDoSProtection", "NetworkError"), body(-2015, "Invalid API-key"), AccessDenied),
        (("PermissionDenied",), "binance this key may not trade", AccessDenied),
        (("DDoSProtection", "NetworkError"), "binance 429 Too Many Requests", RetryLater),
        (("RateLimitExceeded", "NetworkError"), body(-1003), RetryLater),
        (("InvalidNonce", "NetworkError"), body(-1021), RetryLater),
        (("ExchangeNotAvailable", "NetworkError"), "binance 503 Service Unavailable.", RetryLater),
        (("ExchangeNotAvailable", "NetworkError"), "binance POST 503 Unknown error, please check", OutcomeUnknown),
        (("ExchangeNotAvailable", "NetworkError"), "binance POST 502 <html>", OutcomeUnknown),
        (("RequestTimeout", "NetworkError"), "binance POST https://…", OutcomeUnknown),
        (("RequestTimeout", "NetworkError"), body(-1007), OutcomeUnknown),
        (("OperationFailed",), body(-1006), OutcomeUnknown),
        (("OperationFailed",), body(-1001), OutcomeUnknown),
        (("NetworkError",), "connection reset", OutcomeUnknown),
        (("ExchangeError",), "binance something new", OutcomeUnknown),
    ],
)
def test_what_an_order_request_may_have_done(names: tuple[str, ...], text: str, expected: type[BrokerError]) -> None:
    error = translate(ccxt_error(*names)(text), is_order=True)
    assert type(error) is expected


def test_an_unclear_answer_to_a_reading_can_be_asked_again() -> None:
    assert type(translate(ccxt_error("RequestTimeout")("GET"), is_order=False)) is RetryLater


def test_a_refused_connection_means_that_nothing_was_sent() -> None:
    error = ccxt_error("ExchangeNotAvailable")("POST")
    error.__cause__ = ccxt_error("ClientConnectorError", "OSError")("connect refused")
    assert type(translate(error, is_order=True)) is RetryLater


def test_the_venues_code_and_pause_are_handed_on() -> None:
    error = translate(ccxt_error("RateLimitExceeded")(body(-1003)), is_order=True, retry_after=7.0)
    assert isinstance(error, RetryLater)
    assert (error.code, error.after) == ("-1003", 7.0)
