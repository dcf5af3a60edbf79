"""What Binance grants its clients, as the simulator keeps it: requests and orders, listen keys, connections of a day;
and the market streams of each market.

Sources: the LIMITS, User Data Streams and WebSocket Market Streams pages of Binance's documents.
"""

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from fixtures.binance_requests import Requests, Stream
from fixtures.faults import faults, rule
from fixtures.simulator import BINANCE, COINM, Simulator, StartSimulator
from jtrader.domain.times import HOUR

KEY = "terms-key"


@pytest.fixture(scope="module")
def simulator(start_simulator: StartSimulator) -> Iterator[Simulator]:
    mine = start_simulator(instruments=BINANCE + COINM, live_minutes=30)
    mine.add_account(KEY, "s", pace=20)
    yield mine
    mine.stop()


@pytest.fixture
def trader(simulator: Simulator) -> Iterator[Requests]:
    mine = Requests(simulator.uri, KEY, "s")
    yield mine
    mine.close()


def test_weights_are_told_refused_and_in_the_end_banned(start_simulator: StartSimulator) -> None:
    mine = start_simulator(days=1)
    try:
        mine.add_account("slow", "s", pace=0.01)  # 60 a minute on spot, 24 on USDT-M, one order in ten seconds
        trader = Requests(mine.uri, "slow", "s")
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001"}
        first = trader("POST", "/api/v3/order", **order, price="80000")
        assert {name: first.headers[name] for name in ("X-MBX-ORDER-COUNT-10S", "X-MBX-ORDER-COUNT-1D")} == {
            "X-MBX-ORDER-COUNT-10S": "1",
            "X-MBX-ORDER-COUNT-1D": "1",
        }
        assert trader.refused("POST", "/api/v3/order", **order, price="80000") == (429, -1015)
        answers = [trader("GET", "/fapi/v1/ping") for _ in range(40)]
        statuses = [answer.status_code for answer in answers]
        assert statuses[:24] == [200] * 24
        assert set(statuses[24:]) == {429, 418}
        assert statuses == sorted(statuses, key=[200, 429, 418].index)
        assert answers[0].headers["X-MBX-USED-WEIGHT-1M"] == "1"
        assert 0 < int(answers[24].headers["Retry-After"]) <= 60
        assert 110 < int(answers[-1].headers["Retry-After"]) <= 120
        assert "banned until" in answers[-1].json()["msg"]
        assert trader("GET", "/api/v3/ping").status_code == 200
        trader.close()
    finally:
        mine.stop()


STREAMS = [("/fapi/v1", "fstream", "/private/ws?listenKey="), ("/dapi/v1", "dstream", "/ws/")]


@pytest.mark.parametrize(("at", "host", "path"), STREAMS)
def test_a_listen_key_expires_and_its_connection_stays(
    trader: Requests, simulator: Simulator, at: str, host: str, path: str
) -> None:
    """An hour passes on the venue's wall clock, which the fault script sets."""
    symbol = "BTCUSDT" if at == "/fapi/v1" else "BTCUSD_PERP"
    late = rule("clock_offset", {"path": f"{at}/listenKey", "method": "PUT"}, seconds=3_601)
    listen_key = trader.ask("POST", f"{at}/listenKey")["listenKey"]

    async def run() -> list[dict[str, Any]]:
        async with Stream(simulator.uri, host, path + listen_key) as stream:
            with faults(simulator, late):
                assert trader.refused("PUT", f"{at}/listenKey") == (400, -1125)
            await stream.until("listenKeyExpired")
            await asyncio.to_thread(trader.ask, "POST", f"{at}/leverage", symbol=symbol, leverage=9)
            with pytest.raises(TimeoutError):
                await stream.next(timeout=0.3)
            assert not stream.ws.closed
            return stream.heard

    heard = asyncio.run(run())
    assert [(event["e"], event["listenKey"]) for event in heard] == [("listenKeyExpired", listen_key)]
    renewed = trader.ask("POST", f"{at}/listenKey")["listenKey"]
    assert renewed != listen_key
    if host == "fstream":
        refused = httpx.get(f"{simulator.uri}{path}{listen_key}", headers={"Host": "fstream.binance.com"})
        assert refused.status_code == 400


def test_spots_private_stream_ends_with_its_subscription(trader: Requests, simulator: Simulator) -> None:
    async def run() -> list[dict[str, Any]]:
        async with Stream(simulator.uri, "ws-api", "/ws-api/v3") as stream:
            await stream.ws.send_str(trader.ws_request("1", "userDataStream.subscribe.signature"))
            assert (await stream.next())["result"] == {"subscriptionId": 0}
            await asyncio.to_thread(simulator.deposit, KEY, "binance_spot", "USDT", "1")
            events = [await stream.next(), await stream.next()]
            await stream.ws.send_str(json.dumps({"id": "2", "method": "userDataStream.unsubscribe"}))
            await stream.next()
            await asyncio.to_thread(simulator.deposit, KEY, "binance_spot", "USDT", "1")
            with pytest.raises(TimeoutError):
                await stream.next(timeout=0.2)
            return events

    events = asyncio.run(run())
    assert [event["event"]["e"] for event in events] == ["outboundAccountPosition", "balanceUpdate"]
    assert events[1]["event"]["d"] == "1.00000000"


MARKETS = [
    ("stream", "BTCUSDT", "ETHUSDT"),
    ("fstream", "BTCUSDT", "ETHUSDT"),
    ("dstream", "BTCUSD_PERP", "ETHUSD_PERP"),
]


@pytest.mark.parametrize(("host", "symbol", "other"), MARKETS)
def test_streams_of_a_symbol_and_of_all(simulator: Simulator, host: str, symbol: str, other: str) -> None:
    name, is_spot = symbol.lower(), host == "stream"
    names = [f"{name}@depth5@100ms", f"{name}@kline_1m", f"{name}@kline_5m", f"{name}@ticker", "!miniTicker@arr"]
    if not is_spot:
        names += [f"{name}@markPrice@1s", "!markPrice@arr@1s", "!bookTicker"]
    if host == "dstream":
        names.append("btcusd@indexPrice@1s")

    async def run() -> dict[str, Any]:
        seen: dict[str, Any] = {}
        async with Stream(simulator.uri, host, f"/stream?streams={'/'.join(names)}") as stream:
            while seen.keys() != set(names):
                message = await stream.next()
                seen[message["stream"]] = message["data"]
        return seen

    simulator.run(60.0)
    try:
        seen = asyncio.run(run())
    finally:
        simulator.pause()
    partial = seen[f"{name}@depth5@100ms"]
    bids, asks = (partial["bids"], partial["asks"]) if is_spot else (partial["b"], partial["a"])
    assert (len(bids), len(asks)) == (5, 5)
    assert Decimal(bids[0][0]) < Decimal(asks[0][0])
    assert seen[f"{name}@kline_5m"]["k"]["i"] == "5m"
    assert {row["s"] for row in seen["!miniTicker@arr"]} >= {symbol, other}
    if not is_spot:
        assert {row["s"] for row in seen["!markPrice@arr@1s"]} >= {symbol, other}
    if host == "dstream":
        assert seen["btcusd@indexPrice@1s"]["i"] == "BTCUSD"


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("fapi", {"symbol": "BTCUSDT"}),
        ("dapi", {"pair": "BTCUSD", "contractType": "PERPETUAL"}),
    ],
)
def test_open_interest_now_and_then(simulator: Simulator, host: str, named: dict[str, str]) -> None:
    symbol = "BTCUSDT" if host == "fapi" else "BTCUSD_PERP"
    now = simulator.get(f"{host}.binance.com", f"/{host}/v1/openInterest", symbol=symbol)
    assert Decimal(now["openInterest"]) > 0
    path = "/futures/data/openInterestHist"
    rows = simulator.get(f"{host}.binance.com", path, **named, period="1h", limit=5)
    times = [row["timestamp"] for row in rows]
    assert times == list(range(times[0], times[0] + 5 * 3_600_000, 3_600_000))
    assert times[-1] * 1_000_000 <= simulator.now
    again = simulator.get(f"{host}.binance.com", path, **named, period="1h", startTime=times[1], limit=2)
    assert again == rows[1:3]


def test_every_connection_ends_after_a_day_of_market_time(simulator: Simulator) -> None:
    """The last test of this file: it takes the market past its live window."""
    doors = [("stream", "/ws/btcusdt@trade"), ("fstream", "/public/ws"), ("dstream", "/ws"), ("ws-api", "/ws-api/v3")]

    async def run() -> list[int | None]:
        streams = [Stream(simulator.uri, host, path) for host, path in doors]
        for stream in streams:
            await stream.__aenter__()
        await asyncio.to_thread(simulator.jump, simulator.now + 23 * HOUR)
        assert not any(stream.ws.closed for stream in streams)
        await asyncio.to_thread(simulator.jump, simulator.now + HOUR)
        codes = []
        for stream in streams:
            async for _ in stream.ws:
                continue
            codes.append(stream.ws.close_code)
            await stream.__aexit__()
        return codes

    assert asyncio.run(run()) == [1001] * len(doors)
