"""Spot's private stream, `/ws/v2`: plain JSON, a client proves itself before it subscribes.

Codes: 200; 2001 what the request says isn't valid; 2002 authentication failed or missing (spot WebSocket v2).
"""

from typing import Any

import msgspec
from aiohttp import web

from jtrader.exchange.sim.huobi import signing
from jtrader.exchange.sim.huobi.heart import Heart, spot_private_rhythm
from jtrader.exchange.sim.huobi.names import SPOT
from jtrader.exchange.sim.huobi.spot_notices import SpotNotices
from jtrader.exchange.sim.keys import Key, Keys
from jtrader.exchange.sim.sockets import Socket, Sockets, converse
from jtrader.exchange.sim.wall import venue_wall_ns

_SIGNED = ("accessKey", "signatureMethod", "signatureVersion", "timestamp", "signature")


class SpotPrivateDoor:
    def __init__(self, notices: SpotNotices, keys: Keys, sockets: Sockets, beat: float) -> None:
        self.notices = notices
        self.keys = keys
        self._sockets = sockets
        self.rhythm = spot_private_rhythm(beat)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        host = request.host.partition(":")[0].lower()
        return await converse(request, self._sockets, _Talk(self, host, request.path))


class _Talk:
    """One connection."""

    def __init__(self, door: SpotPrivateDoor, host: str, path: str) -> None:
        self._door = door
        self._host = host
        self._path = path
        self._key: Key | None = None
        self._heart: Heart | None = None

    def opened(self, socket: Socket) -> None:
        self._heart = Heart(socket, self._door.rhythm)

    def heard(self, socket: Socket, text: str) -> None:
        try:
            request = msgspec.json.decode(text)
        except msgspec.DecodeError:
            request = None
        if not isinstance(request, dict):
            _send(socket, {"action": "error", "code": 2001, "message": "invalid.json"})
            return
        action, channel = request.get("action"), str(request.get("ch", ""))
        if action == "pong":
            self._pong(request)
        elif action == "req" and channel == "auth":
            self._authenticate(socket, request)
        elif action in ("sub", "unsub"):
            self._subscribe(socket, action, channel)
        else:
            _send(socket, {"action": action, "code": 2001, "ch": channel, "message": "invalid.action"})

    def closed(self, socket: Socket) -> None:
        if self._heart is not None:
            self._heart.stop()
        self._door.notices.forget(socket)

    def _pong(self, request: dict[str, Any]) -> None:
        data = request.get("data")
        if self._heart is not None and isinstance(data, dict):
            self._heart.answered(data.get("ts"))

    def _authenticate(self, socket: Socket, request: dict[str, Any]) -> None:
        params = request.get("params")
        if not isinstance(params, dict):
            _send(socket, {"action": "req", "code": 2001, "ch": "auth", "message": "missing.param.auth"})
            return
        fields = {name: str(params[name]) for name in _SIGNED if name in params}
        try:
            wall = venue_wall_ns() / 1e9
            self._key = signing.socket_sender(
                self._door.keys, self._host, self._path, fields, wall, signing.SPOT_SOCKET_VERSION
            )
        except signing.Unproven:
            _send(socket, {"action": "req", "code": 2002, "ch": "auth", "message": "auth.fail"})
            return
        socket.key = self._key.key
        _send(socket, {"action": "req", "code": 200, "ch": "auth", "data": {}})

    def _subscribe(self, socket: Socket, action: str, channel: str) -> None:
        notices = self._door.notices
        topic = notices.topic(channel)
        if self._key is None:
            answer: dict[str, Any] = {"code": 2002, "ch": channel, "message": "invalid.auth.state"}
        elif topic is None:
            answer = {"code": 2001, "ch": channel, "message": "invalid.ch"}
        elif not notices.lists(channel):
            answer = {"code": 2001, "ch": channel, "message": "invalid.symbol"}
        else:
            _send(socket, {"action": action, "code": 200, "ch": topic, "data": {}})
            if action == "sub":
                notices.follow(socket, topic, self._key.accounts[SPOT])
            else:
                notices.unfollow(socket, topic, self._key.key)
            return
        _send(socket, {"action": action, **answer})


def _send(socket: Socket, body: dict[str, Any]) -> None:
    socket.send(msgspec.json.encode(body))
