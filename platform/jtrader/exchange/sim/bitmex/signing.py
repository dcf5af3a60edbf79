"""Who sends a request: hex HMAC-SHA256(secret, VERB + path with query + expires + body), checked over what was sent, in
wall time. https://www.bitmex.com/app/apiKeysUsage"""

import hashlib
import hmac

from jtrader.domain.times import SECOND
from jtrader.exchange.sim.bitmex.errors import BAD_KEY, BAD_SIGNATURE, BitmexError
from jtrader.exchange.sim.keys import Key, Keys


def proven(keys: Keys, key: str, expires: str, signature: str, signed: str, wall_ns: int) -> Key:
    """The key that signed `signed` before `expires`. Raises BitmexError."""
    found = keys.find(key)
    if found is None:
        raise BitmexError(*BAD_KEY)
    expected = hmac.new(found.secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.lower().encode()):
        raise BitmexError(*BAD_SIGNATURE)
    check_expiry(expires, wall_ns)
    return found


def check_expiry(expires: str, wall_ns: int) -> None:
    """Seconds since 1970. ccxt signs its stream with milliseconds, which are seconds far ahead and never end."""
    now = wall_ns // SECOND
    if not expires.isdigit():
        raise BitmexError("api-expires is not a number.", 401)
    if int(expires) < now:
        raise BitmexError(
            f"This request has expired - `expires` is in the past. Current time: {now}, api-expires: {expires}", 401
        )
