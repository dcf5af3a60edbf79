"""What each answer of HTX means for an order: the good ones, its four bodies of a no, ccxt's errors, the words."""

import json
from typing import Any

import pytest

from jtrader.exchange.huobi.errors import refusal, translate
from jtrader.ports.broker import (
    AccessDenied,
    BrokerError,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    Reason,
    RetryLater,
)


def ccxt_error(name: str, text: str = "", **kept: Any) -> Exception:
    """An error of a class named like ccxt's, with what our ccxt class keeps on it."""
    error = type(name, (Exception,), {})(text)
    for key, value in kept.items():
        setattr(error, key, value)
    return error


def spot(code: str, text: str = "…") -> dict[str, Any]:
    return {"status": "error", "err-code": code, "err-msg": text, "data": None}


def contract(code: int, text: str = "…") -> dict[str, Any]:
    return {"status": "error", "err_code": code, "err_msg": text, "ts": 1}


def v5(code: int, text: str = "…") -> dict[str, Any]:
    return {"code": code, "message": text, "data": None, "ts": 1}


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "ok", "data": "1"},
        {"code": 200, "message": "Success", "data": {}},
        {"code": "200", "data": []},
        {"status": "ok", "data": {"errors": [], "successes": "1"}, "ts": 1},
        [1, 2],
        "text",
    ],
)
def test_good_answers(answer: Any) -> None:
    assert refusal(answer, is_order=True) is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (spot("api-signature-not-valid", "Signature not valid: Verification failure"), AccessDenied),
        (spot("api-signature-not-valid", "Signature not valid: Invalid submission time"), RetryLater),
        (spot("rate-too-many-requests"), RetryLater),
        (spot("system-maintenance"), RetryLater),
        (spot("gateway-internal-error"), OutcomeUnknown),
        (spot("base-record-invalid"), OrderNotFound),
        (spot("order-orderstate-error"), OrderNotFound),
        (spot("some-new-code"), OrderRefusedByVenue),
        (contract(403), AccessDenied),
        (contract(1032), RetryLater),
        (contract(1004, "System busy"), OutcomeUnknown),
        (contract(1061), OrderNotFound),
        (contract(1051), OrderNotFound),
        (contract(1999), OrderRefusedByVenue),
        (v5(1047), OrderRefusedByVenue),
        (v5(1017), OrderNotFound),
        ({"code": 1001, "message": "invalid.order.id", "success": False}, OrderNotFound),
        ({"code": 2002, "message": "invalid field value in `stopPrice`"}, OrderRefusedByVenue),
        (
            {
                "status": "ok",
                "data": {"errors": [{"order_id": "1", "err_code": 1061, "err_msg": "…"}], "successes": ""},
            },
            OrderNotFound,
        ),
    ],
)
def test_a_no_is_the_same_whether_ccxt_raised_it_or_let_it_through(
    body: dict[str, Any], kind: type[BrokerError]
) -> None:
    assert type(refusal(body, is_order=True)) is kind
    text = json.dumps(body)
    assert type(translate(ccxt_error("ExchangeError", f"htx {text}", answer=text, status=200), is_order=True)) is kind


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (spot("account-frozen-balance-insufficient-error"), Reason.FUNDS),
        (spot("order-limitorder-amount-min-error"), Reason.FILTER),
        (spot("order-limitorder-price-buy-max-error"), Reason.FILTER),
        (spot("order-orderprice-precision-error"), Reason.FILTER),
        (spot("order-value-min-error"), Reason.FILTER),
        (spot("order-stop-order-hit-trigger"), Reason.WOULD_TRIGGER),
        (spot("order-holding-limit-failed"), Reason.TOO_MANY),
        (spot("base-symbol-trade-disabled"), Reason.NOT_TRADING),
        (contract(1047), Reason.FUNDS),
        (contract(1048), Reason.REDUCE_ONLY),
        (contract(1492), Reason.REDUCE_ONLY),
        (contract(1039), Reason.FILTER),
        (contract(1060), Reason.NOT_TRADING),
        (contract(9, "This post-only order would take"), Reason.POST_ONLY),
        (contract(9, "…"), Reason.OTHER),
    ],
)
def test_why(body: dict[str, Any], reason: Reason) -> None:
    found = refusal(body, is_order=True)
    assert isinstance(found, OrderRefusedByVenue)
    assert found.reason is reason


@pytest.mark.parametrize("body", [spot("invalid-client-order-id"), contract(1050), contract(1064), v5(1050)])
def test_an_id_that_is_taken_is_to_be_looked_up(body: dict[str, Any]) -> None:
    text = json.dumps(body)
    for found in (
        refusal(body, is_order=True),
        translate(ccxt_error("ExchangeError", f"htx {text}", answer=text, status=200), is_order=True),
    ):
        assert isinstance(found, OutcomeUnknown)
        assert found.reason is Reason.DUPLICATE_ID


EXECUTED, BUSY, DONE = {"err_code": 1063}, {"err_code": 1004, "err_msg": "System busy"}, {"code": 200}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"errors": [EXECUTED, BUSY], "successes": "7"}, OutcomeUnknown),
        ({"errors": [BUSY, EXECUTED], "successes": ""}, OutcomeUnknown),
        ({"errors": [EXECUTED, {"err_code": 1060}], "successes": ""}, OrderRefusedByVenue),
        ({"errors": [EXECUTED, EXECUTED], "successes": "7"}, OrderNotFound),
        ([DONE, {"code": 1061, "message": "…"}, {"code": 1004, "message": "System busy"}], OutcomeUnknown),
        ([DONE, {"code": "1061", "message": "…"}], OrderNotFound),
        ([DONE, DONE], None),
    ],
)
def test_every_row_of_a_cancel_is_looked_at(data: Any, kind: type[BrokerError] | None) -> None:
    found = refusal({"code": 200, "data": data}, is_order=True)
    assert (None if found is None else type(found)) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ccxt_error("RequestTimeout", "htx POST … timed out"), OutcomeUnknown),
        (ccxt_error("ExchangeNotAvailable", "htx 502 <html>", answer="<html>", status=502), OutcomeUnknown),
        (ccxt_error("ExchangeError", "htx {}", answer='{"err_code":1047}', status=500), OutcomeUnknown),
        (ccxt_error("InsufficientFunds", "htx …"), OrderRefusedByVenue),
        (ccxt_error("AuthenticationError", "htx …"), AccessDenied),
        (ccxt_error("DDoSProtection", "htx 429", status=429), RetryLater),
        (ccxt_error("SomethingNew", "?"), OutcomeUnknown),
    ],
)
def test_without_a_code_the_class_decides_and_a_5xx_leaves_it_open(error: Exception, kind: type[BrokerError]) -> None:
    assert type(translate(error, is_order=True)) is kind


def test_a_mere_reading_has_no_outcome() -> None:
    assert isinstance(translate(ccxt_error("RequestTimeout", "…")), RetryLater)
    assert isinstance(refusal(contract(1004)), RetryLater)


def test_a_refused_connection_sent_nothing() -> None:
    error = ccxt_error("ExchangeNotAvailable", "…")
    error.__cause__ = type("ClientConnectorError", (Exception,), {})("refused")
    assert isinstance(translate(error, is_order=True), RetryLater)


def test_no_key_and_no_signature_in_words() -> None:
    said = str(translate(ccxt_error("X", "htx GET https://h/p?AccessKeyId=abc123&Timestamp=t&Signature=s3cr%3D …")))
    assert "abc123" not in said
    assert "s3cr" not in said
