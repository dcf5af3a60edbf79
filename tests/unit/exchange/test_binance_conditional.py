"""Conditional orders of Binance: their forms, and one order to us though the venue makes two of it."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from fixtures.broker_desk import child_order
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side, TimeInForce, TriggerBy, VenueOrder
from jtrader.exchange.binance.algo import AlgoOrders
from jtrader.exchange.binance.endpoints import ENDPOINTS
from jtrader.exchange.binance.forms import algo_form, order_form
from jtrader.exchange.binance.rows import RowReader
from jtrader.exchange.binance.stream import UserStream
from jtrader.ports.broker import NotOffered, OrderNotFound

ACCOUNT, USDM, PERP = AccountId("alpha"), Market("binance_usdm"), InstrumentId("binance_usdm:BTCUSDT")
SPOT_BTC = InstrumentId("binance_spot:BTCUSDT")
OURS = ClientOrderId("jt-stop")
NOON = 1_768_478_400_000

ALGO_ROW = {
    "algoId": 900, "clientAlgoId": OURS, "algoType": "CONDITIONAL", "orderType": "STOP_MARKET", "symbol": "BTCUSDT",
    "side": "SELL", "positionSide": "BOTH", "timeInForce": "GTC", "quantity": "0.010", "algoStatus": "NEW",
    "actualOrderId": "", "triggerPrice": "49000.0", "price": "0.00", "workingType": "CONTRACT_PRICE",
    "reduceOnly": True, "createTime": NOON, "updateTime": NOON,
}  # fmt: skip
ORDER_ROW = {
    "orderId": 77, "clientOrderId": "autoclose-77", "symbol": "BTCUSDT", "side": "SELL", "type": "MARKET",
    "status": "FILLED", "origQty": "0.010", "executedQty": "0.010", "price": "0", "stopPrice": "0", "updateTime": NOON,
}  # fmt: skip
TRADED = {
    "e": "ORDER_TRADE_UPDATE", "E": NOON, "T": NOON,
    "o": {"s": "BTCUSDT", "c": "autoclose-77", "S": "SELL", "o": "MARKET", "ot": "MARKET", "f": "GTC", "q": "0.010",
          "p": "0", "sp": "0", "x": "TRADE", "X": "FILLED", "i": 77, "l": "0.010", "z": "0.010", "L": "48990.0",
          "N": "USDT", "n": "0.2", "T": NOON, "t": 5, "m": False, "R": True, "rp": "-1.5"},
}  # fmt: skip


def algo_update(status: str, actual: str = "") -> dict[str, Any]:
    order = {
        "caid": OURS, "aid": 900, "at": "CONDITIONAL", "o": "STOP_MARKET", "s": "BTCUSDT", "S": "SELL", "ps": "BOTH",
        "f": "GTC", "q": "0.010", "X": status, "ai": actual, "ap": "0", "aq": "0", "tp": "49000.0", "p": "0", "R": True,
        "rm": "",
    }  # fmt: skip
    return {"e": "ALGO_UPDATE", "E": NOON, "T": NOON, "o": order}


class Venue:
    """Holds one conditional order, and the order that it became once `triggered`."""

    def __init__(self) -> None:
        self.triggered = False
        self.asked: list[str] = []

    async def call(self, method: str, params: Mapping[str, Any], is_order: bool = False, urgent: bool = False) -> Any:
        self.asked.append(method)
        if method.endswith("AlgoOrder") and params.get("clientAlgoId") == OURS:
            return ALGO_ROW | ({"algoStatus": "FINISHED", "actualOrderId": "77"} if self.triggered else {})
        if method.endswith("GetOrder") and str(params.get("orderId")) == "77" and self.triggered:
            return ORDER_ROW
        raise OrderNotFound("unknown order")


class Rig:
    def __init__(self) -> None:
        self.venue = Venue()
        rows, at = RowReader(ACCOUNT, USDM), ENDPOINTS[USDM]
        assert at.algo is not None
        self.algo = AlgoOrders(self.venue, at.algo, at.order, rows)  # type: ignore[arg-type]
        self.stream = UserStream(self.venue, rows, self, self.algo)  # type: ignore[arg-type]

    async def sent(self) -> VenueOrder:
        order = child_order(
            ACCOUNT, PERP, Decimal("0.010"), client_order_id=OURS, side=Side.SELL, type=OrderType.STOP,
            trigger_price=Decimal(49_000), reduce_only=True,
        )  # fmt: skip
        return await self.algo.submit(order)

    async def told(self, *messages: dict[str, Any]) -> list[Any]:
        return [report for message in messages for report in await self.stream._read(message)]


def test_a_fill_told_under_the_venues_own_id_before_the_trigger_is_ours() -> None:
    async def work() -> None:
        rig = Rig()
        waits = await rig.sent()
        assert (waits.status, waits.is_triggered, waits.venue_order_id) == (OrderStatus.NEW, False, "algo-900")
        rig.venue.triggered = True
        fill, order = await rig.told(TRADED)
        assert isinstance(fill, Fill)
        assert (fill.client_order_id, order.client_order_id) == (OURS, OURS)
        assert (order.type, order.trigger_price, order.is_triggered) == (OrderType.STOP, Decimal(49_000), True)
        assert (order.status, order.venue_order_id) == (OrderStatus.FILLED, "77")

    asyncio.run(work())


def test_a_strangers_order_is_asked_about_once_and_stays_a_strangers() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.sent()
        fill, order = await rig.told(TRADED)
        assert (fill.client_order_id, order.client_order_id) == ("autoclose-77", "autoclose-77")
        assert order.is_triggered is False

    asyncio.run(work())


def test_the_stream_tells_one_life() -> None:
    async def work() -> None:
        rig = Rig()
        await rig.sent()
        states = await rig.told(
            algo_update("NEW"), algo_update("TRIGGERED", "77"), TRADED, algo_update("FINISHED", "77")
        )
        assert [(s.status, s.is_triggered) for s in states if isinstance(s, VenueOrder)] == [
            (OrderStatus.NEW, False),
            (OrderStatus.NEW, True),
            (OrderStatus.FILLED, True),
        ]
        assert {s.client_order_id for s in states} == {OURS}
        assert not any(method.endswith("GetOrder") for method in rig.venue.asked)

    asyncio.run(work())


@pytest.mark.parametrize("status", ["CANCELED", "EXPIRED", "REJECTED"])
def test_the_end_of_one_that_never_triggered(status: str) -> None:
    async def work() -> None:
        rig = Rig()
        await rig.sent()
        (ended,) = await rig.told(algo_update(status))
        assert (ended.status, ended.is_triggered) == (OrderStatus(status.lower()), False)

    asyncio.run(work())


def test_looked_up_it_is_what_it_became() -> None:
    async def work() -> None:
        rig = Rig()
        assert (await rig.algo.order(OURS)).status is OrderStatus.NEW
        rig.venue.triggered = True
        became = await rig.algo.order(OURS)
        assert (became.status, became.filled, became.is_triggered) == (OrderStatus.FILLED, Decimal("0.010"), True)
        assert rig.algo.venue_order_id(OURS) == "77"

    asyncio.run(work())


@pytest.mark.parametrize(
    ("kind", "spot", "futures"),
    [
        (OrderType.STOP, "STOP_LOSS", "STOP_MARKET"),
        (OrderType.STOP_LIMIT, "STOP_LOSS_LIMIT", "STOP"),
        (OrderType.MARKET_IF_TOUCHED, "TAKE_PROFIT", "TAKE_PROFIT_MARKET"),
        (OrderType.LIMIT_IF_TOUCHED, "TAKE_PROFIT_LIMIT", "TAKE_PROFIT"),
    ],
)
def test_forms(kind: OrderType, spot: str, futures: str) -> None:
    has_limit = kind in (OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
    price = Decimal("48900.50") if has_limit else None
    fields: dict[str, Any] = {"type": kind, "trigger_price": Decimal("49000.0"), "price": price, "side": Side.SELL}
    on_spot = order_form(child_order(ACCOUNT, SPOT_BTC, Decimal("0.01"), **fields), "BTCUSDT", True, "FULL")
    on_futures = algo_form(
        child_order(ACCOUNT, PERP, Decimal("0.01"), reduce_only=True, trigger_by=TriggerBy.MARK, **fields), "BTCUSDT"
    )
    assert (on_spot["type"], on_spot["stopPrice"], on_spot.get("price")) == (
        spot,
        "49000",
        "48900.5" if price else None,
    )
    assert (on_futures["type"], on_futures["triggerPrice"], on_futures["workingType"], on_futures["reduceOnly"]) == (
        futures,
        "49000",
        "MARK_PRICE",
        "true",
    )
    assert ("timeInForce" in on_futures, "newClientOrderId" in on_futures) == (has_limit, False)


@pytest.mark.parametrize(
    ("fields", "is_spot", "error"),
    [
        ({"type": OrderType.LIMIT}, True, BadInput),
        ({"type": OrderType.STOP}, True, BadInput),
        ({"type": OrderType.STOP_LIMIT, "trigger_price": Decimal(1)}, True, BadInput),
        ({"type": OrderType.STOP, "trigger_price": Decimal(1), "trigger_by": TriggerBy.MARK}, True, NotOffered),
        ({"type": OrderType.STOP, "trigger_price": Decimal(1), "trigger_by": TriggerBy.INDEX}, False, NotOffered),
    ],
)
def test_what_has_no_form(fields: dict[str, Any], is_spot: bool, error: type[Exception]) -> None:
    order = child_order(ACCOUNT, SPOT_BTC if is_spot else PERP, Decimal("0.01"), **fields)
    with pytest.raises(error):
        order_form(order, "BTCUSDT", True, "FULL") if is_spot else algo_form(order, "BTCUSDT")


@pytest.mark.parametrize(
    ("in_force", "is_spot", "told"),
    [
        (TimeInForce.POST_ONLY, True, ("LIMIT_MAKER", None)),
        (TimeInForce.POST_ONLY, False, ("LIMIT", "GTX")),
        (TimeInForce.FOK, True, ("LIMIT", "FOK")),
        (TimeInForce.IOC, False, ("LIMIT", "IOC")),
    ],
)
def test_times_in_force(in_force: TimeInForce, is_spot: bool, told: tuple[str, str | None]) -> None:
    order = child_order(ACCOUNT, PERP, Decimal("0.01"), type=OrderType.LIMIT, price=Decimal(5), time_in_force=in_force)
    form = order_form(order, "BTCUSDT", is_spot, "RESULT")
    assert (form["type"], form.get("timeInForce")) == told


class PastVenue:
    """Conditional orders by their day before `NOON`: all_orders tells at most a week of them at once, three rows."""

    def __init__(self, days: tuple[float, ...]) -> None:
        self.asked = 0
        self.rows = [
            ALGO_ROW
            | {"algoId": 900 + n, "clientAlgoId": f"jt{n}", "createTime": NOON - int(day * 86_400_000)}
            | {"algoStatus": "FINISHED", "actualOrderId": str(77 + n)}
            for n, day in enumerate(days)
        ]

    async def call(self, method: str, params: Mapping[str, Any], is_order: bool = False, urgent: bool = False) -> Any:
        assert method.endswith("AllAlgoOrders")
        first, last = params["startTime"], params["endTime"]
        assert last - first < 7 * 86_400_000
        self.asked += 1
        return [row for row in self.rows if first <= row["createTime"] <= last][: params["limit"]]


@pytest.mark.parametrize(
    "days", [(8,), (0.1,), (1, 8, 15, 22, 60, 89), (20, 20.1, 20.2, 20.3, 20.4, 20.5, 20.6)], ids=lambda d: f"{len(d)}"
)
def test_what_a_stop_of_long_ago_became_is_learnt_and_what_is_settled_is_not_asked_for_again(
    days: tuple[float, ...],
) -> None:
    venue, at = PastVenue(days), ENDPOINTS[USDM]
    assert at.algo is not None
    algo = AlgoOrders(venue, at.algo, at.order, RowReader(ACCOUNT, USDM), page=3)  # type: ignore[arg-type]
    numbers = [str(77 + n) for n in range(len(days))]
    asyncio.run(algo.learn(PERP, numbers, NOON * 1_000_000))
    assert [algo.name_of(number) for number in numbers] == [f"jt{n}" for n in range(len(days))]
    asyncio.run(algo.learn(PERP, ["5"], NOON * 1_000_000))
    asked = venue.asked
    asyncio.run(algo.learn(PERP, ["5"], NOON * 1_000_000))
    assert venue.asked == asked + 1, "only the week that is not over"
    assert algo.name_of("5") is None
