"""HTX USDT-M (v5): rows of orders, trades, balances, positions and bills → domain values. Numbers come as texts."""

from collections.abc import Mapping
from typing import Any

from jtrader.domain.account import Balance, VenueEntry, VenuePosition
from jtrader.domain.errors import Broken
from jtrader.domain.ids import AccountId, ClientOrderId, TradeId, VenueOrderId
from jtrader.domain.money import ZERO, amount
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.domain.times import from_millis
from jtrader.exchange.huobi.bills import entry_kind
from jtrader.exchange.huobi.ids import OrderIds
from jtrader.exchange.huobi.listing import LINEAR
from jtrader.exchange.huobi.rows import Reader, Row, conditional_type, exact, exact_or_none, last_time, row_field
from jtrader.ports.broker import Reason

STATES = {
    "new": OrderStatus.NEW,
    "partially_filled": OrderStatus.PARTIALLY_FILLED,
    "filled": OrderStatus.FILLED,
    "partially_canceled": OrderStatus.CANCELED,
    "canceled": OrderStatus.CANCELED,
    "canceling": OrderStatus.PENDING_CANCEL,
    "rejected": OrderStatus.REJECTED,
}
ALGO_STATES = {
    "active": OrderStatus.NEW,
    "inactive": OrderStatus.NEW,
    "effective": OrderStatus.NEW,
    "triggered": OrderStatus.NEW,
    "canceled": OrderStatus.CANCELED,
    "failed": OrderStatus.REJECTED,
}
"""Of trigger orders: an `effective` or `triggered` one has put its order into the book."""


class LinearRows(Reader):
    """`ids` knows what this account has sent: the venue keeps integers for client ids."""

    def __init__(self, account: AccountId, ids: OrderIds) -> None:
        super().__init__(account, LINEAR)
        self._ids = ids

    def name_of(self, row: Row) -> ClientOrderId | None:
        """Our id; where a client sends none the venue repeats its own number there."""
        return self._ids.of_integer(row.get("client_order_id")) or self._ids.of_venue(str(row.get("order_id")))

    def order(self, row: Row) -> VenueOrder:
        """REST order, opens, history, and the stream's `orders`."""
        name = self.name_of(row)
        sent = self._ids.sent(name) if name is not None else None
        with self.reading("order", row):
            status = self.status(STATES, row_field(row, "state"), row)
            style, filled = str(row_field(row, "type")), amount(row.get("trade_volume") or "0")
            ordered = OrderType.MARKET if style == "market" else OrderType.LIMIT
            ordered = sent.type if sent is not None else ordered
            return VenueOrder(
                account=self.account,
                instrument=self.instrument(row_field(row, "contract_code")),
                venue_order_id=VenueOrderId(str(row_field(row, "order_id"))),
                client_order_id=name,
                side=Side(row_field(row, "side")),
                type=ordered,
                status=status,
                quantity=exact(row, "volume"),
                filled=filled,
                price=exact_or_none(row.get("price")),
                ts=last_time(row, "created_time", "updated_time"),
                reason=_reason(style, status, filled == ZERO, str(row.get("cancel_reason") or "")),
                trigger_price=exact_or_none(sent.trigger_price) if sent is not None else None,
                is_triggered=ordered.is_conditional,
                reduce_only=_is_true(row.get("reduce_only")),
            )

    def algo(self, row: Row) -> VenueOrder:
        """REST algo order, opens, history: one that waits for its trigger price, or has ended before."""
        name = self.algo_name(row)
        sent = self._ids.sent(name) if name is not None else None
        with self.reading("trigger order", row):
            side, state = Side(row_field(row, "side")), str(row_field(row, "state"))
            trigger = next((row[key] for key in _TRIGGERS if row.get(key) not in (None, "", "0")), None)
            price = next((p for key in _PRICES if (p := exact_or_none(row.get(key))) is not None), None)
            kind = conditional_type(side, side is Side.BUY, price is not None) if sent is None else sent.type
            return VenueOrder(
                account=self.account,
                instrument=self.instrument(row_field(row, "contract_code")),
                venue_order_id=VenueOrderId(str(row_field(row, "algo_id"))),
                client_order_id=name,
                side=side,
                type=kind,
                status=self.status(ALGO_STATES, state, row),
                quantity=exact(row, "volume"),
                price=price,
                ts=last_time(row, "created_time", "updated_time"),
                trigger_price=exact_or_none(trigger),
                is_triggered=became(row) != "",
                reduce_only=_is_true(row.get("reduce_only")),
            )

    def algo_name(self, row: Row) -> ClientOrderId | None:
        return self._ids.of_integer(row.get("algo_client_order_id")) or self._ids.of_venue(str(row.get("algo_id")))

    def fill(self, row: Row, client_ids: Mapping[str, ClientOrderId | None]) -> Fill:
        """REST order details. `id` is the trade's own: one `trade_id` stands for all that a taker's order hit at once.
        `trade_fee` above zero is paid, while order rows have the other sign; `profit` is what the trade realised."""
        order_id = str(row_field(row, "order_id"))
        with self.reading("trade", row):
            return Fill(
                account=self.account,
                instrument=self.instrument(row_field(row, "contract_code")),
                trade_id=TradeId(str(row_field(row, "id"))),
                venue_order_id=VenueOrderId(order_id),
                client_order_id=client_ids.get(order_id),
                side=Side(row_field(row, "side", "direction")),
                price=exact(row, "trade_price"),
                quantity=exact(row, "trade_volume"),
                fee=exact(row, "trade_fee"),
                fee_asset=str(row_field(row, "fee_currency")),
                maker=str(row_field(row, "role")).lower() == "maker",
                ts=from_millis(int(row_field(row, "created_time"))),
                realised=amount(row["profit"]) if row.get("profit") not in (None, "") else None,
            )

    def balance(self, row: Row) -> Balance:
        """A coin of the account: the equity holds the unrealised profit."""
        with self.reading("balance", row):
            return Balance(
                account=self.account,
                asset=str(row_field(row, "currency")),
                total=exact(row, "equity") - amount(row.get("profit_unreal") or "0"),
                free=max(ZERO, exact(row, "available_margin", "available", "withdraw_available")),
            )

    def position(self, row: Row) -> VenuePosition:
        """Both sides of hedge mode are two positions: refused."""
        if str(row.get("position_side") or "both") != "both":
            raise Broken(f"account {self.account} is in hedge mode; switch it to one-way mode at the venue")
        with self.reading("position", row):
            return VenuePosition(
                account=self.account,
                instrument=self.instrument(row_field(row, "contract_code")),
                quantity=Side(row_field(row, "direction")).sign * exact(row, "volume"),
                entry_price=exact(row, "open_avg_price"),
                mark=exact(row, "mark_price", "last_price"),
                unrealised=exact(row, "profit_unreal"),
                settle=str(row.get("margin_currency") or "USDT"),
            )

    def entry(self, row: Row) -> VenueEntry:
        """REST account bills."""
        code = row.get("contract_code")
        with self.reading("bill", row):
            return VenueEntry(
                account=self.account,
                entry_id=str(row_field(row, "id")),
                kind=entry_kind(row_field(row, "type")),
                asset=str(row_field(row, "currency")),
                amount=exact(row, "amount"),
                ts=from_millis(int(row_field(row, "created_time"))),
                instrument=self.instrument(code) if code else None,
            )


_TRIGGERS = ("trigger_price", "sl_trigger_price", "tp_trigger_price")
_PRICES = ("price", "order_price", "sl_order_price", "tp_order_price")


def became(row: Row) -> str:
    """The order that a trigger order put into the book; empty before that."""
    order_id = str(row.get("relation_order_id") or row.get("order_id") or "")
    return "" if order_id in ("-1", "0") else order_id


def _reason(style: str, status: OrderStatus, nothing_filled: bool, told: str) -> str:
    if style == "post_only" and status is OrderStatus.CANCELED and nothing_filled and "user" not in told.lower():
        return Reason.POST_ONLY.value if told else ""
    return told


def _is_true(value: Any) -> bool:
    return str(value).lower() in ("true", "1")
