"""How the private streams are entered: signatures as the venue checks them, answers, pings, exact numbers."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from jtrader.exchange.common.session import Keys
from jtrader.exchange.huobi.doors import ContractDoor, Door, SpotDoor
from jtrader.ports.broker import AccessDenied, BrokerError, RetryLater

KEYS = Keys("key-1", "secret-1")
AT_MS = 1_700_000_000_000


def spot() -> Door:
    return SpotDoor(KEYS, lambda: AT_MS)


def contract() -> Door:
    return ContractDoor("wss://api.hbdm.vn/swap-notification", [{"topic": "orders.*"}], KEYS, lambda: AT_MS)


def expected(host: str, path: str, fields: dict[str, str]) -> str:
    """Written out anew from the venue's description."""
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(fields.items()))
    digest = hmac.new(b"secret-1", f"GET\n{host}\n{path}\n{query}".encode(), hashlib.sha256).digest()
    assert dict(parse_qsl(query)) == fields
    return base64.b64encode(digest).decode()


def test_spot_signs_its_greeting() -> None:
    (greeting,) = spot().line().greeting
    params = json.loads(greeting)["params"]
    signature = params.pop("signature")
    assert params.pop("authType") == "api"
    assert params == {
        "accessKey": "key-1",
        "signatureMethod": "HmacSHA256",
        "signatureVersion": "2.1",
        "timestamp": "2023-11-14T22:13:20",
    }
    assert signature == expected("api.huobi.pro", "/ws/v2", params)


def test_contracts_sign_theirs() -> None:
    (greeting,) = contract().line().greeting
    message = json.loads(greeting)
    signature = message.pop("Signature")
    assert (message.pop("op"), message.pop("type")) == ("auth", "api")
    assert signature == expected("api.hbdm.vn", "/swap-notification", message)


def test_each_connection_is_greeted_with_its_own_time() -> None:
    times = iter([AT_MS, AT_MS + 1_000])
    line = SpotDoor(KEYS, lambda: next(times)).line()
    first, second = list(line.greeting), list(line.greeting)
    assert first != second


@pytest.mark.parametrize(
    ("door", "message", "meaning"),
    [
        (spot(), {"action": "req", "code": 200, "ch": "auth", "data": {}}, "auth"),
        (spot(), {"action": "sub", "code": 200, "ch": "orders#*", "data": {}}, "sub"),
        (spot(), {"action": "push", "ch": "orders#btcusdt", "data": {}}, ""),
        (contract(), {"op": "auth", "type": "api", "err-code": 0, "ts": 1}, "auth"),
        (contract(), {"op": "sub", "cid": "1", "topic": "orders.*", "err-code": 0}, "sub"),
        (contract(), {"op": "notify", "topic": "orders.btc-usd"}, ""),
    ],
)
def test_answers(door: Door, message: dict[str, Any], meaning: str) -> None:
    assert door.answered(message) == meaning


@pytest.mark.parametrize(
    ("door", "message", "error"),
    [
        (spot(), {"action": "req", "code": 2002, "ch": "auth", "message": "auth.fail"}, AccessDenied),
        (
            spot(),
            {"action": "sub", "code": 2002, "ch": "accounts.update#2", "message": "invalid.auth.state"},
            AccessDenied,
        ),
        (spot(), {"action": "req", "code": 2000, "ch": "auth", "message": "invalid.ip"}, AccessDenied),
        (spot(), {"action": "req", "code": 500, "ch": "auth", "message": "system error"}, RetryLater),
        (spot(), {"action": "req", "code": 2003, "ch": "auth", "message": "query.account.list.error"}, RetryLater),
        (spot(), {"action": "req", "code": 4000, "ch": "auth", "message": "too.many.connection"}, RetryLater),
        (spot(), {"action": "sub", "code": 2001, "ch": "orders#x", "message": "invalid.symbol"}, RetryLater),
        (contract(), {"op": "auth", "err-code": 2002, "err-msg": "authentication failed"}, AccessDenied),
        (contract(), {"op": "auth", "err-code": 2003, "err-msg": "Authentication failed."}, AccessDenied),
        (contract(), {"op": "auth", "err-code": 2003, "err-msg": "Invalid submission time"}, RetryLater),
        (contract(), {"op": "auth", "err-code": 2004, "err-msg": "Number of visits exceeds limit."}, RetryLater),
        (contract(), {"op": "auth", "err-code": 500, "err-msg": "Internal error"}, RetryLater),
        (contract(), {"op": "sub", "err-code": 2040, "err-msg": "Missing required parameter."}, RetryLater),
        (contract(), {"op": "close", "ts": 1}, RetryLater),
    ],
)
def test_a_no(door: Door, message: dict[str, Any], error: type[BrokerError]) -> None:
    with pytest.raises(error):
        door.answered(message)


@pytest.mark.parametrize(
    ("ping", "answer"),
    [
        (b'{"action":"ping","data":{"ts":1645108204665}}', b'{"action":"pong","data":{"ts":1645108204665}}'),
        (b'{"op":"ping","ts":"1645202800015"}', b'{"op":"pong","ts":"1645202800015"}'),
        (b'{"action":"push","ch":"orders#btcusdt","data":{}}', None),
    ],
)
def test_pings_are_answered(ping: bytes, answer: bytes | None) -> None:
    pong = spot().line().pong
    assert pong is not None
    assert pong(ping) == answer


def test_amounts_keep_the_venue_s_digits() -> None:
    message = contract().parse(b'{"op":"notify","fee":-0.022099447513812154,"volume":1,"id":773135295142658048}')
    assert message["fee"] == "-0.022099447513812154"
    assert (message["volume"], message["id"]) == (1, 773135295142658048)


@pytest.mark.parametrize("raw", [b"[1]", b"<html>", b'"text"'])
def test_what_is_no_message(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        spot().parse(raw)
