"""A signed connection to Binance: the common one with Binance's weights, clock and user stream.

recvWindow is 3 s: an order that was not acknowledged can't arrive much later.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jtrader.domain.ids import Market
from jtrader.exchange.binance.endpoints import ENDPOINTS, WEIGHTS, Weights, used_weight, weigh
from jtrader.exchange.binance.errors import translate
from jtrader.exchange.common.budget import WeightBudget
from jtrader.exchange.common.session import CcxtSession, Keys, Meter
from jtrader.ports.broker import BrokerError

__all__ = ["BinanceSession", "Keys"]

RECV_WINDOW_MS = 3_000
NO_SUCH_LISTEN_KEY = "-1125"
TOO_MANY_ORDERS = frozenset({"-1015"})
_SPOT_PROOF = "authenticate:signature:spot"
"""ccxt's name of the answer that a spot subscription waits for."""
STREAM_PING_MS = 20_000
"""ccxt pings the user stream so often and gives it up after three without an answer."""


class BinanceSession(CcxtSession):
    """`call` for REST; `open_stream` for the user stream, whose raw messages go to `on_message`."""

    def __init__(
        self,
        keys: Keys,
        market: Market,
        simulator_uri: str | None = None,
        pause_file: Path | None = None,
        weights: Weights | None = None,
    ) -> None:
        """`pause_file`: what processes that share an IP address share, too. `weights`: what the venue has granted, if
        not the usual. Importing ccxt takes seconds of CPU, once a process."""
        self._at = ENDPOINTS[market]
        self._type = self._at.stream_type
        weights = weights or WEIGHTS[market]
        self.budget = WeightBudget(str(market), weights.per_minute, weights.reserve, pause_file)
        super().__init__(
            _user_stream_tapped,
            keys,
            translate,
            simulator_uri,
            options={"recvWindow": RECV_WINDOW_MS},
            meter=Meter(self.budget, weigh, used_weight, TOO_MANY_ORDERS),
            ask_time=(self._at.time, lambda answer: int(answer["serverTime"])),
        )
        self._stream: asyncio.Future[Any] | None = None
        self.exchange.streaming["keepAlive"] = STREAM_PING_MS

    async def open_stream(self, on_message: Callable[[Mapping[str, Any]], None]) -> "asyncio.Future[Any]":
        """Authenticates and connects; returns when the stream is live. The future ends with the connection.

        Raises BrokerError where it can't be opened."""
        from ccxt.base.errors import BaseError

        if self._stream is None or self._stream.done():
            await self.set_clock()
        self.exchange.on_user_message = on_message
        try:
            await self.exchange.authenticate({"type": self._type})
            ended: asyncio.Future[Any] = self.exchange.watch(self._stream_url(), "orders", None, self._type)
            connected = self.exchange.client(self._stream_url()).connected
            await asyncio.wait([ended, connected], return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                await ended
        except KeyError as error:  # ccxt deletes a refused spot subscription twice: the venue's answer is behind that
            self.exchange.client(self._stream_url()).futures.pop(
                _SPOT_PROOF, None
            )  # else the next proof awaits this one
            raise self.translated(error.__context__ or error) from error
        except BaseError as error:
            raise self.translated(error) from error
        self._stream = ended
        return ended

    async def keep_stream(self) -> bool:
        """Prolongs the listen key, which lives for an hour; False: it has expired, the stream has to be opened anew.
        Raises BrokerError where the venue doesn't say."""
        if not (self._at.listen_key and self.exchange.options.get(self._type, {}).get("listenKey")):
            return True
        try:
            await self.call(self._at.listen_key, {})
        except BrokerError as error:
            if error.code == NO_SUCH_LISTEN_KEY:
                return False
            raise
        return True

    def forget_stream(self) -> None:
        """The next `open_stream` asks for a new listen key."""
        self.exchange.options[self._type] = {}

    def _stream_url(self) -> str:
        if self._type == "spot":
            return str(self.exchange.urls["api"]["ws"]["ws-api"]["spot"])
        return str(self.exchange.get_private_ws_url(self._type, self.exchange.options[self._type]["listenKey"]))


USER_EVENTS = frozenset(
    {
        "executionReport",
        "ORDER_TRADE_UPDATE",
        "ALGO_UPDATE",
        "ACCOUNT_UPDATE",
        "balanceUpdate",
        "outboundAccountPosition",
        "listenKeyExpired",
        "eventStreamTerminated",
    }
)


def _user_stream_tapped() -> type[Any]:
    from ccxt.pro.binance import binance

    class UserStream(binance):  # type: ignore[misc]
        """Hands user messages on as they come, instead of through ccxt's rings, which drop what is not awaited."""

        on_user_message: Callable[[Mapping[str, Any]], None]

        def handle_message(self, client: Any, message: Any) -> None:
            event = message.get("event", message) if isinstance(message, dict) else message
            kind = event.get("e") if isinstance(event, dict) else None
            if kind in USER_EVENTS:
                self.on_user_message(event)
            if kind not in USER_EVENTS or kind == "eventStreamTerminated":  # ccxt then forgets its subscription
                super().handle_message(client, message)

    return UserStream
