"""HTX's doors of the simulator's server: REST of four markets on two hosts, market streams and notifications."""

import re
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from jtrader.domain.errors import BadInput
from jtrader.exchange.sim.huobi import signing
from jtrader.exchange.sim.huobi.call import Call, Whole
from jtrader.exchange.sim.huobi.errors import (
    UNKNOWN_PATH,
    Family,
    HuobiError,
    error_body,
    illegal,
    in_words,
    unknown_symbol,
    unproven,
)
from jtrader.exchange.sim.huobi.limits import Limits
from jtrader.exchange.sim.huobi.names import CONTRACT_HOSTS, INVERSE, LINEAR, SPOT_HOSTS
from jtrader.exchange.sim.huobi.pairs import end_dependants
from jtrader.exchange.sim.huobi.route import Route
from jtrader.exchange.sim.huobi.routes import CONTRACT, SPOT
from jtrader.exchange.sim.huobi.streams import BEAT_SECONDS, Streams
from jtrader.exchange.sim.huobi.switches import Switches
from jtrader.exchange.sim.keys import Key, Keys
from jtrader.exchange.sim.runner import Runner
from jtrader.exchange.sim.sockets import Sockets
from jtrader.exchange.sim.wall import venue_wall_ns
from jtrader.exchange.sim.world import Told
from jtrader.venue.refusals import Refused

_NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")
_SIGNED_NAMES = ("AccessKeyId", "SignatureMethod", "SignatureVersion", "Timestamp", "Signature")


class HuobiDialect:
    """Serves the hosts of `hosts`; every other host is somebody else's."""

    def __init__(
        self, runner: Runner, keys: Keys, sockets: Sockets, counts: dict[str, int], beat: float = BEAT_SECONDS
    ) -> None:
        self._runner = runner
        self._keys = keys
        self._counts = counts
        self._limits = Limits()
        self._switches = Switches(self._cancel_all)
        self._streams = Streams(runner.world, keys, sockets, beat)
        runner.listen(self._tell)

    @property
    def hosts(self) -> frozenset[str]:
        return SPOT_HOSTS | CONTRACT_HOSTS

    def close(self) -> None:
        self._switches.close()

    async def handle(self, request: web.Request, host: str) -> web.StreamResponse:
        door = self._streams.door(request.path, host in SPOT_HOSTS)
        return await self._rest(request, host) if door is None else await door.handle(request)

    async def _rest(self, request: web.Request, host: str) -> web.Response:
        """Every answer has status 200."""
        path, _, query = request.raw_path.partition("?")
        table = SPOT if host in SPOT_HOSTS else CONTRACT
        route = table.get((request.method, _NUMBER.sub("{id}", path)))
        headers: dict[str, str] = {}
        if route is None:
            family = Family.SPOT if host in SPOT_HOSTS else Family.CONTRACT
            return _response(error_body(family, HuobiError(*UNKNOWN_PATH), self._now_ms), headers)
        try:
            key = self._sender(route, request, host, path, query)
            who = key.key if key is not None else request.remote or ""
            wall_ms = venue_wall_ns() // 1_000_000
            pace = key.pace if key is not None else 1.0
            headers = self._limits.take(route.allowance, path, who, wall_ms, route.family, pace)
            answer = self._answer(self._call(route, path, query, await request.read(), key, wall_ms), route)
        except HuobiError as error:
            return _response(error_body(route.family, error, self._now_ms), headers)
        return _response(_wrapped(route.family, answer, self._now_ms), headers)

    @property
    def _now_ms(self) -> int:
        return self._runner.world.now // 1_000_000

    def _sender(self, route: Route, request: web.Request, host: str, path: str, query: str) -> Key | None:
        if not route.signed:
            return None
        try:
            return signing.rest_sender(self._keys, request.method, host, path, query, venue_wall_ns() / 1e9)
        except signing.Unproven as error:
            raise unproven(route.family, str(error)) from error

    def _call(self, route: Route, path: str, query: str, body: bytes, key: Key | None, wall_ms: int) -> Call:
        params: dict[str, Any] = {name: value for name, value in parse_qsl(query) if name not in _SIGNED_NAMES}
        items: list[dict[str, Any]] = []
        if body:
            try:
                sent = msgspec.json.decode(body)
            except msgspec.DecodeError:
                raise illegal(route.family, "body") from None
            if isinstance(sent, dict):
                params |= sent
            elif isinstance(sent, list) and all(isinstance(one, dict) for one in sent):
                items = sent
            else:
                raise illegal(route.family, "body")
        number = _NUMBER.search(path)
        if number is not None:
            params["{id}"] = number[0]
        return Call(self._runner.world, route.market, route.family, params, wall_ms, self._switches, key, tuple(items))

    def _tell(self, told: Told) -> None:
        self._streams.tell(told)
        if told.market in (*INVERSE, LINEAR) and end_dependants(self._runner.world, told):
            self._runner.tell()

    def _cancel_all(self, market: str, account: str) -> None:
        runner, venue = self._runner, self._runner.world.venues[market]
        runner.catch_up()
        venue.cancel_all(venue.accounts[account], None, runner.world.now)
        runner.tell()

    def _answer(self, call: Call, route: Route) -> Any:
        if call.market not in call.world.venues:
            raise unknown_symbol(route.family)
        self._counts["requests"] = self._counts.get("requests", 0) + 1
        self._runner.catch_up()
        try:
            return route.handler(call)
        except Refused as refused:
            raise in_words(call.market, refused) from refused
        except BadInput as error:
            raise illegal(route.family, str(error)) from error
        finally:
            if route.acts:
                self._runner.tell()


def _wrapped(family: Family, answer: Any, now_ms: int) -> dict[str, Any]:
    if isinstance(answer, Whole):
        return answer.body
    if family is Family.SPOT:
        return {"status": "ok", "data": answer}
    if family is Family.SPOT_V2:
        return {"code": 200, "message": "success", "data": answer, "ok": True}
    if family is Family.CONTRACT:
        return {"status": "ok", "data": answer, "ts": now_ms}
    return {"code": 200, "message": "Success", "data": answer, "ts": now_ms}


def _response(body: dict[str, Any], headers: dict[str, str]) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), content_type="application/json", headers=headers)
