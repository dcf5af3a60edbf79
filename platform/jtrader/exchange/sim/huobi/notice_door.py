"""The contracts' notification addresses: `auth`, `sub` and `unsub` in JSON, answers as gzip members.

Codes: 2002 authentication failed or missing, 2010 no such topic, 2011 no such contract, 2012 not subscribed, 2040 a
parameter is missing (coin_margined_swap v1, WebSocket error codes).
"""

from typing import Any

import msgspec
from aiohttp import web

from jtrader.exchange.sim.huobi import signing
from jtrader.exchange.sim.huobi.heart import Heart, notice_rhythm
from jtrader.exchange.sim.huobi.notice import Speaker
from jtrader.exchange.sim.huobi.notice_hub import NoticeHub
from jtrader.exchange.sim.huobi.public_door import packed
from jtrader.exchange.sim.huobi.public_notices import public_topic
from jtrader.exchange.sim.huobi.rows_spot import ACCOUNTS
from jtrader.exchange.sim.keys import Key, Keys
from jtrader.exchange.sim.sockets import Socket, Sockets, converse
from jtrader.exchange.sim.wall import venue_wall_ns
from jtrader.exchange.sim.world import World

_SIGNED = ("AccessKeyId", "SignatureMethod", "SignatureVersion", "Timestamp", "Signature")


class NoticeDoor:
    """One address of one market."""

    def __init__(
        self, world: World, market: str, hub: NoticeHub, speaker: Speaker, keys: Keys, sockets: Sockets, beat: float
    ) -> None:
        self.world = world
        self.market = market
        self.hub = hub
        self.speaker = speaker
        self.keys = keys
        self._sockets = sockets
        self.rhythm = notice_rhythm(beat)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        host = request.host.partition(":")[0].lower()
        return await converse(request, self._sockets, _Talk(self, host, request.path), packed)


class _Talk:
    """One connection."""

    def __init__(self, door: NoticeDoor, host: str, path: str) -> None:
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
        operation = request.get("op") if isinstance(request, dict) else None
        if operation == "pong":
            if self._heart is not None:
                self._heart.answered(request.get("ts"))
        elif operation == "auth":
            self._authenticate(socket, request)
        elif operation == "sub":
            self._subscribe(socket, request)
        elif operation == "unsub":
            self._unsubscribe(socket, request)
        else:
            self._send(socket, {"op": "error"})

    def closed(self, socket: Socket) -> None:
        if self._heart is not None:
            self._heart.stop()
        self._door.hub.forget(socket)

    def _authenticate(self, socket: Socket, request: dict[str, Any]) -> None:
        """A client that can't prove itself is left."""
        fields = {name: str(request[name]) for name in _SIGNED if name in request}
        head = {"op": "auth", "type": request.get("type", "api")} | _echo(request)
        try:
            wall = venue_wall_ns() / 1e9
            key = signing.socket_sender(self._door.keys, self._host, self._path, fields, wall)
        except signing.Unproven as error:
            self._send(socket, {**head, "err-code": 2002, "err-msg": str(error)})
            self._send(socket, {"op": "close"})
            socket.leave()
            return
        self._key = key
        socket.key = key.key
        user = str(ACCOUNTS + key.accounts[self._door.market].number)
        self._send(socket, {**head, "err-code": 0, "data": {"user-id": user}})

    def _subscribe(self, socket: Socket, request: dict[str, Any]) -> None:
        found = self._found(request)
        if isinstance(found, dict):
            self._send(socket, found)
            return
        kind, name, is_public = found
        self._send(socket, self._head(request) | {"err-code": 0})
        if is_public:
            self._door.hub.follow_public(socket, kind, name)
        elif self._key is not None:
            self._door.hub.follow(socket, kind, name, self._key.accounts[self._door.market])

    def _unsubscribe(self, socket: Socket, request: dict[str, Any]) -> None:
        found = self._found(request)
        if isinstance(found, dict):
            self._send(socket, found)
            return
        kind, name, is_public = found
        account = "" if is_public or self._key is None else self._key.key
        left = self._door.hub.unfollow(socket, kind, name, account)
        result = {"err-code": 0} if left else {"err-code": 2012, "err-msg": "The topic is not subscribed."}
        self._send(socket, self._head(request) | result)

    def _found(self, request: dict[str, Any]) -> tuple[str, str, bool] | dict[str, Any]:
        """(kind, name, may everybody read it), or the refusal."""
        if "topic" not in request:
            return self._refusal(request, 2040, "Missing required parameter.")
        public = public_topic(str(request["topic"]))
        if public is None and self._key is None:
            return self._refusal(request, 2002, "Authentication is needed.")
        topic = public or self._door.speaker.topic(request)
        if topic is None:
            return self._refusal(request, 2010, "Topic error.")
        if not self._door.hub.listings(topic[1]):
            return self._refusal(request, 2011, "Contract doesn't exist.")
        return (*topic, public is not None)

    def _refusal(self, request: dict[str, Any], code: int, why: str) -> dict[str, Any]:
        return self._head(request) | {"err-code": code, "err-msg": why}

    def _head(self, request: dict[str, Any]) -> dict[str, Any]:
        named: dict[str, Any] = {name: request[name] for name in ("topic", "contract_code") if name in request}
        return {"op": request["op"], **_echo(request), **named}

    def _send(self, socket: Socket, body: dict[str, Any]) -> None:
        socket.send(msgspec.json.encode({**body, "ts": self._door.world.now // 1_000_000}))


def _echo(request: dict[str, Any]) -> dict[str, Any]:
    return {"cid": request["cid"]} if "cid" in request else {}
