"""Every request that ccxt 4.5.83 makes of HTX is answered in a shape that it parses; each is written down."""

from collections.abc import Iterator
from typing import Any

import pytest

from fixtures.htx_client import KINDS, HtxClients
from fixtures.recorded_calls import Recorder, doors
from fixtures.simulator import HUOBI, Simulator, StartSimulator

KEY, SECRET = "htx-calls-key", "htx-calls-secret"
FUNDS = {
    "huobi_spot": {"USDT": "100000", "BTC": "1"},
    "huobi_linear": {"USDT": "100000"},
    "huobi_swap": {"BTC": "10"},
    "huobi_future": {"BTC": "10"},
}


@pytest.fixture(scope="module")
def simulator(start_simulator: StartSimulator) -> Simulator:
    started = start_simulator(instruments=HUOBI)
    started.add_account(KEY, SECRET, FUNDS, pace=20)
    started.run_for(90)
    return started


@pytest.fixture(scope="module")
def recorder(simulator: Simulator) -> Recorder:
    return Recorder(simulator.uri)


@pytest.fixture(scope="module")
def clients(simulator: Simulator, recorder: Recorder) -> Iterator[HtxClients]:
    made = HtxClients(simulator.uri, KEY, SECRET, recorder)
    try:
        yield made
    finally:
        made.close()


READS: list[tuple[str, tuple[Any, ...], tuple[str, ...]]] = [
    ("fetch_time", (), ()),
    ("fetch_ohlcv", ("{symbol}", "1m", None, 100), ()),
    ("fetch_trades", ("{symbol}", None, 10), ()),
    ("fetch_order_book", ("{symbol}", 20), ("bids", "asks")),
    ("fetch_ticker", ("{symbol}",), ("last", "bid", "ask", "baseVolume")),
    ("fetch_balance", (), ("total",)),
    ("fetch_trading_fee", ("{symbol}",), ("symbol",)),
]
OF_CONTRACTS: list[tuple[str, tuple[Any, ...], tuple[str, ...]]] = [
    ("fetch_mark_ohlcv", ("{symbol}", "1m"), ()),
    ("set_leverage", (5, "{symbol}"), ()),
    ("fetch_leverage_tiers", (["{symbol}"],), ()),
]
OF_PERPETUALS: list[tuple[str, tuple[Any, ...], tuple[str, ...]]] = [
    ("fetch_funding_rate", ("{symbol}",), ("fundingRate", "fundingTimestamp")),
    ("fetch_funding_rate_history", ("{symbol}", None, 10), ()),
]
OF = {
    "spot": READS,
    "linear": READS + OF_CONTRACTS + OF_PERPETUALS,
    "swap": READS + OF_CONTRACTS + OF_PERPETUALS,
    "future": READS + OF_CONTRACTS,
}
CASES = [(kind, *case) for kind, cases in OF.items() for case in cases]
NOTHING_THERE = {("swap", "fetch_leverage_tiers"), ("future", "fetch_leverage_tiers")}
"""ccxt asks the linear contracts' door, whatever the market."""


@pytest.mark.parametrize(("kind", "method", "args", "fields"), CASES, ids=[f"{c[0]} {c[1]}" for c in CASES])
def test_the_answer_is_what_ccxt_understands(
    clients: HtxClients, kind: str, method: str, args: tuple[Any, ...], fields: tuple[str, ...]
) -> None:
    client = clients[kind]
    known = {"{symbol}": client.symbol, "['{symbol}']": [client.symbol]}
    answer = client(method, *(known.get(str(arg), arg) for arg in args))
    assert bool(answer) is ((kind, method) not in NOTHING_THERE)
    assert all(answer[field] is not None for field in fields), answer


def test_fees_are_told_of_spot_and_funding_of_no_dated_contract(clients: HtxClients) -> None:
    """ccxt asks spot's door for every market's fees and the swaps' for every contract's funding."""
    from ccxt.base.errors import BadSymbol

    fees = {kind: clients[kind]("fetch_trading_fee", clients[kind].symbol)["taker"] for kind in KINDS}
    assert {kind for kind, fee in fees.items() if fee is not None} == {"spot"}
    for method in ("fetch_funding_rate", "fetch_funding_rate_history"):
        with pytest.raises(BadSymbol, match="doesnt exist"):
            clients["future"](method, clients["future"].symbol)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_order_is_entered_and_ended(clients: HtxClients, kind: str) -> None:
    client = clients[kind]
    bid, ask = client.best()
    low, high = client.round(bid * 0.98), client.round(ask * 1.01)
    waiting = {} if kind == "spot" else {"trigger": True}

    def order(type_: str, side: str, price: float | None = None, **params: Any) -> str:
        opens = client.closing if side == "sell" else client.opening
        return str(client.do(lambda: client.order(type_, side, price, **opens(**params)))["id"])

    def state(number: str) -> tuple[str, float]:
        shown = client("fetch_order", number, client.symbol)
        return shown["status"], shown["filled"]

    for price, params, expected in (
        (low, {}, ("open", 0)),
        (low, {"postOnly": True}, ("open", 0)),
        (high, {"postOnly": True}, ("canceled", 0)),
        (low, {"timeInForce": "IOC"}, ("canceled", 0)),
        (low, {"timeInForce": "FOK"}, ("canceled", 0)),
        (high, {"timeInForce": "IOC"}, ("closed", client.quantity)),
        (high, {"timeInForce": "FOK"}, ("closed", client.quantity)),
        (low, {"clientOrderId": "4711"}, ("open", 0)),
    ):
        assert state(order("limit", "buy", price, **params)) == expected, params
    assert state(order("market", "sell"))[0] == "closed"
    falling = {"spot": {"operator": "lte"}, "linear": {}}.get(kind, {"triggerType": "le"})
    order("limit", "sell", low, triggerPrice=low, **falling)
    if kind != "spot":  # HTX's spot has no stop-market
        order("market", "sell", low, triggerPrice=low, **falling)
    stops = client("fetch_open_orders", client.symbol, None, None, waiting)
    assert len([one for one in stops if one["triggerPrice"]]) == (1 if kind == "spot" else 2)
    number = order("limit", "buy", low)
    changed = client("edit_order", number, client.symbol, "limit", "buy", client.quantity, low, client.opening())
    client("cancel_order", changed["id"], client.symbol)
    assert state(changed["id"])[0] == "canceled"
    client("cancel_all_orders", client.symbol)
    if client.is_inverse:
        client("cancel_all_orders", client.symbol, waiting)
    elif waiting:  # ccxt knows no door that ends all of them
        for one in stops:
            client("cancel_order", one["id"], client.symbol, waiting)
    assert client("fetch_open_orders", client.symbol) == []
    assert client("fetch_open_orders", client.symbol, None, None, waiting) == []
    done = {one["id"] for one in client("fetch_closed_orders", client.symbol)}
    assert len(done) == 3
    assert done < {one["id"] for one in client("fetch_orders", client.symbol)}
    assert {trade["order"] for trade in client("fetch_my_trades", client.symbol)} == done
    if kind != "spot":
        assert sum(one["contracts"] for one in client("fetch_positions", [client.symbol])) == client.quantity
        assert client("fetch_funding_history", client.symbol) == []


def test_the_spot_ledger_is_read(clients: HtxClients) -> None:
    assert clients["spot"]("fetch_ledger", "USDT", None, 10) is not None


_OF_COINS = {"swap": ("/swap-api", "swap", "/swap-ex"), "future": ("/api", "contract", "")}
RECORDED = [
    *doors(
        "api.huobi.pro",
        "",
        "GET /v2/reference/currencies",
        "GET /v1/common/symbols",
        "GET /v1/common/timestamp",
        "GET /market/history/candles",
        "GET /market/history/trade",
        "GET /market/depth",
        "GET /market/detail/merged",
        "GET /v1/account/accounts",
        "POST /v1/order/orders/place",
        "POST /v1/order/orders/{}/submitcancel",
        "POST /v1/order/orders/batchCancelOpenOrders",
        "GET /v1/order/orders/{}",
        "GET /v1/order/openOrders",
        "GET /v1/order/orders",
        "GET /v1/order/matchresults",
        "GET /v1/account/accounts/{}/balance",
        "GET /v2/account/ledger",
        "GET /v2/reference/transact-fee-rate",
    ),
    *doors(
        "api.hbdm.vn",
        "",
        "GET /linear-swap-api/v1/swap_contract_info",
        "GET /swap-api/v1/swap_contract_info",
        "GET /api/v1/contract_contract_info",
        "GET /api/v1/timestamp",
        "GET /linear-swap-ex/market/history/kline",
        "GET /linear-swap-ex/market/history/trade",
        "GET /linear-swap-ex/market/depth",
        "GET /linear-swap-ex/market/detail/merged",
        "GET /index/market/history/linear_swap_mark_price_kline",
        "GET /index/market/history/swap_mark_price_kline",
        "GET /index/market/history/mark_price_kline",
        "GET /linear-swap-api/v1/swap_adjustfactor",
        "GET /swap-api/v1/swap_funding_rate",
        "GET /swap-api/v1/swap_historical_funding_rate",
    ),
    *doors(
        "api.hbdm.vn",
        "/v5",
        "GET /market/funding_rate",
        "GET /market/funding_rate_history",
        "GET /account/bills",
        "GET /trade/position/opens",
        "POST /position/lever",
        "POST /trade/order",
        "POST /algo/order",
        "POST /trade/cancel_order",
        "POST /trade/cancel_all_orders",
        "GET /trade/order",
        "GET /trade/order/opens",
        "GET /trade/order/history",
        "GET /trade/order/details",
        "GET /account/balance",
    ),
    *(
        door
        for api, name, quotes in _OF_COINS.values()
        for door in [
            *doors(
                "api.hbdm.vn",
                f"{quotes}/market",
                "GET /history/kline",
                "GET /history/trade",
                "GET /depth",
                "GET /detail/merged",
            ),
            *doors(
                "api.hbdm.vn",
                f"{api}/v1/{name}",
                *(
                    f"POST _{what}"
                    for what in (
                        "position_info",
                        "switch_lever_rate",
                        "order",
                        "trigger_order",
                        "cancel",
                        "cancelall",
                        "order_info",
                        "openorders",
                        "account_info",
                    )
                ),
            ),
            *doors(
                "api.hbdm.vn",
                f"{api}/v3/{name}",
                *(f"POST _{what}" for what in ("financial_record_exact", "hisorders", "matchresults_exact")),
            ),
        ]
    ),
]
"""The REST calls that were recorded of ccxt 4.5.83."""


def test_nothing_that_was_recorded_of_ccxt_is_left_out(clients: HtxClients, recorder: Recorder) -> None:
    """After the tests above: each asked for something, and was answered as ccxt expects."""
    assert set(RECORDED) - recorder.asked == set()
