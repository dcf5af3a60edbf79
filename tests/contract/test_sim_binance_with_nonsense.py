"""Whatever is sent to the simulated Binance, it answers as a venue: an error with a code, never a broken server."""

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
import httpx
import pytest

from fixtures.simulator import BINANCE, COINM, Simulator, StartSimulator
from jtrader.exchange.sim.binance.route import Proof
from jtrader.exchange.sim.binance.routes import rest_routes

KEY, SECRET = "nonsense-key", "nonsense-secret"

ROUTES = [
    (host, method, path, route)
    for host, routes in rest_routes(lambda call: {}).items()
    for (method, path), route in routes.items()
]
SYMBOLS = {"api.binance.com": "BTCUSDT", "fapi.binance.com": "BTCUSDT", "dapi.binance.com": "BTCUSD_PERP"}
NONSENSE: list[dict[str, str]] = [
    {},
    {"symbol": "BTCUSDT"},
    {"symbol": "btcusdt"},
    {"symbol": "BTCUSDT", "limit": "-5", "interval": "1m", "startTime": "-1", "endTime": "0"},
    {"symbol": "BTCUSDT", "limit": "x"},
    {"symbol": "BTCUSDT", "interval": "7m"},
    {"symbol": "BTCUSDT", "interval": "1d", "startTime": "0", "limit": "99999"},
    {"symbol": "BTCUSDT", "interval": "1m", "startTime": "9" * 18},
    {"symbol": "BTCUSDT", "startTime": "5", "endTime": "1", "interval": "1m"},
    {"symbol": "BTCUSDT", "fromId": "0", "orderId": "-1", "page": "-3"},
    {"symbol": "BTCUSDT", "fromId": "9" * 30},
    {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "NaN", "price": "1"},
    {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "1e-30", "price": "1e30"},
    {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "-1", "price": "-1"},
    {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "Infinity"},
    {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "-7.123456789012"},
    {"symbol": "BTCUSDT", "leverage": "0", "marginType": "ISOLATED", "dualSidePosition": "true"},
    {"symbol": "BTCUSDT", "origClientOrderId": "é☃", "newClientOrderId": "a b"},
    {"symbol": "BTCUSDT", "batchOrders": "[{}, 7]", "orderIdList": "[1, null]", "countdownTime": "-1"},
    {"symbol": "BTCUSDT", "batchOrders": "{", "orderIdList": "7", "countdownTime": "x", "period": "1y"},
    {"symbol": "BTCUSDT", "cancelReplaceMode": "MAYBE", "cancelOrderId": "0", "newQty": "0", "workingType": "NO"},
    {"symbol": "BTCUSDT", "side": "BUY", "type": "STOP", "triggerPrice": "0", "algoType": "CONDITIONAL", "price": "1"},
    {"symbol": "BTCUSDT", "type": "MAIN_NOWHERE", "asset": "BTC", "amount": "1e20", "coin": "?", "address": "a"},
    {"symbol": "BTCUSDT", "type": "MAIN_UMFUTURE", "asset": "BTC", "amount": "-1", "size": "0", "current": "-1"},
]


@pytest.fixture(scope="module")
def simulator(start_simulator: StartSimulator) -> Iterator[Simulator]:
    mine = start_simulator(instruments=BINANCE + COINM)
    yield mine
    mine.stop()


@pytest.fixture(scope="module")
def venue(simulator: Simulator) -> Iterator[httpx.Client]:
    simulator.add_account(KEY, SECRET, pace=1_000)
    with httpx.Client(base_url=simulator.uri, timeout=30) as client:
        yield client


def signed(params: dict[str, str]) -> str:
    query = urlencode(params | {"timestamp": str(int(time.time() * 1000))})
    return f"{query}&signature={hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()}"


@pytest.mark.parametrize(("host", "method", "path", "route"), ROUTES, ids=[f"{m} {p}" for _, m, p, _ in ROUTES])
def test_every_route_answers_nonsense_with_a_code(
    venue: httpx.Client, host: str, method: str, path: str, route: Any
) -> None:
    for nonsense in NONSENSE:
        params = {name: value.replace("BTCUSDT", SYMBOLS[host]) for name, value in nonsense.items()}
        raw = signed(params) if route.proof is Proof.SIGNED else urlencode(params)
        in_body = method in ("POST", "PUT")
        answer = venue.request(
            method,
            path if in_body else f"{path}?{raw}",
            content=raw if in_body else None,
            headers={"Host": host, "X-MBX-APIKEY": KEY},
        )
        assert answer.status_code in (200, 400), (params, answer.status_code, answer.text[:300])
        body = answer.json()
        if answer.status_code == 400:
            assert body["code"] < 0
            assert body["msg"]


def test_nothing_was_traded(venue: httpx.Client, simulator: Simulator) -> None:
    assert simulator.stats()["fills"] == 0


FRAMES = [
    "",
    "{",
    "[]",
    "7",
    "null",
    '{"method":"SUBSCRIBE"}',
    '{"method":"SUBSCRIBE","params":5,"id":1}',
    '{"method":"SUBSCRIBE","params":[7,null,{"a":1}],"id":1}',
    '{"method":"SUBSCRIBE","params":["btcusdt@nothing"],"id":"x"}',
    '{"method":"DANCE","params":["btcusdt@trade"],"id":1}',
    '{"id":1,"method":"order.place","params":[1]}',
    '{"id":1,"method":"order.place","params":{"symbol":"BTCUSDT"}}',
    '{"id":1,"method":"order.place","params":{"apiKey":"nonsense-key","signature":"00"}}',
    '{"id":1,"method":"userDataStream.subscribe.signature","params":{"apiKey":7}}',
    '{"id":1,"method":"nothing"}',
    '{"id":1,"method":["a"]}',
]
DOORS = [
    ("stream.binance.com", "/ws/0"),
    ("fstream.binance.com", "/public/ws/0"),
    ("fstream.binance.com", "/stream"),
    ("ws-api.binance.com", "/ws-api/v3"),
    ("ws-fapi.binance.com", "/ws-fapi/v1"),
    ("dstream.binance.com", "/ws/0"),
    ("ws-dapi.binance.com", "/ws-dapi/v1"),
]


async def _talk(simulator: Simulator, host: str, path: str) -> list[Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(simulator.uri + path, headers={"Host": host}) as ws,
    ):
        heard = []
        for frame in FRAMES:
            await ws.send_str(frame)
            heard.append(json.loads(await ws.receive_str(timeout=10)))
        return heard


@pytest.mark.parametrize(("host", "path"), DOORS)
def test_every_socket_answers_nonsense_and_stays_open(simulator: Simulator, host: str, path: str) -> None:
    heard = asyncio.run(_talk(simulator, host, path))
    assert len(heard) == len(FRAMES)
    errors = [answer for answer in heard if "error" in answer]
    assert len(errors) >= len(FRAMES) - 1, list(itertools.zip_longest(FRAMES, heard))


ADDRESSES = [
    ("fstream.binance.com", "/private/ws?listenKey=unknown", 400),
    ("fstream.binance.com", "/public/stream?streams=btcusdt@markPrice", 400),
    ("fstream.binance.com", "/market/stream?streams=btcusdt@depth", 400),
    ("stream.binance.com", "/stream?streams=nope@trade", 400),
    ("stream.binance.com", "/elsewhere", 404),
    ("stream.binance.com", "/public/ws", 404),
]


@pytest.mark.parametrize(("host", "path", "status"), ADDRESSES)
def test_stream_addresses_that_do_not_exist(simulator: Simulator, host: str, path: str, status: int) -> None:
    assert httpx.get(simulator.uri + path, headers={"Host": host}).status_code == status
