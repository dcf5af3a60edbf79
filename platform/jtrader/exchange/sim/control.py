"""The simulator's own door, `/sim/…`: its clock, its figures, and what is done by hand. No venue has it."""

import time
from typing import Any

import msgspec
from aiohttp import web

from jtrader.domain.errors import BadInput
from jtrader.exchange.sim.by_hand import Answer, ByHand, KeyTaken
from jtrader.exchange.sim.keys import Keys
from jtrader.exchange.sim.mishaps import Mishaps
from jtrader.exchange.sim.runner import Runner
from jtrader.exchange.sim.sockets import Sockets
from jtrader.venue.refusals import Refused


class RunRequest(msgspec.Struct, forbid_unknown_fields=True):
    speed: float
    until: int | None = None


class JumpRequest(msgspec.Struct, forbid_unknown_fields=True):
    to: int


class ControlDoor:
    """Answers JSON; a request it can't follow is 400 with {"error": sentence}."""

    def __init__(self, runner: Runner, keys: Keys, sockets: Sockets, counts: dict[str, int]) -> None:
        self._runner = runner
        self._keys = keys
        self._sockets = sockets
        self._counts = counts
        self._routes: dict[tuple[str, str], Answer] = {
            ("GET", "/sim/health"): self._health,
            ("GET", "/sim/clock"): self._clock,
            ("POST", "/sim/clock/run"): self._run,
            ("POST", "/sim/clock/pause"): self._pause,
            ("POST", "/sim/clock/jump"): self._jump,
            ("GET", "/sim/stats"): self._stats,
            ("POST", "/sim/mishaps"): Mishaps(runner, keys).answer,
            **ByHand(runner, keys).routes,
        }

    async def handle(self, request: web.Request) -> web.Response:
        answer = self._routes.get((request.method, request.path))
        if answer is None:
            return _json({"error": f"{request.method} {request.path} is not known here"}, 404)
        try:
            return _json(await answer(await request.read()))
        except KeyTaken as error:
            return _json({"error": str(error)}, 409)
        except (BadInput, Refused) as error:
            return _json({"error": str(error)}, 400)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            return _json({"error": f"the body is not what {request.path} takes: {error}"}, 400)

    async def _health(self, body: bytes) -> dict[str, Any]:  # noqa: ARG002
        return {"ok": True}

    async def _clock(self, body: bytes) -> dict[str, Any]:  # noqa: ARG002
        runner = self._runner
        runner.catch_up()
        clock, world = runner.clock, runner.world
        return {
            "now": world.now,
            "state": "running" if clock.is_running else "paused",
            "speed": clock.speed,
            "until": clock.until,
            "live_start": world.live_start,
            "live_end": world.live_end,
        }

    async def _run(self, body: bytes) -> dict[str, Any]:
        wanted = msgspec.json.decode(body, type=RunRequest)
        self._runner.catch_up()
        self._runner.run(wanted.speed, wanted.until)
        return await self._clock(b"")

    async def _pause(self, body: bytes) -> dict[str, Any]:  # noqa: ARG002
        self._runner.pause()
        return await self._clock(b"")

    async def _jump(self, body: bytes) -> dict[str, Any]:
        await self._runner.jump(msgspec.json.decode(body, type=JumpRequest).to)
        return await self._clock(b"")

    async def _stats(self, body: bytes) -> dict[str, Any]:  # noqa: ARG002
        world = self._runner.world
        accounts = [account for venue in world.venues.values() for account in venue.accounts.values()]
        return {
            "cpu_seconds": time.process_time(),
            "messages": self._sockets.sent,
            "sockets": len(self._sockets),
            "trades": sum(len(history.tape.prints) for history in world.histories.values()),
            "orders": sum(len(account.orders) for account in accounts),
            "fills": sum(len(account.trades) for account in accounts),
            "accounts": len(self._keys),
            "requests": self._counts.get("requests", 0),
            "intensity": world.market.plan.intensity,
            "slipped_seconds": self._runner.clock.slipped / 1e9,
        }


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")
