"""Binance's doors of the simulator's server: REST, market and private streams, and the WebSocket API, by host."""

import time
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from jtrader.domain.errors import BadInput
from jtrader.exchange.sim.binance import signing
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import BinanceError, in_words
from jtrader.exchange.sim.binance.hub import Hub
from jtrader.exchange.sim.binance.routes import REST, WS_API, Proof, Route
from jtrader.exchange.sim.binance.stream_door import StreamDoor
from jtrader.exchange.sim.binance.weights import Weights
from jtrader.exchange.sim.binance.ws_api_door import WsApiDoor
from jtrader.exchange.sim.keys import Key, Keys
from jtrader.exchange.sim.runner import Runner
from jtrader.exchange.sim.sockets import Sockets
from jtrader.exchange.sim.world import Told
from jtrader.venue.refusals import Refused

_MARKET_OF_STREAMS = {"stream.binance.com": "binance_spot", "fstream.binance.com": "binance_usdm"}


class BinanceDialect:
    """Serves the hosts of `hosts`; every other host is somebody else's."""

    def __init__(self, runner: Runner, keys: Keys, sockets: Sockets, counts: dict[str, int]) -> None:
        self._runner = runner
        self._keys = keys
        self._counts = counts
        self._weights = Weights()
        self._hubs = {market: Hub(runner.world, market) for market in runner.world.venues}
        self._streams = {
            host: StreamDoor(runner.world, market, self._hubs[market], keys, sockets)
            for host, market in _MARKET_OF_STREAMS.items()
            if market in self._hubs
        }
        self._apis = {
            host: WsApiDoor(market, methods, self._hubs[market], keys, sockets, self.answer)
            for host, (market, methods) in WS_API.items()
            if market in self._hubs
        }
        runner.listen(self._tell)

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset(REST) | frozenset(self._streams) | frozenset(self._apis)

    async def handle(self, request: web.Request, host: str) -> web.StreamResponse:
        if host in self._streams:
            return await self._streams[host].handle(request)
        if host in self._apis:
            return await self._apis[host].handle(request)
        return await self._rest(request, host)

    def answer(self, route: Route, market: str, params: dict[str, str], key: Key | None) -> Any:
        """One request, already proven. Raises BinanceError."""
        if market not in self._runner.world.venues:
            raise BinanceError(-1121, "Invalid symbol.")
        self._counts["requests"] = self._counts.get("requests", 0) + 1
        wall_ms = time.time_ns() // 1_000_000
        self._weights.add(market, route.weight, wall_ms)
        self._runner.catch_up()
        call = Call(self._runner.world, market, params, wall_ms, key)
        try:
            return route.handler(call)
        except Refused as refused:
            raise in_words(market, refused) from refused
        except BadInput as error:
            raise BinanceError(-1100, f"Illegal characters found in a parameter: {error}") from error
        finally:
            if route.acts:
                self._runner.tell()

    async def _rest(self, request: web.Request, host: str) -> web.Response:
        market, routes = REST[host]
        path, _, query = request.raw_path.partition("?")
        body = await request.text()
        try:
            route = routes.get((request.method, path))
            if route is None:
                raise BinanceError(-5000, f"Path {path}, Method {request.method} is invalid", 404)
            raw = query + body
            key = self._proven(route, raw, request.headers.get("X-MBX-APIKEY"))
            answer = self.answer(
                route, market, dict(parse_qsl(raw if not (query and body) else f"{query}&{body}")), key
            )
        except BinanceError as error:
            return self._response(market, error.body, error.status)
        return self._response(market, answer, 200)

    def _proven(self, route: Route, raw: str, sent_key: str | None) -> Key | None:
        if route.proof is Proof.NONE:
            return None
        key = signing.key_of(self._keys, sent_key)
        if route.proof is Proof.SIGNED:
            payload, signature = signing.split_signature(raw)
            params = dict(parse_qsl(payload))
            signing.check_signature(key, payload, signature)
            signing.check_timestamp(params.get("timestamp"), params.get("recvWindow"), time.time_ns() // 1_000_000)
        return key

    def _response(self, market: str, body: Any, status: int) -> web.Response:
        headers = {"X-MBX-USED-WEIGHT-1M": str(self._weights.used(market, time.time_ns() // 1_000_000))}
        encoded = msgspec.json.encode(body)
        return web.Response(body=encoded, status=status, content_type="application/json", headers=headers)

    def _tell(self, told: Told) -> None:
        hub = self._hubs.get(told.market)
        if hub is not None:
            hub.tell(told)
