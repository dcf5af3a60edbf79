"""Our orders as ccxt's unified arguments, and ccxt's orders, trades and rows as ours."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from jtrader.domain.account import EntryKind, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput, Broken, JtraderError
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, TradeId, VenueOrderId
from jtrader.domain.money import ZERO, amount, plain
from jtrader.domain.order import ChildOrder, Fill, OrderStatus, OrderType, Side, TimeInForce, TriggerBy, VenueOrder
from jtrader.domain.times import from_millis
from jtrader.exchange.ccxt.spoken import CcxtMarket
from jtrader.ports.broker import NotOffered

STATUS = {
    "open": OrderStatus.NEW,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "cancelled": OrderStatus.CANCELED,
    "canceling": OrderStatus.PENDING_CANCEL,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}
ENTRIES = {
    "trade": EntryKind.TRADE,
    "fee": EntryKind.FEE,
    "funding": EntryKind.FUNDING,
    "transfer": EntryKind.TRANSFER,
    "deposit": EntryKind.TRANSFER,
    "transaction": EntryKind.TRANSFER,
    "withdrawal": EntryKind.TRANSFER,
    "rebate": EntryKind.REBATE,
    "settlement": EntryKind.SETTLEMENT,
}
_IF_TOUCHED = (OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED)
_LIMITS = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)


class Arguments(NamedTuple):
    """Of create_order."""

    symbol: str
    type: str
    side: str
    amount: str
    price: str | None
    params: dict[str, Any]


def arguments(order: ChildOrder, symbol: str, spoken: CcxtMarket) -> Arguments:
    """Raises BadInput for an order without the price that its type needs, NotOffered for what the unified interface
    can't say."""
    name = spoken.written(order.client_order_id)
    params: dict[str, Any] = {"clientOrderId": name}
    if order.reduce_only:
        params["reduceOnly"] = True
    if order.type.is_conditional:
        if order.trigger_price is None:
            raise BadInput(f"{order.type} order {order.client_order_id} has no trigger price")
        if order.trigger_by is not TriggerBy.LAST:
            raise NotOffered(f"the generic adapter triggers by the last price, not by {order.trigger_by}")
        params["triggerPrice"] = plain(order.trigger_price)
        if spoken.conditional_id:
            params[spoken.conditional_id] = name
    if order.time_in_force is TimeInForce.POST_ONLY:
        params["postOnly"] = True
    elif order.time_in_force is not TimeInForce.GTC:
        params["timeInForce"] = order.time_in_force.value.upper()
    is_limit = order.type in _LIMITS
    if is_limit and order.price is None:
        raise BadInput(f"{order.type} order {order.client_order_id} has no price")
    price = plain(order.price) if is_limit and order.price is not None else None
    return Arguments(symbol, "limit" if is_limit else "market", order.side.value, plain(order.quantity), price, params)


class Reader:
    """Of one account; `known` are the orders that were sent, for what a venue's row leaves out."""

    def __init__(self, account: AccountId, spoken: CcxtMarket) -> None:
        self._account = account
        self._spoken = spoken
        self.sent: dict[ClientOrderId, ChildOrder] = {}
        self.names: dict[str, ClientOrderId | None] = {}
        """Client ids by the venue's order number."""

    def order(self, instrument: InstrumentId, row: Mapping[str, Any]) -> VenueOrder:
        own_field = self._spoken.conditional_id
        with_own_id = row.get("info", {}).get(own_field) if own_field else None
        name = with_own_id or row.get("clientOrderId") or None
        client_id = self._spoken.read(str(name)) if name else self.names.get(str(row["id"]))
        sent = self.sent.get(client_id) if client_id is not None else None
        self.names[str(row["id"])] = client_id
        try:
            filled = amount(str(row.get("filled") or "0"))
            status = STATUS[row.get("status") or "open"]
            trigger = row.get("triggerPrice") or row.get("stopPrice")
            price = row.get("price")
            return VenueOrder(
                account=self._account,
                instrument=instrument,
                venue_order_id=VenueOrderId(str(row["id"])),
                client_order_id=client_id,
                side=Side(row["side"]),
                type=_type(row, bool(trigger), sent),
                status=OrderStatus.PARTIALLY_FILLED if status is OrderStatus.NEW and filled > ZERO else status,
                quantity=amount(str(row["amount"] if row.get("amount") is not None else _sent_quantity(sent))),
                filled=filled,
                price=amount(str(price)) if price else (sent.price if sent else None),
                ts=from_millis(int(row.get("lastUpdateTimestamp") or row.get("timestamp") or 0)),
                trigger_price=amount(str(trigger)) if trigger else (sent.trigger_price if sent else None),
                reduce_only=bool(row.get("reduceOnly")),
            )
        except (KeyError, TypeError, ValueError, JtraderError) as error:
            raise Broken(f"an order can't be read ({error!r}): {dict(row)}") from error

    def fill(self, instrument: InstrumentId, row: Mapping[str, Any]) -> Fill:
        order_id = str(row["order"])
        told = (row.get("info") or {}).get("clOrdId") or row.get("clientOrderId")
        fee = row.get("fee") or {}
        try:
            return Fill(
                account=self._account,
                instrument=instrument,
                trade_id=TradeId(str(row["id"])),
                venue_order_id=VenueOrderId(order_id),
                client_order_id=self.names.get(order_id) or (self._spoken.read(str(told)) if told else None),
                side=Side(row["side"]),
                price=amount(str(row["price"])),
                quantity=amount(str(row["amount"])),
                fee=amount(str(fee.get("cost") or "0")),
                fee_asset=str(fee.get("currency") or ""),
                maker=row.get("takerOrMaker") == "maker",
                ts=from_millis(int(row["timestamp"])),
            )
        except (KeyError, TypeError, ValueError, JtraderError) as error:
            raise Broken(f"a trade can't be read ({error!r}): {dict(row)}") from error

    def position(self, instrument: InstrumentId, row: Mapping[str, Any], settle: str) -> VenuePosition:
        sign = -1 if row.get("side") == "short" else 1
        try:
            return VenuePosition(
                account=self._account,
                instrument=instrument,
                quantity=sign * abs(amount(str(row.get("contracts") or "0"))),
                entry_price=amount(str(row.get("entryPrice") or "0")),
                mark=amount(str(row.get("markPrice") or "0")),
                unrealised=amount(str(row.get("unrealizedPnl") or "0")),
                settle=settle,
            )
        except (KeyError, TypeError, ValueError, JtraderError) as error:
            raise Broken(f"a position can't be read ({error!r}): {dict(row)}") from error

    def entry(self, row: Mapping[str, Any]) -> VenueEntry:
        try:
            moved = abs(amount(str(row["amount"])))
            return VenueEntry(
                account=self._account,
                entry_id=str(row["id"]),
                kind=ENTRIES.get(str(row.get("type")), EntryKind.ADJUST),
                asset=str(row["currency"]),
                amount=-moved if row.get("direction") == "out" else moved,
                ts=from_millis(int(row["timestamp"])),
                reference=str(row.get("referenceId") or ""),
            )
        except (KeyError, TypeError, ValueError, JtraderError) as error:
            raise Broken(f"a ledger row can't be read ({error!r}): {dict(row)}") from error


def _type(row: Mapping[str, Any], has_trigger: bool, sent: ChildOrder | None) -> OrderType:
    """Stops and if-touched orders look alike at most venues: what was sent tells them apart."""
    if sent is not None:
        return sent.type
    is_limit = row.get("type") == "limit" or bool(row.get("price"))
    if has_trigger:
        return OrderType.STOP_LIMIT if is_limit else OrderType.STOP
    return OrderType.LIMIT if is_limit and row.get("type") != "market" else OrderType.MARKET


def _sent_quantity(sent: ChildOrder | None) -> str:
    if sent is None:
        raise Broken("an order without an amount")
    return plain(sent.quantity)
