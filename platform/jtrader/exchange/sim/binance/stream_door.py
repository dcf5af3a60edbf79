"""The market and private stream hosts: `/ws`, `/stream?streams=…`, and USDT-M's `/public`, `/market`, `/private`."""

from typing import Any
from urllib.parse import parse_qs

import msgspec
from aiohttp import web

from jtrader.exchange.sim.binance.errors import SPOT, USDM
from jtrader.exchange.sim.binance.hub import Hub, Listener
from jtrader.exchange.sim.binance.lifetimes import Lifetimes
from jtrader.exchange.sim.binance.listen_keys import ListenKeys
from jtrader.exchange.sim.binance.stream_names import is_public, is_stream
from jtrader.exchange.sim.sockets import Socket, Sockets, converse
from jtrader.exchange.sim.wall import venue_wall_ns
from jtrader.exchange.sim.world import World


class StreamDoor:
    def __init__(self, world: World, market: str, hub: Hub, listen_keys: ListenKeys, sockets: Sockets) -> None:
        self.world = world
        self.market = market
        self.hub = hub
        self.listen_keys = listen_keys
        self.lifetimes = Lifetimes()
        self._symbols = frozenset(world.venues[market].listings)
        self._sockets = sockets

    async def handle(self, request: web.Request) -> web.StreamResponse:
        parts = [part for part in request.path.split("/") if part]
        category = parts.pop(0) if parts and parts[0] in ("public", "market", "private") else ""
        if not parts or parts[0] not in ("ws", "stream") or (category and self.market != USDM):
            return web.Response(status=404, text="no such stream path")
        query = parse_qs(request.query_string)
        listen_key = query.get("listenKey", [""])[0] or (parts[1] if self._is_listen_key(parts[1:]) else "")
        combined = parts[0] == "stream"
        streams = [name for given in query.get("streams", []) for name in given.split("/")]
        streams += [part for part in parts[1:] if "@" in part or part.startswith("!")]
        wrong = [name for name in streams if not self.serves(name, category)]
        if wrong or (listen_key and not self._is_listen_key([listen_key])):
            return web.Response(status=400, text=f"unknown stream: {', '.join(wrong) or 'listenKey'}")
        talk = _Talk(self, category, combined, streams, listen_key)
        return await converse(request, self._sockets, talk)

    def _is_listen_key(self, parts: list[str]) -> bool:
        return bool(parts) and self.market != SPOT and self.listen_keys.find(parts[0], wall_ms()) is not None

    def serves(self, name: str, category: str) -> bool:
        if not is_stream(name, self.market, self._symbols):
            return False
        return category == "" or (category == "public") == is_public(name)


def wall_ms() -> int:
    return venue_wall_ns() // 1_000_000


class _Talk:
    """One connection: the streams of its address, then its commands."""

    def __init__(self, door: StreamDoor, category: str, combined: bool, streams: list[str], listen_key: str) -> None:
        self._door = door
        self._category = category
        self._combined = combined
        self._streams = streams
        self._listen_key = listen_key

    def opened(self, socket: Socket) -> None:
        self._door.lifetimes.opened(socket, self._door.world.now)
        for name in self._streams:
            self._door.hub.subscribe(socket, name, self._combined)
        known = self._door.listen_keys.find(self._listen_key, wall_ms())
        if known is not None:
            self._door.hub.listen(socket, known.account, Listener(listen_key=known.token))

    def heard(self, socket: Socket, text: str) -> None:
        socket.send(msgspec.json.encode(self._command(socket, text)))

    def closed(self, socket: Socket) -> None:
        self._door.lifetimes.closed(socket)
        self._door.hub.forget(socket)

    def _command(self, socket: Socket, data: str) -> dict[str, Any]:
        """SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS; anything else is an error with the request's id."""
        try:
            command = msgspec.json.decode(data)
            method, names, number = command["method"], list(command.get("params") or []), command.get("id")
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            return {"error": {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}}
        wrong = [name for name in names if not (isinstance(name, str) and self._door.serves(name, self._category))]
        if method in ("SUBSCRIBE", "UNSUBSCRIBE") and wrong:
            return {"error": {"code": 2, "msg": f"Invalid request: unknown stream {wrong[0]}"}, "id": number}
        if method == "SUBSCRIBE":
            for name in names:
                self._door.hub.subscribe(socket, name, self._combined)
        elif method == "UNSUBSCRIBE":
            for name in names:
                self._door.hub.unsubscribe(socket, name)
        elif method == "LIST_SUBSCRIPTIONS":
            return {"result": self._door.hub.streams_of(socket), "id": number}
        else:
            return {"error": {"code": 2, "msg": f"Invalid request: unknown method {method}"}, "id": number}
        return {"result": None, "id": number}
