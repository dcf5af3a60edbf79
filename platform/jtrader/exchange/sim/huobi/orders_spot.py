"""Spot orders: place, cancel, look up, list; and what they traded."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from jtrader.domain.times import HOUR
from jtrader.exchange.sim.huobi.call import Call
from jtrader.exchange.sim.huobi.client_ids import Kind, kept, kind_of
from jtrader.exchange.sim.huobi.errors import (
    SPOT_NO_ORDER,
    SPOT_ORDER_STATE,
    HuobiError,
    illegal,
    in_words,
    missing,
)
from jtrader.exchange.sim.huobi.rows_spot import account_id, order_row, trade_row
from jtrader.exchange.sim.huobi.words import spot_state, spot_type, spot_type_word
from jtrader.matching.book import BUY
from jtrader.matching.entry import Style
from jtrader.venue.filters import NewOrder
from jtrader.venue.records import Order
from jtrader.venue.refusals import Refused

_Row = TypeVar("_Row")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BATCH = 10
_MOST_CANCELLED = 100
SPAN = 48 * HOUR
CLIENT_ID_LIFE = 2 * HOUR
"""The longest stretch of time that one look at orders or trades covers."""


def place(call: Call) -> str:
    """Answers with the order's id."""
    return str(_place(call).id)


def place_batch(call: Call) -> list[dict[str, Any]]:
    """At most ten, each for itself."""
    if not 0 < len(call.items) <= _BATCH:
        raise illegal(call.family, "orders")
    return [_one_of_batch(msgspec.structs.replace(call, params=item, items=())) for item in call.items]


def _one_of_batch(call: Call) -> dict[str, Any]:
    given = call.maybe("client-order-id") or ""
    try:
        return {"order-id": _place(call).id, "client-order-id": given}
    except Refused as refused:
        error = in_words(call.market, refused)
    except HuobiError as refusal:
        error = refusal
    return {"client-order-id": given, "err-code": error.code, "err-msg": str(error)}


def _place(call: Call) -> Order:
    check_account(call, "account-id")
    return call.venue.submit(call.account, _new_order(call), call.world.now)


def _new_order(call: Call) -> NewOrder:
    listing = call.listing()
    side, style, waits = spot_type(call.text("type"))
    amount, price, stop = call.decimal("amount"), call.decimal("price"), call.decimal("stop-price")
    if amount is None:
        raise missing(call.family, "amount")
    if price is None and style is not Style.MARKET:
        raise missing(call.family, "price")
    if waits and stop is None:
        raise missing(call.family, "stop-price")
    spends = style is Style.MARKET and side == BUY
    falls = call.maybe("operator") == "lte"
    return NewOrder(
        symbol=listing.symbol,
        side=side,
        style=style,
        client_id=kept(Kind.PLAIN, client_id(call, "client-order-id")),
        quantity=None if spends else amount,
        quote=amount if spends else None,
        price=None if style is Style.MARKET else price,
        trigger_price=stop if waits else None,
        if_touched=waits and falls == (side == BUY),
    )


def client_id(call: Call, name: str) -> str | None:
    """Raises HuobiError for one that the venue doesn't take."""
    given = call.maybe(name)
    if given is not None and not _CLIENT_ID.fullmatch(given):
        raise HuobiError("invalid-client-order-id", f"invalid client order id: {given[:70]}")
    return given


def check_account(call: Call, name: str) -> None:
    if call.maybe(name) != str(account_id(call.account)):
        raise HuobiError("account-get-accounts-inexistent-error", f"account for id `{call.maybe(name)}` does not exist")


def cancel(call: Call) -> str:
    order = _by_id(call, call.integer("{id}"))
    if not order.is_open:
        raise SPOT_ORDER_STATE
    return str(call.venue.cancel(call.account, order, call.world.now).id)


def cancel_by_client_id(call: Call) -> int:
    """Answers with how it stands now: 5 cancelled in part, 7 cancelled."""
    order = _by_client_id(call, call.text("client-order-id"))
    if not order.is_open:
        raise SPOT_ORDER_STATE
    call.venue.cancel(call.account, order, call.world.now)
    return 5 if order.filled else 7


def cancel_batch(call: Call) -> dict[str, Any]:
    """By `order-ids` or `client-order-ids`: which were cancelled, and why the others were not."""
    by_client = "client-order-ids" in call.params
    given = call.params.get("client-order-ids" if by_client else "order-ids")
    if not isinstance(given, list) or not 0 < len(given) <= 50:
        raise illegal(call.family, "order-ids")
    done: list[str] = []
    failed: list[dict[str, Any]] = []
    for one in map(str, given):
        order = _any_client_id(call, one) if by_client else _any_id(call, one)
        name = "client-order-id" if by_client else "order-id"
        if order is None:
            missing_row = {"err-msg": "The record is not found.", "err-code": "base-not-found"}
            failed.append({"order-id": "", "client-order-id": "", **missing_row, name: one})
        elif not order.is_open:
            state = {"order-state": _STATE_NUMBERS[spot_state(order)], "err-code": SPOT_ORDER_STATE.code}
            failed.append({"order-id": str(order.id), "err-msg": str(SPOT_ORDER_STATE), **state, name: one})
        else:
            call.venue.cancel(call.account, order, call.world.now)
            done.append(one)
    return {"success": done, "failed": failed}


_STATE_NUMBERS = {"created": 1, "submitted": 3, "partial-filled": 4, "partial-canceled": 5, "filled": 6, "canceled": 7}


def cancel_open(call: Call) -> dict[str, Any]:
    """Of the named pairs (all without one), by side and type, at most `size`; the oldest first."""
    symbols = (call.maybe("symbol") or "").split(",")
    types, side = (call.maybe("types") or "").split(","), call.maybe("side")
    found = [
        order
        for order in _open(call)
        if symbols in ([""], ["all"]) or order.symbol in symbols
        if types == [""] or spot_type_word(order) in types
        if side in (None, spot_type_word(order).partition("-")[0])
    ]
    most = call.limit("size", _MOST_CANCELLED, _MOST_CANCELLED)
    for order in found[:most]:
        call.venue.cancel(call.account, order, call.world.now)
    next_id = found[most].id if len(found) > most else -1
    return {"success-count": len(found[:most]), "failed-count": 0, "next-id": next_id}


def look_up(call: Call) -> dict[str, Any]:
    return _row(call, _by_id(call, call.integer("{id}")))


def look_up_client_id(call: Call) -> dict[str, Any]:
    return _row(call, _by_client_id(call, call.text("clientOrderId")))


def open_orders(call: Call) -> list[dict[str, Any]]:
    """The newest first, also those that wait for their stop price."""
    if call.maybe("account-id") is not None:
        check_account(call, "account-id")
    listing, side = call.maybe_listing(), call.maybe("side")
    found = [
        order
        for order in reversed(_open(call))
        if listing is None or order.symbol == listing.symbol
        if side in (None, spot_type_word(order).partition("-")[0])
    ]
    listings = call.venue.listings
    return [
        order_row(order, call.account, listings[order.symbol], open_list=True)
        for order in _page(call, found, lambda order: order.id, 500)
    ]


def orders(call: Call) -> list[dict[str, Any]]:
    """Of one pair, by state; the newest first. Without times the last 48 hours; cancelled ones that never traded
    show for two hours."""
    symbol, states = call.listing().symbol, call.text("states").split(",")
    types = (call.maybe("types") or "").split(",")
    return _history(
        call,
        lambda order: (
            order.symbol == symbol and spot_state(order) in states and (types == [""] or spot_type_word(order) in types)
        ),
        100,
    )


def recent_orders(call: Call) -> list[dict[str, Any]]:
    """The last 48 hours, of any pair."""
    listing = call.maybe_listing()
    return _history(call, lambda order: listing is None or order.symbol == listing.symbol, 1000)


def _history(call: Call, wanted: Callable[[Order], bool], most: int) -> list[dict[str, Any]]:
    start, end = span(call)
    oldest_cancelled = call.world.now - 2 * HOUR
    found = [
        order
        for order in reversed(call.account.orders.values())
        if start <= order.created < end and kind_of(order) is not Kind.ALGO and wanted(order)
        if spot_state(order) != "canceled" or order.updated >= oldest_cancelled
    ]
    return [_row(call, order) for order in _page(call, found, lambda order: order.id, most)]


def span(call: Call) -> tuple[int, int]:
    """`start-time` and `end-time` as start ≤ ts < end, at most 48 hours; by default the 48 hours before now or the end,
    or after the start. Raises HuobiError for longer stretches."""
    start, end = call.millis("start-time"), call.millis("end-time")
    if start is None:
        end = call.world.now + 1 if end is None else end + 1
        return end - SPAN, end
    end = start + SPAN if end is None else end + 1
    if end - start > SPAN + 1:
        raise HuobiError("invalid-interval", "the interval between start-time and end-time is longer than 48 hours")
    return start, end


def match_results(call: Call) -> list[dict[str, Any]]:
    """The account's trades, the newest first."""
    listing, (start, end) = call.maybe_listing(), span(call)
    types = (call.maybe("types") or "").split(",")
    found = [
        (number, trade)
        for number, trade in reversed(list(enumerate(call.account.trades, 1)))
        if start <= trade.ts < end
        if listing is None or trade.symbol == listing.symbol
        if types == [""] or spot_type_word(call.account.orders[trade.order_id]) in types
    ]
    return [
        trade_row(trade, number, call.account.orders[trade.order_id], call.venue.listings[trade.symbol])
        for number, trade in _page(call, found, lambda pair: pair[0], 500)
    ]


def match_results_of(call: Call) -> list[dict[str, Any]]:
    """The trades of one order."""
    order = _by_id(call, call.integer("{id}"))
    listing = call.venue.listings[order.symbol]
    numbered = enumerate(call.account.trades, 1)
    return [trade_row(trade, number, order, listing) for number, trade in numbered if trade.order_id == order.id]


def _page(call: Call, rows: list[_Row], number: Callable[[_Row], int], most: int) -> list[_Row]:
    """`size` rows; `from` an id on, towards the older (`next`, the default) or the newer (`prev`)."""
    size, start = call.limit("size", 100, most), call.integer("from")
    if start is None:
        return rows[:size]
    if call.maybe("direct") == "prev":
        return [row for row in rows if number(row) > start][-size:]
    return [row for row in rows if number(row) <= start][:size]


def _open(call: Call) -> list[Order]:
    """Resting and waiting ones, the oldest first."""
    account = call.account
    found = [*account.open_orders.values(), *account.open_conditionals.values()]
    return sorted((order for order in found if not _is_algo(order)), key=lambda order: order.id)


def _is_algo(order: Order) -> bool:
    return order.is_waiting and kind_of(order) is Kind.ALGO


def _row(call: Call, order: Order) -> dict[str, Any]:
    return order_row(order, call.account, call.venue.listings[order.symbol])


def _by_id(call: Call, order_id: int | None) -> Order:
    order = call.account.orders.get(order_id or 0)
    if order is None or _is_algo(order):
        raise SPOT_NO_ORDER
    return order


def _by_client_id(call: Call, given: str) -> Order:
    order = _any_client_id(call, given)
    if order is None:
        raise SPOT_NO_ORDER
    return order


def _any_id(call: Call, given: str) -> Order | None:
    return call.account.orders.get(int(given)) if given.isdigit() else None


def _any_client_id(call: Call, given: str) -> Order | None:
    """The newest under this id, of any pair: it carries no pair. Of an order that is over it serves for two hours."""
    found = (call.account.find(symbol, None, given) for symbol in call.venue.listings)
    order = max((order for order in found if order is not None), key=lambda order: order.id, default=None)
    is_over = order is not None and not (order.is_open or order.is_waiting)
    return None if order is None or (is_over and call.world.now - order.updated > CLIENT_ID_LIFE) else order
