"""Binance's account rows and user-stream messages → domain values. Exact numbers come from the venue's own strings.

A missing or unreadable field is Broken: money is never guessed.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from jtrader.domain.account import Balance, EntryKind, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    Market,
    TradeId,
    VenueOrderId,
    instrument_id,
)
from jtrader.domain.money import ZERO, amount
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.domain.times import from_millis

Row = Mapping[str, Any]

STATUS = {
    "NEW": OrderStatus.NEW,
    "PENDING_NEW": OrderStatus.NEW,  # waits for the first order of its list: somebody else's
    "NEW_INSURANCE": OrderStatus.NEW,  # the venue's own, of a liquidation
    "NEW_ADL": OrderStatus.NEW,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "PENDING_CANCEL": OrderStatus.PENDING_CANCEL,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}

ENTRY_KINDS = {
    "REALIZED_PNL": EntryKind.TRADE,
    "COMMISSION": EntryKind.FEE,
    "FUNDING_FEE": EntryKind.FUNDING,
    "TRANSFER": EntryKind.TRANSFER,
    "INTERNAL_TRANSFER": EntryKind.TRANSFER,
    "CROSS_COLLATERAL_TRANSFER": EntryKind.TRANSFER,
    "STRATEGY_UMFUTURES_TRANSFER": EntryKind.TRANSFER,
    "COMMISSION_REBATE": EntryKind.REBATE,
    "API_REBATE": EntryKind.REBATE,
    "REFERRAL_KICKBACK": EntryKind.REBATE,
    "INSURANCE_CLEAR": EntryKind.LIQUIDATION_FEE,
    "DELIVERED_SETTELMENT": EntryKind.DELIVERY,
    "COIN_SWAP_DEPOSIT": EntryKind.CONVERT,
    "COIN_SWAP_WITHDRAW": EntryKind.CONVERT,
    "AUTO_EXCHANGE": EntryKind.CONVERT,
}
"""Income type → ours; an unlisted type is booked as an adjustment, so that it is seen and sums."""


class RowReader:
    """Reads the rows of one account."""

    def __init__(self, account: AccountId, market: Market) -> None:
        self._account = account
        self._market = market

    def order(self, row: Row) -> VenueOrder:
        """REST: answers of POST, GET and DELETE order, openOrders."""
        return self._venue_order(
            row,
            order_id=row_field(row, "orderId"),
            client_id=row_field(row, "clientOrderId"),
            symbol=row_field(row, "symbol"),
            side=row_field(row, "side"),
            kind=row_field(row, "type"),
            status=row_field(row, "status"),
            quantity=row_field(row, "origQty"),
            filled=row_field(row, "executedQty"),
            price=row.get("price"),
            millis=row.get("updateTime") or row.get("transactTime") or row.get("time") or 0,
        )

    def fill(self, row: Row, client_ids: Mapping[str, ClientOrderId | None]) -> Fill:
        """REST: userTrades (USDT-M) and myTrades (spot). Those name the order by the venue's id alone, so the caller
        hands in the client ids it knows or has looked up."""
        is_buy = row.get("isBuyer", row.get("buyer"))
        maker = row.get("isMaker", row.get("maker"))
        order_id = str(row_field(row, "orderId"))
        with _reading("trade", row):
            return Fill(
                account=self._account,
                instrument=self._instrument(row_field(row, "symbol")),
                trade_id=TradeId(str(row_field(row, "id"))),
                venue_order_id=VenueOrderId(order_id),
                client_order_id=client_ids.get(order_id),
                side=Side.BUY if is_true(is_buy) else Side.SELL,
                price=amount(row_field(row, "price")),
                quantity=amount(row_field(row, "qty")),
                fee=amount(row_field(row, "commission")),
                fee_asset=row_field(row, "commissionAsset"),
                maker=is_true(maker),
                ts=from_millis(int(row_field(row, "time"))),
                realised=amount(row["realizedPnl"]) if "realizedPnl" in row else None,
            )

    def streamed(self, message: Row) -> list[VenueOrder | Fill]:
        """ORDER_TRADE_UPDATE (USDT-M) or executionReport (spot): the fill first if it is one, then the order."""
        row = message.get("o") if message.get("e") == "ORDER_TRADE_UPDATE" else message
        if not isinstance(row, Mapping):
            raise Broken(f"user stream of {self._account}: an order update without an order: {message}")
        # A spot cancel carries the cancel's own id in `c` and the order's in `C`.
        client_id = row.get("C") or row_field(row, "c")
        order = self._venue_order(
            row,
            order_id=row_field(row, "i"),
            client_id=client_id,
            symbol=row_field(row, "s"),
            side=row_field(row, "S"),
            kind=row_field(row, "o"),
            status=row_field(row, "X"),
            quantity=row_field(row, "q"),
            filled=row_field(row, "z"),
            price=row.get("p"),
            millis=row_field(row, "T"),
            reason="" if row.get("r") in (None, "NONE", "0") else str(row["r"]),
        )
        if row.get("x") != "TRADE":
            return [order]
        return [self._streamed_fill(row, order), order]

    def balance(self, row: Row) -> Balance:
        """REST: USDT-M account assets, or spot account balances."""
        with _reading("balance", row):
            if "walletBalance" in row:
                total, free = amount(row["walletBalance"]), amount(row_field(row, "availableBalance"))
            else:
                free = amount(row_field(row, "free"))
                total = free + amount(row_field(row, "locked"))
            return Balance(account=self._account, asset=row_field(row, "asset"), total=total, free=free)

    def position(self, row: Row) -> VenuePosition:
        """REST: USDT-M positionRisk. Hedge mode is refused: its two sides are two positions."""
        if row.get("positionSide", "BOTH") != "BOTH":
            raise Broken(f"account {self._account} is in hedge mode; switch it to one-way mode at the venue")
        with _reading("position", row):
            return VenuePosition(
                account=self._account,
                instrument=self._instrument(row_field(row, "symbol")),
                quantity=amount(row_field(row, "positionAmt")),
                entry_price=amount(row_field(row, "entryPrice")),
                mark=amount(row_field(row, "markPrice")),
                unrealised=amount(row_field(row, "unRealizedProfit")),
                settle=row.get("marginAsset") or "USDT",
            )

    def entry(self, row: Row) -> VenueEntry:
        """REST: income. The venue's tranId is unique within an income type only, so the id holds both."""
        kind = row_field(row, "incomeType")
        symbol = row.get("symbol") or ""
        with _reading("income", row):
            return VenueEntry(
                account=self._account,
                entry_id=f"{kind}-{row_field(row, 'tranId')}",
                kind=ENTRY_KINDS.get(kind, EntryKind.ADJUST),
                asset=row_field(row, "asset"),
                amount=amount(row_field(row, "income")),
                ts=from_millis(int(row_field(row, "time"))),
                instrument=self._instrument(symbol) if symbol else None,
                reference=str(row.get("tradeId") or ""),
            )

    def deposit(self, row: Row) -> VenueEntry:
        """REST: spot capital/deposit/hisrec."""
        with _reading("deposit", row):
            return self._moved(f"DEPOSIT-{row_field(row, 'id')}", row, 1, int(row_field(row, "insertTime")))

    def withdrawal(self, row: Row, millis: int) -> VenueEntry:
        """REST: spot capital/withdraw/history; its `amount` is without the fee, which leaves the wallet too."""
        with _reading("withdrawal", row):
            return self._moved(f"WITHDRAW-{row_field(row, 'id')}", row, -1, millis)

    def _moved(self, entry_id: str, row: Row, sign: int, millis: int) -> VenueEntry:
        moved = amount(row_field(row, "amount")) + amount(row.get("transactionFee") or "0")
        return VenueEntry(
            account=self._account,
            entry_id=entry_id,
            kind=EntryKind.TRANSFER,
            asset=row_field(row, "coin"),
            amount=sign * moved,
            ts=from_millis(millis),
        )

    def _venue_order(
        self,
        row: Row,
        *,
        order_id: Any,
        client_id: Any,
        symbol: str,
        side: str,
        kind: str,
        status: str,
        quantity: str,
        filled: str,
        price: str | None,
        millis: Any,
        reason: str = "",
    ) -> VenueOrder:
        if status not in STATUS:
            raise Broken(f"account {self._account}: Binance sent the unknown order status '{status}': {dict(row)}")
        with _reading("order", row):
            limit = amount(price or "0")
            return VenueOrder(
                account=self._account,
                instrument=self._instrument(symbol),
                venue_order_id=VenueOrderId(str(order_id)),
                client_order_id=ClientOrderId(str(client_id)) if client_id else None,
                side=Side(side.lower()),
                type=OrderType.MARKET if kind == "MARKET" else OrderType.LIMIT,
                status=STATUS[status],
                quantity=amount(quantity),
                filled=amount(filled),
                price=limit if limit > ZERO else None,
                ts=from_millis(int(millis)),
                reason=reason,
            )

    def _streamed_fill(self, row: Row, order: VenueOrder) -> Fill:
        with _reading("streamed trade", row):
            return Fill(
                account=self._account,
                instrument=order.instrument,
                trade_id=TradeId(str(row_field(row, "t"))),
                venue_order_id=order.venue_order_id,
                client_order_id=order.client_order_id,
                side=order.side,
                price=amount(row_field(row, "L")),
                quantity=amount(row_field(row, "l")),
                fee=amount(row.get("n") or "0"),
                fee_asset=row.get("N") or "",
                maker=bool(row_field(row, "m")),
                ts=from_millis(int(row_field(row, "T"))),
                realised=amount(row["rp"]) if "rp" in row else None,
            )

    def _instrument(self, symbol: str) -> InstrumentId:
        return instrument_id(self._market, symbol)


def row_field(row: Row, name: str) -> Any:
    """The field, or Broken with the whole row."""
    value = row.get(name)
    if value is None:
        raise Broken(f"Binance sent a row without '{name}': {dict(row)}")
    return value


def is_true(value: Any) -> bool:
    """ccxt hands booleans on as they are; some answers carry them as text."""
    return value is True or value == "true"


@contextlib.contextmanager
def _reading(what: str, row: Row) -> Iterator[None]:
    """Turns an unreadable number, side or date of a row into Broken."""
    try:
        yield
    except (ValueError, TypeError, BadInput) as error:
        raise Broken(f"Binance sent a {what} that can't be read ({error}): {dict(row)}") from error
