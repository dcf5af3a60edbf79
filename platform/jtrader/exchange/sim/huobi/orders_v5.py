"""Linear swaps' orders (v5): place, cancel, close a position, look up, list; and what they traded."""

import re
from typing import Any

import msgspec

from jtrader.exchange.sim.huobi import contract_desk as desk
from jtrader.exchange.sim.huobi.call import Call
from jtrader.exchange.sim.huobi.client_ids import Kind, fresh, kept
from jtrader.exchange.sim.huobi.errors import (
    BAD_TYPE,
    NO_ORDER,
    NOTHING_TO_CANCEL,
    HuobiError,
    illegal,
    in_words,
    missing,
)
from jtrader.exchange.sim.huobi.rows_v5 import client_id, order_row, trade_row
from jtrader.exchange.sim.huobi.words import side_of, side_word, v5_state
from jtrader.matching.entry import Style
from jtrader.venue.filters import NewOrder
from jtrader.venue.listing import Listing
from jtrader.venue.records import Order, Position
from jtrader.venue.refusals import Refused

_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TIMES = {"gtc": Style.LIMIT, "ioc": Style.IOC, "fok": Style.FOK}
_BATCH = 10
_ATTACHED = ("tp_trigger_price", "sl_trigger_price", "tp_order_price", "sl_order_price")


def place(call: Call) -> dict[str, str]:
    return _named(_place(call))


def place_batch(call: Call) -> list[dict[str, Any]]:
    """At most ten, each for itself."""
    if not 0 < len(call.items) <= _BATCH:
        raise illegal(call.family, "orders")
    return [_one_of_batch(msgspec.structs.replace(call, params=item, items=())) for item in call.items]


def _one_of_batch(call: Call) -> dict[str, Any]:
    try:
        return {"code": 200, "message": "Success", **_named(_place(call))}
    except Refused as refused:
        error = in_words(call.market, refused)
    except HuobiError as refusal:
        error = refusal
    return {"code": error.code, "message": str(error), "order_id": "", "client_order_id": call.maybe("client_order_id")}


def _place(call: Call) -> Order:
    listing = call.listing()
    if any(call.maybe(name) is not None for name in _ATTACHED):
        raise desk.NOT_OFFERED
    new = _new_order(call, listing)
    desk.take_margin_mode(call, listing, call.maybe("margin_mode"))
    return call.venue.submit(call.account, new, call.world.now)


def _new_order(call: Call, listing: Listing) -> NewOrder:
    style = style_of(call)
    price = call.decimal("price")
    if style is not Style.MARKET and price is None:
        raise missing(call.family, "price")
    volume = call.decimal("volume")
    if volume is None:
        raise missing(call.family, "volume")
    return NewOrder(
        symbol=listing.symbol,
        side=side_of(call.text("side")),
        style=style,
        client_id=kept(Kind.PLAIN, own_id(call, "client_order_id")),
        quantity=volume,
        price=None if style is Style.MARKET else price,
        reduce_only=call.flag("reduce_only"),
        leg=desk.leg_of(call.maybe("position_side")),
    )


def style_of(call: Call) -> Style:
    kind, time = call.text("type"), (call.maybe("time_in_force") or "gtc").lower()
    if kind == "market" or call.maybe("price_match") is not None:
        return Style.MARKET
    if kind == "post_only":
        return Style.POST_ONLY
    if kind != "limit" or time not in _TIMES:
        raise BAD_TYPE
    return _TIMES[time]


def own_id(call: Call, name: str) -> str | None:
    given = call.maybe(name)
    if given is not None and not _CLIENT_ID.fullmatch(given):
        raise illegal(call.family, name)
    return given


def cancel(call: Call) -> dict[str, str]:
    return _named(desk.cancel(call, desk.find(call, call.integer("order_id"), call.maybe("client_order_id"))))


def cancel_batch(call: Call) -> list[dict[str, Any]]:
    """By lists of `order_id` or `client_order_id`; each tells how it went."""
    by_client = "order_id" not in call.params
    given = call.params.get("client_order_id" if by_client else "order_id")
    if not isinstance(given, list) or not 0 < len(given) <= 20:
        raise illegal(call.family, "order_id")
    rows = []
    for one in map(str, given):
        order = desk.find(call, None if by_client else int(one), one if by_client else None)
        try:
            rows.append({"code": 200, "message": "Success", **_named(desk.cancel(call, order))})
        except HuobiError as error:
            named = {"order_id": "" if by_client else one, "client_order_id": one if by_client else ""}
            rows.append({"code": error.code, "message": str(error), **named})
    return rows


def cancel_all(call: Call) -> list[dict[str, Any]]:
    """Of a contract (or all), by side and leg. Raises HuobiError when there is none."""
    side, leg = call.maybe("side"), call.maybe("position_side")
    found = [
        order
        for order in desk.resting(call, call.maybe_listing())
        if side in (None, side_word(order.side)) and leg in (None, order.leg.value)
    ]
    if not found:
        raise NOTHING_TO_CANCEL
    return [{"code": 200, "message": "Success", **_named(desk.cancel(call, order))} for order in found]


def close_position(call: Call) -> dict[str, str]:
    """At the market."""
    listing, leg = call.listing(), desk.leg_of(call.maybe("position_side"))
    position = call.account.position(listing.symbol, leg)
    if not position.lots:
        raise HuobiError(1048, "Insufficient close amount available.")
    return _named(_close(call, position, own_id(call, "client_order_id")))


def close_positions(call: Call) -> list[dict[str, str]]:
    held = [position for position in call.account.positions.values() if position.lots]
    return [_named(_close(call, position, None)) for position in held]


def _close(call: Call, position: Position, given: str | None) -> Order:
    new = NewOrder(
        symbol=position.symbol,
        side=-1 if position.lots > 0 else 1,
        style=Style.MARKET,
        client_id=given or fresh(),
        quantity=abs(position.lots) * call.venue.listings[position.symbol].instrument.quantity_step,
        reduce_only=True,
        leg=position.leg,
    )
    return call.venue.submit(call.account, new, call.world.now)


def look_up(call: Call) -> dict[str, Any]:
    order = desk.find(call, call.integer("order_id"), call.maybe("client_order_id"))
    if order is None:
        raise NO_ORDER
    return _row(call, order)


def open_orders(call: Call) -> list[dict[str, Any]]:
    found = desk.resting(call, call.maybe_listing())
    order_id, given = call.integer("order_id"), call.maybe("client_order_id")
    chosen = [o for o in found if order_id in (None, o.id) and given in (None, client_id(o))]
    return [_row(call, order) for order in desk.page(call, chosen, lambda order: order.id, "limit", 10, 100)]


def history(call: Call) -> list[dict[str, Any]]:
    """Those that are open no more, by state, from the asked 48 hours."""
    start, end = desk.window(call)
    states = (call.maybe("states") or "").split(",")
    found = [
        order
        for order in desk.plain_orders(call, call.maybe_listing())
        if not order.is_open and start <= order.created < end
        if states == [""] or v5_state(order) in states
    ]
    return [_row(call, order) for order in desk.page(call, found, lambda order: order.id, "limit", 10, 100)]


def trades(call: Call) -> list[dict[str, Any]]:
    """`/v5/trade/order/details`: of the account, or of one order."""
    order_id = call.integer("order_id")
    numbered = desk.numbered_trades(call, call.maybe_listing())
    found = [(number, trade) for number, trade in numbered if order_id in (None, trade.order_id)]
    account, listings, margin = call.account, call.venue.listings, desk.margin_of(call)
    return [
        trade_row(trade, number, account.orders[trade.order_id], account, listings[trade.symbol], margin)
        for number, trade in desk.page(call, found, lambda pair: pair[0], "limit", 10, 100)
    ]


def _row(call: Call, order: Order) -> dict[str, Any]:
    return order_row(order, call.account, call.venue.listings[order.symbol], desk.margin_of(call))


def _named(order: Order) -> dict[str, str]:
    return {"order_id": str(order.id), "client_order_id": client_id(order)}
