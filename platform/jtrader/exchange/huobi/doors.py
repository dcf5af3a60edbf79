"""How HTX's private streams are entered and read: spot in plain JSON, contracts in gzip with another vocabulary.

All take a signature like REST's over a GET of their path, made anew for each connection. JSON numbers are kept as their
own texts: contracts send amounts as numbers.
"""

import base64
import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, overload
from urllib.parse import quote, urlencode, urlsplit

from jtrader.exchange.common.connection import Line
from jtrader.exchange.common.session import Keys
from jtrader.exchange.huobi.errors import BY_CODE, STALE
from jtrader.exchange.huobi.wire import inflate
from jtrader.ports.broker import AccessDenied, BrokerError, RetryLater

Message = Mapping[str, Any]


class Greeting(Sequence[bytes]):
    """One message that is made when it is asked for."""

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make = make

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[bytes]:
        yield self._make()

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        return [self._make()][index]


class Door(ABC):
    """One market's private stream. `now_ms` is the venue's time; `greetings` counts how often it was entered."""

    url: str
    denials: frozenset[str]
    """Codes of an answer that tell of the key, its rights or the signature."""

    def __init__(self, keys: Keys, now_ms: Callable[[], int]) -> None:
        self._keys = keys
        self._now_ms = now_ms
        self.greetings = 0

    @abstractmethod
    def line(self) -> Line: ...

    @abstractmethod
    def subscriptions(self) -> list[bytes]:
        """What is sent once the key is accepted; each is answered."""

    @abstractmethod
    def answered(self, message: Message) -> str:
        """`auth` or `sub` for the venue's good answers, empty for all else. Raises AccessDenied, BrokerError."""

    def parse(self, raw: bytes) -> Message:
        """Raises ValueError for what is no JSON object."""
        message = json.loads(raw, parse_float=str)
        if not isinstance(message, dict):
            raise ValueError(f"not an object: {raw[:100]!r}")
        return message

    def _signed(self, names: Mapping[str, str]) -> dict[str, str]:
        """The fields of an authentication; `names`: the fields with their values but the signature, in any order."""
        parts = urlsplit(self.url)
        query = urlencode(sorted(names.items()), quote_via=quote)
        text = "\n".join(["GET", parts.netloc, parts.path, query])
        digest = hmac.new(self._keys.secret.encode(), text.encode(), hashlib.sha256).digest()
        return {**names, "signature": base64.b64encode(digest).decode()}

    def _refused(self, code: str, text: str) -> BrokerError:
        """What is no fault of the key (a venue that restarts, too many requests, a stale timestamp) is tried again."""
        message = f"HTX refused the private stream: {code} {text}"
        if STALE in text.lower() or "timestamp" in text.lower():
            return RetryLater(f"{message} ({STALE})", code)
        if code in self.denials or BY_CODE.get(code) is AccessDenied:
            return AccessDenied(message, code)
        return RetryLater(message, code)

    def _timestamp(self) -> str:
        return datetime.fromtimestamp(self._now_ms() / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class SpotDoor(Door):
    """wss://api.huobi.pro/ws/v2: `orders#*`, `trade.clearing#*#1` (with cancellations), `accounts.update#2`."""

    url = "wss://api.huobi.pro/ws/v2"
    topics = ("orders#*", "trade.clearing#*#1", "accounts.update#2")
    denials = frozenset({"2000", "2002"})
    """2000 is a wrong address, 2002 a wrong key or signature; with 2003 the venue could not look the account up."""

    def line(self) -> Line:
        return Line(self.url, greeting=Greeting(self._auth), inflate=inflate, pong=_pong)

    def subscriptions(self) -> list[bytes]:
        return [_json({"action": "sub", "ch": topic}) for topic in self.topics]

    def answered(self, message: Message) -> str:
        action, code = message.get("action"), str(message.get("code", "200"))
        if action not in ("req", "sub"):
            return ""
        if code != "200":
            raise self._refused(code, str(message.get("message", "")))
        return "auth" if message.get("ch") == "auth" else "sub"

    def _auth(self) -> bytes:
        self.greetings += 1
        fields = {
            "accessKey": self._keys.key,
            "signatureMethod": "HmacSHA256",
            "signatureVersion": "2.1",
            "timestamp": self._timestamp(),
        }
        return _json({"action": "req", "ch": "auth", "params": {"authType": "api", **self._signed(fields)}})


class ContractDoor(Door):
    """The contracts' notification streams."""

    denials = frozenset({"2001", "2002", "2003", "2007"})
    """Authentication that is invalid, missing, failed; contracts not opened."""

    def __init__(self, url: str, topics: Sequence[Mapping[str, str]], keys: Keys, now_ms: Callable[[], int]) -> None:
        """`topics`: the fields of each subscription."""
        super().__init__(keys, now_ms)
        self.url = url
        self._topics = topics

    def line(self) -> Line:
        return Line(self.url, greeting=Greeting(self._auth), inflate=inflate, pong=_pong)

    def subscriptions(self) -> list[bytes]:
        return [_json({"op": "sub", "cid": str(number), **topic}) for number, topic in enumerate(self._topics, start=1)]

    def answered(self, message: Message) -> str:
        op, code = message.get("op"), str(message.get("err-code", "0"))
        if op in ("close", "error"):
            raise RetryLater(f"HTX closes the private stream: {dict(message)}")
        if op not in ("auth", "sub"):
            return ""
        if code != "0":
            raise self._refused(code, str(message.get("err-msg", "")))
        return str(op)

    def _auth(self) -> bytes:
        self.greetings += 1
        fields = {
            "AccessKeyId": self._keys.key,
            "SignatureMethod": "HmacSHA256",
            "SignatureVersion": "2",
            "Timestamp": self._timestamp(),
        }
        signed = self._signed(fields)
        return _json({"op": "auth", "type": "api", **fields, "Signature": signed["signature"]})


def _pong(message: bytes) -> bytes | None:
    """`{"action":"ping","data":{"ts":…}}` and `{"op":"ping","ts":"…"}` come back with one word changed."""
    if len(message) > 100 or b'"ping"' not in message:
        return None
    return message.replace(b'"ping"', b'"pong"')


def _json(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()
