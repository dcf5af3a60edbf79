"""What each answer of Binance means for an order."""

import json

import pytest
from ccxt.base.errors import BaseError

from jtrader.exchange.binance.errors import translate
from jtrader.exchange.binance.session import Keys, _exchange
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


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (500, body(-1099, "something broke"), OutcomeUnknown),
        (503, body(-1, "Unknown error, please check your request or try again later."), OutcomeUnknown),
        (503, body(-1, "Service Unavailable."), RetryLater),
        (503, body(-1008, "Request throttled by system-level protection."), RetryLater),
        (400, body(-1099, "something new"), OrderRefusedByVenue),
    ],
)
def test_a_failing_venue_has_refused_nothing_for_certain(status: int, text: str, expected: type[BrokerError]) -> None:
    """The class and text are those of ccxt for the answer: what it does not know is an ExchangeError."""
    with pytest.raises(BaseError) as raised:
        _exchange(Keys("key", "secret"), None).handle_errors(
            status, "reason", "https://fapi.binance.com", "POST", {}, text[8:], json.loads(text[8:]), {}, ""
        )
    assert type(translate(raised.value, is_order=True)) is expected


def test_a_message_names_no_key_and_no_signature() -> None:
    listen_key = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
    for text in (
        "binance GET https://fapi.binance.com/fapi/v1/order?symbol=BTCUSDT&apiKey=abc&signature=0f1e2d timed out",
        f"404, message='Invalid response status', url='wss://fstream.binance.com/ws/{listen_key}'",
    ):
        message = str(translate(ccxt_error("NetworkError")(text)))
        assert "binance.com" in message
        assert not any(secret in message for secret in ("=abc", "0f1e2d", listen_key))
