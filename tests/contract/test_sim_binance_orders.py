"""What ccxt does not reach, or hides: both halves of a cancel-replace, batches, events of conditional orders, orders
over WebSockets.

Shapes and codes are those of Binance's documents (developers.binance.com): Spot, Cancel an Existing Order and Send a
New Order, Order Amend Keep Priority; Derivatives, Modify Order, Place Multiple Orders, Algo Order, Event: Algo Order
Update, Auto-Cancel All Open Orders.
"""

import asyncio
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from fixtures.binance_requests import Requests, Stream
from fixtures.simulator import BINANCE, COINM, Simulator, StartSimulator

NAMES = itertools.count(1)
FUNDS = {
    "binance_spot": {"USDT": "100000", "BTC": "1"},
    "binance_usdm": {"USDT": "100000"},
    "binance_coinm": {"BTC": "10"},
}
RICH = {"binance_usdm": {"USDT": "100000000"}, "binance_coinm": {"BTC": "100000"}}
SYMBOLS = {"/api/v3": "BTCUSDT", "/fapi/v1": "BTCUSDT", "/dapi/v1": "BTCUSD_PERP"}
QUANTITIES = {"/api/v3": "0.01", "/fapi/v1": "0.01", "/dapi/v1": "2"}
SWEEPS = {"/fapi/v1": "900", "/dapi/v1": "600000"}
FUTURES = ("/fapi/v1", "/dapi/v1")
STREAMS = {"/fapi/v1": ("fstream", "/private/ws?listenKey="), "/dapi/v1": ("dstream", "/ws/")}


@pytest.fixture(scope="module")
def simulator(start_simulator: StartSimulator) -> Iterator[Simulator]:
    mine = start_simulator(instruments=BINANCE + COINM)
    yield mine
    mine.stop()


class Trader(Requests):
    def bid(self, at: str) -> float:
        return float(self.ask("GET", f"{at}/depth", symbol=SYMBOLS[at], limit=5)["bids"][0][0])

    def resting(self, at: str, away: float = 100.0, **more: Any) -> dict[str, Any]:
        return dict(self.ask("POST", f"{at}/order", **self.limit(at, away), **more))

    def limit(self, at: str, away: float = 100.0) -> dict[str, Any]:
        return {
            "symbol": SYMBOLS[at],
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": QUANTITIES[at],
            "price": f"{self.bid(at) - away:.1f}",
        }

    def market(self, at: str, side: str = "BUY", **more: Any) -> dict[str, Any]:
        order = {"symbol": SYMBOLS[at], "side": side, "type": "MARKET", "quantity": QUANTITIES[at]}
        return dict(self.ask("POST", f"{at}/order", **(order | more)))

    def algo(self, at: str, kind: str, trigger: float, **more: Any) -> dict[str, Any]:
        order = {
            "algoType": "CONDITIONAL",
            "symbol": SYMBOLS[at],
            "side": "SELL",
            "type": kind,
            "triggerPrice": f"{trigger:.1f}",
            "clientAlgoId": f"algo-{next(NAMES)}",
        }
        quantity = {} if "closePosition" in more else {"quantity": QUANTITIES[at]}
        return dict(self.ask("POST", f"{at}/algoOrder", **(order | quantity | more)))

    def clear(self, at: str) -> None:
        symbol = SYMBOLS[at]
        self("DELETE", f"{at}/openOrders" if at == "/api/v3" else f"{at}/allOpenOrders", symbol=symbol)
        if at == "/api/v3":
            return
        self("DELETE", f"{at}/algoOpenOrders", symbol=symbol)
        for row in self.ask("GET", "/fapi/v2/positionRisk" if at == "/fapi/v1" else "/dapi/v1/positionRisk"):
            amount = float(row["positionAmt"])
            if amount:
                side = "SELL" if amount > 0 else "BUY"
                self.market(at, side, symbol=row["symbol"], quantity=row["positionAmt"].lstrip("-"), reduceOnly="true")


@pytest.fixture(scope="module")
def everybody(simulator: Simulator) -> Iterator[tuple[Trader, Trader]]:
    simulator.add_account("order-key", "s", FUNDS, pace=20)
    simulator.add_account("sweeper", "s", RICH, pace=20)
    both = Trader(simulator.uri, "order-key", "s"), Trader(simulator.uri, "sweeper", "s")
    yield both
    for one in both:
        one.close()


@pytest.fixture
def trader(everybody: tuple[Trader, Trader]) -> Iterator[Trader]:
    mine = everybody[0]
    yield mine
    for at in SYMBOLS:
        mine.clear(at)


@pytest.fixture
def sweeper(everybody: tuple[Trader, Trader]) -> Trader:
    return everybody[1]


HALVES: list[tuple[str, bool, bool, int, str, str]] = [
    # mode, can the old one be cancelled, can the new one be placed → status, cancelResult, newOrderResult
    ("STOP_ON_FAILURE", True, True, 200, "SUCCESS", "SUCCESS"),
    ("STOP_ON_FAILURE", True, False, 409, "SUCCESS", "FAILURE"),
    ("STOP_ON_FAILURE", False, True, 400, "FAILURE", "NOT_ATTEMPTED"),
    ("ALLOW_FAILURE", True, True, 200, "SUCCESS", "SUCCESS"),
    ("ALLOW_FAILURE", True, False, 409, "SUCCESS", "FAILURE"),
    ("ALLOW_FAILURE", False, True, 409, "FAILURE", "SUCCESS"),
    ("ALLOW_FAILURE", False, False, 400, "FAILURE", "FAILURE"),
]


@pytest.mark.parametrize(("mode", "cancels", "places", "status", "cancelled", "placed"), HALVES)
def test_both_halves_of_a_cancel_replace_are_told_and_true(
    trader: Trader, mode: str, cancels: bool, places: bool, status: int, cancelled: str, placed: str
) -> None:
    old = trader.resting("/api/v3")
    number = old["orderId"] if cancels else 77
    new = trader.limit("/api/v3", 150) | {"newClientOrderId": f"new-{next(NAMES)}"}
    new |= {} if places else {"quantity": "900"}
    answer = trader("POST", "/api/v3/order/cancelReplace", **new, cancelReplaceMode=mode, cancelOrderId=number)
    told = answer.json() if status == 200 else answer.json()["data"]
    assert (answer.status_code, told["cancelResult"], told["newOrderResult"]) == (status, cancelled, placed)
    if status != 200:
        assert answer.json()["code"] == (-2021 if status == 409 else -2022)
    if cancelled == "FAILURE":
        assert told["cancelResponse"] == {"code": -2011, "msg": "Unknown order sent."}
    if placed == "FAILURE":
        assert told["newOrderResponse"]["code"] == -2010
    alive = {row["clientOrderId"] for row in trader.ask("GET", "/api/v3/openOrders", symbol="BTCUSDT")}
    expected = (set() if cancelled == "SUCCESS" else {old["clientOrderId"]}) | (
        {new["newClientOrderId"]} if placed == "SUCCESS" else set()
    )
    assert alive == expected


def test_a_smaller_quantity_keeps_number_and_place(trader: Trader) -> None:
    order = trader.resting("/api/v3")
    name = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
    changed = trader.ask("PUT", "/api/v3/order/amend/keepPriority", **name, newQty="0.004")["amendedOrder"]
    assert (changed["orderId"], changed["origQty"], changed["status"]) == (order["orderId"], "0.00400000", "NEW")
    assert trader.refused("PUT", "/api/v3/order/amend/keepPriority", **name, newQty="0.005") == (400, -2038)


@pytest.mark.parametrize("at", FUTURES)
class TestFutures:
    def test_an_order_is_modified_in_place(self, trader: Trader, at: str) -> None:
        order = trader.resting(at)
        name = {"symbol": SYMBOLS[at], "orderId": order["orderId"], "side": "BUY"}
        price = f"{float(order['price']) - 5:.1f}"
        changed = trader.ask("PUT", f"{at}/order", **name, quantity=QUANTITIES[at], price=price)
        assert (changed["orderId"], changed["clientOrderId"]) == (order["orderId"], order["clientOrderId"])
        assert changed["price"] == price
        same = trader.refused("PUT", f"{at}/order", **name, quantity=QUANTITIES[at], price=price)
        assert same == (400, -5027)
        unknown = trader.refused("PUT", f"{at}/order", **name | {"orderId": 77}, quantity=QUANTITIES[at], price=price)
        assert unknown == (400, -2013)
        wrong = trader.refused("PUT", f"{at}/order", **name | {"side": "SELL"}, quantity=QUANTITIES[at], price=price)
        assert wrong == (400, -1100)

    def test_each_order_of_a_batch_has_its_own_answer(self, trader: Trader, at: str) -> None:
        good, bad = trader.limit(at), trader.limit(at) | {"quantity": "9999999999"}
        placed = trader.ask("POST", f"{at}/batchOrders", batchOrders=json.dumps([good, bad, good]))
        assert [row.get("code") for row in placed] == [None, -4005, None]
        ids = [row["orderId"] for row in placed if "orderId" in row]
        lower = f"{float(good['price']) - 7:.1f}"
        change = {"symbol": SYMBOLS[at], "side": "BUY", "quantity": QUANTITIES[at], "price": lower}
        asked = [change | {"orderId": ids[0]}, change | {"orderId": 77}]
        modified = trader.ask("PUT", f"{at}/batchOrders", batchOrders=json.dumps(asked))
        assert [row.get("price", row.get("code")) for row in modified] == [lower, -2013]
        gone = trader.ask("DELETE", f"{at}/batchOrders", symbol=SYMBOLS[at], orderIdList=json.dumps([*ids, 77]))
        assert [row.get("status", row.get("code")) for row in gone] == ["CANCELED", "CANCELED", -2011]
        many = json.dumps([good] * 6)
        assert trader.refused("POST", f"{at}/batchOrders", batchOrders=many) == (400, -4085)

    def test_conditional_orders_belong_to_the_algo_endpoints(self, trader: Trader, at: str) -> None:
        order = trader.limit(at) | {"type": "STOP", "stopPrice": "1"}
        assert trader.refused("POST", f"{at}/order", **order) == (400, -4120)
        bid = trader.bid(at)
        waits = trader.algo(at, "STOP", bid - 500, price=f"{bid - 510:.1f}")
        assert (waits["algoStatus"], waits["orderType"], waits["actualOrderId"]) == ("NEW", "STOP", "")
        name = {"symbol": SYMBOLS[at], "clientAlgoId": waits["clientAlgoId"]}
        assert trader.ask("GET", f"{at}/algoOrder", **name)["algoId"] == waits["algoId"]
        assert [row["algoId"] for row in trader.ask("GET", f"{at}/openAlgoOrders")] == [waits["algoId"]]
        assert trader.ask("GET", f"{at}/openOrders") == []
        gone = trader.ask("DELETE", f"{at}/algoOrder", algoId=waits["algoId"])
        assert gone == {
            "algoId": waits["algoId"],
            "clientAlgoId": waits["clientAlgoId"],
            "code": "200",
            "msg": "success",
        }
        assert trader.refused("DELETE", f"{at}/algoOrder", algoId=waits["algoId"]) == (400, -2011)
        history = trader.ask("GET", f"{at}/allAlgoOrders", symbol=SYMBOLS[at])
        assert history[-1]["algoStatus"] == "CANCELED"
        assert trader.refused("GET", f"{at}/algoOrder", algoId=77) == (400, -2013)

    def test_a_trigger_that_has_come_already_is_refused(self, trader: Trader, at: str) -> None:
        bid = trader.bid(at)
        order = {"algoType": "CONDITIONAL", "symbol": SYMBOLS[at], "quantity": QUANTITIES[at]}
        above = f"{bid + 500:.1f}"
        for kind, side in (("STOP_MARKET", "SELL"), ("TAKE_PROFIT_MARKET", "BUY")):
            asked = order | {"side": side, "type": kind, "triggerPrice": above}
            assert trader.refused("POST", f"{at}/algoOrder", **asked) == (400, -2021)

    def test_what_is_told_of_a_stop_from_its_entry_to_its_end(
        self, trader: Trader, sweeper: Trader, simulator: Simulator, at: str
    ) -> None:
        host, path = STREAMS[at]
        listen_key = trader.ask("POST", f"{at}/listenKey")["listenKey"]
        trader.market(at)
        bid = trader.bid(at)

        async def run() -> list[dict[str, Any]]:
            async with Stream(simulator.uri, host, path + listen_key) as stream:
                stop = await asyncio.to_thread(trader.algo, at, "STOP_MARKET", bid - 15, closePosition="true")
                await asyncio.to_thread(_sweep, sweeper, at, bid - 40)
                await asyncio.to_thread(simulator.run_for, 1)
                while [e["o"]["X"] for e in stream.heard if e["e"] == "ALGO_UPDATE"][-1:] != ["FINISHED"]:
                    await stream.next()
                assert stop["quantity"] in ("0", "0.000")
                return stream.heard

        heard = asyncio.run(run())
        algo = [event["o"] for event in heard if event["e"] == "ALGO_UPDATE"]
        work = [event["o"] for event in heard if event["e"] == "ORDER_TRADE_UPDATE"]
        assert [one["X"] for one in algo] == ["NEW", "TRIGGERED", "FINISHED"]
        assert [one["x"] for one in work][:2] == ["NEW", "TRADE"]
        made = {one["c"] for one in work}
        assert len(made) == 1
        assert made != {algo[0]["caid"]}, "what it became has an id of the venue's own making"
        assert {(one["o"], one["ot"], one["R"]) for one in work} == {("MARKET", "STOP_MARKET", True)}
        assert algo[-1]["ai"] == str(work[0]["i"])
        assert work[-1]["z"] == work[0]["q"]
        found = trader.ask("GET", f"{at}/order", symbol=SYMBOLS[at], origClientOrderId=work[0]["c"])
        assert (found["status"], found["origType"]) == ("FILLED", "STOP_MARKET")
        assert trader.ask("GET", f"{at}/algoOrder", algoId=algo[0]["aid"])["algoStatus"] == "FINISHED"

    def test_a_stop_that_nothing_is_left_for_is_rejected_when_it_triggers(
        self, trader: Trader, sweeper: Trader, simulator: Simulator, at: str
    ) -> None:
        host, path = STREAMS[at]
        listen_key = trader.ask("POST", f"{at}/listenKey")["listenKey"]
        trader.market(at)
        bid = trader.bid(at)

        async def run() -> dict[str, Any]:
            async with Stream(simulator.uri, host, path + listen_key) as stream:
                await asyncio.to_thread(trader.algo, at, "STOP_MARKET", bid - 15, reduceOnly="true")
                await asyncio.to_thread(trader.market, at, "SELL", reduceOnly="true")
                await asyncio.to_thread(_sweep, sweeper, at, bid - 40)
                await asyncio.to_thread(simulator.run_for, 1)
                while (event := await stream.until("ALGO_UPDATE"))["o"]["X"] != "REJECTED":
                    continue
                return dict(event["o"])

        rejected = asyncio.run(run())
        assert (rejected["rm"], rejected["ai"]) == ("ReduceOnly Order is rejected.", "")

    def test_the_countdown_cancels_unless_it_is_started_again(self, trader: Trader, at: str) -> None:
        def left() -> int:
            return len(trader.ask("GET", f"{at}/openOrders", symbol=SYMBOLS[at]))

        trader.resting(at)
        trader.ask("POST", f"{at}/countdownCancelAll", symbol=SYMBOLS[at], countdownTime=60_000)
        ended = trader.ask("POST", f"{at}/countdownCancelAll", symbol=SYMBOLS[at], countdownTime=0)
        assert ended == {"symbol": SYMBOLS[at], "countdownTime": "0"}
        assert left() == 1
        trader.ask("POST", f"{at}/countdownCancelAll", symbol=SYMBOLS[at], countdownTime=150)
        polls = itertools.count()
        while left():
            assert next(polls) < 500


def _sweep(sweeper: Trader, at: str, price: float) -> None:
    """Sells through the book down to a price."""
    order = {"side": "SELL", "type": "LIMIT", "timeInForce": "IOC", "quantity": SWEEPS[at], "price": f"{price:.1f}"}
    sweeper.ask("POST", f"{at}/order", symbol=SYMBOLS[at], **order)


class TestWebSocketApi:
    """Source: the WebSocket API pages of spot and futures; replies carry the status that REST would have."""

    def talk(self, simulator: Simulator, host: str, path: str, *requests: str) -> list[dict[str, Any]]:
        async def run() -> list[dict[str, Any]]:
            async with Stream(simulator.uri, host, path) as stream:
                for request in requests:
                    await stream.ws.send_str(request)
                    await stream.next()
                return stream.heard

        return asyncio.run(run())

    def test_half_a_cancel_replace_has_status_409(self, trader: Trader, simulator: Simulator) -> None:
        old = trader.resting("/api/v3")
        new = trader.limit("/api/v3") | {"quantity": "900"}
        asked = new | {"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": old["orderId"]}
        request = trader.ws_request("7", "order.cancelReplace", **asked)
        (reply,) = self.talk(simulator, "ws-api", "/ws-api/v3", request)
        assert (reply["id"], reply["status"], reply["error"]["code"]) == ("7", 409, -2021)
        assert reply["error"]["data"]["cancelResult"] == "SUCCESS"

    @pytest.mark.parametrize(
        ("host", "path", "at"),
        [
            ("ws-fapi", "/ws-fapi/v1", "/fapi/v1"),
            ("ws-dapi", "/ws-dapi/v1", "/dapi/v1"),
        ],
    )
    def test_futures_orders_are_placed_modified_and_cancelled(
        self, trader: Trader, simulator: Simulator, host: str, path: str, at: str
    ) -> None:
        order = trader.limit(at) | {"newClientOrderId": f"ws-{next(NAMES)}"}
        name = {"symbol": SYMBOLS[at], "origClientOrderId": order["newClientOrderId"]}
        change = name | {"side": "BUY", "quantity": QUANTITIES[at], "price": f"{float(order['price']) - 3:.1f}"}
        requests = [
            trader.ws_request("1", "order.place", **order),
            trader.ws_request("2", "order.modify", **change),
            trader.ws_request("3", "order.status", **name),
            trader.ws_request("4", "order.cancel", **name),
            trader.ws_request("5", "order.cancel", **name),
        ]
        replies = self.talk(simulator, host, path, *requests)
        assert [reply["status"] for reply in replies] == [200, 200, 200, 200, 400]
        assert [reply["id"] for reply in replies] == ["1", "2", "3", "4", "5"]
        assert replies[2]["result"]["price"] == change["price"]
        assert replies[3]["result"]["status"] == "CANCELED"
        assert replies[4]["error"]["code"] == -2011
        counts = {row["rateLimitType"]: row["count"] for row in replies[0]["rateLimits"]}
        assert counts["ORDERS"] >= 1

    def test_listen_keys_by_websocket(self, trader: Trader, simulator: Simulator) -> None:
        def command(number: str, word: str) -> str:
            told = {"id": number, "method": f"userDataStream.{word}", "params": {"apiKey": trader.key}}
            return json.dumps(told)

        words = ("start", "ping", "stop", "ping")
        asked = [command(str(number), word) for number, word in enumerate(words)]
        replies = self.talk(simulator, "ws-fapi", "/ws-fapi/v1", *asked)
        assert replies[0]["result"]["listenKey"] == replies[1]["result"]["listenKey"]
        assert [reply["status"] for reply in replies] == [200, 200, 200, 400]
        assert replies[3]["error"]["code"] == -1125
