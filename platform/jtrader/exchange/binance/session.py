"""One signed connection to Binance through ccxt: its implicit REST methods and its user stream, nothing re-parsed.

The implicit methods hand the venue's JSON through with numbers as strings, so amounts stay exact, while ccxt signs,
throttles, and tells errors apart. recvWindow is 3 s: an order that was not acknowledged can't arrive much later.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from jtrader.exchange.binance.errors import translate
from jtrader.exchange.localnet import LocalSession, local_session
from jtrader.ports.broker import AccessDenied

RECV_WINDOW_MS = 3_000
REQUEST_TIMEOUT_MS = 5_000


class Keys(msgspec.Struct, frozen=True):
    """An API key. The secret is not shown."""

    key: str
    secret: str

    def __repr__(self) -> str:
        return f"Keys(key='{self.key[:4]}…', secret=…)"


class BinanceSession:
    """`call` for REST; `open_stream` for the user stream, whose raw messages go to `on_message`."""

    def __init__(self, keys: Keys, stream_type: str, simulator_uri: str | None) -> None:
        """`stream_type` is ccxt's: spot or future. Importing ccxt takes seconds of CPU, once a process."""
        self._local: LocalSession | None = local_session(simulator_uri) if simulator_uri else None
        self._type = stream_type
        self._exchange = _exchange(keys, self._local)

    async def call(self, method: str, params: Mapping[str, Any], is_order: bool = False) -> Any:
        """An implicit method's JSON. Raises BrokerError; with `is_order` an unclear answer is OutcomeUnknown."""
        from ccxt.base.errors import BaseError

        try:
            return await getattr(self._exchange, method)(dict(params))
        except BaseError as error:
            raise translate(error, is_order, self._retry_after()) from error

    async def open_stream(self, on_message: Callable[[Mapping[str, Any]], None]) -> "asyncio.Future[Any]":
        """Authenticates and connects; returns when the stream is live. The future ends with the connection.

        Raises BrokerError where it can't be opened."""
        from ccxt.base.errors import BaseError

        self._exchange.on_user_message = on_message
        try:
            await self._exchange.authenticate({"type": self._type})
            ended: asyncio.Future[Any] = self._exchange.watch(self._stream_url(), "orders", None, self._type)
            connected = self._exchange.client(self._stream_url()).connected
            await asyncio.wait([ended, connected], return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                await ended
        except KeyError as error:  # ccxt deletes a refused spot subscription twice and loses the venue's answer
            raise AccessDenied(f"Binance refused the user stream of the key ({error}); check key and rights") from error
        except BaseError as error:
            raise translate(error) from error
        return ended

    def forget_stream(self) -> None:
        """The next `open_stream` asks for a new listen key."""
        self._exchange.options[self._type] = {}

    async def close(self) -> None:
        await self._exchange.close()
        if self._local is not None:
            await self._local.close()

    def _stream_url(self) -> str:
        if self._type == "spot":
            return str(self._exchange.urls["api"]["ws"]["ws-api"]["spot"])
        return str(self._exchange.get_private_ws_url(self._type, self._exchange.options[self._type]["listenKey"]))

    def _retry_after(self) -> float:
        headers = self._exchange.last_response_headers or {}
        try:
            return float(headers.get("Retry-After", 1.0))
        except ValueError:
            return 1.0


USER_EVENTS = frozenset(
    {
        "executionReport",
        "ORDER_TRADE_UPDATE",
        "ACCOUNT_UPDATE",
        "balanceUpdate",
        "outboundAccountPosition",
        "listenKeyExpired",
        "eventStreamTerminated",
    }
)


def _exchange(keys: Keys, local: LocalSession | None) -> Any:
    from ccxt.base.errors import BaseError
    from ccxt.pro.binance import binance

    class Tapped(binance):  # type: ignore[misc]
        """Hands user messages on as they come, instead of through ccxt's rings, which drop what is not awaited."""

        on_user_message: Callable[[Mapping[str, Any]], None]

        def handle_message(self, client: Any, message: Any) -> None:
            event = message.get("event", message) if isinstance(message, dict) else message
            kind = event.get("e") if isinstance(event, dict) else None
            if kind in USER_EVENTS:
                self.on_user_message(event)
            if kind not in USER_EVENTS or kind == "eventStreamTerminated":  # ccxt then forgets its subscription
                super().handle_message(client, message)

        def handle_errors(
            self, code: int, reason: str, url: str, method: str, headers: Any, body: Any, *rest: Any
        ) -> Any:
            """ccxt names some errors by their text and drops the venue's code: the answer and HTTP's status are kept on
            the error."""
            try:
                return super().handle_errors(code, reason, url, method, headers, body, *rest)
            except BaseError as error:
                error.answer, error.status = str(body), code
                raise

    config: dict[str, Any] = {
        "apiKey": keys.key,
        "secret": keys.secret,
        "enableRateLimit": True,
        # a minute's weight at once: with a leaky bucket an order would wait seconds behind a heavy query
        "rateLimiterAlgorithm": "rollingWindow",
        "timeout": REQUEST_TIMEOUT_MS,
        "options": {"recvWindow": RECV_WINDOW_MS},
    }
    if local is not None:
        config["session"] = local
    return Tapped(config)
