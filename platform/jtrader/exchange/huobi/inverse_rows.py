"""HTX coin-margined swaps and futures: rows of orders, trades, balances, positions and ledger → domain values.

Numbers come as JSON numbers, kept as their own texts. An open and a close of the same contract are two positions at the
venue, a long and a short one; ours is their sum.
"""

import logging
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from jtrader.domain.account import Balance, VenueEntry, VenuePosition
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market, TradeId, VenueOrderId
from jtrader.domain.money import ZERO, amount, plain
from jtrader.domain.order import Fill, OrderStatus, OrderType, Side, VenueOrder
from jtrader.domain.times import from_millis
from jtrader.exchange.huobi.bills import entry_kind
from jtrader.exchange.huobi.ids import OrderIds, Sent
from jtrader.exchange.huobi.rows import (
    Reader,
    Row,
    conditional_type,
    ended_at_once,
    exact,
    exact_or_none,
    last_time,
    row_field,
)
from jtrader.ports.broker import Reason

log = logging.getLogger(__name__)

STATES = {
    "1": OrderStatus.NEW,
    "2": OrderStatus.NEW,
    "3": OrderStatus.NEW,
    "4": OrderStatus.PARTIALLY_FILLED,
    "5": OrderStatus.CANCELED,  # after fills
    "6": OrderStatus.FILLED,
    "7": OrderStatus.CANCELED,
    "11": OrderStatus.PENDING_CANCEL,
}
TRIGGER_STATES = {
    "1": OrderStatus.NEW,
    "2": OrderStatus.NEW,
    "3": OrderStatus.NEW,
    "4": OrderStatus.NEW,  # triggered: its order is in the book
    "5": OrderStatus.REJECTED,  # when it was triggered
    "6": OrderStatus.CANCELED,
}


class InverseRows(Reader):
    """`ids` knows what this account has sent: client ids are integers here, and trigger orders have none."""

    def __init__(self, account: AccountId, market: Market, ids: OrderIds) -> None:
        super().__init__(account, market)
        self._ids = ids
        self._two_sided: frozenset[InstrumentId] = frozenset()

    def order(self, row: Row) -> VenueOrder:
        """REST order_info, openorders, hisorders, and the stream's `orders.…`."""
        order_id = id_of(row)
        name = self._ids.of_integer(row.get("client_order_id")) or self._ids.of_venue(order_id)
        sent = self._ids.sent(name) if name is not None else None
        with self.reading("order", row):
            status = self.status(STATES, row_field(row, "status"), row)
            style, filled = str(row_field(row, "order_price_type")), amount(row.get("trade_volume") or "0")
            ordered = OrderType.LIMIT if style in _PRICED else OrderType.MARKET
            ordered = sent.type if sent is not None else ordered
            is_refused = style in _POST_ONLY and status is OrderStatus.CANCELED and filled == ZERO
            times = int(row.get("created_at") or row.get("create_date") or 0), int(row.get("canceled_at") or 0)
            return VenueOrder(
                account=self.account,
                instrument=self.instrument(row_field(row, "contract_code")),
                venue_order_id=VenueOrderId(order_id),
                client_order_id=name,
                side=Side(row_field(row, "direction")),
                type=ordered,
                status=status,
                quantity=exact(row, "volume"),
                filled=filled,
                price=exact_or_none(row.get("price")) if ordered is not OrderType.MARKET else None,
                ts=last_time(row, "created_at", "create_date", "update_time", "canceled_at", "ts"),
                reason=Reason.POST_ONLY.value if is_refused and ended_at_once(*times) else "",
                trigger_price=exact_or_none(sent.trigger_price) if sent is not None else None,
                is_triggered=ordered.is_conditional,
                reduce_only=row.get("offset") == "close",
            )

    def trigger(self, row: Row) -> VenueOrder:
        """REST trigger_openorders, trigger_hisorders, and the stream's `trigger_order.…`."""
        order_id = id_of(row)
        name = self._ids.of_venue(order_id)
        with self.reading("trigger order", row):
            side = Side(row_field(row, "direction"))
            is_limit = str(row_field(row, "order_price_type")) in _PRICED
            price = exact_or_none(row.get("order_price")) if is_limit else None
            return VenueOrder(
                account=self.account,
                instrument=self.instrument(row_field(row, "contract_code")),
                venue_order_id=VenueOrderId(order_id),
                client_order_id=name,
                side=side,
                type=conditional_type(side, row_field(row, "trigger_type") == "ge", is_limit),
                status=self.status(TRIGGER_STATES, row_field(row, "status"), row),
                quantity=exact(row, "volume"),
                price=price,
                ts=last_time(row, "created_at", "update_time", "triggered_at", "canceled_at"),
                reason=" ".join(str(row[key]) for key in ("fail_code", "fail_reason") if row.get(key)),
                trigger_price=exact(row, "trigger_price"),
                is_triggered=became(row) != "",
                reduce_only=row.get("offset") == "close",
            )

    def fill(self, row: Row, client_ids: Mapping[str, ClientOrderId | None]) -> Fill:
        """REST matchresults. A fee below zero is paid."""
        order_id = id_of(row)
        with self.reading("trade", row):
            return self._fill(
                row,
                instrument=self.instrument(row_field(row, "contract_code")),
                order_id=order_id,
                name=client_ids.get(order_id),
                side=Side(row_field(row, "direction")),
                millis=row_field(row, "create_date", "created_at"),
                realised=row.get("real_profit", row.get("offset_profitloss")),
            )

    def streamed_fills(self, row: Row, order: VenueOrder) -> list[Fill]:
        """The `trade` list of an `orders.…` message."""
        found = []
        for trade in row.get("trade") or ():
            with self.reading("streamed trade", trade):
                found.append(
                    self._fill(
                        trade,
                        instrument=order.instrument,
                        order_id=order.venue_order_id,
                        name=order.client_order_id,
                        side=order.side,
                        millis=row_field(trade, "created_at"),
                        realised=trade.get("real_profit", trade.get("profit")),
                    )
                )
        return found

    def balance(self, row: Row) -> Balance:
        """account_info: `margin_static` is what the wallet holds without the unrealised profit."""
        with self.reading("balance", row):
            return Balance(
                account=self.account,
                asset=str(row_field(row, "symbol")).upper(),
                total=exact(row, "margin_static"),
                free=max(ZERO, exact(row, "margin_available")),
            )

    def positions(self, rows: Sequence[Row]) -> list[VenuePosition]:
        """position_info. The entry price is what was paid (`cost_open`): `cost_hold` begins anew with each settlement,
        as the unrealised profit does. There is no mark in the rows: the last price stands for it. A long and a short
        of one contract cost margin twice and may be nothing together: an alarm tells of them, once while they stand."""
        found: dict[InstrumentId, VenuePosition] = {}
        both: dict[InstrumentId, tuple[VenuePosition, VenuePosition]] = {}
        for row in rows:
            with self.reading("position", row):
                name = self.instrument(row_field(row, "contract_code"))
                one = VenuePosition(
                    account=self.account,
                    instrument=name,
                    quantity=Side(row_field(row, "direction")).sign * exact(row, "volume"),
                    entry_price=exact(row, "cost_open"),
                    mark=exact(row, "mark_price", "last_price"),
                    unrealised=exact(row, "profit_unreal"),
                    settle=str(row_field(row, "symbol")).upper(),
                )
                if name in found and ZERO not in (one.quantity, found[name].quantity):
                    both[name] = (found[name], one)
                found[name] = _netted(found[name], one) if name in found else one
        self._alarm(both)
        return [position for position in found.values() if position.quantity != ZERO]

    def _alarm(self, both: Mapping[InstrumentId, tuple[VenuePosition, VenuePosition]]) -> None:
        for name, sides in both.items():
            if name not in self._two_sided:
                long, short = sorted((one.quantity for one in sides), reverse=True)
                log.error(
                    "account %s holds %s long and %s short of %s at once, with margin for both: close what is the same"
                    " on both sides at the venue",
                    self.account,
                    plain(long),
                    plain(-short),
                    name,
                )
        self._two_sided = frozenset(both)

    def entry(self, row: Row) -> VenueEntry:
        """financial_record."""
        code = str(row.get("contract_code") or "")
        with self.reading("financial record", row):
            return VenueEntry(
                account=self.account,
                entry_id=str(row_field(row, "id")),
                kind=entry_kind(row_field(row, "type")),
                asset=str(row_field(row, "asset", "symbol")).partition("-")[0].upper(),
                amount=exact(row, "amount"),
                ts=from_millis(int(row_field(row, "ts"))),
                instrument=self.instrument(code) if code else None,
            )

    def is_sent(self, row: Row, sent: Sent) -> bool:
        """Whether a trigger order of the venue is what was sent, by its fields: it carries no id of ours."""
        told = self.trigger(row)
        same = (told.instrument, told.side.value, told.type) == (sent.instrument, sent.side, sent.type)
        wanted = (amount(sent.quantity), exact_or_none(sent.trigger_price), exact_or_none(sent.price))
        return same and (told.quantity, told.trigger_price, told.price) == wanted

    def _fill(
        self,
        row: Row,
        *,
        instrument: InstrumentId,
        order_id: str,
        name: ClientOrderId | None,
        side: Side,
        millis: Any,
        realised: Any,
    ) -> Fill:
        return Fill(
            account=self.account,
            instrument=instrument,
            trade_id=TradeId(str(row_field(row, "id"))),
            venue_order_id=VenueOrderId(order_id),
            client_order_id=name,
            side=side,
            price=exact(row, "trade_price"),
            quantity=exact(row, "trade_volume"),
            fee=-exact(row, "trade_fee"),
            fee_asset=str(row_field(row, "fee_asset")).upper(),
            maker=str(row_field(row, "role")).lower() == "maker",
            ts=from_millis(int(millis)),
            realised=amount(realised) if realised is not None else None,
        )


_PRICED = frozenset({"limit", "post_only", "ioc", "fok", "1", "6", "11", "12"})
"""order_price_type, which the history tells as numbers."""
_POST_ONLY = frozenset({"post_only", "6"})
ID_NAMES = ("order_id_str", "order_id")


def id_of(row: Row) -> str:
    """An id has 18 digits: the text is what counts."""
    return str(row_field(row, *ID_NAMES))


def became(row: Row) -> str:
    """The order that a trigger order put into the book; empty before that."""
    order_id = str(row.get("relation_order_id") or "")
    return "" if order_id in ("-1", "0") else order_id


def _netted(one: VenuePosition, other: VenuePosition) -> VenuePosition:
    """A long and a short position of one contract as one: the larger one's entry price."""
    larger = one if abs(one.quantity) >= abs(other.quantity) else other
    total: Decimal = one.quantity + other.quantity
    return VenuePosition(
        account=one.account,
        instrument=one.instrument,
        quantity=total,
        entry_price=larger.entry_price,
        mark=larger.mark,
        unrealised=one.unrealised + other.unrealised,
        settle=one.settle,
    )
