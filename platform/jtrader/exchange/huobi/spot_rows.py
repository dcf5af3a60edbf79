"""HTX spot: rows of orders, trades, balances and transfers → domain values. Amounts are the venue's own texts."""

from collections.abc import Mapping, Sequence
from typing import Any

from jtrader.domain.account import Balance, EntryKind, VenueEntry
from jtrader.domain.ids import AccountId, ClientOrderId, TradeId, VenueOrderId
from jtrader.domain.money import ZERO, amount
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.domain.times import from_millis
from jtrader.exchange.huobi.ids import OrderIds
from jtrader.exchange.huobi.listing import SPOT
from jtrader.exchange.huobi.rows import (
    Reader,
    Row,
    client_id,
    conditional_type,
    ended_at_once,
    exact,
    exact_or_none,
    last_time,
    row_field,
)
from jtrader.ports.broker import Reason

STATES = {
    "created": OrderStatus.NEW,  # a stop-limit order that waits for its price
    "pre-submitted": OrderStatus.NEW,
    "submitted": OrderStatus.NEW,
    "partial-filled": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.FILLED,
    "partial-canceled": OrderStatus.CANCELED,
    "canceled": OrderStatus.CANCELED,
    "canceling": OrderStatus.PENDING_CANCEL,
    "rejected": OrderStatus.REJECTED,
    "triggered": OrderStatus.NEW,
}

LEDGER_KINDS = {
    "transfer": EntryKind.TRANSFER,
    "rebate": EntryKind.REBATE,
    "exchange": EntryKind.CONVERT,
}
"""transactType → ours; an unlisted type is booked as an adjustment, so that it is seen and sums."""
TOLD_ELSEWHERE = frozenset({"trade", "transact-fee", "fee-deduction", "deposit", "withdraw", "withdraw-fee"})
"""Ledger rows of what fills, deposits and withdrawals tell already."""
FAILED = frozenset({"canceled", "cancelled", "reject", "wallet-reject", "confirm-error", "failed", "unknown", "orphan"})
"""States of deposits and withdrawals that moved nothing in the end."""
ARRIVED = frozenset({"confirmed", "safe"})


class SpotRows(Reader):
    """`ids` knows what this account has sent."""

    def __init__(self, account: AccountId, ids: OrderIds) -> None:
        super().__init__(account, SPOT)
        self._ids = ids

    def order(self, row: Row) -> VenueOrder:
        """REST: order by id or client id, openOrders."""
        return self._order(
            row,
            order_id=row_field(row, "id"),
            name=client_id(row.get("client-order-id")),
            kind=row_field(row, "type"),
            state=row_field(row, "state"),
            quantity=row_field(row, "amount"),
            filled=row_field(row, "field-amount", "filled-amount"),
            price=row.get("price"),
            ts=last_time(row, "created-at", "finished-at", "canceled-at"),
            lived=(int(row.get("created-at") or 0), int(row.get("canceled-at") or 0)),
            ended_by=row.get("canceled-source"),
            stop_price=row.get("stop-price"),
            operator=row.get("operator"),
        )

    def streamed_order(self, row: Row) -> VenueOrder:
        """`orders#…`: creation, trade, cancellation; and what becomes of a conditional order before it is triggered,
        which comes without an order id."""
        name = client_id(row.get("clientOrderId"))
        if "orderId" not in row:
            return self._conditional_end(row, name)
        return self._order(
            row,
            order_id=row_field(row, "orderId"),
            name=name,
            kind=row_field(row, "type"),
            state=row_field(row, "orderStatus"),
            quantity=row.get("orderSize") or row.get("orderValue") or "0",
            filled=row.get("execAmt") or "0",
            price=row.get("orderPrice"),
            ts=last_time(row, "orderCreateTime", "lastActTime", "tradeTime"),
            lived=(int(row.get("orderCreateTime") or 0), int(row.get("lastActTime") or 0)),
            ended_by=row.get("canceledSourceDesc"),
            stop_price=row.get("stopPrice"),
            operator=row.get("operator"),
        )

    def conditional(self, row: Row) -> VenueOrder:
        """REST: algo-orders opening, history, specific. Its id is ours until it is triggered."""
        with self.reading("conditional order", row):
            side = Side(row_field(row, "orderSide"))
            name = ClientOrderId(row_field(row, "clientOrderId"))
            state = str(row_field(row, "orderStatus"))
            sent = self._ids.sent(name)
            price = exact_or_none(row.get("orderPrice")) if row.get("orderType") == "limit" else None
            kind = sent.type if sent is not None else conditional_type(side, side is Side.BUY, price is not None)
            return VenueOrder(
                account=self.account,
                instrument=self.instrument(row_field(row, "symbol")),
                venue_order_id=VenueOrderId(str(row.get("orderId") or f"algo-{name}")),
                client_order_id=name,
                side=side,
                type=kind,
                status=self.status(STATES, state, row),
                quantity=exact(row, "orderSize", "orderValue"),
                price=price,
                ts=last_time(row, "orderOrigTime", "lastActTime", "orderCreateTime"),
                reason=" ".join(str(row[key]) for key in ("errCode", "errMessage") if row.get(key)),
                trigger_price=exact_or_none(row.get("stopPrice")),
                is_triggered=state == "triggered",
            )

    def fill(self, row: Row, client_ids: Mapping[str, ClientOrderId | None]) -> Fill:
        """REST: matchresults, which name the order by the venue's id alone."""
        order_id = str(row_field(row, "order-id"))
        points = exact_or_none(row.get("filled-points"))
        with self.reading("trade", row):
            side, _, _ = str(row_field(row, "type")).partition("-")
            fee, asset = exact(row, "filled-fees"), str(row_field(row, "fee-currency"))
            if points is not None and fee == ZERO:
                fee, asset = points, str(row_field(row, "fee-deduct-currency"))
            return Fill(
                account=self.account,
                instrument=self.instrument(row_field(row, "symbol")),
                trade_id=TradeId(str(row_field(row, "trade-id"))),
                venue_order_id=VenueOrderId(order_id),
                client_order_id=client_ids.get(order_id),
                side=Side(side),
                price=exact(row, "price"),
                quantity=exact(row, "filled-amount"),
                fee=fee,
                fee_asset=asset.upper(),
                maker=str(row_field(row, "role")).lower() == "maker",
                ts=from_millis(int(row_field(row, "created-at"))),
            )

    def streamed_fill(self, row: Row, client_ids: Mapping[str, ClientOrderId | None]) -> Fill:
        """`trade.clearing#…`, which tells the fee as well."""
        order_id = str(row_field(row, "orderId"))
        deducted = exact_or_none(row.get("feeDeduct"))
        with self.reading("streamed trade", row):
            fee, asset = exact(row, "transactFee"), str(row_field(row, "feeCurrency"))
            if deducted is not None and fee == ZERO:
                fee, asset = deducted, str(row_field(row, "feeDeductType"))
            return Fill(
                account=self.account,
                instrument=self.instrument(row_field(row, "symbol")),
                trade_id=TradeId(str(row_field(row, "tradeId"))),
                venue_order_id=VenueOrderId(order_id),
                client_order_id=client_id(row.get("clientOrderId")) or client_ids.get(order_id),
                side=Side(row_field(row, "orderSide")),
                price=exact(row, "tradePrice"),
                quantity=exact(row, "tradeVolume"),
                fee=fee,
                fee_asset=asset.upper(),
                maker=not row_field(row, "aggressor"),
                ts=from_millis(int(row_field(row, "tradeTime"))),
            )

    def balances(self, rows: Sequence[Row]) -> list[Balance]:
        """Rows by coin and kind: `trade` is free, `frozen` belongs to orders; loans belong to margin accounts."""
        free: dict[str, Any] = {}
        frozen: dict[str, Any] = {}
        for row in rows:
            with self.reading("balance", row):
                side = {"trade": free, "frozen": frozen}.get(str(row_field(row, "type")))
                if side is not None:
                    asset = str(row_field(row, "currency")).upper()
                    side[asset] = side.get(asset, ZERO) + exact(row, "balance")
        return [
            Balance(
                account=self.account,
                asset=asset,
                total=free.get(asset, ZERO) + frozen.get(asset, ZERO),
                free=free.get(asset, ZERO),
            )
            for asset in sorted({*free, *frozen})
        ]

    def deposit(self, row: Row) -> VenueEntry | None:
        """query/deposit-withdraw, type deposit; None until it has arrived."""
        if row_field(row, "state") not in ARRIVED:
            return None
        with self.reading("deposit", row):
            return self._moved(f"deposit-{row_field(row, 'id')}", row, exact(row, "amount"))

    def withdrawal(self, row: Row) -> VenueEntry | None:
        """query/deposit-withdraw, type withdraw; its `amount` is without the fee, which leaves the wallet too. None for
        one that failed."""
        if row_field(row, "state") in FAILED:
            return None
        with self.reading("withdrawal", row):
            return self._moved(
                f"withdraw-{row_field(row, 'id')}", row, -exact(row, "amount") - amount(row.get("fee") or "0")
            )

    def ledger(self, row: Row) -> VenueEntry | None:
        """account/ledger; None for what is told elsewhere. Where the venue gives a transfer no id of its own (0), time,
        coin and amount stand for it."""
        kind = str(row_field(row, "transactType"))
        if kind in TOLD_ELSEWHERE:
            return None
        with self.reading("ledger row", row):
            moved, millis = exact(row, "transactAmt"), int(row_field(row, "transactTime"))
            own = int(row.get("transactId") or 0)
            asset = str(row_field(row, "currency")).upper()
            return VenueEntry(
                account=self.account,
                entry_id=f"{kind}-{own}" if own else f"{kind}-{millis}-{asset}-{moved.normalize()}",
                kind=LEDGER_KINDS.get(kind, EntryKind.ADJUST),
                asset=asset,
                amount=moved,
                ts=from_millis(millis),
            )

    def _moved(self, entry_id: str, row: Row, moved: Any) -> VenueEntry:
        return VenueEntry(
            account=self.account,
            entry_id=entry_id,
            kind=EntryKind.TRANSFER,
            asset=str(row_field(row, "currency")).upper(),
            amount=moved,
            ts=from_millis(int(row_field(row, "created-at"))),
        )

    def _order(
        self,
        row: Row,
        *,
        order_id: Any,
        name: ClientOrderId | None,
        kind: str,
        state: str,
        quantity: str,
        filled: str,
        price: Any,
        ts: int,
        lived: tuple[int, int],
        ended_by: Any,
        stop_price: Any,
        operator: Any,
    ) -> VenueOrder:
        word, _, style = kind.partition("-")
        sent = self._ids.sent(name) if name is not None else None
        with self.reading("order", row):
            side, done = Side(word), amount(filled)
            trigger = exact_or_none(stop_price)
            ordered = OrderType.MARKET if style == "market" else OrderType.LIMIT
            if style.startswith("stop-"):
                ordered = conditional_type(side, operator == "gte", has_price=True)
            if sent is not None:
                ordered = sent.type
            status = self.status(STATES, state, row)
            if ended_by:
                would_take = "limit_maker" in str(ended_by).lower().replace("-", "_")
            else:
                is_over = status is OrderStatus.CANCELED and ended_at_once(*lived)
                would_take = style == "limit-maker" and done == ZERO and (is_over or status is OrderStatus.REJECTED)
            return VenueOrder(
                account=self.account,
                instrument=self.instrument(row_field(row, "symbol")),
                venue_order_id=VenueOrderId(str(order_id)),
                client_order_id=name,
                side=side,
                type=ordered,
                status=status,
                quantity=done if kind == "buy-market" else amount(quantity),  # that one's size is in quote
                filled=done,
                price=exact_or_none(price) if ordered is not OrderType.MARKET else None,
                ts=ts,
                reason=Reason.POST_ONLY.value if would_take else "",
                trigger_price=trigger or exact_or_none(sent.trigger_price if sent is not None else None),
                is_triggered=ordered.is_conditional and state != "created",
            )

    def _conditional_end(self, row: Row, name: ClientOrderId | None) -> VenueOrder:
        """`deletion` and a failed `trigger`: what was sent tells the rest."""
        sent = self._ids.sent(name) if name is not None else None
        with self.reading("conditional order", row):
            side = Side(sent.side if sent is not None else row_field(row, "orderSide"))
            return VenueOrder(
                account=self.account,
                instrument=self.instrument(row_field(row, "symbol")),
                venue_order_id=VenueOrderId(f"algo-{name}"),
                client_order_id=name,
                side=side,
                type=sent.type if sent is not None else OrderType.STOP_LIMIT,
                status=self.status(STATES, row_field(row, "orderStatus"), row),
                quantity=amount(sent.quantity) if sent is not None else ZERO,
                price=exact_or_none(sent.price) if sent is not None else None,
                ts=last_time(row, "lastActTime"),
                reason=" ".join(str(row[key]) for key in ("errCode", "errMessage") if row.get(key)),
                trigger_price=exact_or_none(sent.trigger_price) if sent is not None else None,
            )
