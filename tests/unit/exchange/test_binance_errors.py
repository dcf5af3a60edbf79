"""What each answer of Binance means for an order."""

import asyncio
import json

import pytest
from ccxt.base.errors import BaseError

from jtrader.domain.ids import Market
from jtrader.exchange.binance.errors import translate
from jtrader.exchange.binance.session import BinanceSession, Keys
from jtrader.ports.broker import (
    AccessDenied,
    BrokerError,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    Reason,
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


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (body(-5022, "Due to the order could not be executed as maker, …"), Reason.POST_ONLY),
        (body(-2010, "Order would immediately match and take."), Reason.POST_ONLY),
        (body(-1013, "Filter failure: LOT_SIZE"), Reason.FILTER),
        (body(-1013, "Filter failure: MAX_NUM_ORDERS"), Reason.TOO_MANY),
        (body(-1013, "Filter failure: MAX_POSITION"), Reason.FUNDS),
        (body(-1111, "Precision is over the maximum defined for this asset."), Reason.FILTER),
        (body(-4164, "Order's notional must be no smaller than 5"), Reason.FILTER),
        (body(-2010, "Account has insufficient balance for requested action."), Reason.FUNDS),
        (body(-2019, "Margin is insufficient."), Reason.FUNDS),
        (body(-2022, "ReduceOnly Order is rejected."), Reason.REDUCE_ONLY),
        (body(-2021, "Order would immediately trigger."), Reason.WOULD_TRIGGER),
        (body(-2010, "Stop price would trigger immediately."), Reason.WOULD_TRIGGER),
        (body(-4045, "Reach max stop order limit."), Reason.TOO_MANY),
        (body(-1013, "Market is closed."), Reason.NOT_TRADING),
        (body(-4140, "Invalid symbol status for opening position."), Reason.NOT_TRADING),
        (body(-9999, "something new"), Reason.OTHER),
    ],
)
def test_why_an_order_was_refused(text: str, reason: Reason) -> None:
    error = translate(ccxt_error("ExchangeError")(text), is_order=True)
    assert isinstance(error, OrderRefusedByVenue)
    assert error.reason is reason


@pytest.mark.parametrize("text", [body(-4116, "…"), body(-20132, "…"), body(-2010, "Duplicate order sent.")])
def test_a_client_id_that_is_taken_may_be_our_own_order(text: str) -> None:
    error = translate(ccxt_error("InvalidOrder")(text), is_order=True)
    assert isinstance(error, OutcomeUnknown)
    assert error.reason is Reason.DUPLICATE_ID


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

    async def answered() -> BrokerError:
        session = BinanceSession(Keys("key", "secret"), Market("binance_usdm"))
        with pytest.raises(BaseError) as raised:
            session.exchange.handle_errors(
                status, "reason", "https://fapi.binance.com", "POST", {}, text[8:], json.loads(text[8:]), {}, ""
            )
        await session.close()
        return translate(raised.value, is_order=True)

    assert type(asyncio.run(answered())) is expected


def test_a_message_names_no_key_and_no_signature() -> None:
    listen_key = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
    for text in (
        "binance GET https://fapi.binance.com/fapi/v1/order?symbol=BTCUSDT&apiKey=abc&signature=0f1e2d timed out",
        f"404, message='Invalid response status', url='wss://fstream.binance.com/ws/{listen_key}'",
    ):
        message = str(translate(ccxt_error("NetworkError")(text)))
        assert "binance.com" in message
        assert not any(secret in message for secret in ("=abc", "0f1e2d", listen_key))
