"""Orders of the simulated HTX: two sides of coin-margined accounts, batches, pages, ids, leverage."""

from decimal import Decimal
from typing import Any

import pytest

from fixtures.htx_floor import HtxDesk
from jtrader.domain.times import HOUR, MILLISECOND, SECOND, parse_time, to_millis
from jtrader.exchange.sim.huobi.errors import HuobiError
from jtrader.venue.refusals import Refused, Why

START = parse_time("2026-01-15T15:58:00Z")
ACCOUNT = 10_000_001


def swap() -> HtxDesk:
    return HtxDesk(START, instruments=("huobi_swap:BTC-USD", "huobi_swap:ETH-USD"))


def order(desk: HtxDesk, **terms: Any) -> Any:
    usual = {"contract_code": "BTC-USD", "lever_rate": 20, "volume": 10, "order_price_type": "opponent"}
    return desk.post("/swap-api/v1/swap_order", **(usual | terms))


def positions(desk: HtxDesk) -> dict[str, int]:
    return {row["direction"]: row["volume"] for row in desk.post("/swap-api/v1/swap_position_info")}


def test_long_and_short_stand_beside_each_other() -> None:
    desk = swap()
    order(desk, direction="buy", offset="open")
    order(desk, direction="sell", offset="open", volume=4)
    assert positions(desk) == {"buy": 10, "sell": 4}
    order(desk, direction="sell", offset="close", volume=3)
    order(desk, direction="buy", offset="close", volume=4)
    assert positions(desk) == {"buy": 7}
    with pytest.raises(Refused) as refused:
        order(desk, direction="sell", offset="close", volume=8)
    assert refused.value.why is Why.REDUCE_ONLY
    rows = desk.post("/swap-api/v3/swap_matchresults", contract="BTC-USD", trade_type=0).__reversed__()
    assert [(row["direction"], row["offset"]) for row in rows] == [
        ("buy", "open"), ("sell", "open"), ("sell", "close"), ("buy", "close"),
    ]  # fmt: skip


def test_what_an_order_must_say() -> None:
    desk = swap()
    for terms, code in (
        ({"direction": "buy"}, 1036),
        ({"direction": "hold", "offset": "open"}, 1035),
        ({"direction": "buy", "offset": "open", "lever_rate": None}, 1094),
        ({"direction": "buy", "offset": "open", "volume": None}, 1066),
        ({"direction": "buy", "offset": "open", "order_price_type": "wish"}, 1034),
        ({"direction": "buy", "offset": "open", "order_price_type": "limit"}, 1066),
        ({"direction": "buy", "offset": "open", "client_order_id": "mine"}, 1065),
        ({"direction": "buy", "offset": "open", "contract_code": "DOGE-USD"}, 1013),
        ({"direction": "buy", "offset": "open", "tp_trigger_price": "200000"}, 1067),
    ):
        with pytest.raises(HuobiError) as refused:
            order(desk, **terms)
        assert refused.value.code == code, terms


def test_an_opening_order_brings_its_leverage_unless_something_hangs_on_another() -> None:
    desk = swap()
    order(desk, direction="buy", offset="open", lever_rate=5)
    assert desk.post("/swap-api/v1/swap_position_info")[0]["lever_rate"] == 5
    with pytest.raises(HuobiError) as refused:
        order(desk, direction="buy", offset="open", lever_rate=10)
    assert refused.value.code == 1045
    order(desk, direction="sell", offset="close", lever_rate=10)
    order(desk, direction="buy", offset="open", lever_rate=10)
    assert desk.post("/swap-api/v1/swap_account_info", contract_code="BTC-USD")[0]["lever_rate"] == 10


def test_a_batch_places_each_for_itself() -> None:
    desk = swap()
    bid, _ = desk.best("huobi_swap", "BTC-USD")
    good = {"contract_code": "BTC-USD", "direction": "buy", "offset": "open", "lever_rate": 20, "volume": 1}
    limit = good | {"price": bid, "order_price_type": "limit"}
    answer = desk.post(
        "/swap-api/v1/swap_batchorder",
        orders_data=[limit | {"client_order_id": 77}, limit | {"volume": 10**9}, limit | {"client_order_id": 77}],
    )
    assert [row["index"] for row in answer["success"]] == [1]
    assert [(row["index"], row["err_code"]) for row in answer["errors"]] == [(2, 1041), (3, 1050)]
    found = desk.post("/swap-api/v1/swap_order_info", contract_code="BTC-USD", client_order_id="77")[0]
    assert (found["client_order_id"], found["status"], found["margin_frozen"] > 0) == (77, 3, True)
    gone = desk.post("/swap-api/v1/swap_cancel", contract_code="BTC-USD", client_order_id="77,78")
    assert (gone["successes"], [row["err_code"] for row in gone["errors"]]) == ("77", [1061])
    again = desk.post("/swap-api/v1/swap_cancel", contract_code="BTC-USD", order_id=found["order_id_str"])
    assert again["errors"][0]["err_code"] == 1071


def test_past_orders_come_in_pages_either_way() -> None:
    desk = swap()
    for _ in range(5):
        order(desk, direction="buy", offset="open", volume=1)
    numbers = [row["query_id"] for row in desk.post("/swap-api/v3/swap_hisorders", contract="BTC-USD", type=1)]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 5
    ask = {"contract": "BTC-USD", "type": 1, "size": 2}
    back = desk.post("/swap-api/v3/swap_hisorders", **ask, from_id=numbers[1])
    assert [row["query_id"] for row in back] == numbers[2:4]
    forth = desk.post("/swap-api/v3/swap_hisorders", **ask, from_id=numbers[3], direct="next")
    assert [row["query_id"] for row in forth] == [numbers[2], numbers[1]]
    page = desk.post("/swap-api/v1/swap_hisorders", contract_code="BTC-USD", type=1, page_index=3, page_size=2)
    assert [row["query_id"] for row in page["orders"]] == numbers[4:]
    assert (page["total_page"], page["current_page"], page["total_size"]) == (3, 3, 5)
    exact = desk.post("/swap-api/v1/swap_hisorders_exact", contract_code="BTC-USD", type=1, size=2)
    assert (exact["remain_size"], exact["next_id"]) == (3, numbers[1])


def test_one_look_covers_48_hours_at_most() -> None:
    desk = swap()
    order(desk, direction="buy", offset="open", volume=1)
    now = to_millis(desk.world.now)
    span = 48 * HOUR // MILLISECOND
    ask = {"contract": "BTC-USD", "type": 1}
    assert len(desk.post("/swap-api/v3/swap_hisorders", **ask, start_time=now - span, end_time=now)) == 1
    with pytest.raises(HuobiError) as refused:
        desk.post("/swap-api/v3/swap_hisorders", **ask, start_time=now - span - 2, end_time=now)
    assert refused.value.code == 1067
    assert desk.post("/swap-api/v3/swap_hisorders", **ask, end_time=now - 1) == []


def test_dated_contracts_go_by_code_alias_and_coin() -> None:
    desk = HtxDesk(START, instruments=("huobi_future:BTC261225",))
    for name in ("BTC261225", "btc261225", "BTC_NQ", "BTC", "btc"):
        rows = desk.post("/api/v1/contract_account_info", symbol=name)
        assert [row["symbol"] for row in rows] == ["BTC"]
    kind = {"symbol": "btc", "contract_type": "next_quarter"}
    assert len(desk.get("/api/v1/contract_open_interest", **kind)) == 1
    for wrong in ({"symbol": "ETH"}, {"symbol": "btc", "contract_type": "this_week"}):
        with pytest.raises(HuobiError) as refused:
            desk.get("/api/v1/contract_open_interest", **wrong)
        assert refused.value.code == 1013


def linear() -> HtxDesk:
    return HtxDesk(START, instruments=("huobi_linear:BTC-USDT",))


def test_v5_batches_and_cancels_tell_each_fate() -> None:
    desk = linear()
    bid, _ = desk.best("huobi_linear", "BTC-USDT")
    good = {"contract_code": "BTC-USDT", "side": "buy", "type": "limit", "price": bid, "volume": 2}
    rows = desk.post(
        "/v5/trade/batch_orders",
        body=[good | {"client_order_id": "a"}, good | {"volume": 0}, good | {"client_order_id": "b"}],
    )
    assert [row["code"] for row in rows] == [200, 1040, 200]
    assert [row["client_order_id"] for row in desk.get("/v5/trade/order/opens")] == ["b", "a"]
    gone = desk.post("/v5/trade/cancel_batch_orders", client_order_id=["a", "c"])
    assert [row["code"] for row in gone] == [200, 1061]
    assert len(desk.post("/v5/trade/cancel_all_orders", contract_code="BTC-USDT")) == 1
    past = desk.get("/v5/trade/order/history", contract_code="BTC-USDT", states="canceled")
    assert [(row["state"], row["cancel_reason"]) for row in past] == [("canceled", "user")] * 2
    with pytest.raises(HuobiError) as nothing_left:
        desk.post("/v5/trade/cancel_all_orders", contract_code="BTC-USDT")
    assert nothing_left.value.code == 1051


@pytest.mark.parametrize(
    ("wanted", "state", "reason"), [("post_only", "canceled", "post_only"), ("ioc", "canceled", "time_in_force")]
)
def test_v5_orders_that_end_at_once_say_why(wanted: str, state: str, reason: str) -> None:
    desk = linear()
    bid, ask = desk.best("huobi_linear", "BTC-USDT")
    terms = (
        {"type": "post_only", "price": ask}
        if wanted == "post_only"
        else {"type": "limit", "time_in_force": "ioc", "price": bid}
    )
    made = desk.post("/v5/trade/order", contract_code="BTC-USDT", side="buy", volume=2, **terms)
    found = desk.get("/v5/trade/order", contract_code="BTC-USDT", order_id=made["order_id"])
    assert (found["state"], found["cancel_reason"], found["trade_volume"]) == (state, reason, "0")


def test_v5_modes_and_margin() -> None:
    desk = linear()
    assert desk.get("/v5/position/mode") == {"position_mode": "single_side"}
    assert desk.post("/v5/position/mode", position_mode="dual_side") == {"position_mode": "dual_side"}
    buy = {"contract_code": "BTC-USDT", "side": "buy", "type": "market", "volume": 2, "margin_mode": "isolated"}
    desk.post("/v5/trade/order", **buy, position_side="long")
    with pytest.raises(Refused) as in_use:
        desk.post("/v5/position/mode", position_mode="single_side")
    assert in_use.value.why is Why.MODE_IN_USE
    held = desk.get("/v5/trade/position/opens")[0]
    assert (held["position_side"], held["margin_mode"]) == ("long", "isolated")
    desk.post("/v5/position/margin", contract_code="BTC-USDT", position_side="long", amount="5", type="1")
    more = desk.get("/v5/trade/position/opens")[0]
    assert Decimal(more["margin"]) - Decimal(held["margin"]) == 5
    assert desk.post("/v5/trade/position_all")[0]["order_id"]
    assert desk.get("/v5/trade/position/opens") == []


def spot() -> HtxDesk:
    return HtxDesk(START, instruments=("huobi_spot:btcusdt",))


def place(desk: HtxDesk, kind: str, amount: str, **terms: Any) -> dict[str, Any]:
    sent = {"account-id": ACCOUNT, "symbol": "btcusdt", "type": kind, "amount": amount}
    found: dict[str, Any] = desk.get(
        "/v1/order/orders/{id}", number=int(desk.post("/v1/order/orders/place", **sent, **terms))
    )
    return found


def test_spot_orders_tell_what_became_of_them() -> None:
    desk = spot()
    bid, ask = desk.best("huobi_spot", "btcusdt")
    bought = place(desk, "buy-market", "500")
    assert (bought["state"], bought["type"]) == ("filled", "buy-market")
    assert Decimal("499") < Decimal(bought["field-cash-amount"]) <= 500
    resting = place(desk, "buy-limit", "0.01", price=bid, **{"client-order-id": "mine"})
    assert (resting["state"], resting["client-order-id"]) == ("submitted", "mine")
    maker = place(desk, "buy-limit-maker", "0.01", price=ask)
    assert (maker["state"], maker["canceled-source"]) == ("canceled", "limit_maker")
    assert desk.post("/v1/order/orders/submitCancelClientOrder", **{"client-order-id": "mine"}) == 7
    assert desk.get("/v1/order/orders/getClientOrder", clientOrderId="mine")["canceled-source"] == "api"
    with pytest.raises(HuobiError) as gone:
        desk.post("/v1/order/orders/{id}/submitcancel", number=resting["id"])
    assert gone.value.code == "order-orderstate-error"


def test_spots_old_stop_orders_wait_among_the_open_ones() -> None:
    desk = spot()
    price = float(desk.best("huobi_spot", "btcusdt")[0])
    stop = {"stop-price": f"{price * 1.01:.2f}", "operator": "gte", "price": f"{price * 1.02:.2f}"}
    waiting = place(desk, "buy-stop-limit", "0.01", **stop)
    assert (waiting["state"], waiting["operator"]) == ("created", "gte")
    assert [row["id"] for row in desk.get("/v1/order/openOrders")] == [waiting["id"]]
    atoms = round(price * 1.01 * 100) * 10**6
    desk.world.venues["huobi_spot"].trigger("btcusdt", last=atoms, mark=0, index=0, ts=desk.world.now)
    assert desk.get("/v1/order/orders/{id}", number=waiting["id"])["state"] == "filled"


def test_spots_account_history_ends_in_the_balance() -> None:
    desk = spot()
    place(desk, "sell-market", "0.4")
    desk.play(START + SECOND)
    place(desk, "buy-market", "1000")
    rows = desk.get("/v1/account/history", **{"account-id": ACCOUNT, "sort": "asc"})
    balance = {
        coin: sum(Decimal(row["balance"]) for row in held if row["currency"] == coin)
        for held in [desk.get("/v1/account/accounts/{id}/balance", number=ACCOUNT)["list"]]
        for coin in ("btc", "usdt")
    }
    assert {row["transact-type"] for row in rows} == {"trade", "transact-fee"}
    for coin, opening in (("btc", 1), ("usdt", 100_000)):
        own = [row for row in rows if row["currency"] == coin]
        assert opening + sum(Decimal(row["transact-amt"]) for row in own) == own[-1]["acct-balance"] == balance[coin]


def test_a_clients_id_serves_for_hours_the_venues_number_for_ever() -> None:
    desk = swap()
    placed = order(desk, direction="buy", offset="open", client_order_id="77")
    by_client = {"contract_code": "BTC-USD", "client_order_id": "77"}
    assert desk.post("/swap-api/v1/swap_order_info", **by_client)
    (account,) = desk.world.venues["huobi_swap"].accounts.values()
    account.orders[placed["order_id"]].created -= 9 * HOUR
    with pytest.raises(HuobiError) as refused:
        desk.post("/swap-api/v1/swap_order_info", **by_client)
    assert refused.value.code == 1017
    assert desk.post("/swap-api/v1/swap_order_info", contract_code="BTC-USD", order_id=placed["order_id"])


def test_spot_knows_the_clients_id_of_an_order_that_is_over_for_two_hours() -> None:
    desk = HtxDesk(START, instruments=("huobi_spot:btcusdt",))
    terms = {"account-id": ACCOUNT, "symbol": "btcusdt", "type": "buy-market", "amount": "100"}
    number = int(desk.post("/v1/order/orders/place", **terms, **{"client-order-id": "mine"}))
    assert desk.get("/v1/order/orders/getClientOrder", clientOrderId="mine")
    (account,) = desk.world.venues["huobi_spot"].accounts.values()
    account.orders[number].updated -= 3 * HOUR
    with pytest.raises(HuobiError) as refused:
        desk.get("/v1/order/orders/getClientOrder", clientOrderId="mine")
    assert refused.value.code == "base-record-invalid"
