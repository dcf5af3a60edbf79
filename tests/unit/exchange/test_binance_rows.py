"""Binance's account rows become domain values to the last digit."""

from decimal import Decimal
from typing import Any

import pytest

from jtrader.domain.account import EntryKind
from jtrader.domain.errors import Broken
from jtrader.domain.ids import AccountId, ClientOrderId, Market
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.exchange.binance.rows import RowReader

USDM = RowReader(AccountId("alpha"), Market("binance_usdm"))
SPOT = RowReader(AccountId("trend"), Market("binance_spot"))

FUTURES_UPDATE = {
    "e": "ORDER_TRADE_UPDATE",
    "E": 1_700_000_000_010,
    "T": 1_700_000_000_000,
    "o": {
        "s": "BTCUSDT", "c": "jt1", "S": "SELL", "o": "MARKET", "f": "GTC", "q": "0.030", "p": "0", "ap": "50000.1",
        "x": "TRADE", "X": "PARTIALLY_FILLED", "i": 8886774, "l": "0.010", "z": "0.010", "L": "50000.10",
        "N": "USDT", "n": "0.25000050", "T": 1_700_000_000_000, "t": 91, "m": False, "R": True, "rp": "-1.00000001",
    },
}  # fmt: skip
SPOT_UPDATE = {
    "e": "executionReport", "E": 1_700_000_000_010, "s": "BTCUSDT", "c": "jt2", "S": "BUY", "o": "LIMIT", "f": "GTC",
    "q": "0.02000000", "p": "50000.00000000", "C": "", "x": "TRADE", "X": "FILLED", "r": "NONE", "i": 5,
    "l": "0.02000000", "z": "0.02000000", "L": "49999.99000000", "n": "0.00002000", "N": "BTC",
    "T": 1_700_000_000_000, "t": 12, "m": True,
}  # fmt: skip


def test_a_streamed_futures_fill_keeps_every_digit() -> None:
    fill, order = USDM.streamed(FUTURES_UPDATE)
    assert isinstance(fill, Fill)
    assert isinstance(order, VenueOrder)
    assert (str(fill.price), str(fill.quantity), str(fill.fee)) == ("50000.10", "0.010", "0.25000050")
    assert (fill.fee_asset, fill.maker, fill.side, fill.trade_id) == ("USDT", False, Side.SELL, "91")
    assert fill.realised == Decimal("-1.00000001")
    assert fill.client_order_id == order.client_order_id == "jt1"
    assert (order.status, order.filled, order.type) == (
        OrderStatus.PARTIALLY_FILLED,
        Decimal("0.010"),
        OrderType.MARKET,
    )
    assert fill.ts == 1_700_000_000_000_000_000


def test_a_streamed_spot_fill_pays_in_the_received_asset() -> None:
    fill, order = SPOT.streamed(SPOT_UPDATE)
    assert isinstance(fill, Fill)
    assert isinstance(order, VenueOrder)
    assert (fill.fee, fill.fee_asset, fill.maker, fill.realised) == (Decimal("0.00002"), "BTC", True, None)
    assert (order.status, order.price) == (OrderStatus.FILLED, Decimal("50000"))


def test_a_spot_cancel_is_known_by_the_orders_id_not_the_cancels() -> None:
    canceled = SPOT_UPDATE | {"x": "CANCELED", "X": "CANCELED", "c": "cancel-request", "C": "jt2"}
    (order,) = SPOT.streamed(canceled)
    assert isinstance(order, VenueOrder)
    assert (order.client_order_id, order.status) == ("jt2", OrderStatus.CANCELED)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("NEW", OrderStatus.NEW),
        ("PENDING_NEW", OrderStatus.NEW),
        ("NEW_ADL", OrderStatus.NEW),
        ("CANCELED", OrderStatus.CANCELED),
        ("EXPIRED", OrderStatus.EXPIRED),
        ("EXPIRED_IN_MATCH", OrderStatus.EXPIRED),
        ("REJECTED", OrderStatus.REJECTED),
    ],
)
def test_statuses(said: str, status: OrderStatus) -> None:
    (order,) = SPOT.streamed(SPOT_UPDATE | {"x": said, "X": said})
    assert isinstance(order, VenueOrder)
    assert order.status is status


REST_TRADE = {
    "symbol": "BTCUSDT", "id": "91", "orderId": "8886774", "price": "50000.10", "qty": "0.010", "commission": "0.25",
    "commissionAsset": "USDT", "time": "1700000000000", "realizedPnl": "0", "side": "SELL", "buyer": False,
    "maker": False,
}  # fmt: skip


def test_streamed_and_queried_fill_are_one() -> None:
    row = REST_TRADE | {"commission": "0.25000050", "realizedPnl": "-1.00000001"}
    queried = USDM.fill(row, {"8886774": ClientOrderId("jt1")})
    assert queried == USDM.streamed(FUTURES_UPDATE)[0]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("REALIZED_PNL", EntryKind.TRADE),
        ("COMMISSION", EntryKind.FEE),
        ("FUNDING_FEE", EntryKind.FUNDING),
        ("TRANSFER", EntryKind.TRANSFER),
        ("SOMETHING_NEW", EntryKind.ADJUST),
    ],
)
def test_ledger_rows(kind: str, expected: EntryKind) -> None:
    row = {"symbol": "BTCUSDT", "incomeType": kind, "income": "-0.37500000", "asset": "USDT", "tranId": "9"}
    entry = USDM.entry(row | {"time": "1700000000000", "tradeId": "91"})
    assert (entry.kind, entry.amount, entry.reference) == (expected, Decimal("-0.375"), "91")
    assert entry.entry_id == f"{kind}-9"


def test_balances_of_both_markets() -> None:
    wallet = USDM.balance({"asset": "USDT", "walletBalance": "100.00000001", "availableBalance": "40"})
    assert (wallet.total, wallet.free) == (Decimal("100.00000001"), Decimal(40))
    purse = SPOT.balance({"asset": "BTC", "free": "0.10000000", "locked": "0.00000001"})
    assert (purse.total, purse.free) == (Decimal("0.10000001"), Decimal("0.1"))


@pytest.mark.parametrize(
    "row",
    [
        {key: value for key, value in REST_TRADE.items() if key != "commission"},
        REST_TRADE | {"price": "many"},
        REST_TRADE | {"qty": 0.01},
        REST_TRADE | {"price": "NaN"},
    ],
)
def test_money_is_never_guessed(row: dict[str, Any]) -> None:
    with pytest.raises(Broken):
        USDM.fill(row, {})


def test_hedge_mode_is_refused() -> None:
    with pytest.raises(Broken, match="one-way"):
        USDM.position({"symbol": "BTCUSDT", "positionSide": "LONG", "positionAmt": "1"})
