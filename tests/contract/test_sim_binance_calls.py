"""Every request that ccxt 4.5.83 makes of Binance is answered in a shape that it parses; each is written down."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from fixtures.ccxt_binance import FUNDS
from fixtures.recorded_calls import Recorder, doors
from fixtures.simulator import BINANCE, COINM, Simulator, StartSimulator

KEY, SECRET = "calls-key", "calls-secret"
SYMBOLS = {"spot": "BTC/USDT", "usdm": "BTC/USDT:USDT", "coinm": "BTC/USD:BTC"}
AMOUNTS = {"spot": 0.01, "usdm": 0.01, "coinm": 1}
HISTORY = 30 * 60_000


class Desk(NamedTuple):
    exchanges: dict[str, Any]
    session: Recorder
    runner: asyncio.Runner

    def ask(self, market: str, method: str, *args: Any) -> Any:
        return self.runner.run(asyncio.wait_for(getattr(self.exchanges[market], method)(*args), 20))


@pytest.fixture(scope="module")
def simulator(start_simulator: StartSimulator) -> Iterator[Simulator]:
    mine = start_simulator(instruments=BINANCE + COINM)
    yield mine
    mine.stop()


@pytest.fixture(scope="module")
def desk(simulator: Simulator) -> Iterator[Desk]:
    import ccxt.async_support as ccxt

    simulator.add_account(KEY, SECRET, FUNDS, pace=10)
    with asyncio.Runner() as runner:

        async def connect() -> tuple[dict[str, Any], Recorder]:
            session = Recorder(simulator.uri)
            config = {"apiKey": KEY, "secret": SECRET, "session": session, "enableRateLimit": False}
            kinds = {"spot": ccxt.binance, "usdm": ccxt.binanceusdm, "coinm": ccxt.binancecoinm}
            return {name: kind(config) for name, kind in kinds.items()}, session

        exchanges, session = runner.run(connect())
        try:
            yield Desk(exchanges, session, runner)
        finally:
            for exchange in exchanges.values():
                runner.run(exchange.close())
            runner.run(session.close())


Check = Callable[[Any], bool]


def filled(answer: Any) -> bool:
    return bool(answer)


def rows_of(count: int) -> Check:
    return lambda answer: len(answer) == count


def has(*names: str) -> Check:
    """Fields that ccxt took from the answer."""
    return lambda answer: all(answer[name] is not None for name in names)


def anything(answer: Any) -> bool:
    return answer is not None


READS: list[tuple[str, tuple[Any, ...], Check]] = [
    ("load_markets", (), filled),
    ("fetch_time", (), filled),
    ("fetch_status", (), lambda answer: answer["status"] == "ok"),
    ("fetch_ohlcv", ("{symbol}", "1m", None, 100), rows_of(100)),
    ("fetch_ohlcv", ("{symbol}", "4h", None, 3), rows_of(3)),
    ("fetch_trades", ("{symbol}", None, 10), rows_of(10)),
    ("fetch_order_book", ("{symbol}", 20), has("bids", "asks", "nonce")),
    ("fetch_ticker", ("{symbol}",), has("last", "high", "low", "vwap", "change", "baseVolume")),
    ("fetch_tickers", (["{symbol}"],), rows_of(1)),
    ("fetch_bids_asks", (["{symbol}"],), rows_of(1)),
    ("fetch_last_prices", (["{symbol}"],), rows_of(1)),
    ("fetch_trading_fee", ("{symbol}",), has("maker", "taker")),
    ("fetch_balance", (), has("total", "free")),
    ("fetch_open_orders", ("{symbol}",), rows_of(0)),
    ("fetch_closed_orders", ("{symbol}",), anything),
    ("fetch_orders", ("{symbol}",), anything),
    ("fetch_my_trades", ("{symbol}", "{since}", 10), anything),
    ("fetch_currencies", (), filled),
    ("fetch_deposits", (), anything),
    ("fetch_withdrawals", (), anything),
    ("fetch_my_dust_trades", (), anything),
]
OF_FUTURES: list[tuple[str, tuple[Any, ...], Check]] = [
    ("fetch_funding_rate", ("{symbol}",), has("markPrice", "indexPrice", "fundingRate", "fundingTimestamp")),
    ("fetch_funding_rates", (), filled),
    ("fetch_funding_rate_history", ("{symbol}", None, 5), rows_of(5)),
    ("fetch_funding_history", ("{symbol}",), anything),
    ("fetch_funding_intervals", (), filled),
    ("fetch_ledger", (None, None, 10), anything),
    ("fetch_positions", (), anything),
    ("fetch_positions_risk", (), anything),
    ("fetch_leverage_tiers", (), filled),
    ("fetch_leverages", (), filled),
    ("fetch_margin_modes", (), filled),
    ("set_leverage", (5, "{symbol}"), lambda answer: answer["leverage"] == 5),
    ("set_margin_mode", ("isolated", "{symbol}"), anything),
    ("set_margin_mode", ("cross", "{symbol}"), anything),
    ("set_position_mode", (True, "{symbol}"), anything),
    ("fetch_position_mode", ("{symbol}",), lambda answer: answer["hedged"] is True),
    ("set_position_mode", (False, "{symbol}"), anything),
    ("fetch_mark_ohlcv", ("{symbol}", "1m", None, 5), rows_of(5)),
    ("fetch_index_ohlcv", ("{symbol}", "1m", None, 5), rows_of(5)),
    ("fetch_premium_index_ohlcv", ("{symbol}", "1m", None, 5), rows_of(5)),
    ("fetch_mark_price", ("{symbol}",), has("markPrice")),
    ("fetch_open_interest", ("{symbol}",), has("openInterestAmount")),
    ("fetch_my_liquidations", ("{symbol}",), rows_of(0)),
    ("fetch_positions_adl_rank", (["{symbol}"],), rows_of(1)),
]
CASES = [(market, *case) for market in SYMBOLS for case in (READS if market == "spot" else READS + OF_FUTURES)]


@pytest.mark.parametrize(("market", "method", "args", "check"), CASES, ids=[f"{c[0]} {c[1]} {c[2]}" for c in CASES])
def test_the_answer_is_what_ccxt_understands(
    desk: Desk, simulator: Simulator, market: str, method: str, args: tuple[Any, ...], check: Check
) -> None:
    since = simulator.now // 1_000_000 - HISTORY
    known = {"{symbol}": SYMBOLS[market], "{since}": since}
    filled_in = [[known["{symbol}"]] if arg == ["{symbol}"] else known.get(str(arg), arg) for arg in args]
    answer = desk.ask(market, method, *filled_in)
    assert check(answer), answer


@pytest.mark.parametrize("market", SYMBOLS)
def test_each_kind_of_order_is_entered_and_ended(desk: Desk, market: str) -> None:
    symbol, amount = SYMBOLS[market], AMOUNTS[market]
    bid = desk.ask(market, "fetch_order_book", symbol, 5)["bids"][0][0]
    low, high = round(bid * 0.97, 1), round(bid * 1.03, 1)
    waiting = {} if market == "spot" else {"trigger": True}
    kinds: list[tuple[str, str, float | None, dict[str, Any], str]] = [
        ("limit", "buy", low, {}, "open"),
        ("limit", "buy", low, {"postOnly": True}, "open"),
        ("limit", "buy", low, {"timeInForce": "IOC"}, "expired"),
        ("limit", "buy", low, {"clientOrderId": f"mine-{market}"}, "open"),
        ("market", "buy", None, {}, "closed"),
        ("limit", "sell", low - 50, {"stopLossPrice": low}, "open"),
        ("market", "sell", None, {"stopLossPrice": low}, "open"),
        ("limit", "sell", high, {"takeProfitPrice": high}, "open"),
        ("market", "sell", None, {"takeProfitPrice": high}, "open"),
    ]
    if market != "spot":
        kinds.append(("market", "sell", None, {"reduceOnly": True}, "closed"))
    for type_, side, price, params, status in kinds:
        order = desk.ask(market, "create_order", symbol, type_, side, amount, price, params)
        assert order["status"] == status, (params, order)
        assert order["id"]
    first = desk.ask(market, "create_order", symbol, "limit", "buy", amount, low, {})
    changed = desk.ask(market, "edit_order", first["id"], symbol, "limit", "buy", amount, low - 10)
    assert changed["price"] == low - 10
    assert desk.ask(market, "fetch_order", changed["id"], symbol)["price"] == low - 10
    assert desk.ask(market, "cancel_order", changed["id"], symbol)["status"] == "canceled"
    stops = [o for o in desk.ask(market, "fetch_open_orders", symbol, None, None, waiting) if o["triggerPrice"]]
    assert len(stops) == 4
    assert desk.ask(market, "cancel_order", stops[0]["id"], symbol, waiting)["id"] == stops[0]["id"]
    if market != "spot":
        desk.ask(market, "cancel_all_orders", symbol, waiting)
    desk.ask(market, "cancel_all_orders", symbol)
    assert desk.ask(market, "fetch_open_orders", symbol) == []


def test_listen_keys_are_given_and_kept(desk: Desk) -> None:
    for market, prefix in (("usdm", "fapiPrivate"), ("coinm", "dapiPrivate")):
        first = desk.ask(market, f"{prefix}PostListenKey")["listenKey"]
        desk.ask(market, f"{prefix}PutListenKey")
        assert desk.ask(market, f"{prefix}PostListenKey")["listenKey"] == first


_BOTH_FUTURES = (
    "GET /v1/exchangeInfo",
    "GET /v1/time",
    "GET /v1/klines",
    "GET /v1/aggTrades",
    "GET /v1/depth",
    "GET /v1/ticker/24hr",
    "GET /v1/premiumIndex",
    "GET /v1/fundingRate",
    "GET /v1/income",
    "POST /v1/leverage",
    "GET /v1/markPriceKlines",
    "POST /v1/order",
    "POST /v1/algoOrder",
    "PUT /v1/order",
    "DELETE /v1/order",
    "DELETE /v1/allOpenOrders",
    "GET /v1/order",
    "GET /v1/openOrders",
    "GET /v1/allOrders",
    "GET /v1/userTrades",
    "GET /v1/commissionRate",
    "POST /v1/listenKey",
    "GET /v1/openAlgoOrders",
    "DELETE /v1/algoOrder",
)
RECORDED = [
    *doors(
        "api.binance.com",
        "",
        "GET /sapi/v1/capital/config/getall",
        "GET /sapi/v1/margin/allPairs",
        "GET /sapi/v1/margin/isolated/allPairs",
        "GET /sapi/v1/asset/tradeFee",
        "GET /api/v3/exchangeInfo",
        "GET /api/v3/time",
        "GET /api/v3/klines",
        "GET /api/v3/aggTrades",
        "GET /api/v3/depth",
        "GET /api/v3/ticker/24hr",
        "POST /api/v3/order",
        "POST /api/v3/order/cancelReplace",
        "DELETE /api/v3/order",
        "DELETE /api/v3/openOrders",
        "GET /api/v3/order",
        "GET /api/v3/openOrders",
        "GET /api/v3/allOrders",
        "GET /api/v3/myTrades",
        "GET /api/v3/account",
    ),
    *doors("fapi.binance.com", "/fapi", *_BOTH_FUTURES),
    *doors("fapi.binance.com", "/fapi", "GET /v1/leverageBracket", "GET /v3/positionRisk", "GET /v3/account"),
    *doors("dapi.binance.com", "/dapi", *_BOTH_FUTURES),
    *doors("dapi.binance.com", "/dapi", "GET /v2/leverageBracket", "GET /v1/positionRisk", "GET /v1/account"),
]
"""The REST calls that were recorded of ccxt 4.5.83, and the conditional orders' doors."""


def test_nothing_that_was_recorded_of_ccxt_is_left_out(desk: Desk) -> None:
    """After the tests above: each asked for something, and was answered as ccxt expects."""
    assert set(RECORDED) - desk.session.asked == set()
