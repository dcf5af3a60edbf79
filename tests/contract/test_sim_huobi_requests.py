"""Every request of ccxt 4.5.83 on the simulated HTX: it answers in a shape that ccxt reads, or refuses in HTX's words.

The table of calls is that of the exchange specification (Appendix A, htx), with the conditional orders beside it.
"""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from fixtures.htx_client import KINDS, HtxClient, HtxClients
from fixtures.htx_socket import NOTICES, SPOT_PRIVATE, htx_socket
from fixtures.simulator import HUOBI, Simulator, StartSimulator

KEY, SECRET = "htx-requests-key", "htx-requests-secret"
FUNDS = {
    "huobi_spot": {"USDT": "100000", "BTC": "1"},
    "huobi_linear": {"USDT": "100000"},
    "huobi_swap": {"BTC": "10"},
    "huobi_future": {"BTC": "10"},
}


@pytest.fixture(scope="module")
def simulator(start_simulator: StartSimulator) -> Simulator:
    """Market time stands still."""
    started = start_simulator(instruments=HUOBI)
    started.add_account(KEY, SECRET, FUNDS, pace=20)
    return started


@pytest.fixture(scope="module")
def clients(simulator: Simulator) -> Iterator[HtxClients]:
    """Of an account that has bought on each market, and has an order in the book and one that waits."""
    made = HtxClients(simulator.uri, KEY, SECRET)
    try:
        for client in made:
            client.do(lambda client=client: _prepare(client))
        yield made
    finally:
        made.close()


async def _prepare(client: HtxClient) -> None:
    bid = (await client.exchange.fetch_order_book(client.symbol))["bids"][0][0]
    await client.order("limit", "buy", client.round(bid * 1.005), **client.opening())
    await client.order("limit", "buy", client.round(bid * 0.98), **client.opening())
    await client.order("limit", "sell", client.round(bid * 0.96), **_waiting(client, client.round(bid * 0.97)))


def _waiting(client: HtxClient, trigger: float) -> dict[str, Any]:
    own = {"spot": {"operator": "lte"}, "linear": {"reduceOnly": True}}.get(client.kind, {"triggerType": "le"})
    return client.closing(triggerPrice=trigger, **own)


class Asked(NamedTuple):
    """A call on a market, the end of the address that it asks for last, and what its answer must hold."""

    kind: str
    method: str
    args: tuple[Any, ...]
    path: str
    holds: Any = None


_S, _L, _W, _F = "spot", "linear", "swap", "future"
_SYMBOL = object()
PUBLIC = [
    Asked(_S, "fetch_currencies", (), "/v2/reference/currencies", lambda found: "USDT" in found),
    Asked(_S, "fetch_time", (), "/v1/common/timestamp"),
    Asked(_S, "fetch_ohlcv", (_SYMBOL, "1m", 1768480000000, 100), "/market/history/candles", lambda f: len(f) == 100),
    Asked(_S, "fetch_trades", (_SYMBOL, None, 10), "/market/history/trade", lambda found: len(found) == 10),
    Asked(_S, "fetch_order_book", (_SYMBOL, 20), "/market/depth", lambda found: len(found["bids"]) == 20),
    Asked(_S, "fetch_ticker", (_SYMBOL,), "/market/detail/merged", lambda found: found["bid"] < found["ask"]),
    Asked(_S, "fetch_tickers", (), "/market/tickers", lambda found: len(found) == 2),
    Asked(_S, "fetch_status", (), "/v2/market-status"),
    *(
        Asked(kind, method, args, path, holds)
        for kind, prefix in ((_L, "/linear-swap-ex"), (_W, "/swap-ex"), (_F, ""))
        for method, args, path, holds in (
            ("fetch_time", (), "/api/v1/timestamp", None),
            ("fetch_ohlcv", (_SYMBOL, "1m", None, 100), f"{prefix}/market/history/kline", lambda f: len(f) == 100),
            ("fetch_ohlcv", (_SYMBOL, "1d", None, 2), f"{prefix}/market/history/kline", lambda f: len(f) == 2),
            ("fetch_trades", (_SYMBOL, None, 10), f"{prefix}/market/history/trade", lambda f: len(f) == 10),
            ("fetch_order_book", (_SYMBOL,), f"{prefix}/market/depth", lambda f: len(f["asks"]) > 20),
            ("fetch_ticker", (_SYMBOL,), f"{prefix}/market/detail/merged", lambda f: f["bid"] < f["ask"]),
        )
    ),
    Asked(_L, "fetch_tickers", (), "/linear-swap-ex/market/detail/batch_merged", lambda found: len(found) == 2),
    Asked(_W, "fetch_tickers", (), "/swap-ex/market/detail/batch_merged", lambda found: len(found) == 2),
    Asked(_F, "fetch_tickers", (), "/market/detail/batch_merged", lambda found: len(found) == 1),
    Asked(_L, "fetch_funding_rate", (_SYMBOL,), "/v5/market/funding_rate", lambda f: f["fundingTimestamp"] > 0),
    Asked(
        _L, "fetch_funding_rate_history", (_SYMBOL, None, 5), "/v5/market/funding_rate_history", lambda f: len(f) == 5
    ),
    Asked(_W, "fetch_funding_rate", (_SYMBOL,), "/swap_funding_rate", lambda found: found["fundingTimestamp"] > 0),
    Asked(_W, "fetch_funding_rates", (), "/swap_batch_funding_rate", lambda found: len(found) == 2),
    Asked(_W, "fetch_funding_rate_history", (_SYMBOL, None, 5), "/swap_historical_funding_rate", lambda f: len(f) == 5),
    Asked(_L, "fetch_mark_ohlcv", (_SYMBOL, "1m", None, 5), "/linear_swap_mark_price_kline", lambda f: len(f) == 5),
    Asked(_W, "fetch_mark_ohlcv", (_SYMBOL, "1m", None, 5), "/swap_mark_price_kline", lambda found: len(found) == 5),
    Asked(_F, "fetch_mark_ohlcv", (_SYMBOL, "1m", None, 5), "/history/mark_price_kline", lambda found: len(found) == 5),
    Asked(_F, "fetch_index_ohlcv", (_SYMBOL, "1m", None, 5), "/index/market/history/index", lambda f: len(f) == 5),
    Asked(
        _L,
        "fetch_premium_index_ohlcv",
        (_SYMBOL, "1m", None, 5),
        "/linear_swap_premium_index_kline",
        lambda f: len(f) == 5,
    ),
    *(
        Asked(kind, "fetch_leverage_tiers", ([_SYMBOL],), "/linear-swap-api/v1/swap_adjustfactor")
        for kind in (_L, _W, _F)
    ),
    Asked(_L, "fetch_open_interest", (_SYMBOL,), "/v5/market/open_interest", lambda f: f["openInterestAmount"] > 0),
    Asked(_W, "fetch_open_interest", (_SYMBOL,), "/swap_open_interest", lambda f: f["openInterestAmount"] > 0),
    Asked(_F, "fetch_open_interest", (_SYMBOL,), "/contract_open_interest", lambda f: f["openInterestAmount"] > 0),
    *(
        Asked(
            kind, "fetch_open_interest_history", (_SYMBOL, "1h", None, 3), "_his_open_interest", lambda f: len(f) == 3
        )
        for kind in (_L, _W, _F)
    ),
    Asked(_L, "fetch_settlement_history", (_SYMBOL, None, 2), "/v5/market/settlement_history", lambda f: len(f) == 2),
    Asked(_W, "fetch_settlement_history", (_SYMBOL, None, 2), "/swap_settlement_records", lambda f: len(f) == 2),
    Asked(
        _F,
        "fetch_settlement_history",
        (_SYMBOL, None, 1),
        "/contract_settlement_records",
        lambda f: f[0]["price"] > 0,
    ),
    Asked(_L, "fetch_liquidations", (_SYMBOL,), "/v5/market/liquidation_orders", lambda found: found == []),
    Asked(_W, "fetch_liquidations", (_SYMBOL,), "/swap_liquidation_orders", lambda found: found == []),
    Asked(_F, "fetch_liquidations", (_SYMBOL,), "/contract_liquidation_orders", lambda found: found == []),
]
_ONE, _TRIGGERS = (lambda found: len(found) == 1), (None, None, {"trigger": True})
PRIVATE = [
    Asked(_S, "fetch_accounts", (), "/v1/account/accounts", lambda found: "spot" in {one["type"] for one in found}),
    Asked(_S, "fetch_open_orders", (_SYMBOL,), "/v1/order/openOrders", lambda found: len(found) == 2),
    Asked(_S, "fetch_closed_orders", (_SYMBOL,), "/v1/order/orders", _ONE),
    Asked(_S, "fetch_orders", (_SYMBOL,), "/v1/order/orders", lambda found: len(found) == 2),
    Asked(_S, "fetch_my_trades", (_SYMBOL, 1768486000000, 10), "/v1/order/matchresults", _ONE),
    Asked(_S, "fetch_balance", (), "/balance", lambda found: found["BTC"]["total"] > 1),
    Asked(
        _S, "fetch_trading_fee", (_SYMBOL,), "/v2/reference/transact-fee-rate", lambda found: found["taker"] == 0.002
    ),
    *(
        Asked(
            kind, "fetch_ledger", ("BTC" if kind != _L else "USDT", None, 10), "/v2/account/ledger", lambda f: f == []
        )
        for kind in KINDS
    ),
    Asked(_L, "fetch_funding_history", (_SYMBOL,), "/v5/account/bills", lambda found: found == []),
    Asked(_L, "fetch_positions", (), "/v5/trade/position/opens", _ONE),
    Asked(_L, "fetch_open_orders", (_SYMBOL,), "/v5/trade/order/opens", _ONE),
    Asked(_L, "fetch_open_orders", (_SYMBOL, *_TRIGGERS), "/v5/algo/order/opens", _ONE),
    Asked(_L, "fetch_closed_orders", (_SYMBOL,), "/v5/trade/order/history", _ONE),
    Asked(_L, "fetch_orders", (_SYMBOL,), "/v5/trade/order/history", _ONE),
    Asked(_L, "fetch_my_trades", (_SYMBOL, 1768486000000, 10), "/v5/trade/order/details", _ONE),
    Asked(_L, "fetch_balance", (), "/v5/account/balance", lambda found: found["USDT"]["total"] > 0),
    Asked(_L, "set_leverage", (20, _SYMBOL), "/v5/position/lever"),
    *(
        Asked(kind, method, args, path.format(w=word), holds)
        for kind, word in ((_W, "swap"), (_F, "contract"))
        for method, args, path, holds in (
            ("fetch_funding_history", (_SYMBOL,), "/v3/{w}_financial_record_exact", lambda found: found == []),
            ("fetch_positions", (), "/{w}_position_info", _ONE),
            ("set_leverage", (20, _SYMBOL), "/{w}_switch_lever_rate", None),
            ("fetch_open_orders", (_SYMBOL,), "/{w}_openorders", _ONE),
            ("fetch_open_orders", (_SYMBOL, *_TRIGGERS), "/{w}_trigger_openorders", _ONE),
            ("fetch_closed_orders", (_SYMBOL,), "/v3/{w}_hisorders", _ONE),
            ("fetch_orders", (_SYMBOL,), "/v3/{w}_hisorders", lambda found: len(found) == 2),
            ("fetch_my_trades", (_SYMBOL, 1768486000000, 10), "/v3/{w}_matchresults_exact", _ONE),
            ("fetch_balance", (), "/{w}_account_info", lambda found: found["BTC"]["total"] > 0),
        )
    ),
]


@pytest.mark.parametrize("asked", PUBLIC + PRIVATE, ids=lambda a: f"{a.kind} {a.method} {a.path}")
def test_each_call_is_answered_in_a_shape_that_ccxt_reads(clients: HtxClients, asked: Asked) -> None:
    client = clients[asked.kind]
    args = [client.symbol if arg is _SYMBOL else [client.symbol] if arg == [_SYMBOL] else arg for arg in asked.args]
    found = client(asked.method, *args)
    assert client.exchange.last_request_url.partition("?")[0].endswith(asked.path)
    assert asked.holds is None or asked.holds(found), found


@pytest.mark.parametrize("kind", [_W, _F])
def test_contracts_tell_everything_else_over_implicit_methods(clients: HtxClients, kind: str) -> None:
    """Requests that ccxt has no unified call for (coin_margined_swap v1, dm v1)."""
    client = clients[kind]
    named, v3 = client.named(), {"contract": "BTC-USD"} if kind == _W else {"symbol": "BTC"}
    order_id = client("fetch_closed_orders", client.symbol)[0]["id"]
    asked: list[tuple[str, str, dict[str, Any], Any]] = [
        ("AccountPositionInfo", "V1", named, lambda data: data[0]["positions"][0]["volume"] == 2),
        ("AvailableLevelRate", "V1", named, lambda data: "20" in data[0]["available_level_rate"].split(",")),
        ("OrderLimit", "V1", {**named, "order_price_type": "limit"}, lambda data: data["list"]),
        ("PositionLimit", "V1", named, lambda data: data),
        ("TransferLimit", "V1", named, lambda data: data),
        ("Fee", "V1", named, lambda data: data[0]["open_taker_fee"] == "0.0005"),
        ("UserSettlementRecords", "V1", named, lambda data: data["settlement_records"] == []),
        ("FinancialRecord", "V1", named, lambda data: {row["type"] for row in data["financial_record"]} == {5}),
        ("FinancialRecordExact", "V1", named, lambda data: data["remain_size"] == 0),
        ("FinancialRecord", "V3", v3, lambda data: len(data) == 1),
        ("OrderDetail", "V1", {**named, "order_id": order_id}, lambda data: len(data["trades"]) == 1),
        ("Hisorders", "V1", {**named, "trade_type": 0, "type": 1, "status": 0}, lambda data: len(data["orders"]) == 2),
        ("HisordersExact", "V1", {**named, "trade_type": 0, "type": 2}, lambda data: len(data["orders"]) == 1),
        ("Matchresults", "V1", {**named, "trade_type": 1}, lambda data: len(data["trades"]) == 1),
        ("MatchresultsExact", "V1", {**named, "trade_type": 2}, lambda data: data["trades"] == []),
        ("TriggerHisorders", "V1", {**named, "trade_type": 0, "status": "0"}, lambda data: data["orders"] == []),
        ("TpslOpenorders", "V1", named, lambda data: data["orders"] == []),
        ("TrackOpenorders", "V1", named, lambda data: data["total_size"] == 0),
    ]  # fmt: skip
    for what, version, params, holds in asked:
        answer = client(client.inverse(what, version), params)
        assert holds(answer["data"]), (what, answer)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", ["key", "secret", "time"])
def test_who_can_t_prove_himself_is_refused(clients: HtxClients, kind: str, wrong: str) -> None:
    import ccxt

    key, secret = ("nobody" if wrong == "key" else KEY), ("guessed" if wrong == "secret" else SECRET)
    client = clients.another(kind, key, secret)
    if wrong == "time":
        client.exchange.options["timeDifference"] = 301_000
    with pytest.raises(ccxt.AuthenticationError) as refused:
        client("fetch_balance")
    client("close")
    if kind != "spot":
        words = {"key": "Incorrect Access key", "secret": "Verification failure", "time": "Invalid submission time"}
        assert words[wrong] in str(refused.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", ["key", "secret", "time"])
def test_streams_refuse_him_too(simulator: Simulator, kind: str, wrong: str) -> None:
    async def work() -> None:
        async with htx_socket(simulator.uri, SPOT_PRIVATE if kind == "spot" else NOTICES[kind]) as socket:
            key, secret = ("nobody" if wrong == "key" else KEY), ("guessed" if wrong == "secret" else SECRET)
            answer = await socket.authenticate(key, secret, late=310 if wrong == "time" else 0)
            assert answer["code" if kind == "spot" else "err-code"] == 2002
            if kind != "spot":
                assert (await socket.next())["op"] == "close"
                await socket.left()

    asyncio.run(asyncio.wait_for(work(), 10))


@pytest.mark.parametrize("kind", KINDS)
def test_streams_tell_nothing_private_before_that(simulator: Simulator, kind: str) -> None:
    async def work() -> None:
        async with htx_socket(simulator.uri, SPOT_PRIVATE if kind == "spot" else NOTICES[kind]) as socket:
            if kind == "spot":
                assert (await socket.ask({"action": "sub", "ch": "orders#*"}))["code"] == 2002
                assert (await socket.authenticate(KEY, SECRET))["code"] == 200
                assert (await socket.ask({"action": "sub", "ch": "orders#nousdt"}))["code"] == 2001
                assert (await socket.ask({"action": "sub", "ch": "orders#*"}))["code"] == 200
                return
            topic = {"linear": "orders"}.get(kind, "orders.*")
            wanted = {"op": "sub", "cid": "7", "topic": topic, "contract_code": "*"}
            assert (await socket.ask(wanted))["err-code"] == 2002
            assert (await socket.authenticate(KEY, SECRET))["err-code"] == 0
            for code, change in ((2010, {"topic": "nonsense.*"}), (2011, {"topic": topic.replace("*", "no-usd")})):
                refused = await socket.ask(wanted | change | ({"contract_code": "NO-USDT"} if code == 2011 else {}))
                assert (refused["err-code"], refused["cid"]) == (code, "7")
            assert (await socket.ask(wanted))["err-code"] == 0

    asyncio.run(asyncio.wait_for(work(), 10))


REFUSED = [
    (_S, "limit", "buy", {"price": 1_000_000.0}, "InvalidOrder", "order-limitorder-price-buy-max-error"),
    (_S, "limit", "buy", {"factor": 0.99, "quantity": 2.0}, "InsufficientFunds", "account-frozen-balance-insufficient"),
    (_S, "limit", "sell", {"factor": 1.01, "quantity": 0.000001}, "InvalidOrder", "order-limitorder-amount-min-error"),
    (_L, "limit", "buy", {"factor": 0.99, "quantity": 100_000}, "InsufficientFunds", "1047"),
    (_L, "limit", "buy", {"factor": 3.0}, "InvalidOrder", "1039"),
    (_W, "limit", "buy", {"factor": 3.0}, "InvalidOrder", "1039"),
    (_W, "limit", "buy", {"factor": 0.99, "quantity": 170_001}, "InvalidOrder", "1041"),
    (_F, "limit", "sell", {"factor": 1.01, "quantity": 50, "offset": "close"}, "ExchangeError", "1048"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "type_", "side", "terms", "error", "code"), REFUSED)
def test_orders_that_break_a_rule_are_refused_with_the_venues_code(
    clients: HtxClients, kind: str, type_: str, side: str, terms: dict[str, Any], error: str, code: str
) -> None:
    import ccxt

    client = clients[kind]
    bid, _ = client.best()
    price = terms.get("price") or client.round(bid * terms["factor"])
    params = client.opening(**({"offset": terms["offset"]} if "offset" in terms else {}))
    with pytest.raises(getattr(ccxt, error)) as refused:
        client("create_order", client.symbol, type_, side, terms.get("quantity", client.quantity), price, params)
    assert code in str(refused.value)


def test_too_many_requests_are_refused_until_the_next_window(simulator: Simulator, clients: HtxClients) -> None:
    """72 trade requests in 3 s for an account of the coin-margined markets (htx.com, rate limits)."""
    import ccxt

    simulator.add_account("hasty", "hasty-secret", {"huobi_swap": {"BTC": "1"}})
    client = clients.another("swap", "hasty", "hasty-secret")
    cancel = client.inverse("Cancel")

    async def work() -> int:
        refused = 0
        for _ in range(150):
            try:
                await getattr(client.exchange, cancel)({"contract_code": "BTC-USD", "order_id": "1"})
            except ccxt.OrderNotFound:
                assert 0 <= int(client.exchange.last_response_headers["ratelimit-remaining"]) < 72
            except ccxt.ExchangeError as error:  # ccxt 4.5.83 has no class for this code
                refused += '"err_code":1032' in str(error)
        return refused

    assert 0 < client.do(work) <= 150 - 72
    client("close")


def test_refusals_have_status_200_and_the_bodies_of_their_family(simulator: Simulator) -> None:
    with httpx.Client(base_url=simulator.uri) as http:

        def asked(host: str, path: str) -> dict[str, Any]:
            answer = http.get(path, headers={"Host": host})
            assert answer.status_code == 200
            return dict(answer.json())

        spot = asked("api.huobi.pro", "/market/depth?symbol=nousdt&type=step0")
        assert (spot["status"], spot["err-code"]) == ("error", "base-symbol-error")
        newer = asked("api.huobi.pro", "/v2/account/ledger?accountId=1")
        assert (newer["code"], newer["message"]) == (1003, "invalid signature")
        contract = asked("api.hbdm.vn", "/swap-ex/market/depth?contract_code=NO-USD&type=step0")
        assert (contract["status"], contract["err_code"]) == ("error", 1013)
        v5 = asked("api.hbdm.vn", "/v5/market/open_interest?contract_code=NO-USDT")
        assert (v5["code"], v5["data"]) == (1013, None)
        assert asked("api.hbdm.vn", "/no/such/path")["status"] == "error"
