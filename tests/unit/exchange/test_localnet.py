"""Clients of a venue are bent to this machine, byte for byte, and nothing else gets through."""

import asyncio
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from jtrader.domain.errors import BadInput
from jtrader.exchange.localnet import local_session, local_target, loopback_address

SIM = "http://127.0.0.1:18900"

TARGETS = [
    ("https://api.binance.com/api/v3/time", "http://127.0.0.1:18900/api/v3/time", "api.binance.com"),
    ("https://x.y/p?a=%7B%22b%22%3A1%7D&c=d+e", "http://127.0.0.1:18900/p?a=%7B%22b%22%3A1%7D&c=d+e", "x.y"),
    ("wss://stream.binance.com:9443/ws/0", "ws://127.0.0.1:18900/ws/0", "stream.binance.com"),
    (
        "wss://fstream.binance.com/private/ws?listenKey=k",
        "ws://127.0.0.1:18900/private/ws?listenKey=k",
        "fstream.binance.com",
    ),
    ("http://127.0.0.1:5/x", "http://127.0.0.1:18900/x", "127.0.0.1"),
]


@pytest.mark.parametrize(("url", "target", "host"), TARGETS)
def test_targets(url: str, target: str, host: str) -> None:
    assert local_target(url, SIM) == (target, host)


@pytest.mark.parametrize("url", ["ftp://api.binance.com/x", "/api/v3/time", "mailto:a@b.c"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(BadInput):
        local_target(url, SIM)


@pytest.mark.parametrize(
    "uri",
    ["https://127.0.0.1:1", "http://127.0.0.1", "http://api.binance.com:80", "http://10.0.0.1:80", "127.0.0.1:80", ""],
)
def test_a_simulator_elsewhere_is_refused(uri: str) -> None:
    with pytest.raises(BadInput, match=r"127\.0\.0\.1"):
        local_session(uri)


def test_loopback_addresses() -> None:
    assert loopback_address("http://localhost:8000") == "localhost:8000"
    assert loopback_address("http://[::1]:8000") == "[::1]:8000"


async def _served(talk: Any) -> Any:
    """Runs `talk(uri, seen)` against a small server that notes what it is asked."""
    seen: list[tuple[str, str, str, str]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append((request.method, request.headers["Host"], request.raw_path, await request.text()))
        if request.path == "/away":
            return web.Response(status=302, headers={"Location": "https://example.com/"})
        if request.path != "/ws":
            return web.json_response({"ok": True})
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            await ws.send_str(message.data)
        return ws

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with local_session(f"http://127.0.0.1:{runner.addresses[0][1]}") as session:
            return await talk(session), seen
    finally:
        await runner.cleanup()


def test_every_method_reaches_this_machine_with_the_real_host() -> None:
    async def talk(session: Any) -> None:
        for method in ("get", "post", "put", "delete", "patch"):
            url = "https://api.binance.com/p?a=%20b"
            async with getattr(session, method)(
                url, data=b"x=1", headers={"K": "v"}, proxy="http://10.0.0.1:1"
            ) as answer:
                assert await answer.json() == {"ok": True}

    _, seen = asyncio.run(_served(talk))
    assert seen == [(m, "api.binance.com", "/p?a=%20b", "x=1") for m in ("GET", "POST", "PUT", "DELETE", "PATCH")]


def test_redirects_are_not_followed() -> None:
    async def talk(session: Any) -> int:
        async with session.get("https://api.binance.com/away", allow_redirects=True) as answer:
            return int(answer.status)

    assert asyncio.run(_served(talk))[0] == 302


def test_websockets_too() -> None:
    async def talk(session: Any) -> str:
        async with session.ws_connect("wss://stream.binance.com:9443/ws") as ws:
            await ws.send_str("hello")
            message = await ws.receive()
            assert message.type is WSMsgType.TEXT
            return str(message.data)

    said, seen = asyncio.run(_served(talk))
    assert (said, seen[0][1]) == ("hello", "stream.binance.com")


def test_ways_around_do_not_exist() -> None:
    session = local_session(SIM)
    for name in ("request", "head", "options", "_ws_connect", "connector"):
        assert not hasattr(session, name)
    assert session.closed
