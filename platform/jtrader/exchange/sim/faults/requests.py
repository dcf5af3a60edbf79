"""A REST request, or the opening of a WebSocket, on its way through the script."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

import msgspec
from aiohttp import web

from jtrader.domain.times import SECOND
from jtrader.exchange.sim.faults.actions import (
    Amnesia,
    Answer,
    ClockOffset,
    Disconnect,
    Drift,
    Drop,
    Duplicate,
    Fill,
    HalfOpen,
    Hold,
    Maintenance,
    Part,
    Reorder,
)
from jtrader.exchange.sim.faults.armed import ArmedRule, Seen
from jtrader.exchange.sim.faults.denials import denial
from jtrader.exchange.sim.faults.drift import drifted
from jtrader.exchange.sim.faults.faults import Faults
from jtrader.exchange.sim.faults.race import Race
from jtrader.exchange.sim.wall import clock_off_by

Handle = Callable[[], Awaitable[web.StreamResponse]]
_LOOK = 0.05
"""How often, in seconds, a silent request looks whether its client has given up."""
_DOWN = Answer(status=503, body="Service Unavailable")


class RequestFaults:
    def __init__(self, faults: Faults, race: Race) -> None:
        self._faults = faults
        self._race = race
        self._overtaken: dict[int, asyncio.Event] = {}
        """By rule: a request waits here until the next one is through."""

    async def answer(self, request: web.Request, host: str, handle: Handle) -> web.StreamResponse:
        """The venue's answer by `handle`, or what the script makes of it."""
        rules = self._rules_for(request)
        if not rules:
            return await handle()
        seen = await _seen(request, host)
        with ExitStack() as offsets:
            for rule in rules:
                if not rule.strikes(seen, self._faults.moment()):
                    continue
                if not isinstance(rule.rule.action, ClockOffset):
                    return await self._act(rule, seen, request, handle)
                offsets.enter_context(clock_off_by(int(rule.rule.action.seconds * SECOND)))
            return await handle()

    def _rules_for(self, request: web.Request) -> list[ArmedRule]:
        opens = request.headers.get("Upgrade", "").lower() == "websocket"
        return self._faults.connect_rules if opens else self._faults.rest_rules

    async def _act(self, rule: ArmedRule, seen: Seen, request: web.Request, handle: Handle) -> web.StreamResponse:
        match rule.rule.action:
            case Hold(seconds=seconds, part=part):
                return await _late(seconds, part, handle)
            case Drop(part=part, seconds=seconds):
                if part is Part.REPLY:
                    await handle()
                return await _silence(request, seconds)
            case HalfOpen():
                return await _silence(request, 3600.0)
            case Disconnect():
                return _reset(request)
            case Duplicate(copies=copies):
                for _ in range(copies):
                    await handle()
                return await handle()
            case Reorder(part=part, seconds=seconds):
                return await self._overtake(rule.number, part, seconds, handle)
            case Answer() as answer:
                if answer.after:
                    await handle()
                return _answered(answer)
            case Fill(share=share):
                self._race.run(seen, share)
                return await handle()
            case Maintenance():
                return _answered(_DOWN)
            case Amnesia():
                known_of = denial(seen.host, seen.method, seen.path)
                return await handle() if known_of is None else _answered(Answer(status=known_of[0], body=known_of[1]))
            case Drift() as drift:
                return _drifted(await handle(), drift)
            case other:
                raise AssertionError(f"{other} can't stand on a request")

    async def _overtake(self, number: int, part: Part, seconds: float, handle: Handle) -> web.StreamResponse:
        """The first of a pair waits for the second."""
        waiting = self._overtaken.pop(number, None)
        if waiting is not None:
            answer = await handle()
            waiting.set()
            return answer
        early = await handle() if part is Part.REPLY else None
        mine = self._overtaken[number] = asyncio.Event()
        try:
            await asyncio.wait_for(mine.wait(), seconds)
        except TimeoutError:
            self._overtaken.pop(number, None)
        return await handle() if early is None else early


async def _seen(request: web.Request, host: str) -> Seen:
    body = await request.text() if request.can_read_body else ""
    headers, query = request.headers, request.query
    key = headers.get("X-MBX-APIKEY") or headers.get("api-key") or query.get("AccessKeyId") or ""
    text = request.query_string + ("&" if request.query_string and body else "") + body
    return Seen(host=host, path=request.path, method=request.method, key=key, text=text)


async def _late(seconds: float, part: Part, handle: Handle) -> web.StreamResponse:
    if part is Part.REQUEST:
        await asyncio.sleep(seconds)
        return await handle()
    answer = await handle()
    await asyncio.sleep(seconds)
    return answer


async def _silence(request: web.Request, seconds: float) -> web.StreamResponse:
    """Until the client has given up, at most `seconds`; then the connection is reset."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    while loop.time() < ends and request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(_LOOK)
    return _reset(request)


def _reset(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


def _answered(answer: Answer) -> web.Response:
    is_text = isinstance(answer.body, str)
    headers = {"Content-Type": "text/plain" if is_text else "application/json"} | answer.headers
    body = answer.body.encode() if is_text else _encoded(answer.body)
    return web.Response(status=answer.status, body=body, headers=headers)


def _encoded(body: Any) -> bytes:
    return msgspec.json.encode(body)


def _drifted(answer: web.StreamResponse, drift: Drift) -> web.StreamResponse:
    if isinstance(answer, web.Response) and isinstance(answer.body, bytes):
        answer.body = drifted(answer.body, drift)
    return answer
