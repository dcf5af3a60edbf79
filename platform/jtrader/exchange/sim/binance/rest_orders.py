"""Orders: enter, look up, cancel, list; and the trades they made."""

import secrets
from typing import Any

from jtrader.domain.order import OrderStatus
from jtrader.domain.times import DAY
from jtrader.exchange.sim.binance import rows_futures, rows_spot
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import NO_ORDER, SPOT, TOO_LONG, UNKNOWN_ORDER, BinanceError
from jtrader.exchange.sim.binance.new_order import new_order
from jtrader.venue.records import Order, Trade


def place(call: Call) -> dict[str, Any]:
    return placed_row(call, call.venue.submit(call.account, new_order(call), call.world.now))


def placed_row(call: Call, order: Order) -> dict[str, Any]:
    """The answer to a new order, as far as `newOrderRespType` asks for it (spot)."""
    if call.market != SPOT:
        return rows_futures.order_row(order, call.venue.listings[order.symbol])
    listing, wanted = call.venue.listings[order.symbol], call.maybe("newOrderRespType")
    row = rows_spot.placed_row(order, listing, call.account.trades_of.get(order.id, []))
    if wanted == "ACK":
        return {name: row[name] for name in ("symbol", "orderId", "orderListId", "clientOrderId", "transactTime")}
    if wanted == "RESULT":
        del row["fills"]
    return row


def check(call: Call) -> dict[str, Any]:
    """The test door: the parameters are read, nothing is placed."""
    call.listing()
    new_order(call)
    return {}


def look_up(call: Call) -> dict[str, Any]:
    order = find(call)
    if order is None:
        raise BinanceError(*NO_ORDER)
    return row(call, order)


def look_up_open(call: Call) -> dict[str, Any]:
    """Futures: one open order; what has ended does not exist here."""
    order = find(call)
    if order is None or not order.is_open:
        raise BinanceError(*NO_ORDER)
    return row(call, order)


def cancel(call: Call) -> dict[str, Any]:
    order = find(call)
    if order is not None and not _may_be_cancelled(order, call.maybe("cancelRestrictions")):
        raise BinanceError(-2011, "Order was not canceled due to cancel restrictions.")
    return cancelled_row(call, call.venue.cancel(call.account, order, call.world.now, cancel_id(call)))


def cancelled_row(call: Call, order: Order) -> dict[str, Any]:
    listing = call.venue.listings[order.symbol]
    shape = rows_spot.cancelled_row if call.market == SPOT else rows_futures.order_row
    return shape(order, listing)


def cancel_all(call: Call) -> Any:
    """On futures the orders in the book; conditional ones have their own door."""
    symbol = call.listing().symbol
    account = call.account
    found = account.open_of(symbol) + (account.waiting_of(symbol) if call.market == SPOT else [])
    for order in found:
        call.venue.cancel(account, order, call.world.now, cancel_id(call))
    if call.market != SPOT:
        return {"code": 200, "msg": "The operation of cancel all open order is done."}
    if not found:
        raise BinanceError(*UNKNOWN_ORDER)
    return [cancelled_row(call, order) for order in found]


def open_orders(call: Call) -> list[dict[str, Any]]:
    wanted = {listing.symbol for listing in call.listings()}
    account = call.account
    found = list(account.open_orders.values())
    if call.market == SPOT:
        found += account.open_conditionals.values()
    return [row(call, order) for order in sorted(found, key=lambda order: order.id) if order.symbol in wanted]


def all_orders(call: Call) -> list[dict[str, Any]]:
    symbol, limit = call.listing().symbol, call.limit(500, 1000)
    start, end = span(call)
    from_id = call.integer("orderId")
    found = [
        order
        for order in call.account.orders.values()
        if order.symbol == symbol
        and is_shown(call, order)
        and within(order.created, start, end)
        and order.id >= (from_id or 0)
    ]
    chosen = found[:limit] if start is not None or from_id is not None else found[-limit:]
    return [row(call, order) for order in chosen]


def my_trades(call: Call) -> list[dict[str, Any]]:
    listing, limit = call.listing(), call.limit(500, 1000)
    start, end = span(call)
    from_id, order_id = call.integer("fromId"), call.integer("orderId")

    def wanted(trade: Trade) -> bool:
        if trade.symbol != listing.symbol or not within(trade.ts, start, end):
            return False
        return trade.id >= (from_id or 0) and order_id in (None, trade.order_id)

    found = [trade for trade in call.account.trades if wanted(trade)]
    chosen = found[:limit] if start is not None or from_id is not None else found[-limit:]
    shape = rows_spot.trade_row if call.market == SPOT else rows_futures.trade_row
    return [shape(trade, listing) for trade in chosen]


def span(call: Call) -> tuple[int | None, int | None]:
    """Spot allows at most 24 hours between the two times; futures show seven days from the start."""
    start, end = call.span()
    if start is None or end is None:
        return start, end if end is not None or start is None or call.market == SPOT else start + 7 * DAY
    if call.market == SPOT:
        if end - start > DAY + DAY // 86_400_000:
            raise BinanceError(*TOO_LONG)
        return start, end
    return start, min(end, start + 7 * DAY)


def within(ts: int, start: int | None, end: int | None) -> bool:
    return (start is None or ts >= start) and (end is None or ts < end)


def row(call: Call, order: Order) -> dict[str, Any]:
    shape = rows_spot.order_row if call.market == SPOT else rows_futures.order_row
    return shape(order, call.venue.listings[order.symbol])


def is_shown(call: Call, order: Order) -> bool:
    """On futures a conditional order is an order only once it has gone to work."""
    if call.market == SPOT or order.trigger is None:
        return True
    return bool(order.triggered) and order.status is not OrderStatus.REJECTED


def find(call: Call) -> Order | None:
    order_id, client_id = call.integer("orderId"), call.maybe("origClientOrderId")
    if order_id is None and client_id is None:
        raise BinanceError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    symbol = call.listing().symbol
    if call.market == SPOT or order_id is not None or client_id is None:
        order = call.account.find(symbol, order_id, client_id)
    elif (number := client_id.removeprefix(rows_futures.MADE_HERE)) != client_id and number.isdigit():
        order = call.account.find(symbol, int(number), None)
    else:
        order = call.account.find(symbol, None, client_id)
        order = None if order is not None and order.trigger is not None else order  # that id is of the algo order
    return order if order is not None and is_shown(call, order) else None


def cancel_id(call: Call) -> str:
    return call.maybe("newClientOrderId") or secrets.token_urlsafe(16)


def _may_be_cancelled(order: Order, restriction: str | None) -> bool:
    if restriction == "ONLY_NEW":
        return order.status is OrderStatus.NEW
    if restriction == "ONLY_PARTIALLY_FILLED":
        return order.status is OrderStatus.PARTIALLY_FILLED
    return True
