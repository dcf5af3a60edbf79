"""The WebSocket API: the REST handlers by method name, and spot's private stream by a signed subscription."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from jtrader.exchange.sim.binance import signing
from jtrader.exchange.sim.binance.errors import BinanceError
from jtrader.exchange.sim.binance.hub import Hub
from jtrader.exchange.sim.binance.routes import Proof, Route
from jtrader.exchange.sim.keys import Key, Keys
from jtrader.exchange.sim.sockets import Socket, Sockets, converse

Answerer = Callable[[Route, str, dict[str, str], Key | None], Any]
_SUBSCRIPTION = 0


class WsApiDoor:
    def __init__(
        self,
        market: str,
        methods: dict[str, Route],
        hub: Hub,
        keys: Keys,
        sockets: Sockets,
        answer: Answerer,
    ) -> None:
        self._market = market
        self._methods = methods
        self._hub = hub
        self._keys = keys
        self._sockets = sockets
        self._answer = answer

    async def handle(self, request: web.Request) -> web.StreamResponse:
        return await converse(request, self._sockets, self)

    def opened(self, socket: Socket) -> None:
        """Nothing is told before it is asked for."""

    def heard(self, socket: Socket, text: str) -> None:
        socket.send(msgspec.json.encode(self._reply(socket, text)))

    def closed(self, socket: Socket) -> None:
        self._hub.forget(socket)

    def _reply(self, socket: Socket, data: str) -> dict[str, Any]:
        number: Any = None
        try:
            request = msgspec.json.decode(data)
            number = request.get("id")
            result = self._result(socket, request["method"], request.get("params") or {})
        except BinanceError as error:
            return {"id": number, "status": error.status, "error": error.body}
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            return {"id": number, "status": 400, "error": {"code": -1000, "msg": "Invalid request."}}
        return {"id": number, "status": 200, "result": result, "rateLimits": []}

    def _result(self, socket: Socket, method: str, params: dict[str, Any]) -> Any:
        if method == "userDataStream.subscribe.signature":
            self._hub.listen(socket, self._proven(Proof.SIGNED, params).key, _SUBSCRIPTION)
            return {"subscriptionId": _SUBSCRIPTION}
        if method == "userDataStream.unsubscribe":
            self._hub.unlisten(socket)
            return {}
        route = self._methods.get(method)
        if route is None:
            raise BinanceError(-1000, f"Unknown method {method}.")
        key = self._proven(route.proof, params) if route.proof is not Proof.NONE else None
        shown = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in params.items()}
        return self._answer(route, self._market, shown, key)

    def _proven(self, proof: Proof, params: dict[str, Any]) -> Key:
        key = signing.key_of(self._keys, params.get("apiKey"))
        if proof is Proof.SIGNED:
            signing.check_signature(key, signing.ws_payload(params), str(params.get("signature", "")))
            wall_ms = time.time_ns() // 1_000_000
            window = params.get("recvWindow")
            signing.check_timestamp(str(params.get("timestamp", "")), None if window is None else str(window), wall_ms)
        return key
