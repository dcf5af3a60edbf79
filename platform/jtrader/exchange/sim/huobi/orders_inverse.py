"""Coin-margined orders: place, cancel, close at once, look up, list; and what they traded.

The same requests with two spellings: `swap_…` and `contract_…`. Accounts keep long and short apart, so an order says
what it does: `direction` and `offset`.
"""

from typing import Any

import msgspec

from jtrader.exchange.sim.huobi import contract_desk as desk
from jtrader.exchange.sim.huobi.call import Call, Whole
from jtrader.exchange.sim.huobi.client_ids import Kind, kept
from jtrader.exchange.sim.huobi.errors import (
    BAD_OFFSET,
    NO_ORDER,
    NOTHING_TO_CANCEL,
    HuobiError,
    illegal,
    in_words,
    missing,
)
from jtrader.exchange.sim.huobi.pages import numbers, slice_of
from jtrader.exchange.sim.huobi.rows_inverse import history_row, offset_word, order_row, trade_of_order, trade_row
from jtrader.exchange.sim.huobi.words import contract_status, price_type, side_of, side_word
from jtrader.matching.entry import Style
from jtrader.venue.filters import NewOrder
from jtrader.venue.records import Order, Trade
from jtrader.venue.refusals import Refused
from jtrader.venue.words import Leg, Origin

_BATCH = 10
_ATTACHED = ("tp_trigger_price", "sl_trigger_price")
_TRADE_TYPES = {("buy", "open"): 1, ("sell", "open"): 2, ("buy", "close"): 3, ("sell", "close"): 4}
_LEVERAGE_MISSING = HuobiError(1094, "The leverage cannot be empty, please switch the leverage or contact us.")
_LARGEST_ID = 2**63 - 1


def place(call: Call) -> dict[str, Any]:
    return _placed_row(call, _place(call))


def place_batch(call: Call) -> dict[str, Any]:
    """`orders_data`, at most ten, each for itself; `index` counts from 1."""
    given = call.params.get("orders_data")
    if not isinstance(given, list) or not 0 < len(given) <= _BATCH:
        raise illegal(call.family, "orders_data")
    success, errors = [], []
    for index, item in enumerate(given, 1):
        one = msgspec.structs.replace(call, params=item)
        try:
            success.append({"index": index, **_placed_row(one, _place(one))})
        except Refused as refused:
            error = in_words(call.market, refused)
            errors.append({"index": index, "err_code": error.code, "err_msg": str(error)})
        except HuobiError as error:
            errors.append({"index": index, "err_code": error.code, "err_msg": str(error)})
    return {"errors": errors, "success": success}


def _placed_row(call: Call, order: Order) -> dict[str, Any]:
    given = call.integer("client_order_id")
    row: dict[str, Any] = {"order_id": order.id, "order_id_str": str(order.id)}
    return row if given is None else row | {"client_order_id": given}


def _place(call: Call) -> Order:
    listing = call.listing()
    if any(call.maybe(name) is not None for name in _ATTACHED):
        raise desk.NOT_OFFERED
    side, style = side_of(call.text("direction")), price_type(call.text("order_price_type"))
    leg = leg_asked(call, side)
    price, volume = call.decimal("price"), call.decimal("volume")
    if volume is None:
        raise missing(call.family, "volume")
    if style is not Style.MARKET and price is None:
        raise missing(call.family, "price")
    new = NewOrder(
        symbol=listing.symbol,
        side=side,
        style=style,
        client_id=kept(Kind.PLAIN, own_number(call)),
        quantity=volume,
        price=None if style is Style.MARKET else price,
        reduce_only=leg is Leg.BOTH and call.flag("reduce_only"),
        leg=leg,
    )
    if side == leg.sign:
        _take_leverage(call)
    return call.venue.submit(call.account, new, call.world.now)


def _take_leverage(call: Call) -> None:
    leverage = call.integer("lever_rate")
    if leverage is None:
        raise _LEVERAGE_MISSING
    desk.take_leverage(call, call.listing(), leverage)


def leg_asked(call: Call, side: int) -> Leg:
    """From `offset`: opening a long and closing a short buy. An account in one-way mode may leave it out."""
    offset = call.maybe("offset")
    if not call.account.modes.hedge and offset in (None, "both"):
        return Leg.BOTH
    if offset not in ("open", "close"):
        raise BAD_OFFSET
    return Leg.LONG if (side > 0) == (offset == "open") else Leg.SHORT


def own_number(call: Call) -> str | None:
    given = call.maybe("client_order_id")
    if given is None:
        return None
    if not given.isdigit() or not 0 < int(given) <= _LARGEST_ID:
        raise HuobiError(1065, "The client_order_id is not an integer.")
    return given


def close_at_once(call: Call) -> dict[str, Any]:
    """Lightning close: at the market, of the leg that the direction closes."""
    listing, side = call.listing(), side_of(call.text("direction"))
    leg = Leg.BOTH if not call.account.modes.hedge else Leg.SHORT if side > 0 else Leg.LONG
    volume = call.decimal("volume")
    if volume is None:
        raise missing(call.family, "volume")
    new = NewOrder(
        symbol=listing.symbol,
        side=side,
        style=Style.MARKET,
        client_id=kept(Kind.PLAIN, own_number(call)),
        quantity=volume,
        reduce_only=leg is Leg.BOTH,
        leg=leg,
    )
    return _placed_row(call, call.venue.submit(call.account, new, call.world.now))


def cancel(call: Call) -> dict[str, Any]:
    """Up to ten by commas, by `order_id` or else `client_order_id`: which were, and why the others were not."""
    done, errors = [], []
    for name, one in asked_ids(call, _BATCH):
        order = desk.find(call, int(one) if name == "order_id" else None, one if name != "order_id" else None)
        try:
            desk.cancel(call, order)
        except HuobiError as error:
            errors.append({"order_id": one, "err_code": error.code, "err_msg": str(error)})
        else:
            done.append(one)
    return {"errors": errors, "successes": ",".join(done)}


def asked_ids(call: Call, most: int) -> list[tuple[str, str]]:
    """(which name, id). Raises HuobiError for none, too many, or no numbers."""
    name = "order_id" if call.maybe("order_id") is not None else "client_order_id"
    given = call.text(name).split(",")
    if len(given) > most or not all(one.isdigit() for one in given):
        raise illegal(call.family, name)
    return [(name, one) for one in given]


def cancel_all(call: Call) -> dict[str, Any]:
    """Of a contract (or all of a coin), by direction and offset. Raises HuobiError when there is none."""
    symbols = {listing.symbol for listing in call.listings()}
    direction, offset = call.maybe("direction"), call.maybe("offset")
    found = [
        order
        for order in desk.resting(call, None)
        if order.symbol in symbols
        if direction in (None, side_word(order.side)) and offset in (None, offset_word(order.side, order.leg))
    ]
    if not found:
        raise NOTHING_TO_CANCEL
    return {"errors": [], "successes": ",".join(str(desk.cancel(call, order).id) for order in found)}


def look_up(call: Call) -> list[dict[str, Any]]:
    """Up to fifty by commas. Raises HuobiError when none of them is known."""
    asked = asked_ids(call, 50)
    found = [
        order
        for name, one in asked
        if (order := desk.find(call, int(one) if name == "order_id" else None, one if name != "order_id" else None))
    ]
    if not found:
        raise NO_ORDER
    return [_row(call, order) for order in found]


def look_into(call: Call) -> dict[str, Any]:
    """One order with its trades."""
    order = desk.find(call, call.integer("order_id"), None)
    if order is None:
        raise NO_ORDER
    trades, listing = call.account.trades_of.get(order.id, []), call.venue.listings[order.symbol]
    rows = [trade_of_order(trade, listing) for trade in slice_of(call, trades)]
    return {**_row(call, order), "trades": rows, **numbers(call, len(trades))}


def open_orders(call: Call) -> dict[str, Any]:
    symbols = {listing.symbol for listing in call.listings()}
    found = [order for order in reversed(desk.resting(call, None)) if order.symbol in symbols]
    chosen = _of_type(call, found)
    return {"orders": [_row(call, order) for order in slice_of(call, chosen)], **numbers(call, len(chosen))}


def history(call: Call) -> Whole:
    """v3: a list of what the asked 48 hours hold; `type` 2 leaves out what is open."""
    rows = desk.page(call, _past(call), lambda order: order.id, "size", 20, 50)
    return Whole({"code": 200, "msg": "", "data": [_history_row(call, order) for order in rows], "ts": call.now_ms})


def history_pages(call: Call) -> dict[str, Any]:
    """v1: the same in pages."""
    found = list(reversed(_past(call)))
    return {"orders": [_history_row(call, order) for order in slice_of(call, found)], **numbers(call, len(found))}


def history_exact(call: Call) -> dict[str, Any]:
    """v1: the same by ids."""
    return desk.exact_page(call, "orders", _past(call), lambda order: order.id, lambda order: _history_row(call, order))


def _past(call: Call) -> list[Order]:
    start, end = desk.window(call)
    symbols = {listing.symbol for listing in call.listings()}
    states = (call.maybe("status") or "0").split(",")
    found = [
        order
        for order in desk.plain_orders(call, None)
        if order.symbol in symbols and start <= order.created < end
        if "0" in states or str(contract_status(order)) in states
        if call.maybe("type") != "2" or not order.is_open
    ]
    return _of_type(call, found)


def _of_type(call: Call, found: list[Order]) -> list[Order]:
    """`trade_type`: 0 all, 1 open long, 2 open short, 3 close short, 4 close long, 5, 6 liquidated long, short."""
    wanted = call.integer("trade_type") or 0
    return [order for order in found if wanted in (0, _trade_type(order.side, order.leg, order.origin))]


def _trade_type(side: int, leg: Leg, origin: Origin) -> int:
    if origin is not Origin.ACCOUNT:
        return 5 if side < 0 else 6
    return _TRADE_TYPES.get((side_word(side), offset_word(side, leg)), 17 if side > 0 else 18)


def trades(call: Call) -> Whole:
    """v3: a list of what the asked 48 hours hold."""
    rows = [_trade_row(call, pair) for pair in desk.page(call, _trades(call), lambda pair: pair[0], "size", 20, 50)]
    return Whole({"code": 200, "msg": "", "data": rows, "ts": call.now_ms})


def trade_pages(call: Call) -> dict[str, Any]:
    """v1: the same in pages."""
    found = list(reversed(_trades(call)))
    return {"trades": [_trade_row(call, pair) for pair in slice_of(call, found)], **numbers(call, len(found))}


def trades_exact(call: Call) -> dict[str, Any]:
    """v1: the same by ids."""
    return desk.exact_page(call, "trades", _trades(call), lambda pair: pair[0], lambda pair: _trade_row(call, pair))


def _trades(call: Call) -> list[tuple[int, Trade]]:
    symbols = {listing.symbol for listing in call.listings()}
    wanted = call.integer("trade_type") or 0
    return [
        (number, trade)
        for number, trade in desk.numbered_trades(call, None)
        if trade.symbol in symbols and wanted in (0, _trade_type(trade.side, trade.leg, trade.origin))
    ]


def _row(call: Call, order: Order) -> dict[str, Any]:
    return order_row(order, call.account, call.venue.listings[order.symbol], desk.margin_of(call), call.world.now)


def _history_row(call: Call, order: Order) -> dict[str, Any]:
    return history_row(order, call.account, call.venue.listings[order.symbol], desk.margin_of(call), call.world.now)


def _trade_row(call: Call, pair: tuple[int, Trade]) -> dict[str, Any]:
    number, trade = pair
    order = call.account.orders[trade.order_id]
    return trade_row(trade, number, order, call.venue.listings[trade.symbol], call.world.now)
