"""Every request that ccxt 4.5.83 makes of BitMEX is answered in a shape that it parses; each is written down."""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from fixtures.recorded_calls import Recorder, doors
from fixtures.simulator import BITMEX, Simulator, StartSimulator

KEY, SECRET = "bitmex-calls-key", "bitmex-calls-secret"
SYMBOL = "BTC/USD:BTC"


class Desk(NamedTuple):
    exchange: Any
    session: Recorder
    runner: asyncio.Runner

    def ask(self, method: str, *args: Any) -> Any:
        return self.runner.run(asyncio.wait_for(getattr(self.exchange, method)(*args), 20))


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    simulator = start_simulator(instruments=BITMEX)
    simulator.run_for(90)
    simulator.add_account(KEY, SECRET, pace=50)
    return simulator


@pytest.fixture(scope="module")
def desk(venue: Simulator) -> Iterator[Desk]:
    from ccxt.async_support.bitmex import bitmex

    with asyncio.Runner() as runner:

        async def connect() -> tuple[Any, Recorder]:
            session = Recorder(venue.uri)
            return bitmex({"apiKey": KEY, "secret": SECRET, "session": session, "enableRateLimit": False}), session

        made = Desk(*runner.run(connect()), runner)
        try:
            yield made
        finally:
            runner.run(made.exchange.close())
            runner.run(made.session.close())


@pytest.mark.parametrize(
    ("method", "args", "fields"),
    [
        ("load_markets", (), ()),
        ("fetch_ohlcv", (SYMBOL, "1m", None, 5), ()),
        ("fetch_trades", (SYMBOL, None, 10), ()),
        ("fetch_order_book", (SYMBOL, 20), ("bids", "asks")),
        ("fetch_ticker", (SYMBOL,), ("last", "markPrice", "bid", "ask")),
        ("fetch_funding_rate", (SYMBOL,), ("fundingRate", "markPrice", "fundingTimestamp")),
        ("fetch_funding_rate_history", (SYMBOL, None, 3), ()),
        ("fetch_balance", (), ("BTC",)),
        ("set_leverage", (5, SYMBOL), ()),
        ("fetch_leverages", ([SYMBOL],), (SYMBOL,)),
    ],
)
def test_the_answer_is_what_ccxt_understands(desk: Desk, method: str, args: tuple[Any, ...], fields: Any) -> None:
    answer = desk.ask(method, *args)
    assert answer
    assert all(answer[field] is not None for field in fields), answer


def test_each_kind_of_order_is_entered_and_ended(desk: Desk) -> None:
    book = desk.ask("fetch_order_book", SYMBOL, 25)
    low, high = round(book["bids"][0][0] * 0.97), round(book["asks"][0][0] * 1.03)
    kinds: list[tuple[str, str, float | None, dict[str, Any], str]] = [
        ("limit", "buy", low, {}, "open"),
        ("limit", "buy", low, {"postOnly": True}, "open"),
        ("limit", "buy", high, {"postOnly": True}, "canceled"),
        ("limit", "buy", low, {"timeInForce": "ImmediateOrCancel"}, "canceled"),
        ("limit", "buy", low, {"timeInForce": "FillOrKill"}, "canceled"),
        ("limit", "buy", low, {"clientOrderId": "mine-1"}, "open"),
        ("market", "buy", None, {}, "closed"),
        ("limit", "sell", high, {"reduceOnly": True}, "open"),
        ("market", "sell", None, {"triggerPrice": low, "triggerDirection": "below", "reduceOnly": True}, "open"),
        ("limit", "sell", low - 50, {"triggerPrice": low, "triggerDirection": "below"}, "open"),
    ]
    for type_, side, price, params, status in kinds:
        order = desk.ask("create_order", SYMBOL, type_, side, 100, price, params)
        assert (order["status"], bool(order["id"])) == (status, True), (params, order)
    first = desk.ask("create_order", SYMBOL, "limit", "buy", 100, low, {})
    changed = desk.ask("edit_order", first["id"], SYMBOL, "limit", "buy", 200, low - 10)
    assert desk.ask("fetch_order", changed["id"], SYMBOL)["price"] == low - 10
    assert desk.ask("cancel_order", changed["id"], SYMBOL)["status"] == "canceled"
    assert len(desk.ask("fetch_open_orders", SYMBOL)) == 6
    assert len(desk.ask("cancel_all_orders", SYMBOL)) == 6
    assert desk.ask("fetch_open_orders", SYMBOL) == []
    assert len(desk.ask("fetch_orders", SYMBOL)) == len(kinds) + 1
    assert changed["id"] in {order["id"] for order in desk.ask("fetch_closed_orders", SYMBOL)}
    assert [trade["side"] for trade in desk.ask("fetch_my_trades", SYMBOL)] == ["buy"]
    assert [p["contracts"] for p in desk.ask("fetch_positions", [SYMBOL])] == [100]
    assert desk.ask("fetch_ledger", "BTC", None, 10) is not None


RECORDED = doors(
    "www.bitmex.com",
    "/api/v1",
    "GET /wallet/assets",
    "GET /instrument/active",
    "GET /trade/bucketed",
    "GET /trade",
    "GET /orderBook/L2",
    "GET /instrument",
    "GET /instrument/activeAndIndices",
    "GET /funding",
    "GET /position",
    "POST /position/leverage",
    "POST /order",
    "PUT /order",
    "DELETE /order",
    "DELETE /order/all",
    "GET /order",
    "GET /execution/tradeHistory",
    "GET /user/margin",
    "GET /user/walletHistory",
)
"""The REST calls that were recorded of ccxt 4.5.83."""


def test_nothing_that_was_recorded_of_ccxt_is_left_out(desk: Desk) -> None:
    """After the tests above: each asked for something, and was answered as ccxt expects."""
    assert set(RECORDED) - desk.session.asked == set()
