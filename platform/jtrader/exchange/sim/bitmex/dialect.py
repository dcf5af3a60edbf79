"""BitMEX's doors of the simulator's server: REST below /api/v1 and the realtime stream."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from jtrader.domain.errors import BadInput
from jtrader.exchange.sim.bitmex.call import Call
from jtrader.exchange.sim.bitmex.desk import Desk
from jtrader.exchange.sim.bitmex.errors import NO_KEY, BitmexError, in_words
from jtrader.exchange.sim.bitmex.hub import Hub
from jtrader.exchange.sim.bitmex.limits import WITH_KEY, WITHOUT_KEY, Limits
from jtrader.exchange.sim.bitmex.routes import BASE, ROUTES, Route
from jtrader.exchange.sim.bitmex.signing import proven
from jtrader.exchange.sim.bitmex.stream_door import PATHS, StreamDoor
from jtrader.exchange.sim.bitmex.words import MARKET
from jtrader.exchange.sim.keys import Key, Keys
from jtrader.exchange.sim.runner import Runner
from jtrader.exchange.sim.sockets import Sockets
from jtrader.exchange.sim.wall import venue_wall_ns
from jtrader.exchange.sim.world import Told
from jtrader.venue.refusals import Refused

HOSTS = frozenset({"www.bitmex.com", "ws.bitmex.com"})
_BODY = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class BitmexDialect:
    """Serves `hosts`: one API for every kind of contract, and one account with a wallet a settling coin."""

    def __init__(self, runner: Runner, keys: Keys, sockets: Sockets, counts: dict[str, int]) -> None:
        self._runner = runner
        self._keys = keys
        self._counts = counts
        self._limits = Limits()
        self._desk = Desk(self._cancel_all)
        self._hub = Hub(runner.world)
        self._stream = StreamDoor(runner.world, self._hub, keys, sockets)
        runner.listen(self._tell)

    @property
    def hosts(self) -> frozenset[str]:
        return HOSTS

    async def handle(self, request: web.Request, host: str) -> web.StreamResponse:  # noqa: ARG002
        if request.path in PATHS:
            return await self._stream.handle(request)
        body = await request.text()
        headers: dict[str, str] = {}
        try:
            answer = self._answer(request, body, headers)
        except BitmexError as error:
            return _response(error.body, error.status, headers | error.headers)
        return _response(answer, 200, headers)

    def close(self) -> None:
        self._desk.close()

    def _answer(self, request: web.Request, body: str, headers: dict[str, str]) -> Any:
        """Raises BitmexError. `headers` are filled on the way."""
        route = ROUTES.get((request.method, request.path.removeprefix(BASE)))
        if route is None or not request.path.startswith(BASE):
            raise BitmexError("Not Found", 404)
        key = self._proven(request, body)
        if key is None and route.needs_key:
            raise BitmexError(*NO_KEY)
        headers.update(self._counted(request.remote or "", key, route.acts))
        return self._run(route, _params(request, body), key)

    def _counted(self, address: str, key: Key | None, acts: bool) -> dict[str, str]:
        if key is None:
            return self._limits.take(address, WITHOUT_KEY, acts, venue_wall_ns())
        return self._limits.take(key.key, WITH_KEY, acts, venue_wall_ns(), key.pace)

    def _run(self, route: Route, params: dict[str, Any], key: Key | None) -> Any:
        self._counts["requests"] = self._counts.get("requests", 0) + 1
        self._runner.catch_up()
        call = Call(self._runner.world, self._desk, params, venue_wall_ns(), key)
        try:
            return route.handler(call)
        except Refused as refused:
            raise in_words(refused) from refused
        except BadInput as error:
            raise BitmexError(str(error)) from error
        finally:
            if route.acts:
                self._runner.tell()

    def _proven(self, request: web.Request, body: str) -> Key | None:
        """None for a request without a key: public calls with keys are signed too."""
        name = request.headers.get("api-key")
        if name is None:
            return None
        expires = request.headers.get("api-expires", "")
        signed = request.method + request.raw_path + expires + body
        return proven(self._keys, name, expires, request.headers.get("api-signature", ""), signed, venue_wall_ns())

    def _cancel_all(self, account: str) -> None:
        runner, venue = self._runner, self._runner.world.venues[MARKET]
        runner.catch_up()
        venue.cancel_all(venue.accounts[account], None, runner.world.now)
        runner.tell()

    def _tell(self, told: Told) -> None:
        if told.market == MARKET:
            self._hub.tell(told)


def _params(request: web.Request, body: str) -> dict[str, Any]:
    """Query and JSON body. Numbers of the body become Decimals."""
    params: dict[str, Any] = dict(parse_qsl(request.raw_path.partition("?")[2]))
    if not body:
        return params
    try:
        return params | _BODY.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError):
        try:
            return params | dict(parse_qsl(body, strict_parsing=True))
        except ValueError:
            raise BitmexError("Request body is neither JSON nor a form.", 400) from None


def _response(body: Any, status: int, headers: dict[str, str]) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json", headers=headers)
