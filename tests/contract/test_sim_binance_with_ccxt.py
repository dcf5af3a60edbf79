"""The simulated Binance as the real ccxt client sees it: REST, errors and streams of spot and USDT-M."""

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import re
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from fixtures.ccxt_binance import FUNDS, Client, ccxt_clients
from fixtures.simulator import BINANCE, COINM, Simulator, StartSimulator
from jtrader.domain.times import HOUR, MINUTE

KEY, SECRET = "ccxt-contract-key", "ccxt-contract-secret"
MARKETS = ("spot", "usdm", "coinm")
NAMES = itertools.count(1)


@pytest.fixture(scope="module")
def simulator(start_simulator: StartSimulator) -> Iterator[Simulator]:
    mine = start_simulator(instruments=BINANCE + COINM)
    yield mine
    mine.stop()


@pytest.fixture(scope="module")
def clients(simulator: Simulator) -> Iterator[dict[str, Client]]:
    simulator.add_account(KEY, SECRET, FUNDS, pace=10)
    with ccxt_clients(simulator.uri, KEY, SECRET) as made:
        yield made


@pytest.fixture(params=MARKETS)
def client(request: pytest.FixtureRequest, clients: dict[str, Client]) -> Iterator[Client]:
    mine = clients[request.param]
    yield mine
    mine.flatten()


@pytest.fixture(params=MARKETS[1:])
def futures(request: pytest.FixtureRequest, clients: dict[str, Client]) -> Iterator[Client]:
    mine = clients[request.param]
    yield mine
    mine.flatten()


@pytest.fixture
def usdm(clients: dict[str, Client]) -> Iterator[Client]:
    yield clients["usdm"]
    clients["usdm"].flatten()


@pytest.fixture
def spot(clients: dict[str, Client]) -> Iterator[Client]:
    yield clients["spot"]
    clients["spot"].flatten()


def test_markets_have_the_steps_and_limits_of_the_venue(client: Client) -> None:
    market = client.exchange.market(client.symbol)
    expected = {
        "binance": (1e-05, 0.01, 5.0, "spot", None),
        "binanceusdm": (0.001, 0.1, 100.0, "swap", True),
        "binancecoinm": (1.0, 0.1, None, "swap", False),
    }[client.exchange.id]
    step, tick, min_cost, kind, linear = expected
    assert (market["precision"]["amount"], market["precision"]["price"]) == (step, tick)
    assert (market["limits"]["cost"]["min"], market["type"], market["linear"]) == (min_cost, kind, linear)
    assert market["active"]


def test_candles_are_contiguous_and_end_before_market_time(client: Client, simulator: Simulator) -> None:
    now = simulator.now // 1_000_000
    since = now - 100 * 60_000
    rows = client("fetch_ohlcv", client.symbol, "1m", since, 1000)
    assert [row[0] for row in rows] == list(range(since, since + len(rows) * 60_000, 60_000))
    assert now - 60_000 <= rows[-1][0] < now + 60_000
    assert all(low <= min(open_, close) and high >= max(open_, close) for _, open_, high, low, close, _ in rows)


def test_trades_of_a_past_minute_add_up_to_its_candle(client: Client, simulator: Simulator) -> None:
    minute = (simulator.clock()["live_start"] - HOUR) // 1_000_000
    candle = client("fetch_ohlcv", client.symbol, "1m", minute, 1)[0]
    trades = client("fetch_trades", client.symbol, minute, 1000, {"endTime": minute + 59_999})
    assert trades
    prices = [trade["price"] for trade in trades]
    assert (prices[0], max(prices), min(prices), prices[-1]) == tuple(candle[1:5])
    if client.is_coinm:  # ccxt tells the volume of inverse candles in coins
        coins = sum(Decimal(trade["info"]["q"]) * 100 / Decimal(trade["info"]["p"]) for trade in trades)
        assert float(coins) == pytest.approx(candle[5], rel=1e-6)
    else:
        assert sum(Decimal(trade["info"]["q"]) for trade in trades) == Decimal(str(candle[5]))
    ids = [int(trade["id"]) for trade in trades]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    from_middle = client("fetch_trades", client.symbol, None, 5, {"fromId": ids[len(ids) // 2]})
    assert int(from_middle[0]["id"]) == ids[len(ids) // 2]


def test_hours_are_made_of_their_minutes(client: Client, simulator: Simulator) -> None:
    hour = (simulator.clock()["live_start"] // HOUR - 3) * HOUR // 1_000_000
    whole = client("fetch_ohlcv", client.symbol, "1h", hour, 1)[0]
    minutes = client("fetch_ohlcv", client.symbol, "1m", hour, 60)
    assert whole[1] == minutes[0][1]
    assert whole[2] == max(row[2] for row in minutes)
    assert whole[4] == minutes[-1][4]
    assert whole[5] == pytest.approx(sum(row[5] for row in minutes), abs=1e-9)


def test_book_is_ordered_and_not_crossed(client: Client) -> None:
    book = client("fetch_order_book", client.symbol, 20)
    bids, asks = [row[0] for row in book["bids"]], [row[0] for row in book["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


def test_ticker_and_times(client: Client, simulator: Simulator) -> None:
    ticker = client("fetch_ticker", client.symbol)
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    assert ticker["timestamp"] == pytest.approx(simulator.now // 1_000_000, abs=120_000)
    assert client("fetch_time") == pytest.approx(time.time() * 1000, abs=5_000)


def test_mark_price_and_funding(usdm: Client, simulator: Simulator) -> None:
    rate = usdm("fetch_funding_rate", usdm.symbol)
    assert rate["fundingTimestamp"] % (8 * 3_600_000) == 0
    assert rate["fundingTimestamp"] > simulator.now // 1_000_000
    assert rate["markPrice"] == pytest.approx(usdm.best()[0], rel=0.01)
    past = usdm("fetch_funding_rate_history", usdm.symbol, None, 5)
    assert all(row["timestamp"] % (8 * 3_600_000) == 0 for row in past)
    assert past[-1]["timestamp"] <= simulator.now // 1_000_000
    marks = usdm("fetch_mark_ohlcv", usdm.symbol, "1m", None, 3)
    assert marks[-1][0] <= simulator.now // 1_000_000
    assert marks[0][4] == pytest.approx(marks[1][1], rel=0.001)


def test_market_order_fills_and_pays_the_taker_fee(client: Client) -> None:
    order = client.order("market", "buy", client.amount)
    assert (order["status"], order["filled"]) == ("closed", client.amount)
    trades = [t for t in client("fetch_my_trades", client.symbol) if t["order"] == order["id"]]
    assert sum(t["amount"] for t in trades) == pytest.approx(client.amount)
    assert {t["takerOrMaker"] for t in trades} == {"taker"}
    fee = sum(Decimal(t["info"]["commission"]) for t in trades)
    worth = sum(Decimal(t["info"]["baseQty" if client.is_coinm else "quoteQty"]) for t in trades)
    assert {t["fee"]["currency"] for t in trades} == {client.asset}
    expected = Decimal("0.00001") if client.is_spot else worth * Decimal("0.0005")
    assert abs(fee - expected) <= len(trades) * Decimal("0.000000005")


def test_limit_order_rests_is_found_and_cancelled(client: Client) -> None:
    bid, _ = client.best()
    mine = f"mine-{next(NAMES)}"
    order = client.order("limit", "buy", client.amount, bid - 100, clientOrderId=mine)
    assert (order["status"], order["clientOrderId"]) == ("open", mine)
    assert [o["id"] for o in client("fetch_open_orders", client.symbol)] == [order["id"]]
    by_client_id = client("fetch_order", None, client.symbol, {"origClientOrderId": mine})
    assert by_client_id["id"] == order["id"]
    balance = client("fetch_balance")
    assert balance["USDT" if client.is_spot else client.asset]["used"] > 0
    assert client("cancel_order", order["id"], client.symbol)["status"] == "canceled"
    assert client("fetch_order", order["id"], client.symbol)["status"] == "canceled"
    assert client("fetch_open_orders", client.symbol) == []
    assert order["id"] in [o["id"] for o in client("fetch_orders", client.symbol)]


def test_ioc_takes_what_is_there_and_expires_the_rest(client: Client) -> None:
    _, ask = client.best()
    order = client.order("limit", "buy", client.amount, ask - 50, timeInForce="IOC")
    assert (order["status"], order["filled"]) == ("expired", 0.0)
    taken = client.order("limit", "buy", client.amount, ask + 50, timeInForce="IOC")
    assert (taken["status"], taken["filled"]) == ("closed", client.amount)
    assert taken["average"] <= ask + 50


def test_fok_is_whole_or_nothing(usdm: Client) -> None:
    _, ask = usdm.best()
    standing = usdm("fetch_order_book", usdm.symbol, 5)["asks"][0][1]
    order = usdm.order("limit", "buy", round(standing + 1, 3), ask, timeInForce="FOK")
    assert (order["status"], order["filled"]) == ("expired", 0.0)
    assert usdm.order("limit", "buy", 0.01, ask, timeInForce="FOK")["status"] == "closed"


def test_post_only_rests_or_is_refused(client: Client) -> None:
    from ccxt.base.errors import ExchangeError, OrderImmediatelyFillable, OrderNotFillable

    refused = {"spot": OrderImmediatelyFillable, "usdm": OrderNotFillable, "coinm": ExchangeError}[client.name]
    bid, ask = client.best()
    resting = client.order("limit", "buy", client.amount, bid - 10, postOnly=True)
    assert (resting["status"], resting["postOnly"]) == ("open", True)
    with pytest.raises(refused, match=r"maker|immediately match"):
        client.order("limit", "buy", client.amount, ask + 10, postOnly=True)


def test_reduce_only_needs_a_position_and_never_turns_it(usdm: Client) -> None:
    from ccxt.base.errors import ExchangeError

    with pytest.raises(ExchangeError, match="-2022"):
        usdm.order("market", "sell", 0.01, reduceOnly=True)
    usdm.order("market", "buy", 0.01)
    closed = usdm.order("market", "sell", 0.03, reduceOnly=True)
    assert closed["filled"] == 0.01
    assert not [p for p in usdm("fetch_positions") if p["contracts"]]


def test_position_and_income_of_a_round_trip(usdm: Client) -> None:
    before = usdm.wallet()
    known = {row["info"]["tranId"] for row in usdm("fetch_ledger", None, None, 1000)}
    opened = usdm.order("market", "sell", 0.02)
    position = next(p for p in usdm("fetch_positions") if p["symbol"] == usdm.symbol)
    assert (position["side"], position["contracts"]) == ("short", 0.02)
    assert position["entryPrice"] == pytest.approx(opened["average"], abs=0.01)
    closed = usdm.order("market", "buy", 0.02)
    rows = [row["info"] for row in usdm("fetch_ledger", None, None, 1000) if row["info"]["tranId"] not in known]
    kinds = [row["incomeType"] for row in rows]
    assert kinds.count("COMMISSION") >= 2
    assert kinds.count("REALIZED_PNL") >= 1
    realised = sum(Decimal(row["income"]) for row in rows if row["incomeType"] == "REALIZED_PNL")
    assert realised == Decimal(opened["info"]["cumQuote"]) - Decimal(closed["info"]["cumQuote"])
    assert usdm.wallet() - before == sum(Decimal(row["income"]) for row in rows)
    assert len({row["tranId"] for row in rows}) == len(rows)
    trades = {t["id"] for t in usdm("fetch_my_trades", usdm.symbol)}
    assert {row["tradeId"] for row in rows} <= trades


def test_income_is_read_on_from_a_time(usdm: Client) -> None:
    for _ in range(3):
        usdm.order("market", "buy", 0.01)
        usdm.order("market", "sell", 0.01)
    everything = usdm("fapiPrivateGetIncome", {"startTime": 0, "limit": 1000})
    assert len(everything) >= 9
    assert usdm("fapiPrivateGetIncome", {"startTime": 0, "limit": 4}) == everything[:4]
    last = everything[-1]["time"]
    later = usdm("fapiPrivateGetIncome", {"startTime": last, "limit": 1000})
    assert later == [row for row in everything if row["time"] >= last]
    fees = usdm("fapiPrivateGetIncome", {"startTime": 0, "limit": 1000, "incomeType": "COMMISSION"})
    assert fees == [row for row in everything if row["incomeType"] == "COMMISSION"]
    times = [int(row["time"]) for row in everything]
    assert times == sorted(times)
    assert usdm("fapiPrivateGetIncome", {"endTime": times[0] - 1, "limit": 10}) == []


def test_spot_balances_move_by_fills_and_fees(spot: Client) -> None:
    before = {asset: spot.wallet(asset) for asset in ("USDT", "BTC")}
    order = spot.order("market", "buy", 0.02)
    trades = [t["info"] for t in spot("fetch_my_trades", spot.symbol) if t["order"] == order["id"]]
    paid = sum(Decimal(t["quoteQty"]) for t in trades)
    fee = sum(Decimal(t["commission"]) for t in trades)
    after = {asset: spot.wallet(asset) for asset in ("USDT", "BTC")}
    assert after["USDT"] - before["USDT"] == -paid
    assert after["BTC"] - before["BTC"] == Decimal("0.02") - fee


def test_spot_market_order_by_cost(spot: Client) -> None:
    order = spot("create_market_buy_order_with_cost", spot.symbol, 500)
    assert order["status"] == "closed"
    assert 490 < order["cost"] <= 500


def test_leverage_changes_the_margin(usdm: Client) -> None:
    usdm("set_leverage", 10, usdm.symbol)
    usdm.order("market", "buy", 0.02)
    position = next(p for p in usdm("fetch_positions") if p["contracts"])
    assert position["initialMargin"] == pytest.approx(position["notional"] / 10, rel=1e-6)
    usdm("set_leverage", 20, usdm.symbol)


def test_fees_are_told(client: Client) -> None:
    fee = client("fetch_trading_fee", client.symbol)
    expected = {"spot": (0.001, 0.001), "usdm": (0.0002, 0.0005), "coinm": (0.0001, 0.0005)}
    assert (fee["maker"], fee["taker"]) == expected[client.name]


REFUSALS: list[tuple[str, dict[str, str], str, str]] = [
    ("spot", {"quantity": "100", "type": "MARKET", "side": "BUY"}, "InsufficientFunds", "-2010|insufficient balance"),
    ("spot", {"quantity": "1", "type": "MARKET", "side": "SELL", "symbol": "ETHUSDT"}, "InsufficientFunds", "insuff"),
    ("spot", {"quantity": "0.000001"}, "InvalidOrder", "LOT_SIZE|lot size"),
    ("spot", {"quantity": "0.0000154"}, "InvalidOrder", "lot size"),
    ("spot", {"quantity": "9001"}, "InvalidOrder", "lot size"),
    ("spot", {"price": "90000.001"}, "InvalidOrder", "price is invalid"),
    ("spot", {"quantity": "0.00001"}, "BadRequest", "NOTIONAL"),
    ("spot", {"symbol": "NOPEUSDT"}, "BadSymbol", "-1121|Invalid symbol"),
    ("spot", {"side": "HOLD"}, "BadRequest", "-1117|Invalid side"),
    ("spot", {"type": "WISH"}, "BadRequest", "-1116|Invalid orderType"),
    ("spot", {"timeInForce": "SOON"}, "BadRequest", "-1115|Invalid timeInForce"),
    ("spot", {"quantity": ""}, "BadRequest", "-1102|Mandatory"),
    ("spot", {"newClientOrderId": "x" * 37}, "BadRequest", "-1100|Illegal"),
    ("usdm", {"quantity": "100", "type": "MARKET", "side": "BUY"}, "InsufficientFunds", "-2019"),
    ("usdm", {"quantity": "0.0015"}, "BadRequest", "-1111"),
    ("usdm", {"quantity": "1001"}, "BadRequest", "-4005"),
    ("usdm", {"quantity": "0.001", "price": "90000"}, "BadRequest|ExchangeError|InvalidOrder", "-4016|-4024|-4164"),
    ("usdm", {"price": "90000.01"}, "BadRequest|InvalidOrder", "-4014"),
    ("usdm", {"price": "1.0"}, "BadRequest|InvalidOrder", "-4024"),
    ("usdm", {"symbol": "NOPEUSDT"}, "BadSymbol", "-1121|Invalid symbol"),
]


@pytest.mark.parametrize(("name", "change", "kind", "words"), REFUSALS)
def test_refusals_come_as_the_venues(
    clients: dict[str, Client], name: str, change: dict[str, str], kind: str, words: str
) -> None:
    import ccxt

    client = clients[name]
    bid, _ = client.best()
    order = {
        "symbol": "BTCUSDT",
        "side": "SELL" if name == "usdm" else "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": f"{bid:.2f}" if name == "spot" else f"{bid + 100:.1f}",
    } | change
    if order["type"] == "MARKET":
        del order["price"], order["timeInForce"]
    expected = tuple(getattr(ccxt, one) for one in kind.split("|"))
    with pytest.raises(expected, match=words):
        client("privatePostOrder" if name == "spot" else "fapiPrivatePostOrder", order)


def test_client_ids_are_unique_among_open_orders(client: Client) -> None:
    import ccxt

    bid, _ = client.best()
    mine = f"twice-{next(NAMES)}"
    order = client.order("limit", "buy", client.amount, bid - 100, clientOrderId=mine)
    with pytest.raises(ccxt.ExchangeError, match=r"Duplicate|-4116"):
        client.order("limit", "buy", client.amount, bid - 100, clientOrderId=mine)
    client("cancel_order", order["id"], client.symbol)
    again = client.order("limit", "buy", client.amount, bid - 100, clientOrderId=mine)
    assert again["status"] == "open"


def test_unknown_orders(client: Client) -> None:
    import ccxt

    for method in ("fetch_order", "cancel_order"):
        with pytest.raises(ccxt.OrderNotFound):
            client(method, "77", client.symbol)


def test_signature_covers_the_raw_string_and_must_come_last(simulator: Simulator, clients: dict[str, Client]) -> None:
    def send(query: str) -> httpx.Response:
        headers = {"Host": "fapi.binance.com", "X-MBX-APIKEY": KEY}
        return httpx.get(f"{simulator.uri}/fapi/v3/balance?{query}", headers=headers)

    def signed(query: str) -> str:
        return hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()

    query = urlencode({"timestamp": int(time.time() * 1000), "note": "a b"})
    assert send(f"{query}&signature={signed(query)}").status_code == 200
    assert send(f"{query.replace('+', '%20')}&signature={signed(query)}").json()["code"] == -1022
    assert send(query).json()["code"] == -1102
    assert httpx.get(f"{simulator.uri}/fapi/v3/balance", headers={"Host": "fapi.binance.com"}).json()["code"] == -2014


def test_unknown_hosts_and_paths(simulator: Simulator) -> None:
    assert httpx.get(f"{simulator.uri}/api/v3/time", headers={"Host": "api.example.com"}).status_code == 421
    assert httpx.get(f"{simulator.uri}/fapi/v1/nothing", headers={"Host": "fapi.binance.com"}).status_code == 404


def test_transfers_show_as_rows(simulator: Simulator, clients: dict[str, Client]) -> None:
    usdm = clients["usdm"]
    before = usdm.wallet()
    entry = simulator.transfer(KEY, "binance_usdm", "USDT", "-250.5")
    rows = usdm("fapiPrivateGetIncome", {"incomeType": "TRANSFER", "startTime": 0})
    assert [(str(row["tranId"]), row["income"]) for row in rows][-1] == (entry, "-250.50000000")
    assert usdm.wallet() - before == Decimal("-250.5")
    simulator.transfer(KEY, "binance_spot", "USDT", "12")
    assert clients["spot"]("fetch_deposits", "USDT")[-1]["amount"] == 12.0


@pytest.fixture(scope="module")
def running(simulator: Simulator, clients: dict[str, Client]) -> Iterator[None]:
    simulator.run(30.0)
    yield
    simulator.pause()


@pytest.mark.usefixtures("running")
class TestStreams:
    def test_trades(self, client: Client) -> None:
        async def watch() -> list[int]:
            ids: list[int] = []
            while len(ids) < 20:
                ids += [int(trade["id"]) for trade in await client.exchange.watch_trades(client.symbol)]
            return ids

        ids = client.do(watch)
        assert ids == list(range(ids[0], ids[0] + len(ids)))

    def test_order_book_keeps_its_chain_and_equals_the_snapshot(self, client: Client, simulator: Simulator) -> None:
        async def watch(rounds: int) -> Any:
            for _ in range(rounds):
                book = await client.exchange.watch_order_book(client.symbol)
            return book

        first = client.do(lambda: watch(2))["nonce"]
        simulator.pause()
        try:
            target = simulator.get(*_depth(client), symbol=client.id, limit=1000)

            async def catch_up() -> Any:
                book = client.exchange.orderbooks[client.symbol]
                while book["nonce"] < target["lastUpdateId"]:
                    book = await client.exchange.watch_order_book(client.symbol)
                return book

            book = client.do(catch_up)
            assert book["nonce"] == target["lastUpdateId"] > first - 1
            for side in ("bids", "asks"):
                served = [[float(price), float(amount)] for price, amount in target[side]]
                assert [[float(p), float(a)] for p, a, *_ in book[side]][: len(served)] == served
        finally:
            simulator.run(30.0)

    def test_quotes_candles_and_marks(self, client: Client, simulator: Simulator) -> None:
        quote = client("watch_bids_asks", [client.symbol])[client.symbol]
        assert quote["bid"] < quote["ask"]
        candle = client("watch_ohlcv", client.symbol)[-1]
        assert candle[0] % 60_000 == 0
        assert candle[0] >= simulator.clock()["live_start"] // 1_000_000
        assert client("watch_ticker", client.symbol)["last"] > 0
        if not client.is_spot:
            assert client("watch_mark_price", client.symbol)["markPrice"] == pytest.approx(quote["bid"], rel=0.01)

    def test_closed_candles_of_the_stream_equal_the_rest_ones(self, client: Client) -> None:
        async def watch() -> list[list[float]]:
            await client.exchange.watch_ohlcv(client.symbol)
            while len(client.exchange.ohlcvs[client.symbol]["1m"]) < 4:
                await client.exchange.watch_ohlcv(client.symbol)
            return [list(row) for row in client.exchange.ohlcvs[client.symbol]["1m"]][1:3]

        told = client.do(watch)
        served = client.public(
            "Klines", {"symbol": client.id, "interval": "1m", "startTime": int(told[0][0]), "limit": 2}
        )
        assert told == [[int(row[0]), *(float(field) for field in row[1:6])] for row in served]

    def test_orders_fills_and_balances_of_the_private_stream(self, client: Client) -> None:
        exchange, symbol = client.exchange, client.symbol

        async def trade() -> tuple[list[Any], list[Any], Any]:
            await exchange.authenticate(_STREAM_OF[client.name])
            trades = asyncio.ensure_future(exchange.watch_my_trades(symbol))
            balance = asyncio.ensure_future(exchange.watch_balance())
            orders = asyncio.ensure_future(exchange.watch_orders(symbol))
            await _connected(exchange, _PRIVATE[client.name])
            sent = await exchange.create_order(symbol, "market", "buy", client.amount)
            seen: list[Any] = []
            while not any(o["status"] == "closed" for o in seen):
                seen += [dict(o) for o in await orders]
                orders = asyncio.ensure_future(exchange.watch_orders(symbol))
            orders.cancel()
            return [o for o in seen if o["id"] == sent["id"]], await trades, await balance

        orders, trades, balance = client.do(trade)
        assert orders[0]["status"] == "open"
        assert orders[-1]["filled"] == client.amount
        assert trades[-1]["order"] == orders[-1]["id"]
        assert trades[-1]["fee"]["cost"] > 0
        assert balance[client.asset]["total"] > 0

    def test_a_resting_order_is_filled_by_the_flow_as_maker(self, client: Client) -> None:
        import ccxt

        exchange, symbol = client.exchange, client.symbol

        async def rest_at_the_bid() -> Any:
            """The bid may have come down before the order arrives; then it would take, and is refused."""
            while True:
                bid = (await exchange.fetch_order_book(symbol, 5))["bids"][0][0]
                with contextlib.suppress(ccxt.ExchangeError):
                    return await exchange.create_order(symbol, "limit", "buy", client.amount, bid, {"postOnly": True})

        async def wait_for_fill() -> Any:
            order = await rest_at_the_bid()
            while (await exchange.fetch_order(order["id"], symbol))["status"] == "open":
                fresh = await exchange.fetch_order_book(symbol, 5)
                if fresh["bids"][0][0] > float(order["price"]):
                    with contextlib.suppress(ccxt.OrderNotFound):
                        await exchange.cancel_order(order["id"], symbol)
                        order = await rest_at_the_bid()
            return order

        order = client.do(wait_for_fill)
        trades = [t for t in client("fetch_my_trades", symbol) if t["order"] == order["id"]]
        assert {t["takerOrMaker"] for t in trades} == {"maker"}
        assert {t["price"] for t in trades} == {order["price"]}

    def test_orders_by_websocket_api(self, client: Client) -> None:
        bid, _ = client.best()
        order = client("create_order_ws", client.symbol, "limit", "buy", client.amount, bid - 100)
        assert order["status"] == "open"
        assert client("cancel_order_ws", order["id"], client.symbol)["status"] == "canceled"


def test_nothing_of_the_future_is_served(client: Client, simulator: Simulator) -> None:
    now = simulator.now // 1_000_000
    later = now + 600_000
    assert client("fetch_ohlcv", client.symbol, "1m", later, 10) == []
    assert client("fetch_trades", client.symbol, later, 10, {"endTime": later + MINUTE // 1_000_000}) == []
    if not client.is_spot:
        assert client("fetch_mark_ohlcv", client.symbol, "1m", later, 10) == []
        assert client("fetch_funding_rate_history", client.symbol, later, 10) == []


_STREAM_OF = {
    "spot": {"type": "spot"},
    "usdm": {"type": "swap", "subType": "linear"},
    "coinm": {"type": "swap", "subType": "inverse"},
}
_PRIVATE = {"spot": r"ws-api", "usdm": r"listenKey=", "coinm": r"/ws/[0-9a-f]{64}"}
"""In the address of the private stream."""


async def _connected(exchange: Any, address: str) -> None:
    """Waits until the private stream, told by its address, is open."""
    while not any(re.search(address, c.url) and c.connected.done() for c in exchange.clients.values()):
        await asyncio.sleep(0.02)


def _depth(client: Client) -> tuple[str, str]:
    doors = {"spot": ("api", "/api/v3"), "usdm": ("fapi", "/fapi/v1"), "coinm": ("dapi", "/dapi/v1")}
    host, path = doors[client.name]
    return f"{host}.binance.com", f"{path}/depth"
