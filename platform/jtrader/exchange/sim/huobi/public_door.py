"""The market streams' addresses: `sub`, `unsub` and `req` in JSON, answers as gzip members."""

from functools import lru_cache
from typing import Any

import msgspec
from aiohttp import web
from isal import igzip

from jtrader.exchange.sim.huobi.channels import is_increment
from jtrader.exchange.sim.huobi.heart import Heart, market_rhythm
from jtrader.exchange.sim.huobi.hub import Hub
from jtrader.exchange.sim.huobi.replies import reply
from jtrader.exchange.sim.sockets import Socket, Sockets, converse
from jtrader.exchange.sim.world import World

_BAD_JSON = {"status": "error", "err-code": "bad-request", "err-msg": "invalid request: not a JSON object"}


@lru_cache(maxsize=256)
def packed(message: bytes) -> bytes:
    """A gzip member; what several clients get is packed once."""
    member: bytes = igzip.compress(message, compresslevel=1, mtime=0)
    return member


class PublicDoor:
    """One address of one market. Spot's incremental books have their own, `/feed`, and nothing else is there."""

    def __init__(
        self, world: World, market: str, hub: Hub, sockets: Sockets, beat: float, increments: bool | None = None
    ) -> None:
        self.world = world
        self.market = market
        self.hub = hub
        self._sockets = sockets
        self._increments = increments
        self.rhythm = market_rhythm(beat)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        return await converse(request, self._sockets, _Talk(self), packed)

    def serves(self, channel: str, incremental: bool) -> bool:
        here = self._increments is None or is_increment(channel) == self._increments
        return here and self.hub.serves(channel, incremental)


class _Talk:
    """One connection."""

    def __init__(self, door: PublicDoor) -> None:
        self._door = door
        self._heart: Heart | None = None

    def opened(self, socket: Socket) -> None:
        self._heart = Heart(socket, self._door.rhythm)

    def heard(self, socket: Socket, text: str) -> None:
        try:
            request = msgspec.json.decode(text)
        except msgspec.DecodeError:
            request = None
        if not isinstance(request, dict):
            self._answer(socket, _BAD_JSON)
        elif "pong" in request:
            if self._heart is not None:
                self._heart.answered(request["pong"])
        elif "sub" in request:
            self._subscribe(socket, str(request["sub"]), request)
        elif "unsub" in request:
            self._unsubscribe(socket, str(request["unsub"]), request)
        elif "req" in request:
            self._reply(socket, str(request["req"]), request)
        elif "ping" in request:
            self._answer(socket, {"pong": request["ping"]})
        else:
            self._refuse(socket, "invalid command", request)

    def closed(self, socket: Socket) -> None:
        if self._heart is not None:
            self._heart.stop()
        self._door.hub.forget(socket)

    def _subscribe(self, socket: Socket, channel: str, request: dict[str, Any]) -> None:
        incremental = request.get("data_type") == "incremental"
        if not self._door.serves(channel, incremental):
            self._refuse(socket, f"invalid topic {channel}", request)
            return
        self._answer(socket, {"id": request.get("id"), "status": "ok", "subbed": channel})
        self._door.hub.follow(socket, channel, incremental)

    def _unsubscribe(self, socket: Socket, channel: str, request: dict[str, Any]) -> None:
        if self._door.hub.unfollow(socket, channel, request.get("data_type") == "incremental"):
            self._answer(socket, {"id": request.get("id"), "status": "ok", "unsubbed": channel})
        else:
            self._refuse(socket, f"unsub with not subbed topic {channel}", request)

    def _reply(self, socket: Socket, channel: str, request: dict[str, Any]) -> None:
        door = self._door
        answer = reply(door.world, door.market, door.hub, request) if door.serves(channel, False) else None
        if answer is None:
            self._refuse(socket, f"invalid topic {channel}", request)
        else:
            socket.send(msgspec.json.encode(answer))

    def _refuse(self, socket: Socket, why: str, request: dict[str, Any]) -> None:
        body = {"status": "error", "err-code": "bad-request", "err-msg": why}
        self._answer(socket, body | ({"id": request["id"]} if "id" in request else {}))

    def _answer(self, socket: Socket, body: dict[str, Any]) -> None:
        socket.send(msgspec.json.encode({**body, "ts": self._door.world.now // 1_000_000}))
