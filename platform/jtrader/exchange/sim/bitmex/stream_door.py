"""The realtime stream, /realtime: subscriptions and the proof of a key. https://www.bitmex.com/app/wsAPI"""

import asyncio
from typing import Any
from urllib.parse import parse_qs

import msgspec
from aiohttp import web

from jtrader.exchange.sim.bitmex.errors import BAD_KEY, BitmexError
from jtrader.exchange.sim.bitmex.hub import Hub
from jtrader.exchange.sim.bitmex.signing import proven
from jtrader.exchange.sim.bitmex.tables import PRIVATE, PUBLIC
from jtrader.exchange.sim.bitmex.words import MARKET, stamp
from jtrader.exchange.sim.keys import Key, Keys
from jtrader.exchange.sim.sockets import Socket, Sockets, converse
from jtrader.exchange.sim.wall import venue_wall_ns
from jtrader.exchange.sim.world import World

PATHS = frozenset({"/realtime"})
_LOCKED = "User requested an account-locked subscription but no authorization was provided."
_MOST_TOPICS = 500
_UNTIL_READ = 0.1
"""Seconds between a refusal and the end of the connection, which would swallow it."""


class StreamDoor:
    def __init__(self, world: World, hub: Hub, keys: Keys, sockets: Sockets) -> None:
        self.world = world
        self.hub = hub
        self.keys = keys
        self._sockets = sockets

    async def handle(self, request: web.Request) -> web.StreamResponse:
        topics = [one for given in parse_qs(request.query_string).get("subscribe", []) for one in given.split(",")]
        return await converse(request, self._sockets, _Talk(self, topics))

    def lists(self, symbol: str) -> bool:
        return symbol in self.world.venues[MARKET].listings


class _Talk:
    """One connection: a welcome, then its commands."""

    def __init__(self, door: StreamDoor, topics: list[str]) -> None:
        self._door = door
        self._first = topics
        self._key: Key | None = None
        self._topics: set[str] = set()

    def opened(self, socket: Socket) -> None:
        welcome = {
            "info": "Welcome to the BitMEX Realtime API.",
            "version": "2.0.0",
            "timestamp": stamp(venue_wall_ns()),
            "docs": "https://www.bitmex.com/app/wsAPI",
            "heartbeatEnabled": False,
            "limit": {"remaining": 39},
        }
        socket.send(msgspec.json.encode(welcome))
        if self._first:
            self._subscribe(socket, {"op": "subscribe", "args": self._first})

    def heard(self, socket: Socket, text: str) -> None:
        if text == "ping":
            socket.send(b"pong")
            return
        try:
            request = msgspec.json.decode(text)
            op, args = request["op"], request.get("args")
        except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
            self._refuse(socket, "Unrecognized request.", None)
            return
        if isinstance(args, str):
            request = {**request, "args": [args]}
        if op == "subscribe":
            self._subscribe(socket, request)
        elif op == "unsubscribe":
            self._unsubscribe(socket, request)
        elif op in ("authKeyExpires", "authKey"):
            self._authenticate(socket, request)
        else:
            self._refuse(socket, f"Unknown operation: {op}", request)

    def closed(self, socket: Socket) -> None:
        self._door.hub.forget(socket)

    def _subscribe(self, socket: Socket, request: dict[str, Any]) -> None:
        for topic in _topics(request):
            try:
                self._check(topic)
            except BitmexError as error:
                self._refuse(socket, str(error), request, error.status)
                continue
            self._topics.add(topic)
            self._reply(socket, {"success": True, "subscribe": topic, "request": request})
            table, _, symbol = topic.partition(":")
            if table in PRIVATE and self._key is not None:
                self._door.hub.follow_account(socket, table, self._key.accounts[MARKET])
            else:
                self._door.hub.follow(socket, table, symbol)

    def _unsubscribe(self, socket: Socket, request: dict[str, Any]) -> None:
        for topic in _topics(request):
            table, _, symbol = topic.partition(":")
            if topic not in self._topics:
                self._refuse(socket, f"Not subscribed to topic: {topic}", request)
                continue
            self._topics.discard(topic)
            name = self._key.accounts[MARKET].name if table in PRIVATE and self._key is not None else symbol
            self._door.hub.unfollow(socket, table, name)
            self._reply(socket, {"success": True, "unsubscribe": topic, "request": request})

    def _authenticate(self, socket: Socket, request: dict[str, Any]) -> None:
        """A refused key is told, and the connection ends."""
        args = request.get("args")
        try:
            if not isinstance(args, list) or len(args) != 3:
                raise BitmexError(*BAD_KEY)
            name, expires, signature = (str(one) for one in args)
            signed = "GET/realtime" + expires
            self._key = proven(self._door.keys, name, expires, signature, signed, venue_wall_ns())
        except BitmexError as error:
            self._refuse(socket, str(error), request, error.status)
            asyncio.get_running_loop().call_later(_UNTIL_READ, socket.close, 1008)
            return
        socket.key = self._key.key
        self._reply(socket, {"success": True, "request": request})

    def _check(self, topic: str) -> None:
        """Raises BitmexError for a topic that can't be had."""
        table, colon, symbol = topic.partition(":")
        if table not in PUBLIC and table not in PRIVATE:
            raise BitmexError(f"Unknown table: {table}")
        if topic in self._topics:
            raise BitmexError(f"You are already subscribed to this topic: {topic}")
        if len(self._topics) >= _MOST_TOPICS:
            raise BitmexError("Too many subscriptions")
        if table in PRIVATE:
            if self._key is None:
                raise BitmexError(_LOCKED, 401)
        elif colon and not self._door.lists(symbol):
            raise BitmexError("Unknown or expired symbol.")

    def _refuse(self, socket: Socket, error: str, request: Any, status: int = 400) -> None:
        self._reply(socket, {"status": status, "error": error, "meta": {}, "request": request})

    def _reply(self, socket: Socket, body: dict[str, Any]) -> None:
        socket.send(msgspec.json.encode(body))


def _topics(request: dict[str, Any]) -> list[str]:
    args = request.get("args")
    return [one for one in args if isinstance(one, str)] if isinstance(args, list) else []
