"""Trigger, take-profit and stop-loss orders of the simulated HTX, from being placed to their history."""

from decimal import Decimal
from typing import Any

import pytest

from fixtures.htx_floor import HtxDesk
from jtrader.domain.times import parse_time
from jtrader.exchange.sim.huobi.errors import HuobiError
from jtrader.venue.refusals import Refused, Why

START = parse_time("2026-01-15T15:58:00Z")
INVERSE = {
    "swap": ("huobi_swap:BTC-USD", "/swap-api/v1/swap_{}"),
    "future": ("huobi_future:BTC261225", "/api/v1/contract_{}"),
}


class InverseDesk:
    def __init__(self, kind: str) -> None:
        instrument, self._path = INVERSE[kind]
        self.market, _, self.code = instrument.partition(":")
        self.desk = HtxDesk(START, instruments=(instrument,))
        self.price = float(self.desk.best(self.market, self.code)[0])

    def ask(self, what: str, **params: Any) -> Any:
        found = self.desk.post(self._path.format(what), contract_code=self.code, **params)
        self.desk.settled()
        return found

    def at(self, factor: float) -> str:
        return f"{self.price * factor:.1f}"

    def hold(self, volume: int = 10) -> None:
        self.ask("order", direction="buy", offset="open", lever_rate=20, volume=volume, order_price_type="opponent")

    def last(self, factor: float) -> None:
        """The last price is now this share of the first one."""
        moved(self.desk, self.market, self.code, self.price * factor)

    def volume(self) -> int:
        return sum(row["volume"] for row in self.ask("position_info"))


def moved(desk: HtxDesk, market: str, symbol: str, price: float) -> None:
    atoms = round(price * 10) * 10**7
    desk.world.venues[market].trigger(symbol, last=atoms, mark=0, index=0, ts=desk.world.now)
    desk.settled()


@pytest.fixture(params=sorted(INVERSE))
def inverse(request: pytest.FixtureRequest) -> InverseDesk:
    return InverseDesk(request.param)


def test_a_trigger_order_waits_goes_to_work_and_is_told_in_history(inverse: InverseDesk) -> None:
    placed = inverse.ask(
        "trigger_order", direction="buy", offset="open", lever_rate=20, volume=3, trigger_type="ge",
        trigger_price=inverse.at(1.01), order_price=inverse.at(1.02), order_price_type="limit",
    )  # fmt: skip
    waiting = inverse.ask("trigger_openorders")["orders"][0]
    assert (waiting["order_id"], waiting["order_id_str"]) == (placed["order_id"], str(placed["order_id"]))
    assert (waiting["trigger_type"], waiting["status"], waiting["volume"]) == ("ge", 2, 3)
    inverse.last(1.009)
    assert inverse.volume() == 0
    inverse.last(1.01)
    assert inverse.volume() == 3
    assert inverse.ask("trigger_openorders")["orders"] == []
    past = inverse.ask("trigger_hisorders", trade_type=0, status="4", create_date=7)["orders"][0]
    became = inverse.ask("order_info", order_id=past["relation_order_id"])[0]
    assert (past["status"], became["status"], became["trade_volume"]) == (4, 6, 3)
    assert inverse.ask("trigger_hisorders", trade_type=0, status="6", create_date=7)["orders"] == []


def test_a_trigger_order_that_has_come_already_is_refused(inverse: InverseDesk) -> None:
    with pytest.raises(Refused) as refused:
        inverse.ask(
            "trigger_order", direction="buy", offset="open", lever_rate=20, volume=3, trigger_type="le",
            trigger_price=inverse.at(1.01), order_price=inverse.at(1.02), order_price_type="limit",
        )  # fmt: skip
    assert refused.value.why is Why.WOULD_TRIGGER


def test_cancelled_ones_never_go_to_work(inverse: InverseDesk) -> None:
    sent = {"direction": "sell", "offset": "close", "volume": 3, "trigger_type": "le", "order_price_type": "optimal_5"}
    inverse.hold()
    ids = [
        inverse.ask("trigger_order", **sent, trigger_price=inverse.at(factor))["order_id"]
        for factor in (0.98, 0.97, 0.96)
    ]
    answer = inverse.ask("trigger_cancel", order_id=f"{ids[0]},12345")
    assert answer["successes"] == str(ids[0])
    assert [(row["order_id"], row["err_code"]) for row in answer["errors"]] == [("12345", 1061)]
    assert set(inverse.ask("trigger_cancelall")["successes"].split(",")) == {str(one) for one in ids[1:]}
    with pytest.raises(HuobiError) as nothing_left:
        inverse.ask("trigger_cancelall")
    assert nothing_left.value.code == 1051
    inverse.last(0.9)
    assert inverse.volume() == 10
    past = inverse.ask("trigger_hisorders", trade_type=0, status="0", create_date=7)["orders"]
    assert {(row["status"], row["relation_order_id"]) for row in past} == {(6, "-1")}


@pytest.mark.parametrize(("reached", "first", "second"), [(1.05, "tp", "sl"), (0.95, "sl", "tp")])
def test_the_first_of_a_pair_ends_the_other(inverse: InverseDesk, reached: float, first: str, second: str) -> None:
    inverse.hold()
    placed = inverse.ask(
        "tpsl_order", direction="sell", volume=4, tp_trigger_price=inverse.at(1.04), tp_order_price_type="optimal_5",
        sl_trigger_price=inverse.at(0.96), sl_order_price_type="optimal_5",
    )  # fmt: skip
    waiting = {row["tpsl_order_type"]: row["order_id"] for row in inverse.ask("tpsl_openorders")["orders"]}
    assert waiting == {kind: placed[f"{kind}_order"]["order_id"] for kind in ("tp", "sl")}
    inverse.last(reached)
    assert inverse.volume() == 6
    assert inverse.ask("tpsl_openorders")["orders"] == []
    past = inverse.ask("tpsl_hisorders", status="0", create_date=7)["orders"]
    assert {row["tpsl_order_type"]: row["status"] for row in past} == {first: 4, second: 6}


def test_what_was_to_close_a_position_ends_with_it(inverse: InverseDesk) -> None:
    inverse.hold()
    inverse.ask("tpsl_order", direction="sell", volume=10, sl_trigger_price=inverse.at(0.96))
    plain = inverse.ask(
        "trigger_order", direction="buy", offset="open", lever_rate=20, volume=3, trigger_type="ge",
        trigger_price=inverse.at(1.01), order_price=inverse.at(1.02), order_price_type="limit",
    )  # fmt: skip
    inverse.ask("order", direction="sell", offset="close", volume=9, order_price_type="opponent")
    assert len(inverse.ask("tpsl_openorders")["orders"]) == 1
    inverse.ask("order", direction="sell", offset="close", volume=1, order_price_type="opponent")
    assert inverse.ask("tpsl_openorders")["orders"] == []
    assert [row["order_id"] for row in inverse.ask("trigger_openorders")["orders"]] == [plain["order_id"]]


def linear() -> tuple[HtxDesk, float]:
    desk = HtxDesk(START, instruments=("huobi_linear:BTC-USDT",))
    return desk, float(desk.best("huobi_linear", "BTC-USDT")[0])


def test_v5_algo_orders_from_waiting_to_effective() -> None:
    desk, price = linear()
    placed = desk.post(
        "/v5/algo/order", contract_code="BTC-USDT", type="trigger", side="buy", volume=5, price=f"{price * 1.02:.1f}",
        trigger_price=f"{price * 1.01:.1f}", algo_client_order_id="mine",
    )[0]  # fmt: skip
    assert placed["algo_client_order_id"] == "mine"
    waiting = desk.get("/v5/algo/order/opens", contract_code="BTC-USDT", type="trigger")
    assert [(row["algo_id"], row["state"]) for row in waiting] == [(placed["algo_id"], "active")]
    moved(desk, "huobi_linear", "BTC-USDT", price * 1.01)
    found = desk.get("/v5/algo/order", contract_code="BTC-USDT", algo_client_order_id="mine")[0]
    assert found["state"] == "effective"
    became = desk.get("/v5/trade/order", contract_code="BTC-USDT", order_id=found["relation_order_id"])
    assert (became["state"], became["trade_volume"]) == ("filled", "5")
    past = desk.get("/v5/algo/order/history", contract_code="BTC-USDT", type="trigger", states="effective")
    assert [row["algo_id"] for row in past] == [placed["algo_id"]]
    assert desk.get("/v5/algo/order/opens", type="tp") == []


def test_v5_take_profit_and_stop_loss_close_the_position_and_end_each_other() -> None:
    desk, price = linear()
    desk.post("/v5/trade/order", contract_code="BTC-USDT", side="buy", type="market", volume=8)
    desk.settled()
    made = desk.post(
        "/v5/algo/order", contract_code="BTC-USDT", type="tpsl", side="sell",
        tp_trigger_price=f"{price * 1.03:.1f}", sl_trigger_price=f"{price * 0.97:.1f}",
    )  # fmt: skip
    assert len(made) == 2
    moved(desk, "huobi_linear", "BTC-USDT", price * 0.97)
    assert desk.get("/v5/trade/position/opens") == []
    past = desk.get("/v5/algo/order/history", contract_code="BTC-USDT", type="tpsl")
    assert {row["type"]: row["state"] for row in past} == {"sl": "effective", "tp": "canceled"}


def test_v5_cancels_by_either_id_and_says_what_was_not_there() -> None:
    desk, price = linear()
    terms = {
        "contract_code": "BTC-USDT",
        "type": "trigger",
        "side": "sell",
        "volume": 1,
        "price": f"{price * 0.97:.1f}",
    }
    for name in ("a", "b"):
        desk.post("/v5/algo/order", **terms, trigger_price=f"{price * 0.98:.1f}", algo_client_order_id=name)
    answer = desk.post("/v5/algo/cancel_orders", body=[{"algo_client_order_id": "a"}, {"algo_client_order_id": "z"}])
    assert [row["code"] for row in answer] == [200, 1061]
    with pytest.raises(HuobiError) as refused:
        desk.post("/v5/algo/cancel_orders", body=[{"algo_client_order_id": "z"}])
    assert refused.value.code == 1061
    left = desk.get("/v5/algo/order/opens", type="trigger")
    assert [row["algo_client_order_id"] for row in left] == ["b"]


def test_spots_conditional_orders_are_known_by_the_clients_id() -> None:
    desk = HtxDesk(START, instruments=("huobi_spot:btcusdt",))
    price, account = float(desk.best("huobi_spot", "btcusdt")[0]), 10_000_001
    sent = {"accountId": account, "symbol": "btcusdt", "orderSide": "sell", "orderType": "limit", "orderSize": "0.02"}
    for name in ("one", "two"):
        terms = {"stopPrice": f"{price * 0.99:.2f}", "orderPrice": f"{price * 0.98:.2f}", "clientOrderId": name}
        assert desk.post("/v2/algo-orders", **sent, **terms) == {"clientOrderId": name}
    assert {row["clientOrderId"] for row in desk.get("/v2/algo-orders/opening", symbol="btcusdt")} == {"one", "two"}
    assert desk.get("/v1/order/openOrders", symbol="btcusdt") == []
    cancelled = desk.post("/v2/algo-orders/cancellation", clientOrderIds=["two", "three"])
    assert cancelled == {"accepted": ["two"], "rejected": ["three"]}
    atoms = round(price * 0.99 * 100) * 10**6
    desk.world.venues["huobi_spot"].trigger("btcusdt", last=atoms, mark=0, index=0, ts=desk.world.now)
    found = desk.get("/v2/algo-orders/specific", clientOrderId="one")
    assert found["orderStatus"] == "triggered"
    became = desk.get("/v1/order/orders/{id}", number=int(found["orderId"]))
    assert (became["state"], became["type"], Decimal(became["field-amount"])) == (
        "filled",
        "sell-limit",
        Decimal("0.02"),
    )
    for status, name in (("triggered", "one"), ("canceled", "two")):
        rows = desk.get("/v2/algo-orders/history", symbol="btcusdt", orderStatus=status)
        assert [row["clientOrderId"] for row in rows] == [name]


def test_one_that_can_t_be_carried_when_it_triggers_is_rejected() -> None:
    """HTX's spot holds nothing back for an order that waits."""
    desk = HtxDesk(START, instruments=("huobi_spot:btcusdt",))
    price, account = float(desk.best("huobi_spot", "btcusdt")[0]), 10_000_001
    desk.post(
        "/v2/algo-orders", accountId=account, symbol="btcusdt", orderSide="sell", orderType="market", orderSize="0.9",
        stopPrice=f"{price * 0.99:.2f}", clientOrderId="late",
    )  # fmt: skip
    order = {"account-id": account, "symbol": "btcusdt", "type": "sell-market", "amount": "0.5"}
    desk.post("/v1/order/orders/place", **order)
    atoms = round(price * 0.99 * 100) * 10**6
    desk.world.venues["huobi_spot"].trigger("btcusdt", last=atoms, mark=0, index=0, ts=desk.world.now)
    assert desk.get("/v2/algo-orders/specific", clientOrderId="late")["orderStatus"] == "rejected"
