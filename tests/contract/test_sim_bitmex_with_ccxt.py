"""The simulated BitMEX as the real ccxt and ccxt.pro see it: REST, errors, streams of all four kinds of contract."""

import asyncio
import hashlib
import hmac
import itertools
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from fixtures.simulator import BITMEX, Simulator, StartSimulator
from jtrader.domain.times import MINUTE, SECOND, iso, parse_time
from jtrader.exchange.localnet import local_session

PACE = 100
WAIT = 20
HOST = "www.bitmex.com"
SYMBOLS = {
    "BTC/USD:BTC": "XBTUSD",
    "BTC/USDT:USDT": "XBTUSDT",
    "ETH/USD:BTC": "ETHUSD",
    "BTC/USD:BTC-261225": "XBTZ26",
}
SIZES = {"XBTUSD": 1000, "XBTUSDT": 10_000, "ETHUSD": 50, "XBTZ26": 1000}
NAMES = itertools.count(1)


class Client:
    """One ccxt.pro client with an account of its own, on the module's loop."""

    def __init__(self, venue: Simulator, runner: asyncio.Runner) -> None:
        self.venue = venue
        self._runner = runner
        self.key, self.secret = secrets.token_hex(12), secrets.token_hex(24)
        venue.add_account(self.key, self.secret, pace=PACE)
        self.exchange: Any = None
        self.do(self._open)

    async def _open(self) -> None:
        from ccxt.pro.bitmex import bitmex

        self._session = local_session(self.venue.uri)
        config = {"apiKey": self.key, "secret": self.secret, "enableRateLimit": False, "newUpdates": True}
        self.exchange = bitmex({**config, "session": self._session})
        await self.exchange.load_markets()

    def __call__(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Calls a method of the exchange and waits for its answer."""
        return self.do(lambda: getattr(self.exchange, method)(*args, **kwargs))

    def do(self, work: Callable[[], Awaitable[Any]]) -> Any:
        async def bounded() -> Any:
            return await asyncio.wait_for(work(), WAIT)

        return self._runner.run(bounded())

    def last(self, symbol: str) -> float:
        return float(self("fetch_ticker", symbol)["last"])

    def price(self, symbol: str, factor: float) -> float:
        tick = self.exchange.markets[symbol]["precision"]["price"]
        return round(round(self.last(symbol) * factor / tick) * tick, 8)

    def close(self) -> None:
        async def end() -> None:
            await self.exchange.close()
            await self._session.close()

        self.do(end)


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    simulator = start_simulator(instruments=BITMEX)
    simulator.run_for(90)
    return simulator


@pytest.fixture(scope="module")
def client(venue: Simulator) -> Iterator[Client]:
    with asyncio.Runner() as runner:
        made = Client(venue, runner)
        yield made
        made.close()


def test_the_markets_have_the_venues_rules(client: Client) -> None:
    shown = {
        symbol: (m["id"], m["type"], m["inverse"], m["quanto"], m["settleId"], m["precision"]["price"], m["active"])
        for symbol, m in client.exchange.markets.items()
    }
    assert shown == {
        "BTC/USD:BTC": ("XBTUSD", "swap", True, False, "XBt", 0.1, True),
        "BTC/USDT:USDT": ("XBTUSDT", "swap", False, False, "USDt", 0.1, True),
        "ETH/USD:BTC": ("ETHUSD", "swap", False, True, "XBt", 0.05, True),
        "BTC/USD:BTC-261225": ("XBTZ26", "future", True, False, "XBt", 0.1, True),
    }
    assert client.exchange.markets["BTC/USDT:USDT"]["contractSize"] == 1e-6
    assert client.exchange.markets["ETH/USD:BTC"]["contractSize"] == 100
    assert client.exchange.markets["BTC/USD:BTC-261225"]["expiryDatetime"] == "2026-12-25T12:00:00.000Z"
    assert {c["id"] for c in client.exchange.currencies.values()} >= {"XBt", "USDt"}


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_public_data_fits_together(client: Client, symbol: str) -> None:
    minute = client.venue.now // MINUTE * MINUTE - MINUTE
    trades = client("fetch_trades", symbol, minute // 10**6, 1000)
    within = [t for t in trades if t["timestamp"] < (minute + MINUTE) // 10**6]
    (candle, *_) = client("fetch_ohlcv", symbol, "1m", minute // 10**6, 2)
    assert candle[0] == minute // 10**6
    prices = [t["price"] for t in within]
    assert (candle[2], candle[3], candle[4]) == (max(prices), min(prices), prices[-1])
    assert candle[5] == sum(t["amount"] for t in within)

    newest = client("fetch_trades", symbol, None, 3, {"reverse": True})
    assert newest[-1]["id"] == trades[-1]["id"]
    assert client.last(symbol) == trades[-1]["price"]
    book = client("fetch_order_book", symbol, 25)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert [row[0] for row in book["bids"]] == sorted((row[0] for row in book["bids"]), reverse=True)

    if SYMBOLS[symbol] == "XBTZ26":
        return
    rate = client("fetch_funding_rate", symbol)
    assert rate["fundingDatetime"] == "2026-01-15T20:00:00.000Z"
    settled = client("fetch_funding_rate_history", symbol, None, 3)
    assert [row["datetime"][11:16] for row in settled] == ["20:00", "04:00", "12:00"]


@pytest.mark.parametrize("word", ["1m", "5m", "1h"])
def test_candles_of_all_sizes_open_at_the_close_before(client: Client, word: str) -> None:
    rows = client.venue.get(HOST, "/api/v1/trade/bucketed", symbol="XBTUSD", binSize=word, count=5, reverse="true")
    assert len(rows) == 5
    assert all(later["open"] == earlier["close"] for later, earlier in itertools.pairwise(rows))
    assert all(row["timestamp"] <= iso(client.venue.now) for row in rows)


def test_the_markets_streams_tell_what_rest_tells(client: Client) -> None:
    symbol = "BTC/USD:BTC"
    watched: dict[str, list[Any]] = {"watch_trades": [], "watch_ticker": [], "watch_ohlcv": []}
    ended = client.venue.now + 130 * SECOND

    async def work() -> dict[str, Any]:
        exchange = client.exchange

        async def follow(method: str) -> None:
            while True:
                told = await getattr(exchange, method)(symbol)
                watched[method].extend(told if isinstance(told, list) else [told])

        tasks = [asyncio.create_task(follow(method)) for method in watched]
        book = await exchange.watch_order_book(symbol)
        top = await exchange.watch_order_book("ETH/USD:BTC", 25)
        await asyncio.to_thread(client.venue.run_for, 130)
        while not watched["watch_ohlcv"] or watched["watch_ticker"][-1]["timestamp"] < ended // 10**6:
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return {"whole": (list(book["bids"]), list(book["asks"])), "top": (list(top["bids"]), list(top["asks"]))}

    shown = client.do(work)
    since = watched["watch_trades"][0]["timestamp"]
    known = client("fetch_trades", symbol, since, 1000)
    told = [(t["id"], t["price"], t["amount"], t["side"], t["timestamp"]) for t in watched["watch_trades"]]
    assert told == [(t["id"], t["price"], t["amount"], t["side"], t["timestamp"]) for t in known[-len(told) :]]
    assert len(told) > 20
    for kept, name, depth in (("whole", symbol, 0), ("top", "ETH/USD:BTC", 25)):
        now = client("fetch_order_book", name, depth)
        assert [[row[:2] for row in side] for side in shown[kept]] == [now["bids"], now["asks"]]
    assert watched["watch_ticker"][-1]["markPrice"] == client("fetch_ticker", symbol)["markPrice"]
    bars = {row[0]: row for row in client("fetch_ohlcv", symbol, "1m", None, 10)}
    for row in watched["watch_ohlcv"][-2:]:
        assert row[2:] == bars[row[0]][2:]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_whole_way_of_an_account(client: Client, symbol: str) -> None:
    """Place, amend, cancel, condition, fill, my trades, position, balance, ledger; and the private streams of it."""
    size = SIZES[SYMBOLS[symbol]]
    told: dict[str, list[Any]] = {
        "watch_orders": [], "watch_my_trades": [], "watch_positions": [], "watch_balance": []
    }  # fmt: skip

    async def work() -> None:
        exchange = client.exchange
        settle = exchange.markets[symbol]["settle"]

        async def follow(method: str, *args: Any) -> None:
            while True:
                rows = await getattr(exchange, method)(*args)
                # ccxt goes on changing what it hands out
                told[method].extend(map(dict, rows) if isinstance(rows, list) else [rows[settle]["total"]])

        tasks = [
            asyncio.create_task(follow("watch_orders", symbol)),
            asyncio.create_task(follow("watch_my_trades", symbol)),
            asyncio.create_task(follow("watch_positions", [symbol])),
            asyncio.create_task(follow("watch_balance")),
        ]
        await asyncio.sleep(0.3)
        last = (await exchange.fetch_ticker(symbol))["last"]
        tick = exchange.markets[symbol]["precision"]["price"]

        def at(factor: float) -> float:
            return round(round(last * factor / tick) * tick, 8)

        before = (await exchange.fetch_balance())[settle]["total"]
        name = f"w{next(NAMES)}-{secrets.token_hex(4)}"
        order = await exchange.create_order(symbol, "limit", "buy", size, at(0.98), {"clientOrderId": name})
        assert (order["status"], order["clientOrderId"]) == ("open", name)
        changed = await exchange.edit_order(order["id"], symbol, "limit", "buy", 2 * size, at(0.97))
        assert (changed["price"], changed["info"]["orderQty"]) == (at(0.97), 2 * size)
        assert [o["id"] for o in await exchange.fetch_open_orders(symbol)] == [order["id"]]
        ended = await exchange.cancel_order(order["id"], symbol)
        assert ended["status"] == "canceled"

        bought = await exchange.create_order(symbol, "market", "buy", 2 * size)
        assert bought["status"] == "closed"
        (position,) = [p for p in await exchange.fetch_positions([symbol]) if p["contracts"]]
        assert (position["side"], position["contracts"]) == ("long", 2 * size)
        params = {"triggerPrice": at(0.95), "triggerDirection": "below", "reduceOnly": True, "execInst": "LastPrice"}
        stop = await exchange.create_order(symbol, "market", "sell", size, None, params)
        (waiting,) = await exchange.fetch_open_orders(symbol)
        assert (waiting["id"], waiting["type"], waiting["triggerPrice"]) == (stop["id"], "stop", at(0.95))
        assert await exchange.cancel_all_orders(symbol)
        sold = await exchange.create_order(symbol, "market", "sell", 2 * size, None, {"reduceOnly": True})
        assert not [p for p in await exchange.fetch_positions([symbol]) if p["contracts"]]

        mine = await exchange.fetch_my_trades(symbol)
        assert {t["order"] for t in mine} == {bought["id"], sold["id"]}
        unit = Decimal("1e-6") if settle == "USDT" else Decimal("1e-8")
        moved = sum(t["info"]["execGrossPnl"] - t["info"]["execComm"] for t in mine) * unit
        after = (await exchange.fetch_balance())[settle]["total"]
        assert Decimal(str(after)) == Decimal(str(before)) + moved
        async with asyncio.timeout(5):
            while len(told["watch_my_trades"]) < len(mine) or told["watch_balance"][-1] != after:
                await asyncio.sleep(0.05)
            while not told["watch_positions"] or told["watch_positions"][-1]["contracts"]:
                await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert {(p["symbol"], p["contracts"]) for p in told["watch_positions"]} >= {(symbol, 2 * size), (symbol, 0)}
        assert [t["id"] for t in told["watch_my_trades"]] == [t["id"] for t in mine]
        states = [o["status"] for o in told["watch_orders"] if o["id"] == order["id"]]
        assert (states[0], states[-1]) == ("open", "canceled")

        assert await exchange.fetch_ledger(settle) == []  # nothing but trades yet: they come summed up at 12:00 UTC

    client.do(work)


def test_a_stop_is_filled_and_the_ledger_sums_to_the_wallet(start_simulator: StartSimulator) -> None:
    """At 12:00 UTC each contract's results, fees and fundings come as one row."""
    venue = start_simulator(instruments=BITMEX, live_start="2026-01-15T11:50:00Z")
    venue.run_for(60)
    symbol = "BTC/USD:BTC"
    with asyncio.Runner() as runner:
        client = Client(venue, runner)
        try:
            opening = Decimal(str(client("fetch_balance")["BTC"]["total"]))
            client("create_order", symbol, "market", "sell", 3000)
            ask = client("fetch_order_book", symbol, 25)["asks"][0][0]
            params = {"triggerDirection": "above", "execInst": "LastPrice", "triggerPrice": ask}
            stop = client("create_order", symbol, "market", "buy", 1000, None, params)
            assert stop["status"] == "open"
            client("create_order", symbol, "market", "buy", 2000)  # at the ask, which is the last price then
            venue.run_for(2)
            told = client("fetch_order", stop["id"], symbol)
            shown = (told["status"], told["info"]["cumQty"], told["info"]["triggered"])
            assert shown == ("closed", 1000, "StopOrderTriggered")
            assert stop["id"] in {trade["order"] for trade in client("fetch_my_trades", symbol)}
            client("create_order", "ETH/USD:BTC", "market", "buy", 50)
            client("create_order", "ETH/USD:BTC", "market", "sell", 50)
            venue.deposit(client.key, "bitmex", "BTC", "0.5")
            venue.run(1_000.0, parse_time("2026-01-15T12:01:00Z"))
            rows = client("fetch_ledger", "BTC")
            assert sorted(row["info"]["transactType"] for row in rows) == ["Deposit", "RealisedPNL", "RealisedPNL"]
            assert {row["status"] for row in rows} == {"ok"}
            moved = sum(Decimal(str(row["amount"])) * (1 if row["direction"] == "in" else -1) for row in rows)
            assert opening + moved == Decimal(str(client("fetch_balance")["BTC"]["total"]))
        finally:
            client.close()


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"ordType": "Stop", "side": "Buy", "stop": 1.02}, "Stop"),
        ({"ordType": "StopLimit", "side": "Buy", "stop": 1.02, "price": 1.03}, "StopLimit"),
        ({"ordType": "MarketIfTouched", "side": "Buy", "stop": 0.98}, "MarketIfTouched"),
        ({"ordType": "LimitIfTouched", "side": "Sell", "stop": 1.02, "price": 1.01}, "LimitIfTouched"),
    ],
)
@pytest.mark.parametrize("by", ["LastPrice", "MarkPrice", "IndexPrice", ""])
def test_conditional_orders_of_every_kind_wait(client: Client, params: dict[str, Any], kind: str, by: str) -> None:
    symbol = "BTC/USD:BTC"
    form = {
        "symbol": "XBTUSD",
        "ordType": params["ordType"],
        "side": params["side"],
        "orderQty": 100,
        "stopPx": client.price(symbol, params["stop"]),
        "execInst": by,
    }
    if "price" in params:
        form["price"] = client.price(symbol, params["price"])
    row = client("privatePostOrder", form)
    assert (row["ordType"], row["ordStatus"], row["workingIndicator"], row["triggered"]) == (kind, "New", False, "")
    assert row["execInst"] == (by or "MarkPrice")
    assert client("cancel_order", row["orderID"], symbol)["status"] == "canceled"


def test_post_only_that_would_take_is_cancelled_not_refused(client: Client) -> None:
    symbol = "BTC/USD:BTC"
    order = client("create_order", symbol, "limit", "buy", 100, client.price(symbol, 1.01), {"postOnly": True})
    assert (order["status"], order["info"]["cumQty"]) == ("canceled", 0)
    assert "ParticipateDoNotInitiate" in order["info"]["text"]


def refusals() -> list[Any]:
    good = {"symbol": "XBTUSD", "side": "Buy", "orderQty": 100, "ordType": "Limit", "price": 90_000}
    return [
        pytest.param(good | {"orderQty": 150}, "BadRequest", "lot size", id="lot"),
        pytest.param(good | {"price": 90_000.05}, "BadRequest", "tickSize", id="tick"),
        pytest.param(good | {"price": None}, "InvalidOrder", "Invalid price", id="no price"),
        pytest.param(good | {"orderQty": None}, "InvalidOrder", "orderQty is invalid", id="no quantity"),
        pytest.param(good | {"symbol": "DOGEUSD"}, "BadRequest", "Invalid symbol", id="symbol"),
        pytest.param(good | {"side": "Hold"}, "BadRequest", "side", id="side"),
        pytest.param(good | {"ordType": "Wish"}, "BadRequest", "ordType", id="type"),
        pytest.param(good | {"timeInForce": "IOC"}, "BadRequest", "timeInForce", id="ccxt's IOC"),
        pytest.param(good | {"execInst": "LastPrice,MarkPrice"}, "BadRequest", "execInst", id="two prices"),
        pytest.param(good | {"ordType": "StopLimit"}, "InvalidOrder", "stopPx", id="no stop"),
        pytest.param(
            {"symbol": "XBTUSDT", "side": "Buy", "orderQty": 1_000_000_000, "ordType": "Limit", "price": 90_000},
            "InsufficientFunds",
            "Available Balance",
            id="funds",
        ),
    ]


@pytest.mark.parametrize(("form", "kind", "says"), refusals())
def test_orders_are_refused_with_bitmexs_words(client: Client, form: dict[str, Any], kind: str, says: str) -> None:
    from ccxt.base import errors

    sent = {name: value for name, value in form.items() if value is not None}
    with pytest.raises(getattr(errors, kind), match=says):
        client("privatePostOrder", sent)
    assert client("fetch_open_orders") == []


def test_a_client_id_is_taken_once_and_for_ever(client: Client) -> None:
    from ccxt.base.errors import InvalidOrder, OrderNotFound

    symbol, name = "BTC/USD:BTC", f"once-{secrets.token_hex(4)}"
    price = client.price(symbol, 0.97)
    order = client("create_order", symbol, "limit", "buy", 100, price, {"clientOrderId": name})
    client("cancel_order", "", symbol, {"clientOrderId": name})
    with pytest.raises(InvalidOrder, match="Duplicate clOrdID"):
        client("create_order", "BTC/USDT:USDT", "limit", "buy", 100, price, {"clientOrderId": name})
    with pytest.raises(OrderNotFound, match="existing state: Canceled"):
        client("cancel_order", order["id"], symbol)


def signed(client: Client, verb: str, path: str, body: str = "", **changed: str) -> dict[str, str]:
    expires = changed.get("expires", str(int(time.time()) + 5))
    text = verb + path + expires + body
    signature = hmac.new(client.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "Host": HOST,
        "api-key": changed.get("key", client.key),
        "api-expires": expires,
        "api-signature": changed.get("signature", signature),
    }


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"key": "nobody"}, "Invalid API Key."),
        ({"signature": "0" * 64}, "Signature not valid."),
        ({"expires": str(int(time.time()) - 60)}, "This request has expired"),
        ({"expires": "soon"}, "api-expires"),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/user/margin?currency=all", "/api/v1/instrument/active"])
def test_who_is_not_proven_is_refused_on_public_calls_too(
    client: Client, changed: dict[str, str], says: str, path: str
) -> None:
    answer = httpx.get(client.venue.uri + path, headers=signed(client, "GET", path, **changed))
    assert answer.status_code == 401
    assert says in answer.json()["error"]["message"]


def test_a_signature_covers_path_query_and_body(client: Client) -> None:
    path = "/api/v1/order?filter=%7B%22open%22%3A+true%7D"
    good = httpx.get(client.venue.uri + path, headers=signed(client, "GET", path))
    assert (good.status_code, good.json()) == (200, [])
    other = httpx.get(client.venue.uri + path + "&count=1", headers=signed(client, "GET", path))
    assert other.status_code == 401
    body = json.dumps({"symbol": "XBTUSD"})
    headers = signed(client, "DELETE", "/api/v1/order/all", body) | {"Content-Type": "application/json"}
    sent = httpx.request("DELETE", client.venue.uri + "/api/v1/order/all", headers=headers, content=body + " ")
    assert sent.status_code == 401
    nobody = httpx.get(client.venue.uri + "/api/v1/user/margin", headers={"Host": HOST})
    assert (nobody.status_code, nobody.json()["error"]["message"]) == (401, "Authorization Required")


def test_requests_are_counted_told_and_refused(client: Client) -> None:
    """A key of its own, with BitMEX's usual limits."""
    key, secret = secrets.token_hex(12), secrets.token_hex(24)
    client.venue.add_account(key, secret)
    path = "/api/v1/user"
    with httpx.Client(base_url=client.venue.uri) as http:
        expires = str(int(time.time()) + 60)
        signature = hmac.new(secret.encode(), f"GET{path}{expires}".encode(), hashlib.sha256).hexdigest()
        headers = {"Host": HOST, "api-key": key, "api-expires": expires, "api-signature": signature}
        first = http.get(path, headers=headers)
        assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("120", "119")
        answers = [http.get(path, headers=headers) for _ in range(125)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert 0 < len(refused) < 10
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert refused[0].json()["error"]["message"].startswith("Rate limit exceeded, retry in")


def test_a_dead_mans_switch_cancels_the_whole_account(client: Client) -> None:
    for symbol in ("BTC/USD:BTC", "ETH/USD:BTC"):
        client("create_order", symbol, "limit", "buy", 100, client.price(symbol, 0.97))
    answer = client("privatePostOrderCancelAllAfter", {"timeout": 60_000})
    assert answer["cancelTime"] > answer["now"]
    client("privatePostOrderCancelAllAfter", {"timeout": 300})

    async def gone() -> None:
        while await client.exchange.fetch_open_orders():
            await asyncio.sleep(0.1)

    client.do(gone)


def test_leverage_and_margin_mode_are_kept_by_symbol(client: Client) -> None:
    symbol = "ETH/USD:BTC"
    client("set_leverage", 7, symbol)
    (mode,) = client("fetch_leverages", [symbol]).values()
    assert (mode["marginMode"], mode["longLeverage"]) == ("isolated", 7)
    client("set_margin_mode", "cross", symbol)
    (row,) = [row for row in client("privateGetPosition", {}) if row["symbol"] == "ETHUSD"]
    assert row["crossMargin"] is True


def test_a_refused_key_ends_the_private_stream(client: Client) -> None:
    async def work() -> None:
        import aiohttp

        async with aiohttp.ClientSession() as session:
            ws = await session.ws_connect(client.venue.uri + "/realtime", headers={"Host": "ws.bitmex.com"})
            assert "Welcome" in (await ws.receive_json())["info"]
            await ws.send_json({"op": "subscribe", "args": ["order"]})
            locked = await ws.receive_json()
            assert (locked["status"], "no authorization" in locked["error"]) == (401, True)
            await ws.send_str("ping")
            assert await ws.receive_str() == "pong"
            await ws.send_json({"op": "authKeyExpires", "args": [client.key, int(time.time()) + 5, "0" * 64]})
            refused = await ws.receive_json()
            assert (refused["status"], refused["error"]) == (401, "Signature not valid.")
            assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE

    client.do(work)


@pytest.mark.parametrize(
    ("topic", "says"),
    [
        ("orderBookL10:XBTUSD", "Unknown table"),
        ("trade:DOGEUSD", "Unknown or expired symbol"),
        ("trade:XBTUSD", "already subscribed"),
    ],
)
def test_what_can_not_be_subscribed_is_told(client: Client, topic: str, says: str) -> None:
    async def work() -> None:
        import aiohttp

        async with aiohttp.ClientSession() as session:
            address = client.venue.uri + "/realtime?subscribe=trade:XBTUSD"
            ws = await session.ws_connect(address, headers={"Host": "www.bitmex.com"})
            for _ in range(3):
                await ws.receive_json()
            await ws.send_json({"op": "subscribe", "args": topic})
            assert says in (await ws.receive_json())["error"]
            await ws.send_json({"op": "unsubscribe", "args": ["trade:XBTUSD"]})
            assert (await ws.receive_json())["unsubscribe"] == "trade:XBTUSD"

    client.do(work)
