"""The WebSocket addresses of HTX's two hosts, and who is told what happened behind each."""

from typing import Protocol

from aiohttp import web

from jtrader.exchange.sim.huobi.hub import Hub
from jtrader.exchange.sim.huobi.names import FUTURE, LINEAR, MARKETS, SPOT, SWAP
from jtrader.exchange.sim.huobi.notice import Speaker
from jtrader.exchange.sim.huobi.notice_door import NoticeDoor
from jtrader.exchange.sim.huobi.notice_hub import NoticeHub
from jtrader.exchange.sim.huobi.notices_inverse import InverseSpeaker
from jtrader.exchange.sim.huobi.notices_v5 import V5Speaker
from jtrader.exchange.sim.huobi.public_door import PublicDoor
from jtrader.exchange.sim.huobi.spot_notices import SpotNotices
from jtrader.exchange.sim.huobi.spot_private_door import SpotPrivateDoor
from jtrader.exchange.sim.keys import Keys
from jtrader.exchange.sim.sockets import Sockets
from jtrader.exchange.sim.world import Told, World

BEAT_SECONDS = 5.0
_STREAM_PATHS = {LINEAR: "/linear-swap-ws", SWAP: "/swap-ws", FUTURE: "/ws"}
_NOTICE_PATHS = {
    "/linear-swap-notification": LINEAR,
    "/ws/v5/notification": LINEAR,
    "/swap-notification": SWAP,
    "/notification": FUTURE,
}


class Door(Protocol):
    async def handle(self, request: web.Request) -> web.StreamResponse: ...


class Streams:
    """Of those of HTX's markets that the world has; `beat` is the time between two heartbeats."""

    def __init__(self, world: World, keys: Keys, sockets: Sockets, beat: float) -> None:
        self._hubs = {market: Hub(world, market) for market in MARKETS if market in world.venues}
        self._notices: dict[str, NoticeHub | SpotNotices] = {}
        self._spot: dict[str, Door] = {}
        self._contract: dict[str, Door] = {}
        if SPOT in self._hubs:
            hub, notices = self._hubs[SPOT], SpotNotices(world, SPOT)
            self._notices[SPOT] = notices
            self._spot["/ws"] = PublicDoor(world, SPOT, hub, sockets, beat, increments=False)
            self._spot["/feed"] = PublicDoor(world, SPOT, hub, sockets, beat, increments=True)
            self._spot["/ws/v2"] = SpotPrivateDoor(notices, keys, sockets, beat)
        for market, path in _STREAM_PATHS.items():
            if market in self._hubs:
                self._contract[path] = PublicDoor(world, market, self._hubs[market], sockets, beat)
        for path, market in _NOTICE_PATHS.items():
            if market in self._hubs:
                self._contract[path] = self._notice_door(world, market, keys, sockets, beat)

    def door(self, path: str, spot: bool) -> Door | None:
        """None for a path that is no stream's."""
        return (self._spot if spot else self._contract).get(path)

    def tell(self, told: Told) -> None:
        notices, hub = self._notices.get(told.market), self._hubs.get(told.market)
        if notices is not None:
            notices.tell(told)
        if hub is not None:
            hub.tell(told)

    def _notice_door(self, world: World, market: str, keys: Keys, sockets: Sockets, beat: float) -> NoticeDoor:
        speaker: Speaker = V5Speaker(world, market) if market == LINEAR else InverseSpeaker(world, market)
        hub = self._notices.get(market)
        if not isinstance(hub, NoticeHub):
            hub = self._notices[market] = NoticeHub(world, market, speaker)
        return NoticeDoor(world, market, hub, speaker, keys, sockets, beat)
