"""Who sends a request: API keys and HMAC signatures, checked over the raw string in wall time."""

import hashlib
import hmac

from jtrader.exchange.sim.binance.errors import (
    BAD_KEY,
    BAD_SIGNATURE,
    NO_KEY,
    TOO_EARLY,
    TOO_LATE,
    BinanceError,
    missing,
)
from jtrader.exchange.sim.keys import Key, Keys

DEFAULT_WINDOW = 5_000
MAX_WINDOW = 60_000
AHEAD = 1_000
"""How many ms a timestamp may lie in the venue's future."""


def key_of(keys: Keys, key: str | None) -> Key:
    """Raises BinanceError for a missing or an unknown key."""
    if not key:
        raise BinanceError(*NO_KEY)
    found = keys.find(key)
    if found is None:
        raise BinanceError(*BAD_KEY)
    return found


def check_signature(key: Key, payload: str, signature: str) -> None:
    """hex HMAC-SHA256(secret, payload) over what was sent, byte for byte."""
    expected = hmac.new(key.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise BinanceError(*BAD_SIGNATURE)


def check_timestamp(timestamp: str | None, window: str | None, wall_ms: int) -> None:
    """`timestamp` and `recvWindow` in ms as they were sent."""
    try:
        sent, lasts = int(timestamp or ""), int(window or DEFAULT_WINDOW)
    except ValueError:
        raise missing("timestamp") from None
    if lasts > MAX_WINDOW:
        raise BinanceError(-1131, "recvWindow must be less than 60000")
    if sent > wall_ms + AHEAD:
        raise BinanceError(*TOO_EARLY)
    if wall_ms - sent > lasts:
        raise BinanceError(*TOO_LATE)


def split_signature(raw: str) -> tuple[str, str]:
    """`a=1&signature=ff` → (`a=1`, `ff`). Raises BinanceError where there is none, as the last parameter."""
    payload, mark, signature = raw.rpartition("signature=")
    if not mark or not signature:
        raise missing("signature")
    return payload.removesuffix("&"), signature


def ws_payload(params: dict[str, object]) -> str:
    """What a WebSocket API request signs: all parameters but the signature, sorted by name, unescaped."""
    shown = {name: _shown(value) for name, value in params.items() if name != "signature"}
    return "&".join(f"{name}={shown[name]}" for name in sorted(shown))


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
