"""Who sends a request: the access key, the signature and its time, checked in wall time.

Signature = base64(HMAC-SHA256(secret, "METHOD\\nhost\\npath\\nparameters")), the parameters as they were sent
(percent-encoded), sorted by name, joined by `&`, without the signature itself; a POST body is not signed
(huobiapi.github.io, coin_margined_swap v1, signature authentication).
"""

import base64
import calendar
import hashlib
import hmac
import time
from urllib.parse import quote, unquote

from jtrader.domain.errors import JtraderError
from jtrader.exchange.sim.huobi.errors import BAD_KEY_WORDS, BAD_SIGNATURE_WORDS, BAD_TIME_WORDS
from jtrader.exchange.sim.keys import Key, Keys

WINDOW_SECONDS = 300
"""How far a timestamp may be from the venue's clock."""
REST_VERSION, SPOT_SOCKET_VERSION = "2", "2.1"
"""Of the signature, on the contracts' sockets as in REST."""


class Unproven(JtraderError):
    """The sender is not who it says, or the request is old; the message is the venue's."""


def rest_sender(keys: Keys, method: str, host: str, path: str, query: str, wall_seconds: float) -> Key:
    """The key of a signed REST request. Raises Unproven."""
    pairs = [pair.partition("=")[::2] for pair in query.split("&") if pair]
    sent = {name: unquote(value) for name, value in pairs}
    payload = "&".join(f"{name}={value}" for name, value in sorted(pairs) if name != "Signature")
    _check_manner(sent.get("SignatureMethod", ""), sent.get("SignatureVersion", ""), REST_VERSION)
    return _sender(
        keys,
        sent.get("AccessKeyId", ""),
        f"{method}\n{host}\n{path}\n{payload}",
        sent.get("Signature", ""),
        sent.get("Timestamp", ""),
        wall_seconds,
    )


def socket_sender(
    keys: Keys, host: str, path: str, fields: dict[str, str], wall_seconds: float, version: str = REST_VERSION
) -> Key:
    """The key of a WebSocket's `auth` request; `fields` are the signed ones plus the signature. Raises Unproven."""
    lower = {name.lower(): value for name, value in fields.items()}
    _check_manner(lower.get("signaturemethod", ""), lower.get("signatureversion", ""), version)
    signed = {name: value for name, value in fields.items() if name.lower() != "signature"}
    payload = "&".join(f"{name}={quote(signed[name], safe='')}" for name in sorted(signed))
    return _sender(
        keys,
        lower.get("accesskeyid") or lower.get("accesskey", ""),
        f"GET\n{host}\n{path}\n{payload}",
        lower.get("signature", ""),
        lower.get("timestamp", ""),
        wall_seconds,
    )


def signature(secret: str, payload: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()).decode()


def _check_manner(method: str, version: str, wanted: str) -> None:
    if method != "HmacSHA256" or version != wanted:
        raise Unproven(BAD_SIGNATURE_WORDS)


def _sender(keys: Keys, access_key: str, payload: str, sent: str, timestamp: str, wall_seconds: float) -> Key:
    key = keys.find(access_key)
    if key is None:
        raise Unproven(BAD_KEY_WORDS)
    if not hmac.compare_digest(signature(key.secret, payload).encode(), sent.encode()):
        raise Unproven(BAD_SIGNATURE_WORDS)
    if abs(_seconds(timestamp) - wall_seconds) > WINDOW_SECONDS:
        raise Unproven(BAD_TIME_WORDS)
    return key


def _seconds(timestamp: str) -> int:
    """`2017-05-11T16:22:06`, UTC."""
    try:
        return calendar.timegm(time.strptime(timestamp, "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        raise Unproven(BAD_TIME_WORDS) from None
