"""HTX's account rows, market by market, as its documents and ccxt's examples show them → domain values."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import asdict

from fixtures.broker_desk import child_order
from jtrader.domain.account import EntryKind
from jtrader.domain.errors import Broken
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId
from jtrader.domain.order import OrderStatus, OrderType, Side
from jtrader.exchange.huobi.bills import entry_kind
from jtrader.exchange.huobi.ids import OrderIds, venue_integer
from jtrader.exchange.huobi.inverse_rows import InverseRows
from jtrader.exchange.huobi.linear_rows import LinearRows
from jtrader.exchange.huobi.listing import SWAP
from jtrader.exchange.huobi.spot_rows import SpotRows
from jtrader.ports.broker import Reason

ACCOUNT = AccountId("a")
OURS = ClientOrderId("t1-1")
STOP = ClientOrderId("t1-2")
NUMBER = str(venue_integer(OURS))
NS = 1_000_000


def known(instrument: str) -> OrderIds:
    """A plain order and a stop of ours, the stop under the venue's number 70."""
    ids = OrderIds()
    name = InstrumentId(instrument)
    ids.sending(child_order(ACCOUNT, name, Decimal(1), client_order_id=OURS, type=OrderType.LIMIT, price=Decimal(5)))
    ids.sending(
        child_order(
            ACCOUNT,
            name,
            Decimal(1),
            client_order_id=STOP,
            type=OrderType.STOP,
            trigger_price=Decimal(51),
            side=Side.SELL,
        )
    )
    ids.accepted(STOP, "70")
    return ids


def has(found: Any, **wanted: Any) -> None:
    fields = asdict(found)
    assert {name: fields[name] for name in wanted} == wanted


# ---- spot

SPOT_ORDER = {
    "id": 438398393065481,
    "symbol": "ethusdt",
    "account-id": 1528640,
    "client-order-id": "t1-1",
    "amount": "0.100000000000000000",
    "price": "3000.000000000000000000",
    "created-at": 1640549994642,
    "type": "buy-limit",
    "field-amount": "0.04",
    "finished-at": 0,
    "state": "partial-filled",
    "canceled-at": 0,
}


def spot() -> SpotRows:
    return SpotRows(ACCOUNT, known("huobi_spot:ethusdt"))


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        (
            {},
            {
                "venue_order_id": "438398393065481",
                "client_order_id": OURS,
                "side": Side.BUY,
                "type": OrderType.LIMIT,
                "status": OrderStatus.PARTIALLY_FILLED,
                "quantity": Decimal("0.1"),
                "filled": Decimal("0.04"),
                "price": Decimal(3000),
                "ts": 1640549994642 * NS,
            },
        ),
        ({"client-order-id": ""}, {"client_order_id": None}),
        (
            {
                "client-order-id": "other",
                "type": "sell-stop-limit",
                "state": "created",
                "stop-price": "9",
                "operator": "lte",
            },
            {"type": OrderType.STOP_LIMIT, "trigger_price": Decimal(9), "is_triggered": False, "side": Side.SELL},
        ),
        (
            {
                "client-order-id": "other",
                "type": "sell-stop-limit",
                "state": "submitted",
                "stop-price": "9",
                "operator": "gte",
            },
            {"type": OrderType.LIMIT_IF_TOUCHED, "is_triggered": True},
        ),
        (
            {"client-order-id": "x", "type": "buy-market", "amount": "100", "field-amount": "0.03", "state": "filled"},
            {"type": OrderType.MARKET, "quantity": Decimal("0.03"), "filled": Decimal("0.03"), "price": None},
        ),
        (
            {"type": "buy-limit-maker", "state": "canceled", "field-amount": "0.0", "canceled-at": 1640549994642},
            {"status": OrderStatus.CANCELED, "reason": Reason.POST_ONLY.value},
        ),
        (
            {"type": "buy-limit-maker", "state": "canceled", "field-amount": "0.0", "canceled-at": 1640549999999},
            {"status": OrderStatus.CANCELED, "reason": ""},
        ),
        (
            {
                "type": "buy-limit-maker",
                "state": "canceled",
                "field-amount": "0.0",
                "canceled-at": 1640549999999,
                "canceled-source": "limit_maker",
            },
            {"status": OrderStatus.CANCELED, "reason": Reason.POST_ONLY.value},
        ),
        (
            {
                "type": "buy-limit-maker",
                "state": "canceled",
                "field-amount": "0.0",
                "canceled-at": 1640549994642,
                "canceled-source": "api",
            },
            {"status": OrderStatus.CANCELED, "reason": ""},
        ),
        ({"state": "partial-canceled"}, {"status": OrderStatus.CANCELED}),
        ({"state": "canceling"}, {"status": OrderStatus.PENDING_CANCEL}),
    ],
)
def test_spot_orders(changed: dict[str, Any], wanted: dict[str, Any]) -> None:
    has(spot().order(SPOT_ORDER | changed), **wanted)


@pytest.mark.parametrize(
    "changed", [{"state": "dreaming"}, {"price": "cheap"}, {"type": "hold-limit"}, {"amount": None}]
)
def test_what_is_no_spot_order(changed: dict[str, Any]) -> None:
    with pytest.raises(Broken):
        spot().order(SPOT_ORDER | changed)


def test_spot_orders_of_the_stream() -> None:
    created = {
        "orderStatus": "submitted",
        "eventType": "creation",
        "orderCreateTime": 1645116048355,
        "orderPrice": "100",
        "orderSize": "0.05",
        "symbol": "ethusdt",
        "type": "buy-limit",
        "orderId": "478861479986886",
        "clientOrderId": "t1-1",
    }
    has(spot().streamed_order(created), status=OrderStatus.NEW, filled=Decimal(0), ts=1645116048355 * NS)
    traded = {
        "tradePrice": "130.01",
        "tradeVolume": "0.0385",
        "tradeTime": 1648714741525,
        "aggressor": True,
        "execAmt": "0.0385",
        "orderSize": "0.0385",
        "remainAmt": "0",
        "symbol": "ethusdt",
        "type": "sell-market",
        "eventType": "trade",
        "clientOrderId": "",
        "orderStatus": "filled",
        "orderId": 509835753860328,
    }
    has(spot().streamed_order(traded), status=OrderStatus.FILLED, filled=Decimal("0.0385"), type=OrderType.MARKET)
    deleted = {
        "orderSide": "sell",
        "lastActTime": 5,
        "clientOrderId": STOP,
        "orderStatus": "canceled",
        "symbol": "ethusdt",
    }
    has(
        spot().streamed_order(deleted | {"eventType": "deletion"}),
        client_order_id=STOP,
        status=OrderStatus.CANCELED,
        type=OrderType.STOP,
        quantity=Decimal(1),
        trigger_price=Decimal(51),
    )
    failed = deleted | {"orderStatus": "rejected", "errCode": 2002, "errMessage": "invalid.client.order.id"}
    has(spot().streamed_order(failed), status=OrderStatus.REJECTED, reason="2002 invalid.client.order.id")


CONDITIONAL = {
    "accountId": 3684354,
    "clientOrderId": "test004",
    "lastActTime": 1600141535221,
    "orderOrigTime": 1600141535137,
    "orderPrice": "0.08",
    "orderSide": "sell",
    "orderSize": "65",
    "orderStatus": "created",
    "orderType": "limit",
    "source": "api",
    "stopPrice": "0.085",
    "symbol": "adausdt",
}


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        (
            {},
            {"type": OrderType.STOP_LIMIT, "status": OrderStatus.NEW, "price": Decimal("0.08"), "is_triggered": False},
        ),
        ({"orderType": "market", "orderPrice": "0"}, {"type": OrderType.STOP, "price": None}),
        ({"orderStatus": "triggered", "orderId": "9"}, {"venue_order_id": "9", "is_triggered": True}),
        (
            {"orderStatus": "rejected", "errCode": 5, "errMessage": "no"},
            {"status": OrderStatus.REJECTED, "reason": "5 no"},
        ),
    ],
)
def test_spot_conditional_orders(changed: dict[str, Any], wanted: dict[str, Any]) -> None:
    has(spot().conditional(CONDITIONAL | changed), **wanted)


SPOT_MATCH = {
    "symbol": "polyusdt",
    "fee-currency": "poly",
    "price": "0.338",
    "created-at": 1629443051839,
    "role": "taker",
    "order-id": 345487249132375,
    "trade-id": 1085,
    "filled-amount": "147.928994082840236",
    "filled-fees": "0.295857988165680472",
    "filled-points": "0.0",
    "fee-deduct-currency": "",
    "id": 313288753120940,
    "type": "buy-market",
}


@pytest.mark.parametrize(
    ("changed", "fee", "asset"),
    [
        ({}, "0.295857988165680472", "POLY"),
        ({"filled-fees": "0", "filled-points": "0.1", "fee-deduct-currency": "hbpoint"}, "0.1", "HBPOINT"),
        ({"filled-fees": "-0.05", "fee-currency": "usdt"}, "-0.05", "USDT"),  # a maker's rebate
    ],
)
def test_spot_fills_and_what_they_cost(changed: dict[str, Any], fee: str, asset: str) -> None:
    found = spot().fill(SPOT_MATCH | changed, {"345487249132375": OURS})
    has(
        found,
        trade_id="1085",
        client_order_id=OURS,
        side=Side.BUY,
        quantity=Decimal("147.928994082840236"),
        fee=Decimal(fee),
        fee_asset=asset,
        maker=False,
    )


def test_a_spot_fill_is_the_same_on_the_stream() -> None:
    row = {
        "eventType": "trade",
        "symbol": "polyusdt",
        "orderId": 345487249132375,
        "orderSide": "buy",
        "orderType": "buy-market",
        "feeCurrency": "poly",
        "tradePrice": "0.338",
        "tradeVolume": "147.928994082840236",
        "aggressor": True,
        "tradeId": 1085,
        "tradeTime": 1629443051839,
        "transactFee": "0.295857988165680472",
        "feeDeduct": "0",
        "feeDeductType": "",
    }
    names = {"345487249132375": OURS}
    assert spot().streamed_fill(row, names) == spot().fill(SPOT_MATCH, names)


def test_spot_balances_are_free_and_frozen() -> None:
    rows = [
        {"currency": "usdt", "type": "trade", "balance": "100.5"},
        {"currency": "usdt", "type": "frozen", "balance": "20"},
        {"currency": "btc", "type": "loan", "balance": "-2"},
    ]
    (found,) = spot().balances(rows)
    has(found, asset="USDT", total=Decimal("120.5"), free=Decimal("100.5"))


def test_money_in_and_out_of_spot() -> None:
    moved = {"id": "75115912", "currency": "usdt", "amount": "12.0", "fee": "1.0", "created-at": "1621843808662"}
    deposit = spot().deposit(moved | {"state": "safe", "fee": "0"})
    has(deposit, entry_id="deposit-75115912", kind=EntryKind.TRANSFER, asset="USDT", amount=Decimal(12))
    assert spot().deposit(moved | {"state": "confirming"}) is None
    has(spot().withdrawal(moved | {"state": "confirmed"}), amount=Decimal(-13))
    assert spot().withdrawal(moved | {"state": "wallet-reject"}) is None
    row = {"currency": "usdt", "transactAmt": "-10.5", "transactType": "transfer", "transactId": 7, "transactTime": 9}
    has(spot().ledger(row), entry_id="transfer-7", kind=EntryKind.TRANSFER, amount=Decimal("-10.5"), ts=9 * NS)
    has(spot().ledger(row | {"transactId": 0}), entry_id="transfer-9-USDT--10.5")
    assert spot().ledger(row | {"transactType": "trade"}) is None
    has(spot().ledger(row | {"transactType": "airdrop"}), kind=EntryKind.ADJUST)


# ---- USDT-M

V5_ORDER = {
    "id": "1513828877079584768",
    "side": "buy",
    "type": "limit",
    "price": "50000",
    "volume": "2",
    "state": "partially_canceled",
    "contract_code": "BTC-USDT",
    "position_side": "both",
    "order_id": "1513828877079584768",
    "client_order_id": NUMBER,
    "reduce_only": False,
    "time_in_force": "gtc",
    "trade_volume": "1",
    "created_time": "1780966529876",
    "updated_time": "1780966572409",
    "cancel_reason": None,
}


def linear() -> LinearRows:
    return LinearRows(ACCOUNT, known("huobi_linear:BTC-USDT"))


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        (
            {},
            {
                "client_order_id": OURS,
                "status": OrderStatus.CANCELED,
                "quantity": Decimal(2),
                "filled": Decimal(1),
                "price": Decimal(50000),
                "ts": 1780966572409 * NS,
                "reduce_only": False,
            },
        ),
        ({"client_order_id": "1513828877079584768"}, {"client_order_id": None}),  # the venue repeats its own number
        ({"client_order_id": str(venue_integer(STOP))}, {"type": OrderType.STOP, "is_triggered": True}),
        ({"type": "market", "price": "0", "client_order_id": ""}, {"type": OrderType.MARKET, "price": None}),
        (
            {"type": "post_only", "state": "canceled", "trade_volume": "0", "cancel_reason": "post_only"},
            {"reason": Reason.POST_ONLY.value},
        ),
        ({"type": "post_only", "state": "canceled", "trade_volume": "0", "cancel_reason": "user"}, {"reason": "user"}),
        ({"reduce_only": "true"}, {"reduce_only": True}),
    ],
)
def test_v5_orders(changed: dict[str, Any], wanted: dict[str, Any]) -> None:
    has(linear().order(V5_ORDER | changed), **wanted)


def test_v5_trigger_orders() -> None:
    row = {
        "id": "162320614",
        "volume": "2",
        "type": "trigger",
        "state": "active",
        "side": "sell",
        "algo_id": "70",
        "contract_code": "BTC-USDT",
        "position_side": "both",
        "created_time": "1780967347642",
        "trigger_price": "51",
        "price": "",
    }
    has(linear().algo(row), client_order_id=STOP, type=OrderType.STOP, trigger_price=Decimal(51), is_triggered=False)
    has(linear().algo(row | {"relation_order_id": "5", "state": "effective"}), is_triggered=True)
    stranger = row | {"algo_id": "71", "price": "49"}
    has(linear().algo(stranger), client_order_id=None, type=OrderType.STOP_LIMIT, price=Decimal(49))


def test_v5_fills_balances_positions_bills() -> None:
    trade = {
        "id": "1513834754679549965",
        "contract_code": "BTC-USDT",
        "order_id": "1513834754585190400",
        "trade_id": "152022944",
        "side": "sell",
        "role": "TAKER",
        "trade_price": "62688.2",
        "trade_volume": "2",
        "created_time": "1780967931197",
        "fee_currency": "USDT",
        "trade_fee": "0.07522584",
        "profit": "-0.3656",
    }
    has(
        linear().fill(trade, {"1513834754585190400": OURS}),
        trade_id="1513834754679549965",
        fee=Decimal("0.07522584"),
        fee_asset="USDT",
        maker=False,
        realised=Decimal("-0.3656"),
    )
    balance = {"currency": "USDT", "equity": "174.5", "profit_unreal": "-0.5", "available_margin": "170"}
    has(linear().balance(balance), total=Decimal(175), free=Decimal(170))
    position = {
        "contract_code": "BTC-USDT",
        "position_side": "both",
        "direction": "sell",
        "open_avg_price": "63204.5",
        "volume": "3",
        "profit_unreal": "-0.039",
        "mark_price": "63165.5",
        "margin_currency": "USDT",
    }
    has(linear().position(position), quantity=Decimal(-3), entry_price=Decimal("63204.5"), settle="USDT")
    with pytest.raises(Broken, match="one-way"):
        linear().position(position | {"position_side": "long"})
    bill = {"id": "2194774775", "type": "30", "currency": "USDT", "amount": "0.0004", "contract_code": "BTC-USDT"}
    has(linear().entry(bill | {"created_time": "5"}), kind=EntryKind.FUNDING, amount=Decimal("0.0004"), ts=5 * NS)


# ---- coin-margined

SWAP_ORDER = {
    "symbol": "BTC",
    "contract_code": "BTC-USD",
    "volume": 10,
    "price": "50000.5",
    "order_price_type": "limit",
    "direction": "sell",
    "offset": "close",
    "lever_rate": 5,
    "order_id": 773131315209248768,
    "order_id_str": "773131315209248768",
    "client_order_id": int(NUMBER),
    "created_at": 1604370469629,
    "trade_volume": 0,
    "status": 3,
    "canceled_at": 0,
}


def inverse() -> InverseRows:
    return InverseRows(ACCOUNT, SWAP, known("huobi_swap:BTC-USD"))


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, {"client_order_id": OURS, "status": OrderStatus.NEW, "reduce_only": True, "price": Decimal("50000.5")}),
        ({"client_order_id": None}, {"client_order_id": None}),
        ({"order_id_str": "70", "client_order_id": None}, {"client_order_id": STOP, "is_triggered": True}),
        ({"status": 5, "trade_volume": 4}, {"status": OrderStatus.CANCELED, "filled": Decimal(4)}),
        ({"status": 6, "trade_volume": 10}, {"status": OrderStatus.FILLED}),
        ({"status": 11}, {"status": OrderStatus.PENDING_CANCEL}),
        ({"client_order_id": None, "order_price_type": "optimal_20"}, {"type": OrderType.MARKET, "price": None}),
        (
            {"order_price_type": "post_only", "status": 7, "canceled_at": 1604370469630},
            {"reason": Reason.POST_ONLY.value},
        ),
        ({"order_price_type": "post_only", "status": 7, "canceled_at": 1604370999999}, {"reason": ""}),
        ({"order_price_type": 6, "status": 7, "canceled_at": 1604370469629}, {"reason": Reason.POST_ONLY.value}),
    ],
)
def test_coin_margined_orders(changed: dict[str, Any], wanted: dict[str, Any]) -> None:
    has(inverse().order(SWAP_ORDER | changed), **wanted)


TRIGGER = {
    "symbol": "BTC",
    "contract_code": "BTC-USD",
    "trigger_type": "le",
    "volume": 1,
    "direction": "sell",
    "offset": "close",
    "order_id": 70,
    "order_id_str": "70",
    "trigger_price": "51",
    "order_price": "0",
    "created_at": 1683177200945,
    "order_price_type": "optimal_20",
    "status": 2,
}


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, {"client_order_id": STOP, "type": OrderType.STOP, "status": OrderStatus.NEW, "is_triggered": False}),
        ({"trigger_type": "ge"}, {"type": OrderType.MARKET_IF_TOUCHED}),
        ({"order_price_type": "limit", "order_price": "50"}, {"type": OrderType.STOP_LIMIT, "price": Decimal(50)}),
        ({"direction": "buy", "trigger_type": "ge"}, {"type": OrderType.STOP}),
        ({"status": 4, "relation_order_id": "88"}, {"is_triggered": True}),
        ({"status": 6, "relation_order_id": "-1"}, {"status": OrderStatus.CANCELED, "is_triggered": False}),
        (
            {"status": 5, "fail_code": 1047, "fail_reason": "margin"},
            {"status": OrderStatus.REJECTED, "reason": "1047 margin"},
        ),
    ],
)
def test_coin_margined_trigger_orders(changed: dict[str, Any], wanted: dict[str, Any]) -> None:
    has(inverse().trigger(TRIGGER | changed), **wanted)


def test_a_trigger_order_without_an_id_is_known_by_its_fields() -> None:
    ids = known("huobi_swap:BTC-USD")
    rows = InverseRows(ACCOUNT, SWAP, ids)
    sent = ids.sent(STOP)
    assert sent is not None
    stranger = TRIGGER | {"order_id": 99, "order_id_str": "99"}
    assert rows.is_sent(stranger, sent)
    for change in ({"volume": 2}, {"trigger_price": "52"}, {"direction": "buy"}, {"trigger_type": "ge"}):
        assert not rows.is_sent(stranger | change, sent)


MATCH = {
    "query_id": 1,
    "order_id_str": "773135295142658048",
    "contract_code": "BTC-USD",
    "direction": "buy",
    "trade_volume": 1,
    "trade_price": "92.5",
    "trade_fee": "-0.021739130434782608",
    "fee_asset": "BTC",
    "create_date": 1604371703183,
    "role": "Maker",
    "real_profit": "0.25",
    "offset_profitloss": "0.5",
    "id": "113891764710-773135295142658048-1",
}


def test_a_coin_margined_fill_is_the_same_on_the_stream() -> None:
    """Fees below zero are paid; what the trade realised counts from the price of opening, not from the settlement."""
    found = inverse().fill(MATCH, {"773135295142658048": OURS})
    has(found, fee=Decimal("0.021739130434782608"), maker=True, realised=Decimal("0.25"), client_order_id=OURS)
    trade = {
        "trade_fee": "-0.021739130434782608",
        "fee_asset": "BTC",
        "real_profit": "0.25",
        "profit": "0.5",
        "trade_id": 113891764710,
        "id": "113891764710-773135295142658048-1",
        "trade_volume": 1,
        "trade_price": "92.5",
        "created_at": 1604371703183,
        "role": "maker",
    }
    message = SWAP_ORDER | {"order_id_str": "773135295142658048", "direction": "buy", "trade": [trade]}
    rows = inverse()
    assert rows.streamed_fills(message, rows.order(message)) == [found]


POSITION = {
    "symbol": "BTC",
    "contract_code": "BTC-USD",
    "volume": "10",
    "available": "10",
    "cost_open": "6000",
    "cost_hold": "6200",
    "profit_unreal": "0.25602",
    "lever_rate": 5,
    "direction": "buy",
    "last_price": "6300",
}


def test_a_position_keeps_its_opening_price_through_settlements() -> None:
    (found,) = inverse().positions([POSITION])
    has(found, quantity=Decimal(10), entry_price=Decimal(6000), unrealised=Decimal("0.25602"), settle="BTC")


def test_both_sides_of_a_contract_are_one_position() -> None:
    short = POSITION | {"direction": "sell", "volume": "4", "cost_open": "6100", "profit_unreal": "-0.1"}
    (found,) = inverse().positions([POSITION, short])
    has(found, quantity=Decimal(6), entry_price=Decimal(6000), unrealised=Decimal("0.15602"))
    assert inverse().positions([POSITION, short | {"volume": "10"}]) == []


def test_a_coin_margined_wallet_is_what_it_holds_without_the_unrealised() -> None:
    row = {
        "symbol": "BTC",
        "margin_balance": "1.5",
        "margin_static": "1.25",
        "margin_available": "1",
        "profit_unreal": ".25",
    }
    has(inverse().balance(row), asset="BTC", total=Decimal("1.25"), free=Decimal(1))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (3, EntryKind.TRADE),
        ("7", EntryKind.FEE),
        (9, EntryKind.DELIVERY),
        (14, EntryKind.TRANSFER),
        ("16", EntryKind.SETTLEMENT),
        (31, EntryKind.FUNDING),
        (46, EntryKind.ADL),
        (141, EntryKind.LIQUIDATION_FEE),
        (999, EntryKind.ADJUST),
    ],
)
def test_the_types_of_ledger_rows(code: Any, kind: EntryKind) -> None:
    assert entry_kind(code) is kind


def test_financial_records() -> None:
    row = {"query_id": 1, "id": 117840, "type": 5, "amount": "-0.02", "ts": 1638758435635, "contract_code": "BTC-USD"}
    has(
        inverse().entry(row | {"symbol": "BTC"}),
        entry_id="117840",
        kind=EntryKind.FEE,
        asset="BTC",
        amount=Decimal("-0.02"),
        instrument=InstrumentId("huobi_swap:BTC-USD"),
    )
