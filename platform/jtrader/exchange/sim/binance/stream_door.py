"""The market and private stream hosts: `/ws`, `/stream?streams=…`, and USDT-M's `/public`, `/market`, `/private`."""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import msgspec
from aiohttp import WSMsgType, web

from jtrader.exchange.sim.binance.errors import USDM
from jtrader.exchange.sim.binance.hub import Hub
from jtrader.exchange.sim.binance.market_streams import is_stream
from jtrader.exchange.sim.keys import Keys
from jtrader.exchange.sim.sockets import Socket, Sockets
from jtrader.exchange.sim.world import World

_PUBLIC_KINDS = ("depth", "bookTicker", "trade")
"""What USDT-M serves below /public; everything else is below /market."""


class StreamDoor:
    def __init__(self, world: World, market: str, hub: Hub, keys: Keys, sockets: Sockets) -> None:
        self._world = world
        self._market = market
        self._hub = hub
        self._keys = keys
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
        wrong = [name for name in streams if not self._serves(name, category)]
        if wrong or (listen_key and not self._is_listen_key([listen_key])):
            return web.Response(status=400, text=f"unknown stream: {', '.join(wrong) or 'listenKey'}")
        return await self._serve(request, category, combined, streams, listen_key)

    def _is_listen_key(self, parts: list[str]) -> bool:
        return bool(parts) and self._market == USDM and self._keys.find_listener(parts[0]) is not None

    def _serves(self, name: str, category: str) -> bool:
        if not is_stream(name, self._world, self._market):
            return False
        is_public = name.split("@")[1] in _PUBLIC_KINDS
        return category == "" or (category == "public") == is_public

    async def _serve(
        self, request: web.Request, category: str, combined: bool, streams: list[str], listen_key: str
    ) -> web.StreamResponse:
        ws = web.WebSocketResponse(compress=False)
        await ws.prepare(request)
        socket = Socket(ws)
        self._sockets.add(socket)
        pump = asyncio.create_task(socket.pump())
        try:
            for name in streams:
                self._hub.subscribe(socket, name, combined)
            listener = self._keys.find_listener(listen_key) if listen_key else None
            if listener is not None:
                self._hub.listen(socket, listener.key)
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    socket.send(msgspec.json.encode(self._command(socket, message.data, category, combined)))
        finally:
            self._hub.forget(socket)
            self._sockets.remove(socket)
            socket.close()
            await pump
        return ws

    def _command(self, socket: Socket, data: str, category: str, combined: bool) -> dict[str, Any]:
        """SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS; anything else is an error with the request's id."""
        try:
            command = msgspec.json.decode(data)
            method, names, number = command["method"], command.get("params", []), command.get("id")
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            return {"error": {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}}
        wrong = [name for name in names if not (isinstance(name, str) and self._serves(name, category))]
        if method in ("SUBSCRIBE", "UNSUBSCRIBE") and wrong:
            return {"error": {"code": 2, "msg": f"Invalid request: unknown stream {wrong[0]}"}, "id": number}
        if method == "SUBSCRIBE":
            for name in names:
                self._hub.subscribe(socket, name, combined)
        elif method == "UNSUBSCRIBE":
            for name in names:
                self._hub.unsubscribe(socket, name)
        elif method == "LIST_SUBSCRIPTIONS":
            return {"result": self._hub.streams_of(socket), "id": number}
        else:
            return {"error": {"code": 2, "msg": f"Invalid request: unknown method {method}"}, "id": number}
        return {"result": None, "id": number}
