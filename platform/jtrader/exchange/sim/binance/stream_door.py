"""The market and private stream hosts: `/ws`, `/stream?streams=…`, and USDT-M's `/public`, `/market`, `/private`."""

from typing import Any
from urllib.parse import parse_qs

import msgspec
from aiohttp import web

from jtrader.exchange.sim.binance.errors import USDM
from jtrader.exchange.sim.binance.hub import Hub
from jtrader.exchange.sim.binance.market_streams import is_stream
from jtrader.exchange.sim.keys import Keys
from jtrader.exchange.sim.sockets import Socket, Sockets, converse
from jtrader.exchange.sim.world import World

_PUBLIC_KINDS = ("depth", "bookTicker", "trade")
"""What USDT-M serves below /public; everything else is below /market."""


class StreamDoor:
    def __init__(self, world: World, market: str, hub: Hub, keys: Keys, sockets: Sockets) -> None:
        self._world = world
        self._market = market
        self.hub = hub
        self.keys = keys
        self._sockets = sockets

    async def handle(self, request: web.Request) -> web.StreamResponse:
        parts = [part for part in request.path.split("/") if part]
        category = parts.pop(0) if parts and parts[0] in ("public", "market", "private") else ""
        if not parts or parts[0] not in ("ws", "stream") or (category and self._market != USDM):
            return web.Response(status=404, text="no such stream path")
        query = parse_qs(request.query_string)
        listen_key = query.get("listenKey", [""])[0] or (parts[1] if self._is_listen_key(parts[1:]) else "")
        combined = parts[0] == "stream"
        streams = [name for given in query.get("streams", []) for name in given.split("/")]
        streams += [part for part in parts[1:] if "@" in part]
        wrong = [name for name in streams if not self.serves(name, category)]
        if wrong or (listen_key and not self._is_listen_key([listen_key])):
            return web.Response(status=400, text=f"unknown stream: {', '.join(wrong) or 'listenKey'}")
        talk = _Talk(self, category, combined, streams, listen_key)
        return await converse(request, self._sockets, talk)

    def _is_listen_key(self, parts: list[str]) -> bool:
        return bool(parts) and self._market == USDM and self.keys.find_listener(parts[0]) is not None

    def serves(self, name: str, category: str) -> bool:
        if not is_stream(name, self._world, self._market):
            return False
        is_public = name.split("@")[1] in _PUBLIC_KINDS
        return category == "" or (category == "public") == is_public


class _Talk:
    """One connection: the streams of its address, then its commands."""

    def __init__(self, door: StreamDoor, category: str, combined: bool, streams: list[str], listen_key: str) -> None:
        self._door = door
        self._category = category
        self._combined = combined
        self._streams = streams
        self._listen_key = listen_key

    def opened(self, socket: Socket) -> None:
        for name in self._streams:
            self._door.hub.subscribe(socket, name, self._combined)
        listener = self._door.keys.find_listener(self._listen_key)
        if listener is not None:
            self._door.hub.listen(socket, listener.key)

    def heard(self, socket: Socket, text: str) -> None:
        socket.send(msgspec.json.encode(self._command(socket, text)))

    def closed(self, socket: Socket) -> None:
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
