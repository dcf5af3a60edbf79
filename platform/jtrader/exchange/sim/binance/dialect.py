"""Binance's doors of the simulator's server: REST, market and private streams, and the WebSocket API, by host."""

import asyncio
from contextvars import Context
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from jtrader.domain.errors import BadInput
from jtrader.domain.times import to_millis
from jtrader.exchange.sim.binance import signing
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.countdown import Countdowns
from jtrader.exchange.sim.binance.errors import COINM, SPOT, USDM, BinanceError, in_words
from jtrader.exchange.sim.binance.hub import Hub
from jtrader.exchange.sim.binance.limits import SAPI, Limits
from jtrader.exchange.sim.binance.listen_keys import LIFE_MS, ListenKeys
from jtrader.exchange.sim.binance.route import Proof, Route
from jtrader.exchange.sim.binance.routes import HOSTS, WS_API, rest_routes
from jtrader.exchange.sim.binance.stream_door import StreamDoor, wall_ms
from jtrader.exchange.sim.binance.ws_api_door import WsApiDoor
from jtrader.exchange.sim.keys import Key, Keys
from jtrader.exchange.sim.runner import Runner
from jtrader.exchange.sim.sockets import Sockets
from jtrader.exchange.sim.world import Told
from jtrader.venue.refusals import Refused

_STREAM_HOSTS = {"stream.binance.com": SPOT, "fstream.binance.com": USDM, "dstream.binance.com": COINM}


class BinanceDialect:
    """Serves the hosts of `hosts`; every other host is somebody else's."""

    def __init__(self, runner: Runner, keys: Keys, sockets: Sockets, counts: dict[str, int]) -> None:
        self._runner = runner
        self._keys = keys
        self._counts = counts
        world = runner.world
        self._limits = Limits(
            lambda: keys.pace * max(1.0, runner.clock.speed),
            lambda account: keys.pace_of(account) * max(1.0, runner.clock.speed),
        )
        self._countdowns = Countdowns(runner.tell)
        self._listen_keys = {market: ListenKeys(LIFE_MS) for market in HOSTS.values()}
        self._expiry: asyncio.TimerHandle | None = None
        self._routes = rest_routes(self._countdowns.start)
        self._hubs = {market: Hub(world, market) for market in HOSTS.values() if market in world.venues}
        self._streams = {
            host: StreamDoor(world, market, self._hubs[market], self._listen_keys[market], sockets)
            for host, market in _STREAM_HOSTS.items()
            if market in self._hubs
        }
        self._apis = {
            host: WsApiDoor(world, market, methods, self._hubs[market], keys, sockets, self)
            for host, (market, methods) in WS_API.items()
            if market in self._hubs
        }
        doors: list[StreamDoor | WsApiDoor] = [*self._streams.values(), *self._apis.values()]
        self._lifetimes = [door.lifetimes for door in doors]
        runner.listen(self._tell)

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset(HOSTS) | frozenset(self._streams) | frozenset(self._apis)

    async def handle(self, request: web.Request, host: str) -> web.StreamResponse:
        if host in self._streams:
            return await self._streams[host].handle(request)
        if host in self._apis:
            return await self._apis[host].handle(request)
        return await self._rest(request, host)

    def close(self) -> None:
        self._countdowns.close()
        if self._expiry is not None:
            self._expiry.cancel()

    def answer(self, route: Route, market: str, door: str, params: dict[str, str], key: Key | None) -> Any:
        """One request, already proven; `door` is where its weight counts. Raises BinanceError."""
        self._counts["requests"] = self._counts.get("requests", 0) + 1
        now_ms = wall_ms()
        self._limits.take(door, route.weight_of(params), now_ms, key.key if key is not None and route.orders else None)
        self._runner.catch_up()
        call = Call(self._runner.world, market, params, now_ms, self._listen_keys[market], key)
        try:
            return route.handler(call)
        except Refused as refused:
            raise in_words(market, refused) from refused
        except BadInput as error:
            raise BinanceError(-1100, f"Illegal characters found in a parameter: {error}") from error
        finally:
            if route.acts:
                self._runner.tell()
            if route.proof is Proof.KEY:
                self._watch_listen_keys()

    def rate_limits(self, door: str, key: Key | None) -> list[dict[str, Any]]:
        return self._limits.rows(door, wall_ms(), None if key is None else key.key)

    async def _rest(self, request: web.Request, host: str) -> web.Response:
        market = HOSTS[host]
        path, _, query = request.raw_path.partition("?")
        door = SAPI if path.startswith("/sapi/") else market
        body = await request.text()
        account: str | None = None
        try:
            route = self._routes[host].get((request.method, path))
            if route is None:
                raise BinanceError(-5000, f"Path {path}, Method {request.method} is invalid", 404)
            raw = query + body
            key = self._proven(route, raw, request.headers.get("X-MBX-APIKEY"))
            account = key.key if key is not None and route.orders else None
            params = _params(raw if not (query and body) else f"{query}&{body}")
            answer = self.answer(route, market, door, params, key)
        except BinanceError as error:
            return self._response(door, error.body, error.status, account, error.headers)
        return self._response(door, answer, 200, account, {})

    def _proven(self, route: Route, raw: str, sent_key: str | None) -> Key | None:
        if route.proof is Proof.NONE:
            return None
        key = signing.key_of(self._keys, sent_key)
        if route.proof is Proof.SIGNED:
            payload, signature = signing.split_signature(raw)
            params = dict(parse_qsl(payload))
            signing.check_signature(key, payload, signature)
            signing.check_timestamp(params.get("timestamp"), params.get("recvWindow"), wall_ms())
        return key

    def _response(
        self, door: str, body: Any, status: int, account: str | None, headers: dict[str, str]
    ) -> web.Response:
        counted = self._limits.headers(door, wall_ms(), account)
        encoded = msgspec.json.encode(body)
        return web.Response(body=encoded, status=status, content_type="application/json", headers=counted | headers)

    def _tell(self, told: Told) -> None:
        hub = self._hubs.get(told.market)
        if hub is not None:
            hub.tell(told)
        for lifetimes in self._lifetimes:
            lifetimes.passed(told.now)

    def _watch_listen_keys(self) -> None:
        """Tells of expired listen keys, now and when the next one expires."""
        if self._expiry is not None:
            self._expiry.cancel()
        now = wall_ms()
        for market, listen_keys in self._listen_keys.items():
            for gone in listen_keys.expired(now):
                if market in self._hubs:
                    self._hubs[market].expire(gone.account, gone.token, to_millis(self._runner.world.now))
        waits = [at - now for keys in self._listen_keys.values() if (at := keys.next_expiry_ms()) is not None]
        if waits:
            loop = asyncio.get_running_loop()
            delay = min(waits) / 1_000 + 0.001
            self._expiry = loop.call_later(delay, self._watch_listen_keys, context=Context())


def _params(raw: str) -> dict[str, str]:
    """A parameter that is told more than once is a list: `asset=A&asset=B` means `asset=A,B`."""
    params: dict[str, str] = {}
    for name, value in parse_qsl(raw):
        params[name] = f"{params[name]},{value}" if name in params else value
    return params
