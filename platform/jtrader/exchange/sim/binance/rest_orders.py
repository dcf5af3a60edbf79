"""Orders: enter, look up, cancel, list; and the trades they made."""

import secrets
from typing import Any

from jtrader.domain.times import DAY
from jtrader.exchange.sim.binance import rows_spot, rows_usdm
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import NO_ORDER, SPOT, TOO_LONG, BinanceError, illegal, missing
from jtrader.exchange.sim.binance.words import side_of, style_of
from jtrader.matching.entry import Style
from jtrader.venue.filters import NewOrder
from jtrader.venue.records import Order, Trade

_CLIENT_ID = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/")


def place(call: Call) -> dict[str, Any]:
    order = call.venue.submit(call.account, _new_order(call), call.world.now)
    if call.market == SPOT:
        return rows_spot.placed_row(order, call.listing(), call.account.trades_of.get(order.id, []))
    return rows_usdm.order_row(order, call.listing())


def check(call: Call) -> dict[str, Any]:
    """The test door: the parameters are read, nothing is placed."""
    call.listing()
    _new_order(call)
    return {}


def look_up(call: Call) -> dict[str, Any]:
    order = _find(call)
    if order is None:
        raise BinanceError(*NO_ORDER)
    return _row(call, order)


def cancel(call: Call) -> dict[str, Any]:
    order = call.venue.cancel(call.account, _find(call), call.world.now, _cancel_id(call))
    if call.market == SPOT:
        return rows_spot.cancelled_row(order, call.listing())
    return rows_usdm.order_row(order, call.listing())


def cancel_all(call: Call) -> Any:
    listing = call.listing()
    found = call.account.open_of(listing.symbol)
    for order in found:
        call.venue.cancel(call.account, order, call.world.now, _cancel_id(call))
    if call.market != SPOT:
        return {"code": 200, "msg": "The operation of cancel all open order is done."}
    if not found:
        raise BinanceError(-2011, "Unknown order sent.")
    return [rows_spot.cancelled_row(order, listing) for order in found]


def open_orders(call: Call) -> list[dict[str, Any]]:
    wanted = {listing.symbol for listing in call.listings()}
    return [_row(call, order) for order in call.account.open_orders.values() if order.symbol in wanted]


def all_orders(call: Call) -> list[dict[str, Any]]:
    symbol, limit = call.listing().symbol, call.limit(500, 1000)
    start, end = _span(call)
    from_id = call.integer("orderId")
    found = [
        order
        for order in call.account.orders.values()
        if order.symbol == symbol and _within(order.created, start, end) and order.id >= (from_id or 0)
    ]
    chosen = found[:limit] if start is not None or from_id is not None else found[-limit:]
    return [_row(call, order) for order in chosen]


def my_trades(call: Call) -> list[dict[str, Any]]:
    listing, limit = call.listing(), call.limit(500, 1000)
    start, end = _span(call)
    from_id, order_id = call.integer("fromId"), call.integer("orderId")

    def wanted(trade: Trade) -> bool:
        if trade.symbol != listing.symbol or not _within(trade.ts, start, end):
            return False
        return trade.id >= (from_id or 0) and order_id in (None, trade.order_id)

    found = [trade for trade in call.account.trades if wanted(trade)]
    chosen = found[:limit] if start is not None or from_id is not None else found[-limit:]
    shape = rows_spot.trade_row if call.market == SPOT else rows_usdm.trade_row
    return [shape(trade, listing) for trade in chosen]


def _span(call: Call) -> tuple[int | None, int | None]:
    """Spot allows at most 24 hours between the two times; USDT-M shows seven days from the start."""
    start, end = call.span()
    if start is None or end is None:
        return start, end if end is not None or start is None or call.market == SPOT else start + 7 * DAY
    if call.market == SPOT:
        if end - start > DAY + DAY // 86_400_000:
            raise BinanceError(*TOO_LONG)
        return start, end
    return start, min(end, start + 7 * DAY)


def _within(ts: int, start: int | None, end: int | None) -> bool:
    return (start is None or ts >= start) and (end is None or ts < end)


def _row(call: Call, order: Order) -> dict[str, Any]:
    shape = rows_spot.order_row if call.market == SPOT else rows_usdm.order_row
    return shape(order, call.venue.listings[order.symbol])


def _find(call: Call) -> Order | None:
    order_id, client_id = call.integer("orderId"), call.maybe("origClientOrderId")
    if order_id is None and client_id is None:
        raise BinanceError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
    return call.account.find(call.listing().symbol, order_id, client_id)


def _cancel_id(call: Call) -> str:
    return call.maybe("newClientOrderId") or secrets.token_urlsafe(16)


def _new_order(call: Call) -> NewOrder:
    style = style_of(call.market, call.text("type"), call.maybe("timeInForce"))
    quantity, price, quote = call.decimal("quantity"), call.decimal("price"), call.decimal("quoteOrderQty")
    if style is Style.MARKET:
        price = None
        if quantity is None and (quote is None or call.market != SPOT):
            raise missing("quantity")
    else:
        quote = None
        if quantity is None:
            raise missing("quantity")
        if price is None:
            raise missing("price")
    return NewOrder(
        symbol=call.listing().symbol,
        side=side_of(call.text("side")),
        style=style,
        client_id=_client_id(call),
        quantity=quantity,
        price=price,
        quote=quote if quantity is None else None,
        reduce_only=call.market != SPOT and call.flag("reduceOnly"),
    )


def _client_id(call: Call) -> str:
    client_id = call.maybe("newClientOrderId") or secrets.token_urlsafe(16)
    if len(client_id) > 36 or not _CLIENT_ID.issuperset(client_id):
        raise illegal("newClientOrderId")
    return client_id
