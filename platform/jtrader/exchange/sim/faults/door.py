"""`/sim/faults`: GET tells the script in force and its counts, POST puts another in its place, DELETE ends it."""

from typing import Any

import msgspec
from aiohttp import web

from jtrader.domain.errors import BadInput
from jtrader.exchange.sim.faults.faults import Faults
from jtrader.exchange.sim.faults.script import script_of

PATH = "/sim/faults"


class FaultsDoor:
    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    async def handle(self, request: web.Request) -> web.Response:
        if request.method == "POST":
            try:
                self._faults.load(script_of(msgspec.json.decode(await request.read())))
            except (BadInput, msgspec.DecodeError) as error:
                return _json({"error": str(error)}, 400)
        elif request.method == "DELETE":
            self._faults.clear()
        elif request.method != "GET":
            return _json({"error": f"{request.method} {PATH} is not known here; GET, POST and DELETE are"}, 404)
        return _json(self._faults.told())


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
