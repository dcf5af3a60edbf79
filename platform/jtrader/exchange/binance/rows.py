"""Binance's order and trade rows and user-stream messages → domain values. Exact numbers come from the venue's own
strings.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from jtrader.domain.errors import Broken
from jtrader.domain.ids import ClientOrderId, TradeId, VenueOrderId
from jtrader.domain.money import ZERO, amount
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.domain.times import from_millis
from jtrader.exchange.binance.fields import Row, is_true, reading, row_field
from jtrader.exchange.binance.ledger_rows import LedgerReader
from jtrader.exchange.binance.listing import SPOT

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

TYPES = {
    "MARKET": OrderType.MARKET,
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    # futures, where a stop without a price is STOP_MARKET
    "STOP_MARKET": OrderType.STOP,
    "STOP": OrderType.STOP_LIMIT,
    "TAKE_PROFIT_MARKET": OrderType.MARKET_IF_TOUCHED,
    "TAKE_PROFIT": OrderType.LIMIT_IF_TOUCHED,
    # spot, where TAKE_PROFIT has no price
    "STOP_LOSS": OrderType.STOP,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT_LIMIT": OrderType.LIMIT_IF_TOUCHED,
}
"""The venue's names; all others (LIQUIDATION, trailing stops …) trade as market orders."""

ALGO_STATUS = {
    "NEW": OrderStatus.NEW,
    "TRIGGERING": OrderStatus.NEW,
    "TRIGGERED": OrderStatus.NEW,
    "CANCELED": OrderStatus.CANCELED,
    "EXPIRED": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.REJECTED,
    "FINISHED": OrderStatus.FILLED,
}
"""Of a conditional futures order; FINISHED may also have been cancelled once triggered: its order tells."""
ALGO_ID = "algo-"
"""Before the venue's number of a conditional order, which is no order's number."""


class RowReader(LedgerReader):
    """Reads the rows of one account: its orders and trades, and what it holds."""

    def order(self, row: Row) -> VenueOrder:
        """REST: answers of POST, GET and DELETE order, openOrders."""
        return self._venue_order(
            row,
            order_id=row_field(row, "orderId"),
            client_id=row_field(row, "clientOrderId"),
            symbol=row_field(row, "symbol"),
            side=row_field(row, "side"),
            kind=row.get("origType") or row_field(row, "type"),
            status=row_field(row, "status"),
            quantity=row_field(row, "origQty"),
            filled=row_field(row, "executedQty"),
            price=row.get("price"),
            trigger=row.get("stopPrice"),
            works=is_true(row["isWorking"]) if "isWorking" in row else str(row.get("workingTime")) != "-1",
            reduce_only=is_true(row.get("reduceOnly")),
            millis=row.get("updateTime") or row.get("transactTime") or row.get("time") or 0,
        )

    def algo_order(self, row: Row) -> VenueOrder:
        """REST: a conditional order of futures, as long as it has not triggered; after that its order tells more (see
        `actual_order_id`)."""
        return self._conditional(
            row,
            algo_id=row_field(row, "algoId"),
            client_id=row_field(row, "clientAlgoId"),
            symbol=row_field(row, "symbol"),
            side=row_field(row, "side"),
            kind=row.get("orderType") or row_field(row, "type"),
            status=row_field(row, "algoStatus"),
            quantity=row_field(row, "quantity"),
            filled=row.get("executedQty") or row.get("actualQty"),
            price=row.get("price"),
            trigger=row_field(row, "triggerPrice"),
            reduce_only=is_true(row.get("reduceOnly")),
            millis=row.get("updateTime") or row.get("createTime") or 0,
            reason=str(row.get("rejectReason") or ""),
        )

    def streamed_algo(self, message: Row) -> VenueOrder:
        """ALGO_UPDATE."""
        row = message.get("o")
        if not isinstance(row, Mapping):
            raise Broken(f"user stream of {self._account}: a conditional order's update without an order: {message}")
        return self._conditional(
            row,
            algo_id=row_field(row, "aid"),
            client_id=row_field(row, "caid"),
            symbol=row_field(row, "s"),
            side=row_field(row, "S"),
            kind=row_field(row, "o"),
            status=row_field(row, "X"),
            quantity=row_field(row, "q"),
            filled=row.get("aq"),
            price=row.get("p"),
            trigger=row_field(row, "tp"),
            reduce_only=is_true(row.get("R")),
            millis=row_field(message, "T"),
            reason=str(row.get("rm") or ""),
        )

    def fill(self, row: Row, client_ids: Mapping[str, ClientOrderId | None]) -> Fill:
        """REST: userTrades (USDT-M) and myTrades (spot). Those name the order by the venue's id alone, so the caller
        hands in the client ids it knows or has looked up."""
        is_buy = row.get("isBuyer", row.get("buyer"))
        maker = row.get("isMaker", row.get("maker"))
        order_id = str(row_field(row, "orderId"))
        with reading("trade", row):
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
            kind=row.get("ot") or row_field(row, "o"),
            status=row_field(row, "X"),
            quantity=row_field(row, "q"),
            filled=row_field(row, "z"),
            price=row.get("p"),
            trigger=row.get("P") or row.get("sp"),
            works=is_true(row.get("w", True)),
            reduce_only=is_true(row.get("R")),
            millis=row_field(row, "T"),
            reason="" if row.get("r") in (None, "NONE", "0") else str(row["r"]),
        )
        if row.get("x") not in ("TRADE", "CALCULATED"):
            return [order]
        return [self._streamed_fill(row, order), order]

    def _conditional(self, row: Row, *, algo_id: Any, status: str, filled: Any, **told: Any) -> VenueOrder:
        if status not in ALGO_STATUS:
            raise Broken(f"account {self._account}: Binance sent the unknown status '{status}': {dict(row)}")
        waits = self._venue_order(row, order_id=f"{ALGO_ID}{algo_id}", status="NEW", filled=filled or "0", **told)
        is_triggered = status in ("TRIGGERING", "TRIGGERED", "FINISHED")
        return replace(waits, status=ALGO_STATUS[status], is_triggered=is_triggered)

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
        trigger: str | None = None,
        works: bool = True,
        reduce_only: bool = False,
        reason: str = "",
    ) -> VenueOrder:
        """`works`: it stands in the book or has traded; a conditional order of spot doesn't until it triggers."""
        if status not in STATUS:
            raise Broken(f"account {self._account}: Binance sent the unknown order status '{status}': {dict(row)}")
        with reading("order", row):
            limit, stop = amount(price or "0"), amount(trigger or "0")
            of_type = OrderType.MARKET_IF_TOUCHED if (kind, self._market) == ("TAKE_PROFIT", SPOT) else TYPES.get(kind)
            return VenueOrder(
                account=self._account,
                instrument=self._instrument(symbol),
                venue_order_id=VenueOrderId(str(order_id)),
                client_order_id=ClientOrderId(str(client_id)) if client_id else None,
                side=Side(side.lower()),
                type=of_type or OrderType.MARKET,
                status=STATUS[status],
                quantity=amount(quantity),
                filled=amount(filled),
                price=limit if limit > ZERO else None,
                ts=from_millis(int(millis)),
                reason=reason,
                trigger_price=stop if stop > ZERO else None,
                is_triggered=of_type is not None
                and of_type.is_conditional
                and (works or amount(filled) > ZERO or status == "FILLED"),
                reduce_only=reduce_only,
            )

    def _streamed_fill(self, row: Row, order: VenueOrder) -> Fill:
        with reading("streamed trade", row):
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


def actual_order_id(row: Row) -> str:
    """The order that a conditional one became: REST's actualOrderId, the stream's `ai`; empty before it triggers."""
    found = str(row.get("actualOrderId") or row.get("ai") or "")
    return "" if found == "0" else found
