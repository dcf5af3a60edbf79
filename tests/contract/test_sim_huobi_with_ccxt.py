"""The simulated HTX as the real ccxt client sees it: a whole life of orders on each of the four markets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from fixtures.htx_client import KINDS, HtxClient, HtxClients
from fixtures.simulator import HUOBI, Simulator, StartSimulator

KEY, SECRET = "htx-ccxt-key", "htx-ccxt-secret"
FUNDS = {
    "huobi_spot": {"USDT": "100000", "BTC": "1"},
    "huobi_linear": {"USDT": "100000"},
    "huobi_swap": {"BTC": "10", "ETH": "100"},
    "huobi_future": {"BTC": "10"},
}
MARKETS = {"spot": "huobi_spot", "linear": "huobi_linear", "swap": "huobi_swap", "future": "huobi_future"}


@pytest.fixture(scope="module")
def simulator(start_simulator: StartSimulator) -> Simulator:
    started = start_simulator(instruments=HUOBI)
    started.add_account(KEY, SECRET, FUNDS, pace=20)
    return started


@pytest.fixture(scope="module")
def clients(simulator: Simulator) -> Iterator[HtxClients]:
    made = HtxClients(simulator.uri, KEY, SECRET)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest, clients: HtxClients) -> HtxClient:
    return clients[request.param]


class Seen:
    """What a private stream has told so far, in order."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def statuses(self, order_id: str) -> list[str]:
        return [row["status"] for row in self.rows if row["id"] == order_id]


async def follow(watch: Callable[[], Awaitable[Any]], seen: Seen) -> None:
    while True:
        found = await watch()
        seen.rows += [dict(row) for row in found] if isinstance(found, list) else [dict(found)]


@asynccontextmanager
async def watching(client: HtxClient) -> AsyncIterator[dict[str, Seen]]:
    """Orders, own trades, balance and positions, followed until the block ends."""
    exchange, symbol = client.exchange, client.symbol
    watches: dict[str, Callable[[], Awaitable[Any]]] = {
        "orders": lambda: exchange.watch_orders(symbol),
        "trades": lambda: exchange.watch_my_trades(symbol),
        "balance": lambda: exchange.watch_balance(),
    }
    if client.kind != "spot":
        mode = {"marginMode": "isolated"} if client.is_inverse else {}
        watches["positions"] = lambda: exchange.watch_positions([symbol], None, None, mode)
    seen = {name: Seen() for name in watches}
    tasks = [asyncio.create_task(follow(watch, seen[name])) for name, watch in watches.items()]
    try:
        await asyncio.sleep(0.3)
        yield seen
    finally:
        failed = [task.exception() for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert failed == []


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


def test_markets_have_the_steps_and_limits_of_the_venue(client: HtxClient) -> None:
    market = client.exchange.market(client.symbol)
    expected = {
        "spot": ("spot", None, 1e-06, 0.01, None),
        "linear": ("swap", True, 1.0, 0.1, 0.001),
        "swap": ("swap", False, 1.0, 0.1, 100.0),
        "future": ("future", False, 1.0, 0.1, 100.0),
    }[client.kind]
    kind, linear, step, tick, size = expected
    assert (market["type"], market["linear"], market["contractSize"]) == (kind, linear, size)
    assert (market["precision"]["amount"], market["precision"]["price"]) == (step, tick)
    assert market["active"]
    assert (market["expiry"] == 1798185600000) == (client.kind == "future")


def test_public_streams_agree_with_what_is_asked_for(client: HtxClient, simulator: Simulator) -> None:
    exchange, symbol = client.exchange, client.symbol

    async def work() -> None:
        trades = await exchange.watch_trades(symbol)
        candles = await exchange.watch_ohlcv(symbol, "1m")
        ticker = await exchange.watch_ticker(symbol)
        assert trades
        assert candles
        assert ticker["last"] > 0
        for _ in range(20):
            watched = await exchange.watch_order_book(symbol)
        assert watched["bids"][0][0] < watched["asks"][0][0]
        await asyncio.to_thread(simulator.pause)
        await asyncio.sleep(0.3)
        asked = await exchange.fetch_order_book(symbol)
        for side in ("bids", "asks"):
            assert list(exchange.orderbooks[symbol][side])[: len(asked[side])] == asked[side], side
        last = (await exchange.fetch_trades(symbol, None, 1))[0]
        assert exchange.trades[symbol][-1]["price"] == last["price"]
        assert exchange.trades[symbol][-1]["timestamp"] == last["timestamp"]
        newest = (await exchange.fetch_ohlcv(symbol, "1m", None, 2))[-1]
        watched_candle = exchange.ohlcvs[symbol]["1m"][-1]
        assert [watched_candle[0], *watched_candle[1:5]] == [newest[0], *newest[1:5]]

    simulator.run(20)
    client.do(work)


def test_the_whole_life_of_orders(client: HtxClient, simulator: Simulator) -> None:
    simulator.run(5)

    async def work() -> None:
        async with watching(client) as seen:
            await _rests_and_goes(client, seen)
            bought = await _takes(client, seen)
            await asyncio.to_thread(simulator.pause)
            triggered = await _waits(client)
            await asyncio.to_thread(simulator.run, 20)
            await _is_triggered(client, triggered)
            await asyncio.to_thread(simulator.pause)
            await _trades_agree(client, seen, [bought])
            assert seen["balance"].rows
            if client.kind != "spot":
                await _positions_agree(client, seen)

    client.do(work)


async def _rests_and_goes(client: HtxClient, seen: dict[str, Seen]) -> None:
    """Placed, found, amended as HTX does it (cancelled and placed anew), cancelled."""
    exchange, symbol = client.exchange, client.symbol
    bid = (await exchange.fetch_order_book(symbol))["bids"][0][0]
    far, nearer = client.round(bid * 0.98), client.round(bid * 0.985)
    placed = await client.order("limit", "buy", far, **client.opening())
    found = await exchange.fetch_order(placed["id"], symbol)
    assert (found["status"], found["price"], found["amount"], found["filled"]) == ("open", far, client.quantity, 0)
    amended = await exchange.edit_order(placed["id"], symbol, "limit", "buy", client.quantity, nearer, client.opening())
    assert [(o["id"], o["price"]) for o in await exchange.fetch_open_orders(symbol)] == [(amended["id"], nearer)]
    await exchange.cancel_order(amended["id"], symbol)
    assert await exchange.fetch_open_orders(symbol) == []
    for gone in (placed, amended):
        assert (await exchange.fetch_order(gone["id"], symbol))["status"] == "canceled"
        await eventually(lambda gone=gone: _told(seen, gone["id"], "canceled"))
        assert "open" in seen["orders"].statuses(gone["id"])


async def _told(seen: dict[str, Seen], order_id: str, status: str) -> bool:
    return status in seen["orders"].statuses(order_id)


async def _takes(client: HtxClient, seen: dict[str, Seen]) -> dict[str, Any]:
    exchange, symbol = client.exchange, client.symbol
    ask = (await exchange.fetch_order_book(symbol))["asks"][0][0]
    taken = await client.order("limit", "buy", client.round(ask * 1.005), **client.opening())
    await eventually(lambda: _told(seen, taken["id"], "closed"))
    done = await exchange.fetch_order(taken["id"], symbol)
    assert (done["status"], done["filled"], done["remaining"]) == ("closed", client.quantity, 0)
    assert taken["id"] in {order["id"] for order in await exchange.fetch_closed_orders(symbol)}
    if client.kind != "spot":
        position = (await exchange.fetch_positions([symbol]))[0]
        assert (position["side"], position["contracts"]) == ("long", client.quantity)
    return dict(taken)


async def _waits(client: HtxClient) -> dict[str, Any]:
    """A conditional order at a price that our own next trade brings; market time stands still."""
    exchange, symbol = client.exchange, client.symbol
    await client.order("market", "sell", **client.closing())
    ask = (await exchange.fetch_order_book(symbol))["asks"][0][0]
    params = {"triggerPrice": ask, "operator": "gte", "triggerType": "ge"}
    for name in {"spot": ["triggerType"], "linear": ["operator", "triggerType"]}.get(client.kind, ["operator"]):
        del params[name]
    waiting = await client.order("limit", "buy", client.round(ask * 1.005), **client.opening(**params))
    shown = await exchange.fetch_open_orders(symbol, None, None, {} if client.kind == "spot" else {"trigger": True})
    assert [(order["id"], order["triggerPrice"]) for order in shown] == [(waiting["id"], ask)]
    await client.order("market", "buy", ask, **client.opening())
    return dict(waiting)


async def _is_triggered(client: HtxClient, waiting: dict[str, Any]) -> None:
    exchange, symbol = client.exchange, client.symbol

    async def filled() -> bool:
        trades = await exchange.fetch_my_trades(symbol)
        return bool(sum(trade["amount"] for trade in trades if trade["side"] == "buy") >= 3 * client.quantity - 1e-9)

    await eventually(filled, 15)
    if client.kind == "spot":
        assert (await exchange.fetch_order(waiting["id"], symbol))["status"] == "closed"
    else:
        assert await exchange.fetch_open_orders(symbol, None, None, {"trigger": True}) == []


async def _trades_agree(client: HtxClient, seen: dict[str, Seen], taken: list[dict[str, Any]]) -> None:
    """Every trade of the account came over the stream too."""
    asked = await client.exchange.fetch_my_trades(client.symbol)
    assert {order["id"] for order in taken} <= {trade["order"] for trade in asked}

    async def all_told() -> bool:
        told = {(trade["order"], trade["id"]) for trade in seen["trades"].rows}
        return {(trade["order"], trade["id"]) for trade in asked} <= told

    await eventually(all_told)


async def _positions_agree(client: HtxClient, seen: dict[str, Seen]) -> None:
    asked = (await client.exchange.fetch_positions([client.symbol]))[0]
    if client.is_inverse:  # ccxt 4.5.83 keeps these as of cross margin, for which it has no subscription
        told = next(iter(client.exchange.positions.values()))["cross"][-2:]
    else:
        told = seen["positions"].rows[-1:]
    assert asked["contracts"] == 2 * client.quantity
    assert asked["contracts"] in {row["contracts"] for row in told}


def test_spot_balances_are_the_funds_and_what_was_traded(clients: HtxClients) -> None:
    client = clients["spot"]
    totals = {coin: Decimal(amount) for coin, amount in FUNDS["huobi_spot"].items()}
    for trade in (row["info"] for row in client("fetch_my_trades", client.symbol)):
        bought = trade["type"].startswith("buy")
        amount, price = Decimal(trade["filled-amount"]), Decimal(trade["price"])
        totals["BTC"] += amount if bought else -amount
        totals["USDT"] -= amount * price if bought else -amount * price
        totals[trade["fee-currency"].upper()] -= Decimal(trade["filled-fees"])
    held: dict[str, Decimal] = {}
    for row in client("fetch_balance")["info"]["data"]["list"]:
        coin = row["currency"].upper()
        held[coin] = held.get(coin, Decimal(0)) + Decimal(row["balance"])
    assert {coin: held[coin] for coin in totals} == totals


def test_linear_balance_is_the_funds_and_the_bills(clients: HtxClients) -> None:
    client = clients["linear"]
    bills = client("contractPrivateGetV5AccountBills", {"limit": 100})["data"]
    detail = client("fetch_balance")["info"]["data"]["details"][0]
    assert {bill["type"] for bill in bills} >= {"3", "5", "7"}, "closing result, fees of opening and of closing"
    moved = sum((Decimal(bill["amount"]) for bill in bills), Decimal(100000))
    assert Decimal(detail["equity"]) - Decimal(detail["profit_unreal"]) == moved


@pytest.mark.parametrize("kind", ["swap", "future"])
def test_coin_margined_balance_is_the_funds_and_the_financial_records(clients: HtxClients, kind: str) -> None:
    client = clients[kind]
    named = {"contract": "BTC-USD"} if kind == "swap" else {"symbol": "BTC"}
    rows = client(client.inverse("FinancialRecord", "V3"), named | {"size": 50})["data"]
    account = client(
        client.inverse("AccountInfo"),
        {"symbol": "BTC", "contract_code": "BTC-USD"} if kind == "swap" else {"symbol": "BTC"},
    )
    static = account["data"][0]["margin_static"]
    assert {row["type"] for row in rows} >= {3, 5, 7}
    moved = sum((Decimal(str(row["amount"])) for row in rows), Decimal(10))
    assert Decimal(str(static)) == moved


@pytest.mark.parametrize(
    ("kind", "code", "amount", "back"),
    [("linear", "USDT", 1000, 400), ("swap", "BTC", 0.25, 0.1), ("future", "BTC", 0.25, 0.1)],
)
def test_money_moves_between_the_markets_and_both_ledgers_say_so(
    clients: HtxClients, kind: str, code: str, amount: float, back: float
) -> None:
    spot, client = clients["spot"], clients[kind]
    account, params = {
        "linear": ("swap", {"subType": "linear"}),
        "swap": ("swap", {"subType": "inverse"}),
        "future": ("future", {}),
    }[kind]
    before = spot("fetch_balance")[code]["total"]
    spot("transfer", code, amount, "spot", account, params)
    spot("transfer", code, back, account, "spot", params)
    assert spot("fetch_balance")[code]["total"] == pytest.approx(before - amount + back, abs=1e-9)
    moves = spot("fetch_ledger", code)[-2:]
    assert {row["amount"] for row in moves} == {-amount, back}
    if kind == "linear":
        rows = client("contractPrivateGetV5AccountBills", {"type": "14,15", "limit": 2})["data"]
        found = [(bill["type"], Decimal(bill["amount"])) for bill in reversed(rows)]
    else:
        named = {"contract": "BTC-USD"} if kind == "swap" else {"symbol": "BTC"}
        rows = client(client.inverse("FinancialRecord", "V3"), named | {"type": "14,15", "size": 2})["data"]
        found = [(str(row["type"]), Decimal(str(row["amount"]))) for row in reversed(rows)]
    assert found == [("14", Decimal(str(amount))), ("15", -Decimal(str(back)))]


def test_deposits_and_withdrawals_of_the_spot_account(clients: HtxClients, simulator: Simulator) -> None:
    spot = clients["spot"]
    simulator.deposit(KEY, "huobi_spot", "USDT", "250")
    address = spot("fetch_deposit_address", "USDT", {"network": "TRC20"})
    assert address["currency"] == "USDT"
    drawn = spot(
        "spotPrivatePostV1DwWithdrawApiCreate",
        {"address": "TRX1234567890", "amount": "20", "currency": "usdt", "fee": "1", "chain": "trc20usdt"},
    )
    deposit = spot("fetch_deposits", "USDT")[-1]
    withdrawal = spot("fetch_withdrawals", "USDT")[-1]
    assert (deposit["amount"], deposit["status"]) == (250, "ok")
    assert (withdrawal["id"], withdrawal["amount"], withdrawal["fee"]["cost"], withdrawal["status"]) == (
        drawn["data"],
        20,
        1,
        "ok",
    )
