"""What BitMEX says, and what it means for an order."""

import pytest

from jtrader.exchange.bitmex.errors import reason_of, translate, venue_time
from jtrader.ports.broker import (
    AccessDenied,
    BrokerError,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    Reason,
    RetryLater,
)


class Answered(Exception):
    """As ccxt raises it: its own words, with the venue's answer kept beside them."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(f'bitmex {{"error":{{"message":"{message}","name":"HTTPError"}}}}')
        self.answer = f'{{"error":{{"message":"{message}","name":"HTTPError"}}}}'
        self.status = status


class RequestTimeout(Exception):
    """Named like ccxt's."""


class ClientConnectorError(Exception):
    """Named like aiohttp's."""


@pytest.mark.parametrize(
    ("message", "status", "kind", "reason"),
    [
        ("Invalid API Key.", 401, AccessDenied, None),
        ("Signature not valid.", 401, AccessDenied, None),
        ("This key is disabled.", 403, AccessDenied, None),
        ("Account is restricted", 403, AccessDenied, None),
        ("Authorization Required", 401, AccessDenied, None),
        ("This request has expired - `expires` is in the past. Current time: 1768491000", 401, RetryLater, None),
        ("Rate limit exceeded, retry in 1 seconds.", 429, RetryLater, None),
        ("The system is currently overloaded. Please try again later.", 503, RetryLater, None),
        ("Service unavailable", 503, OutcomeUnknown, None),
        ("Server Error", 500, OutcomeUnknown, None),
        ("Not Found", 404, OrderNotFound, None),
        ("Invalid orderID", 400, OrderNotFound, None),
        ("Invalid ordStatus", 400, OrderNotFound, None),
        ("Unable to cancel order due to existing state: Filled", 400, OrderNotFound, None),
        ("Duplicate clOrdID", 400, OutcomeUnknown, Reason.DUPLICATE_ID),
        ("Account has insufficient Available Balance, 1234 XBt required", 400, OrderRefusedByVenue, Reason.FUNDS),
        ("Order quantity must be a multiple of lot size: 100", 400, OrderRefusedByVenue, Reason.FILTER),
        ("Invalid price tickSize", 400, OrderRefusedByVenue, Reason.FILTER),
        ("Invalid orderQty", 400, OrderRefusedByVenue, Reason.FILTER),
        ("Invalid stopPx for ordType", 400, OrderRefusedByVenue, Reason.FILTER),
        ("Order would trigger immediately", 400, OrderRefusedByVenue, Reason.WOULD_TRIGGER),
        ("Order had execInst of ReduceOnly", 400, OrderRefusedByVenue, Reason.REDUCE_ONLY),
        ("Too many open orders", 400, OrderRefusedByVenue, Reason.TOO_MANY),
        ("Instrument is closed for trading", 400, OrderRefusedByVenue, Reason.NOT_TRADING),
        ("Something nobody has seen", 400, OrderRefusedByVenue, Reason.OTHER),
    ],
)
def test_what_an_answer_means_for_an_order(
    message: str, status: int, kind: type[BrokerError], reason: Reason | None
) -> None:
    told = translate(Answered(message, status), is_order=True)
    assert type(told) is kind
    assert getattr(told, "reason", Reason.OTHER) == (reason or Reason.OTHER)
    assert told.code == str(status)
    assert str(told) == f"BitMEX: {message}"


def test_a_reading_has_no_outcome() -> None:
    assert type(translate(Answered("Server Error", 500))) is RetryLater
    assert type(translate(RequestTimeout("bitmex POST"), is_order=True)) is OutcomeUnknown
    assert type(translate(RequestTimeout("bitmex GET"))) is RetryLater


def test_a_refused_connection_sent_nothing() -> None:
    error = Exception("bitmex POST /api/v1/order")
    error.__cause__ = ClientConnectorError("Cannot connect")
    assert type(translate(error, is_order=True)) is RetryLater


def test_retry_after_is_kept() -> None:
    told = translate(Answered("Rate limit exceeded", 429), retry_after=7.0)
    assert isinstance(told, RetryLater)
    assert told.after == 7.0


def test_no_message_names_a_key_or_a_signature() -> None:
    told = translate(Exception("headers api-key: 0123abcd, api-signature='ffeedd00', GET /user"), is_order=True)
    assert "0123abcd" not in str(told)
    assert "ffeedd00" not in str(told)


def test_the_venues_clock_is_read_from_its_refusal() -> None:
    assert venue_time("This request has expired. Current time: 1768491000, api-expires: 1768490900") == 1_768_491_000
    assert venue_time("Signature not valid.") is None


def test_the_text_of_an_ended_order_names_its_reason() -> None:
    text = "Canceled: Order had execInst of ParticipateDoNotInitiate\\nSubmitted via API."
    assert reason_of(text) is Reason.POST_ONLY
