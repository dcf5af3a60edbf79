"""Private rows of BitMEX become exact values, over REST and the stream alike; what can't be read is Broken."""

from decimal import Decimal
from typing import Any

import pytest

from jtrader.domain.account import EntryKind
from jtrader.domain.errors import Broken
from jtrader.domain.ids import AccountId
from jtrader.domain.order import OrderStatus, OrderType, Side
from jtrader.domain.times import parse_time
from jtrader.exchange.bitmex.rows import RowReader, rows_of

AT = "2026-01-15T15:30:00.250Z"
ZERO_ID = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def reader() -> RowReader:
    return RowReader(AccountId("alpha"))


def execution(**fields: Any) -> dict[str, Any]:
    row = {
        "execID": "550e8400-e29b-41d4-a716-446655440010",
        "orderID": "550e8400-e29b-41d4-a716-446655440002",
        "clOrdID": "mm-2",
        "symbol": "XBTUSD",
        "side": "Sell",
        "lastQty": 100,
        "lastPx": "98950.5",
        "lastLiquidityInd": "AddedLiquidity",
        "orderQty": 200,
        "price": 99000,
        "stopPx": None,
        "settlCurrency": "XBt",
        "execType": "Trade",
        "ordType": "Limit",
        "execInst": "ParticipateDoNotInitiate",
        "ordStatus": "PartiallyFilled",
        "triggered": "",
        "cumQty": 100,
        "text": "Submitted via API.",
        "trdMatchID": "00000000-006d-1000-0000-000e8737d540",
        "execComm": -10,
        "execGrossPnl": 1369,
        "transactTime": AT,
        "timestamp": "2026-01-15T15:30:00.300Z",
    }
    return row | fields


def test_a_trade_is_a_fill_a_state_and_ledger_rows(reader: RowReader) -> None:
    row = execution()
    fill = reader.fill(row)
    assert (fill.trade_id, fill.side, fill.price, fill.quantity) == (
        row["execID"],
        Side.SELL,
        Decimal("98950.5"),
        Decimal(100),
    )
    assert (str(fill.fee), fill.fee_asset, fill.maker, str(fill.realised)) == ("-1.0E-7", "BTC", True, "0.00001369")
    assert fill.ts == parse_time(AT)
    order = reader.order(row)
    assert (order.status, order.quantity, order.filled, order.price, order.client_order_id) == (
        OrderStatus.PARTIALLY_FILLED,
        200,
        100,
        99000,
        "mm-2",
    )
    fee, result = reader.entries(row)
    assert (fee.kind, fee.amount, fee.asset) == (EntryKind.FEE, Decimal("0.0000001"), "BTC")
    assert (result.kind, result.amount) == (EntryKind.TRADE, Decimal("0.00001369"))
    assert fee.reference == result.reference == fill.trade_id
    assert fee.entry_id != result.entry_id


def test_both_sides_of_a_match_of_two_own_orders_are_told(reader: RowReader) -> None:
    rows = [execution(), execution(execID="another", orderID="another", side="Buy", execComm=20, execGrossPnl=0)]
    assert len({row["trdMatchID"] for row in rows}) == 1
    assert len({reader.fill(row).trade_id for row in rows}) == 2
    assert len({entry.entry_id for row in rows for entry in reader.entries(row)}) == 3


def test_usdt_counts_millionths(reader: RowReader) -> None:
    fill = reader.fill(execution(settlCurrency="USDt", symbol="XBTUSDT", execComm=26500, execGrossPnl=0))
    assert (fill.fee, fill.fee_asset, fill.realised) == (Decimal("0.0265"), "USDT", 0)


def test_an_older_row_has_no_result(reader: RowReader) -> None:
    assert reader.fill(execution(execGrossPnl=None)).realised is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"execType": "Funding", "execComm": 709, "execGrossPnl": 0}, [(EntryKind.FUNDING, "-0.00000709")]),
        ({"execType": "Funding", "execComm": -783, "execGrossPnl": 0}, [(EntryKind.FUNDING, "0.00000783")]),
        ({"execType": "Settlement", "execComm": 0, "execGrossPnl": -90}, [(EntryKind.DELIVERY, "-9.0E-7")]),
        (
            {"execType": "Settlement", "execComm": 5, "execGrossPnl": 7},
            [(EntryKind.FEE, "-5E-8"), (EntryKind.DELIVERY, "7E-8")],
        ),
        ({"execType": "Liquidation", "execComm": 5, "execGrossPnl": 0}, [(EntryKind.LIQUIDATION_FEE, "-5E-8")]),
        ({"execType": "Insurance", "execComm": -5, "execGrossPnl": 0}, [(EntryKind.INSURANCE, "5E-8")]),
        ({"execType": "Anything", "execComm": 5, "execGrossPnl": 0}, [(EntryKind.ADJUST, "-5E-8")]),
        ({"execType": "Trade", "execComm": 0, "execGrossPnl": 0}, [(EntryKind.FEE, "0")]),
    ],
)
def test_what_moves_the_wallet(
    reader: RowReader, fields: dict[str, Any], expected: list[tuple[EntryKind, str]]
) -> None:
    told = [(entry.kind, entry.amount) for entry in reader.entries(execution(**fields))]
    assert told == [(kind, Decimal(text)) for kind, text in expected]


@pytest.mark.parametrize(
    ("fields", "status", "reason"),
    [
        ({"ordStatus": "New", "text": "Submitted via API."}, OrderStatus.NEW, ""),
        ({"ordStatus": "Filled"}, OrderStatus.FILLED, ""),
        (
            {"ordStatus": "Canceled", "text": "Canceled: Canceled via API.\nSubmitted via API."},
            OrderStatus.CANCELED,
            "",
        ),
        (
            {"ordStatus": "Canceled", "text": "Canceled: Order had execInst of ParticipateDoNotInitiate\nx"},
            OrderStatus.CANCELED,
            "post_only",
        ),
        (
            {"ordStatus": "Rejected", "text": "Rejected: Account has insufficient Available Balance"},
            OrderStatus.REJECTED,
            "funds",
        ),
        (
            {"ordStatus": "Canceled", "text": "Canceled: By a butterfly\nx"},
            OrderStatus.CANCELED,
            "Canceled: By a butterfly",
        ),
    ],
)
def test_why_an_order_ended(reader: RowReader, fields: dict[str, Any], status: OrderStatus, reason: str) -> None:
    order = reader.order(execution(**fields))
    assert (order.status, order.reason) == (status, reason)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Stop", OrderType.STOP),
        ("StopLimit", OrderType.STOP_LIMIT),
        ("MarketIfTouched", OrderType.MARKET_IF_TOUCHED),
        ("LimitIfTouched", OrderType.LIMIT_IF_TOUCHED),
    ],
)
@pytest.mark.parametrize("triggered", ["", "StopOrderTriggered"])
def test_conditional_orders(reader: RowReader, word: str, kind: OrderType, triggered: str) -> None:
    row = execution(ordType=word, stopPx="97000.5", triggered=triggered, execInst="ReduceOnly,LastPrice")
    order = reader.order(row)
    assert (order.type, order.trigger_price, order.is_triggered, order.reduce_only) == (
        kind,
        Decimal("97000.5"),
        bool(triggered),
        True,
    )


def test_balances_and_positions(reader: RowReader) -> None:
    margin = {"currency": "XBt", "walletBalance": 100005180, "availableMargin": 100010360}
    balance = reader.balance(margin)
    assert (balance.asset, str(balance.total), balance.free) == ("BTC", "1.00005180", balance.total)
    row = {
        "symbol": "ETHUSD",
        "currency": "XBt",
        "currentQty": -150,
        "avgEntryPrice": "2603.55",
        "markPrice": "2600.1",
        "unrealisedPnl": -1559,
    }
    position = reader.position(row)
    assert (position.quantity, position.entry_price, position.mark, position.unrealised, position.settle) == (
        Decimal(-150),
        Decimal("2603.55"),
        Decimal("2600.1"),
        Decimal("-0.00001559"),
        "BTC",
    )


@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        ("Deposit", EntryKind.TRANSFER),
        ("Withdrawal", EntryKind.TRANSFER),
        ("Transfer", EntryKind.TRANSFER),
        ("Conversion", EntryKind.CONVERT),
        ("AffiliatePayout", EntryKind.REBATE),
        ("Gift", EntryKind.ADJUST),
    ],
)
def test_money_that_came_or_went(reader: RowReader, kind: str, entry: EntryKind) -> None:
    row = {"transactID": "t1", "currency": "USDt", "transactType": kind, "amount": -11000000, "transactTime": AT}
    told = reader.moved(row)
    assert (told.kind, told.asset, told.amount, told.entry_id) == (entry, "USDT", Decimal(-11), "t1")


@pytest.mark.parametrize(
    "changed",
    [
        {"symbol": None},
        {"side": "Hold"},
        {"ordStatus": "Dreaming"},
        {"orderQty": "many"},
        {"price": float("1.5")},
        {"transactTime": "noon"},
        {"orderID": None},
    ],
)
def test_an_order_that_can_not_be_read_is_broken(reader: RowReader, changed: dict[str, Any]) -> None:
    with pytest.raises(Broken, match="BitMEX sent"):
        reader.order(execution(**changed))


@pytest.mark.parametrize(
    "changed", [{"lastPx": "NaN"}, {"lastQty": None}, {"execComm": None}, {"settlCurrency": "DOGe"}]
)
def test_a_fill_that_can_not_be_read_is_broken(reader: RowReader, changed: dict[str, Any]) -> None:
    with pytest.raises(Broken, match="BitMEX sent"):
        reader.fill(execution(**changed))


@pytest.mark.parametrize("answer", [None, {}, [1], "rows"])
def test_what_is_no_list_of_rows_is_broken(answer: Any) -> None:
    with pytest.raises(Broken, match="no list of rows"):
        rows_of(answer)
