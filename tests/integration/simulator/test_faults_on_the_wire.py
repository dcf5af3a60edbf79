"""The fault script on a running simulator: what real clients see of each fault."""

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import aiohttp
import httpx
import pytest

from fixtures.simulator import Simulator, StartSimulator

KEY, SECRET = "fault-key", "fault-secret"
SPOT, USDM = "api.binance.com", "fapi.binance.com"
NAMES = itertools.count(1)


class Venue:
    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._http = httpx.Client(base_url=simulator.uri, timeout=10)

    def close(self) -> None:
        self._http.close()

    def script(self, *rules: dict[str, Any], seed: int = 1) -> None:
        answer = self._http.post("/sim/faults", json={"seed": seed, "rules": rules})
        assert answer.status_code == 200, answer.text

    def rules(self) -> list[dict[str, Any]]:
        return list(self._http.get("/sim/faults").json()["rules"])

    def end(self) -> None:
        self._http.delete("/sim/faults")

    def ask(
        self, method: str, path: str, params: dict[str, Any] | None = None, host: str = SPOT, timeout: float = 10
    ) -> httpx.Response:
        query = urlencode((params or {}) | {"timestamp": int(time.time() * 1000)})
        signature = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        headers = {"Host": host, "X-MBX-APIKEY": KEY}
        return self._http.request(method, f"{path}?{query}&signature={signature}", headers=headers, timeout=timeout)

    def place(self, timeout: float = 10, price: str = "80000") -> tuple[str, httpx.Response | None]:
        """A resting order; the answer is None where none came in time."""
        name = f"fault-{next(NAMES)}"
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001"}
        try:
            params = order | {"price": price, "newClientOrderId": name}
            return name, self.ask("POST", "/api/v3/order", params, timeout=timeout)
        except httpx.TransportError:
            return name, None

    def knows(self, name: str) -> bool:
        looked_up = self.ask("GET", "/api/v3/order", {"symbol": "BTCUSDT", "origClientOrderId": name})
        return looked_up.status_code == 200


@pytest.fixture(scope="module")
def shared(simulator: Simulator) -> Iterator[Venue]:
    simulator.add_account(KEY, SECRET, {"binance_spot": {"USDT": "1000000"}})
    mine = Venue(simulator)
    yield mine
    mine.close()


@pytest.fixture
def venue(shared: Venue) -> Iterator[Venue]:
    yield shared
    shared.end()
    shared.ask("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"})


ORDERS = {"host": SPOT, "path": "/api/v3/order", "method": "POST"}
SUBMITS: list[tuple[str, dict[str, Any], int | None, bool]] = [
    ("accepted, the reply comes too late", {"kind": "hold", "seconds": 2, "part": "reply"}, None, True),
    ("accepted, the reply is lost", {"kind": "drop", "part": "reply"}, None, True),
    ("never arrived", {"kind": "drop"}, None, False),
    ("accepted, but 503 is told", {"kind": "answer", "status": 503, "after": True}, 503, True),
    ("refused with 503", {"kind": "answer", "status": 503, "body": "busy"}, 503, False),
    ("reset before it was accepted", {"kind": "disconnect", "reset": True}, None, False),
]


@pytest.mark.parametrize(("action", "status", "is_known"), [case[1:] for case in SUBMITS], ids=[c[0] for c in SUBMITS])
def test_what_becomes_of_an_order_and_what_the_client_hears(
    venue: Venue, action: dict[str, Any], status: int | None, is_known: bool
) -> None:
    venue.script({"match": ORDERS | {"times": 1}, "action": action})
    name, answer = venue.place(timeout=0.3)
    assert (None if answer is None else answer.status_code) == status
    assert venue.knows(name) is is_known
    again, answer = venue.place()
    assert answer is not None
    assert answer.status_code == 200
    assert venue.knows(again)


def test_a_request_that_arrives_twice_makes_two_answers(venue: Venue) -> None:
    venue.script({"match": ORDERS, "action": {"kind": "duplicate"}})
    name, answer = venue.place()
    assert answer is not None
    assert answer.json() == {"code": -2010, "msg": "Duplicate order sent."}
    assert venue.knows(name)


def test_two_requests_change_places(venue: Venue) -> None:
    venue.script({"match": ORDERS, "action": {"kind": "reorder"}})
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(venue.place)
        time_of_first = time.monotonic()
        while not venue.rules()[0]["matched"]:
            assert time.monotonic() - time_of_first < 5
        second = threads.submit(venue.place)
        answers = [one.result()[1] for one in (first, second)]
    ids = [answer.json()["orderId"] for answer in answers if answer is not None]
    assert ids[0] == ids[1] + 1


@pytest.mark.parametrize(("share", "filled", "cancelled"), [(1.0, "0.00100000", False), (0.5, "0.00050000", True)])
def test_a_cancellation_loses_the_race_against_a_fill(venue: Venue, share: float, filled: str, cancelled: bool) -> None:
    bid = float(venue.ask("GET", "/api/v3/depth", {"symbol": "BTCUSDT", "limit": 5}).json()["bids"][0][0])
    name, _ = venue.place(price=f"{bid - 5:.2f}")
    venue.script({"match": ORDERS | {"method": "DELETE"}, "action": {"kind": "fill", "share": share}})
    asked = {"symbol": "BTCUSDT", "origClientOrderId": name}
    answer = venue.ask("DELETE", "/api/v3/order", asked)
    assert (answer.status_code == 200) is cancelled
    order = venue.ask("GET", "/api/v3/order", asked).json()
    assert (order["executedQty"], order["status"]) == (filled, "CANCELED" if cancelled else "FILLED")
    mine = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
    assert [trade["isMaker"] for trade in venue.ask("GET", "/api/v3/myTrades", mine).json()] == [True]


def test_amnesia_denies_orders_and_trades_and_nothing_else(venue: Venue) -> None:
    name, _ = venue.place()
    venue.script({"match": {"key": KEY}, "action": {"kind": "amnesia"}})
    assert venue.ask("GET", "/api/v3/order", {"symbol": "BTCUSDT", "origClientOrderId": name}).json()["code"] == -2013
    for path in ("/api/v3/openOrders", "/api/v3/allOrders", "/api/v3/myTrades"):
        assert venue.ask("GET", path, {"symbol": "BTCUSDT"}).json() == []
    balances = {row["asset"]: row for row in venue.ask("GET", "/api/v3/account").json()["balances"]}
    assert float(balances["USDT"]["locked"]) > 0
    venue.end()
    assert venue.knows(name)


@pytest.mark.parametrize("seconds", [-30, 30])
def test_a_clock_that_is_off_refuses_good_timestamps_and_tells_its_time(venue: Venue, seconds: int) -> None:
    venue.script({"match": {"host": SPOT}, "action": {"kind": "clock_offset", "seconds": seconds}})
    told = venue.ask("GET", "/api/v3/time").json()["serverTime"] / 1000
    assert told == pytest.approx(time.time() + seconds, abs=5)
    assert venue.ask("GET", "/api/v3/account").json()["code"] == -1021
    right = venue.ask("GET", "/fapi/v1/time", host=USDM).json()["serverTime"] / 1000
    assert right == pytest.approx(time.time(), abs=5)


def test_maintenance_answers_503_and_ends_connections(venue: Venue) -> None:
    async def run() -> tuple[int, int | None]:
        async with aiohttp.ClientSession(base_url=venue.simulator.uri) as session:
            ws = await session.ws_connect("/ws", headers={"Host": "stream.binance.com"})
            await asyncio.to_thread(
                venue.script, {"match": {"host": "*.binance.com"}, "action": {"kind": "maintenance"}}
            )
            ended = await ws.receive(timeout=5)
            assert ended.type is aiohttp.WSMsgType.CLOSE
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect("/ws", headers={"Host": "stream.binance.com"})
            return refused.value.status, ws.close_code

    assert asyncio.run(run()) == (503, 1001)
    assert venue.ask("GET", "/api/v3/time").status_code == 503
    venue.end()
    assert venue.ask("GET", "/api/v3/time").status_code == 200


def test_replies_lose_their_shape(venue: Venue) -> None:
    book = {"symbol": "BTCUSDT", "limit": 5}
    venue.script(
        {"match": {"times": 1}, "action": {"kind": "drift", "change": "set", "field": "lastUpdateId", "value": 1}},
        {"match": {"times": 1}, "action": {"kind": "drift", "change": "missing", "field": "asks"}},
        {"match": {"times": 1}, "action": {"kind": "drift", "change": "text", "field": "lastUpdateId"}},
        {"match": {"times": 1}, "action": {"kind": "drift", "change": "nan", "field": "lastUpdateId"}},
    )
    answers = [venue.ask("GET", "/api/v3/depth", book).text for _ in range(5)]
    ids = [json.loads(text)["lastUpdateId"] for text in answers[:3]]
    assert ids[0] == 1
    assert "asks" not in json.loads(answers[1])
    assert ids[2] == str(ids[1])
    assert '"lastUpdateId":NaN' in answers[3]
    assert json.loads(answers[4])["lastUpdateId"] == ids[1]


def test_a_share_of_requests_is_the_same_in_each_run(venue: Venue) -> None:
    def run() -> list[int]:
        venue.script({"match": {"share": 0.3}, "action": {"kind": "answer", "status": 500}}, seed=42)
        return [venue.ask("GET", "/api/v3/time").status_code for _ in range(40)]

    first = run()
    assert first == run()
    assert 4 < first.count(500) < 22


def test_bad_scripts_are_refused_and_change_nothing(venue: Venue) -> None:
    venue.script({"action": {"kind": "answer", "status": 418}})
    refused = httpx.post(
        f"{venue.simulator.uri}/sim/faults", json={"rules": [{"action": {"kind": "mute"}}, {"action": {}}]}
    )
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("rule 2: ")
    assert venue.ask("GET", "/api/v3/time").status_code == 418
    assert venue.rules()[0]["struck"] == 1


class TestStreams:
    """On trades and depth of a running market."""

    @pytest.fixture(autouse=True)
    def running(self, venue: Venue) -> Iterator[None]:
        venue.simulator.run(60.0)
        yield
        venue.simulator.pause()

    async def _listen(self, venue: Venue, streams: str, until: Any) -> list[dict[str, Any]]:
        """Messages until `until(messages)`."""
        heard: list[dict[str, Any]] = []
        async with (
            aiohttp.ClientSession(base_url=venue.simulator.uri) as session,
            session.ws_connect(f"/stream?streams={streams}", headers={"Host": "stream.binance.com"}) as ws,
        ):
            while not until(heard):
                heard.append(json.loads(await ws.receive_str(timeout=10)))
        return heard

    def test_a_gap_breaks_the_chain_of_the_book_once(self, venue: Venue) -> None:
        venue.script(
            {"match": {"topic": "btcusdt@depth", "skip": 5, "times": 1}, "action": {"kind": "gap", "messages": 3}}
        )
        heard = asyncio.run(self._listen(venue, "btcusdt@depth", lambda found: len(found) >= 20))
        jumps = [b["data"]["U"] - a["data"]["u"] for a, b in itertools.pairwise(heard)]
        assert [jump > 1 for jump in jumps].count(True) == 1
        assert jumps[4] > 1

    def test_messages_are_repeated_and_change_places(self, venue: Venue) -> None:
        venue.script(
            {"match": {"topic": "btcusdt@trade", "skip": 2, "times": 1}, "action": {"kind": "duplicate"}},
            {"match": {"topic": "btcusdt@trade", "skip": 4, "times": 1}, "action": {"kind": "reorder"}},
        )
        heard = asyncio.run(self._listen(venue, "btcusdt@trade", lambda found: len(found) >= 12))
        ids = [message["data"]["t"] - heard[0]["data"]["t"] for message in heard]
        assert ids == [0, 1, 2, 2, 3, 4, 6, 5, 7, 8, 9, 10]

    def test_one_topic_is_mute_while_the_other_goes_on(self, venue: Venue) -> None:
        venue.script({"match": {"topic": "btcusdt@depth"}, "action": {"kind": "mute"}})
        heard = asyncio.run(self._listen(venue, "btcusdt@depth/btcusdt@trade", lambda found: len(found) >= 10))
        assert {message["stream"] for message in heard} == {"btcusdt@trade"}

    def test_a_half_open_connection_is_silent_and_answers_no_ping(self, venue: Venue) -> None:
        async def run() -> None:
            async with aiohttp.ClientSession(base_url=venue.simulator.uri) as session:
                ws = await session.ws_connect(
                    "/stream?streams=btcusdt@depth", headers={"Host": "stream.binance.com"}, autoping=False
                )
                await ws.receive_str(timeout=10)
                await ws.ping(b"before")
                while (await ws.receive(timeout=10)).type is not aiohttp.WSMsgType.PONG:
                    continue
                await asyncio.to_thread(venue.script, {"action": {"kind": "half_open"}})
                with contextlib.suppress(TimeoutError):
                    while True:
                        await ws.receive(timeout=0.5)
                await ws.ping(b"after")
                with pytest.raises(TimeoutError):
                    await ws.receive(timeout=0.5)
                assert not ws.closed
                await ws.close()

        asyncio.run(run())

    @pytest.mark.parametrize(("reset", "code"), [(False, 1012), (True, 1006)])
    def test_connections_end_with_and_without_a_word(self, venue: Venue, reset: bool, code: int) -> None:
        async def run() -> int | None:
            async with aiohttp.ClientSession(base_url=venue.simulator.uri) as session:
                ws = await session.ws_connect("/stream?streams=btcusdt@depth", headers={"Host": "stream.binance.com"})
                action = {"kind": "disconnect", "code": 1012, "reset": reset}
                await asyncio.to_thread(venue.script, {"action": action})
                async for _ in ws:
                    continue
                return ws.close_code

        assert asyncio.run(run()) == code

    def test_what_is_held_comes_in_one_burst(self, venue: Venue) -> None:
        venue.script({"match": {"topic": "btcusdt@trade"}, "action": {"kind": "hold", "seconds": 0.6, "burst": True}})

        async def run() -> list[float]:
            at: list[float] = []
            async with (
                aiohttp.ClientSession(base_url=venue.simulator.uri) as session,
                session.ws_connect("/ws/btcusdt@trade", headers={"Host": "stream.binance.com"}) as ws,
            ):
                while len(at) < 30:
                    await ws.receive_str(timeout=10)
                    at.append(time.monotonic())
            return at

        gaps = [b - a for a, b in itertools.pairwise(asyncio.run(run()))]
        assert sum(gap > 0.3 for gap in gaps) <= 3
        assert sum(gap < 0.1 for gap in gaps) >= 20


def test_a_script_is_in_force_from_the_start(start_simulator: StartSimulator, tmp_path_factory: Any) -> None:
    file = tmp_path_factory.mktemp("script") / "faults.toml"
    file.write_text('[[rules]]\naction = { kind = "answer", status = 418, body = "no coffee" }\n')
    mine = start_simulator(days=1, faults=str(file))
    try:
        answer = httpx.get(f"{mine.uri}/api/v3/time", headers={"Host": SPOT})
        assert (answer.status_code, answer.text) == (418, "no coffee")
    finally:
        mine.stop()
