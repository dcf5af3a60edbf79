"""How a connection of the private stream begins: the venue's welcome tells its time, by which the proof of the key is
made; the proof's answer is followed by the topics. What comes after a refused proof is of no account.
"""

import hashlib
import hmac
from typing import Any

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.times import MILLISECOND, parse_time
from jtrader.exchange.bitmex.errors import EXPIRED, venue_time
from jtrader.exchange.bitmex.feed import command
from jtrader.exchange.common.clock_offset import ClockOffset
from jtrader.exchange.common.session import Keys
from jtrader.ports.broker import AccessDenied

TOPICS = ("execution", "transact")
EXPIRES_AFTER = 10
"""Seconds for which the proof of the key is good."""
_PROOF = "authKeyExpires"
_UNAUTHORISED = (401, 403)


class Message(msgspec.Struct, gc=False):
    """Rows of a table, the welcome, or an answer."""

    table: str = ""
    action: str = ""
    data: list[dict[str, Any]] = []
    info: str = ""
    timestamp: str = ""
    success: bool = False
    request: dict[str, Any] = {}
    subscribe: str = ""
    error: str = ""
    status: int = 0


class Handshake:
    """Of one connection after the other; each starts with a welcome."""

    def __init__(self, keys: Keys, clock: ClockOffset) -> None:
        self._keys = keys
        self._clock = clock
        self._is_refused = False

    def reply(self, message: Message) -> bytes | None:
        """What to say now, None for nothing. Raises AccessDenied for a refused key, BadInput where the connection has
        to start over."""
        if message.info and message.timestamp:
            self._is_refused = False
            self._clock.told(parse_time(message.timestamp) / MILLISECOND)
            return self._proof()
        if message.error and not self._is_refused:
            self._refused(message)
        if message.success and message.request.get("op") == _PROOF:
            return command("subscribe", TOPICS)
        return None

    def is_done(self, message: Message) -> bool:
        """The last topic has been subscribed to."""
        return message.subscribe == TOPICS[-1] and message.success and not self._is_refused

    def _proof(self) -> bytes:
        expires = self._clock.milliseconds() // 1_000 + EXPIRES_AFTER
        signed = f"GET/realtime{expires}".encode()
        signature = hmac.new(self._keys.secret.encode(), signed, hashlib.sha256).hexdigest()
        return msgspec.json.encode({"op": _PROOF, "args": [self._keys.key, expires, signature]})

    def _refused(self, message: Message) -> None:
        """A refused key is final, unless the proof came too late: the next one is made by the time that was told."""
        self._is_refused = True
        text = f"BitMEX's private stream: {message.error}"
        if EXPIRED not in message.error and message.status in _UNAUTHORISED:
            raise AccessDenied(text, str(message.status))
        told = venue_time(message.error)
        if told is not None:
            self._clock.told(told * 1_000 + 500)
        raise BadInput(text)
