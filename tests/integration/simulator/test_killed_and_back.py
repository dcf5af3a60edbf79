"""The simulator is killed in the middle of trading and comes back: what it told anybody still holds, and it goes on."""

import hashlib
import hmac
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from fixtures.simulator import Simulator
from jtrader.domain.times import MINUTE, SECOND

SETTINGS: dict[str, Any] = {
    "days": 1,
    "live_minutes": 60,
    "live_start": "2026-01-15T15:30:00Z",
    "instruments": ("binance_usdm:BTCUSDT", "binance_spot:BTCUSDT", "bitmex:XBTUSD"),
}
KEY, SECRET = "kept-key", "kept-secret"
USDM, SPOT = "fapi.binance.com", "api.binance.com"


class Client:
    """Signs as Binance's clients do."""

    def __init__(self, simulator: Simulator) -> None:
        self._http = httpx.Client(base_url=simulator.uri, timeout=30)

    def close(self) -> None:
        self._http.close()

    def call(self, method: str, host: str, path: str, **params: Any) -> Any:
        query = urlencode(params | {"timestamp": time.time_ns() // 10**6, "recvWindow": 10_000})
        signature = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        headers = {"Host": host, "X-MBX-APIKEY": KEY}
        answer = self._http.request(method, f"{path}?{query}&signature={signature}", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


class Trader(threading.Thread):
    """Sends orders until the line is cut, and remembers what was acknowledged."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__()
        self._client = Client(simulator)
        self.known: dict[str, dict[str, Any]] = {}
        self.cancelled: set[str] = set()

    def run(self) -> None:
        try:
            for number in itertools.count():
                self._order(number)
        except httpx.TransportError:
            return
        finally:
            self._client.close()

    def _order(self, number: int) -> None:
        name = f"turn-{time.time_ns()}-{number}"
        order = {"symbol": "BTCUSDT", "newClientOrderId": name, "quantity": "0.01"}
        if number % 3 == 0:
            order |= {"side": "BUY" if number % 2 else "SELL", "type": "MARKET"}
        else:
            order |= {"side": "BUY", "type": "LIMIT", "price": f"{95_000 + number % 50}", "timeInForce": "GTC"}
        self.known[name] = self._client.call("POST", USDM, "/fapi/v1/order", **order)
        if number % 3 and number % 30 != 2:
            self._client.call("DELETE", USDM, "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId=name)
            self.cancelled.add(name)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    made = Simulator(tmp_path, SETTINGS)
    made.start()
    made.add_account(KEY, SECRET)
    yield made
    made.stop()


def told(simulator: Simulator, start: int) -> tuple[list[Any], list[Any]]:
    """Public trades and closed minutes since `start` (ns)."""
    since = start // 10**6
    trades = simulator.get(USDM, "/fapi/v1/aggTrades", symbol="BTCUSDT", startTime=since, limit=1000)
    minutes = simulator.get(USDM, "/fapi/v1/klines", symbol="BTCUSDT", interval="1m", startTime=since, limit=1000)
    return trades, minutes


def money(client: Client) -> tuple[Any, Any, Any]:
    ledger = client.call("GET", USDM, "/fapi/v1/income", limit=1000, startTime=0)
    balance = client.call("GET", USDM, "/fapi/v3/balance")[0]["balance"]
    spot = [b for b in client.call("GET", SPOT, "/api/v3/account")["balances"] if b["asset"] in ("BTC", "USDT")]
    return ledger, balance, spot


def test_killed_again_and_again_in_the_middle_of_trading(simulator: Simulator) -> None:
    start, known, cancelled = simulator.now, {}, set()
    simulator.run(60.0)
    for turn in range(3):
        trader = Trader(simulator)
        trader.start()
        time.sleep(0.6 + 0.2 * turn)  # on purpose no condition: any moment of an order's life may be the last one
        before, _ = told(simulator, start)
        version = simulator.get(USDM, "/fapi/v1/depth", symbol="BTCUSDT", limit=5)["lastUpdateId"]
        simulator.kill()
        trader.join()
        known |= trader.known
        cancelled |= trader.cancelled
        simulator.start()
        clock = simulator.clock()
        assert (clock["state"], clock["speed"]) == ("running", 60.0)
        after, minutes = told(simulator, start)
        assert after[: len(before)] == before, "what was told is told again"
        assert [row["a"] for row in after] == list(range(after[0]["a"], after[0]["a"] + len(after)))
        assert [row[0] for row in minutes] == [start // 10**6 + i * 60_000 for i in range(len(minutes))]
        assert simulator.get(USDM, "/fapi/v1/depth", symbol="BTCUSDT", limit=5)["lastUpdateId"] >= version
        check_orders(simulator, known, cancelled)
    assert simulator.stats()["fills"] > 0


def check_orders(simulator: Simulator, known: dict[str, dict[str, Any]], cancelled: set[str]) -> None:
    client = Client(simulator)
    try:
        for name, acknowledged in list(known.items())[-40:]:
            found = client.call("GET", USDM, "/fapi/v1/order", symbol="BTCUSDT", origClientOrderId=name)
            assert found["orderId"] == acknowledged["orderId"]
            assert float(found["executedQty"]) >= float(acknowledged["executedQty"])
            assert found["status"] == "CANCELED" or name not in cancelled
        trades = client.call("GET", USDM, "/fapi/v1/userTrades", symbol="BTCUSDT", limit=1000)
        ledger, balance, _ = money(client)
        assert float(balance) == pytest.approx(100_000 + sum(float(row["income"]) for row in ledger), abs=1e-6)
        assert len({trade["id"] for trade in trades}) == len(trades)
    finally:
        client.close()


def test_paused_it_comes_back_as_it_was_and_resting_orders_stand_in_the_book(simulator: Simulator) -> None:
    client = Client(simulator)
    simulator.run_for(70)
    start = simulator.clock()["live_start"]
    price = float(simulator.get(USDM, "/fapi/v1/depth", symbol="BTCUSDT", limit=5)["bids"][0][0]) - 300
    resting = client.call(
        "POST", USDM, "/fapi/v1/order", symbol="BTCUSDT", side="BUY", type="LIMIT", quantity="0.5",
        price=f"{price:.1f}", timeInForce="GTC", newClientOrderId="rests",
    )  # fmt: skip
    client.call("POST", SPOT, "/api/v3/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.1")
    simulator.transfer(KEY, "binance_usdm", "USDT", "12.5")
    before, clock, owned = told(simulator, start), simulator.clock(), money(client)
    client.close()
    simulator.kill()
    simulator.start()
    client = Client(simulator)
    assert simulator.clock() == clock
    assert told(simulator, start) == before
    assert money(client) == owned
    [found] = client.call("GET", USDM, "/fapi/v1/openOrders", symbol="BTCUSDT")
    assert found["orderId"] == resting["orderId"]
    bids = simulator.get(USDM, "/fapi/v1/depth", symbol="BTCUSDT", limit=1000)["bids"]
    assert next(float(lots) for at, lots in bids if float(at) == round(price, 1)) >= 0.5
    assert httpx.post(simulator.uri + "/sim/accounts", json={"key": KEY, "secret": SECRET}, timeout=10).json() == {
        "created": False
    }
    simulator.run_for(60)
    trades, _ = told(simulator, start)
    assert trades[: len(before[0])] == before[0]
    assert trades[len(before[0])]["a"] == before[0][-1]["a"] + 1
    again = client.call("POST", USDM, "/fapi/v1/order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.01")
    assert again["orderId"] > resting["orderId"]
    client.close()


def test_the_end_of_the_live_window_is_kept_too(simulator: Simulator) -> None:
    ends = simulator.clock()["live_end"]
    simulator.jump(ends + 30 * MINUTE + 20 * SECOND)
    before = simulator.get(USDM, "/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=80)
    simulator.kill()
    simulator.start()
    assert simulator.now == ends + 30 * MINUTE + 20 * SECOND
    assert simulator.get(USDM, "/fapi/v1/klines", symbol="BTCUSDT", interval="1m", limit=80) == before
    assert httpx.post(simulator.uri + "/sim/clock/run", json={"speed": 1.0}, timeout=10).status_code == 400


def test_a_state_of_other_settings_is_refused_with_what_to_do(simulator: Simulator, tmp_path: Path) -> None:
    simulator.kill()
    other = Simulator(tmp_path, SETTINGS | {"seed": 99})
    with pytest.raises(AssertionError) as ended:
        other.start()
    said = str(ended.value)
    assert "seed was 7, now is 99" in said
    assert f"delete {tmp_path / 'sim'}" in said
    assert "Traceback" not in said


def test_only_one_process_has_the_state(simulator: Simulator, tmp_path: Path) -> None:
    second = Simulator(tmp_path, SETTINGS)
    with pytest.raises(AssertionError, match="does another simulator run there"):
        second.start()
    assert simulator.clock()["state"] == "paused"


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "state.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(AssertionError, match="is no state of a simulator"):
        Simulator(tmp_path, SETTINGS).start()
