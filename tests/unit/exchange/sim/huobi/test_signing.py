"""Who sends a request to the simulated HTX; signatures made with openssl from the venue's description."""

import calendar
import time
from typing import Any

import pytest

from fixtures.htx_floor import KEY, SECRET, HtxDesk
from jtrader.domain.times import parse_time
from jtrader.exchange.sim.huobi.signing import Unproven, rest_sender, signature, socket_sender
from jtrader.exchange.sim.keys import Keys

STAMP = "2017-05-11T15:19:30"
NOW = calendar.timegm(time.strptime(STAMP, "%Y-%m-%dT%H:%M:%S"))
HOST, PATH = "api.hbdm.vn", "/swap-api/v1/swap_order"


@pytest.fixture(scope="module")
def keys() -> Keys:
    desk = HtxDesk(parse_time("2026-01-15T15:58:00Z"), instruments=("huobi_spot:btcusdt",))
    return desk.keys


def query(
    key: str = KEY, secret: str = SECRET, stamp: str = "2017-05-11T15%3A19%3A30", version: str = "2", **more: str
) -> str:
    """In the order of ccxt: what is signed, sorted, then the signature."""
    pairs = {
        "AccessKeyId": key,
        "SignatureMethod": "HmacSHA256",
        "SignatureVersion": version,
        "Timestamp": stamp,
        **more,
    }
    signed = "&".join(f"{name}={pairs[name]}" for name in sorted(pairs))
    mark = signature(secret, f"POST\n{HOST}\n{PATH}\n{signed}")
    return f"{signed}&Signature={mark.replace('+', '%2B').replace('/', '%2F').replace('=', '%3D')}"


def test_the_signature_is_that_of_the_described_text() -> None:
    """`printf … | openssl dgst -sha256 -hmac secret -binary | base64`"""
    text = (
        "GET\napi.hbdm.com\n/swap-notification\nAccessKeyId=e2xxxxxx-99xxxxxx-84xxxxxx-7xxxx&SignatureMethod=HmacSHA256"
        "&SignatureVersion=2&Timestamp=2017-05-11T15%3A19%3A30"
    )
    assert signature("b0xxxxxx-c6xxxxxx-94xxxxxx-dxxxx", text) == "/ULbHWQz/WvfELwULmX2873/v1PeaBsslsUXNsOw+nE="


@pytest.mark.parametrize("more", [{}, {"contract_code": "BTC-USD"}, {"Zed": "a%20b", "aaa": "1"}])
def test_a_signed_request_tells_its_sender(keys: Keys, more: dict[str, str]) -> None:
    assert rest_sender(keys, "POST", HOST, PATH, query(**more), NOW).key == KEY


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"key": "nobody"}, "Incorrect Access key"),
    ({"secret": "guessed"}, "Verification failure"),
    ({"version": "1"}, "Verification failure"),
    ({"SignatureMethod": "HmacSHA1"}, "Verification failure"),
    ({"stamp": "2017-05-11T15%3A14%3A29"}, "Invalid submission time"),
    ({"stamp": "2017-05-11T15%3A24%3A31"}, "Invalid submission time"),
    ({"stamp": "yesterday"}, "Invalid submission time"),
]


@pytest.mark.parametrize(("change", "why"), WRONG)
def test_wrong_ones_are_refused(keys: Keys, change: dict[str, str], why: str) -> None:
    with pytest.raises(Unproven, match=why):
        rest_sender(keys, "POST", HOST, PATH, query(**change), NOW)


@pytest.mark.parametrize("edge", ["2017-05-11T15%3A14%3A30", "2017-05-11T15%3A24%3A30"])
def test_five_minutes_early_or_late_is_in_time(keys: Keys, edge: str) -> None:
    assert rest_sender(keys, "POST", HOST, PATH, query(stamp=edge), NOW).key == KEY


@pytest.mark.parametrize(
    ("method", "host", "path"),
    [("GET", HOST, PATH), ("POST", "api.huobi.pro", PATH), ("POST", HOST, "/api/v1/contract_order")],
)
def test_a_signature_is_for_one_address_alone(keys: Keys, method: str, host: str, path: str) -> None:
    with pytest.raises(Unproven, match="Verification failure"):
        rest_sender(keys, method, host, path, query(), NOW)


@pytest.mark.parametrize(
    ("names", "mark", "version"),
    [
        (("AccessKeyId", "SignatureMethod", "SignatureVersion", "Timestamp"), "Signature", "2"),
        (("accessKey", "signatureMethod", "signatureVersion", "timestamp"), "signature", "2.1"),
    ],
    ids=["contracts", "spot"],
)
def test_sockets_sign_a_get_of_their_own_path(keys: Keys, names: tuple[str, ...], mark: str, version: str) -> None:
    values = (KEY, "HmacSHA256", version, STAMP)
    fields = dict(zip(names, values, strict=True))
    escaped = "&".join(f"{name}={value.replace(':', '%3A')}" for name, value in sorted(fields.items()))
    own = signature(SECRET, f"GET\n{HOST}\n/ws/v2\n{escaped}")
    assert socket_sender(keys, HOST, "/ws/v2", {**fields, mark: own}, NOW, version).key == KEY
    with pytest.raises(Unproven, match="Verification failure"):
        socket_sender(keys, HOST, "/ws", {**fields, mark: own}, NOW, version)
    with pytest.raises(Unproven, match="Invalid submission time"):
        socket_sender(keys, HOST, "/ws/v2", {**fields, mark: own}, NOW + 301, version)
    with pytest.raises(Unproven, match="Verification failure"):
        socket_sender(keys, HOST, "/ws/v2", {**fields, mark: own}, NOW, "2.1" if version == "2" else "2")
