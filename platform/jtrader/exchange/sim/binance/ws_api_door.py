"""The WebSocket API: the REST handlers by method name, and spot's private stream by a signed subscription."""

from typing import Any, Protocol

import msgspec
from aiohttp import web

from jtrader.exchange.sim.binance import signing
from jtrader.exchange.sim.binance.errors import SPOT, BinanceError
from jtrader.exchange.sim.binance.hub import Hub, Listener
from jtrader.exchange.sim.binance.lifetimes import Lifetimes
from jtrader.exchange.sim.binance.route import Proof, Route
from jtrader.exchange.sim.binance.stream_door import wall_ms
from jtrader.exchange.sim.keys import Key, Keys
from jtrader.exchange.sim.sockets import Socket, Sockets, converse
from jtrader.exchange.sim.world import World

_SUBSCRIPTION = 0


class Answerer(Protocol):
    """What the door asks its dialect for."""

    def answer(self, route: Route, market: str, door: str, params: dict[str, str], key: Key | None) -> Any: ...

    def rate_limits(self, door: str, key: Key | None) -> list[dict[str, Any]]: ...


class WsApiDoor:
    def __init__(
        self,
        world: World,
        market: str,
        methods: dict[str, Route],
        hub: Hub,
        keys: Keys,
        sockets: Sockets,
        dialect: Answerer,
    ) -> None:
        self.lifetimes = Lifetimes()
        self._world = world
        self._market = market
        self._methods = methods
        self._hub = hub
        self._keys = keys
        self._sockets = sockets
        self._dialect = dialect

    async def handle(self, request: web.Request) -> web.StreamResponse:
        return await converse(request, self._sockets, self)

    def opened(self, socket: Socket) -> None:
        """Nothing is told before it is asked for."""
        self.lifetimes.opened(socket, self._world.now)

    def heard(self, socket: Socket, text: str) -> None:
        socket.send(msgspec.json.encode(self._reply(socket, text)))

    def closed(self, socket: Socket) -> None:
        self.lifetimes.closed(socket)
        self._hub.forget(socket)

    def _reply(self, socket: Socket, data: str) -> dict[str, Any]:
        number: Any = None
        try:
            request = msgspec.json.decode(data)
            number, method, params = request.get("id"), request["method"], request.get("params") or {}
            key, result = self._result(socket, method, params)
        except BinanceError as error:
            return {"id": number, "status": error.status, "error": error.body | _waits(error)}
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            return {"id": number, "status": 400, "error": {"code": -1000, "msg": "Invalid request."}}
        reply = {"id": number, "status": 200, "result": result}
        if params.get("returnRateLimits") is False:
            return reply
        return reply | {"rateLimits": self._dialect.rate_limits(self._market, key)}

    def _result(self, socket: Socket, method: str, params: dict[str, Any]) -> tuple[Key | None, Any]:
        if method.startswith("userDataStream.") and self._market == SPOT:
            return None, self._stream_command(socket, method, params)
        route = self._methods.get(method)
        if route is None:
            raise BinanceError(-1000, f"Unknown method {method}.")
        key = self._proven(route.proof, params) if route.proof is not Proof.NONE else None
        shown = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in params.items()}
        return key, self._dialect.answer(route, self._market, self._market, shown, key)

    def _stream_command(self, socket: Socket, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Spot's private stream rides on this connection."""
        if method == "userDataStream.subscribe.signature":
            account = self._proven(Proof.SIGNED, params).key
            self._hub.listen(socket, account, Listener(subscription=_SUBSCRIPTION))
            return {"subscriptionId": _SUBSCRIPTION}
        if method == "userDataStream.unsubscribe":
            self._hub.unlisten(socket)
            return {}
        raise BinanceError(-1000, f"Unknown method {method}.")

    def _proven(self, proof: Proof, params: dict[str, Any]) -> Key:
        key = signing.key_of(self._keys, params.get("apiKey"))
        if proof is Proof.SIGNED:
            signing.check_signature(key, signing.ws_payload(params), str(params.get("signature", "")))
            window = params.get("recvWindow")
            timestamp = str(params.get("timestamp", ""))
            signing.check_timestamp(timestamp, None if window is None else str(window), wall_ms())
        return key


def _waits(error: BinanceError) -> dict[str, Any]:
    """When a limited client may ask again, in ms."""
    seconds = error.headers.get("Retry-After")
    if seconds is None:
        return {}
    return {"data": {"serverTime": wall_ms(), "retryAfter": wall_ms() + 1_000 * int(seconds)}}
