"""Orders: enter, amend, cancel, list; and the executions they made."""

import secrets
from typing import Any

from jtrader.domain.order import OrderStatus
from jtrader.exchange.sim.bitmex import account_rows as rows
from jtrader.exchange.sim.bitmex.call import Call
from jtrader.exchange.sim.bitmex.errors import BAD_ORDER, DUPLICATE, FINISHED, NOT_FOUND, BitmexError, missing
from jtrader.exchange.sim.bitmex.order_words import ANONYMOUS, STATUS, matches, new_order
from jtrader.exchange.sim.bitmex.words import order_number, stamp
from jtrader.venue.records import Order

MOST_ORDERS, MOST_EXECUTIONS = 500, 1000
_LONGEST_ID = 36


def place(call: Call) -> dict[str, Any]:
    """A post-only order that would take is answered like any other, and is cancelled at once."""
    new, world = new_order(call, _client_id(call)), call.world
    if new.trigger_price is not None:  # it may wait for an index that nobody has looked at yet
        name = call.listing().instrument.id
        index = world.market.index_atoms(name, world.now)
        call.venue.trigger(new.symbol, 0, world.mark(name), index, world.now)
    return _row(call, call.venue.submit(call.account, new, world.now))


def amend(call: Call) -> dict[str, Any]:
    """By orderID or origClOrdID: a new total (orderQty) or remainder (leavesQty), a new price."""
    order = _named(call, "orderID", "origClOrdID")
    if order is None:
        raise BitmexError(*BAD_ORDER)
    if not order.is_open:
        raise BitmexError("Invalid ordStatus")
    if order.is_waiting or call.decimal("stopPx") is not None:
        raise BitmexError("Amending a waiting order is not simulated")
    quantity, left = call.decimal("orderQty"), call.decimal("leavesQty")
    if left is not None and quantity is None:
        done = call.venue.listings[order.symbol].quantity_text(order.filled)
        quantity = left + type(left)(done)
    if call.maybe("clOrdID") is not None:
        raise BitmexError("Amending the clOrdID is not simulated")
    return _row(call, call.venue.amend(call.account, order, quantity, call.decimal("price"), call.world.now))


def cancel(call: Call) -> list[dict[str, Any]]:
    """One or several by orderID or clOrdID. An order that can't be cancelled is told with an `error` in its row; when
    none is known the answer is 404."""
    names = [(name, "orderID") for name in call.words("orderID")] + [
        (name, "clOrdID") for name in call.words("clOrdID")
    ]
    if not names:
        raise missing("orderID")
    found = [_find(call, name, kind) for name, kind in names]
    if all(order is None for order in found):
        raise BitmexError(*NOT_FOUND)
    return [_cancelled(call, order, name) for order, (name, _) in zip(found, names, strict=True)]


def _cancelled(call: Call, order: Order | None, name: str) -> dict[str, Any]:
    if order is None:
        return {"error": "Not Found", "orderID": name}
    if not order.is_open:
        return _row(call, order) | {"error": FINISHED + STATUS[order.status]}
    return _row(call, call.venue.cancel(call.account, order, call.world.now))


def cancel_all(call: Call) -> list[dict[str, Any]]:
    symbol = call.listing().symbol if call.maybe("symbol") else None
    wanted = call.filter()
    account = call.account
    found = [
        order
        for order in (*account.open_orders.values(), *account.open_conditionals.values())
        if symbol in (None, order.symbol) and matches(_row(call, order), wanted)
    ]
    return [_row(call, call.venue.cancel(account, order, call.world.now)) for order in found]


def cancel_all_after(call: Call) -> dict[str, Any]:
    """The whole account, in milliseconds of wall time."""
    timeout = call.integer("timeout")
    if timeout is None or timeout < 0:
        raise missing("timeout")
    call.desk.cancel_after(call.account.name, timeout)
    now = stamp(call.wall_ns)
    return {"now": now, "cancelTime": stamp(call.wall_ns + timeout * 1_000_000) if timeout else 0}


def close_position(call: Call) -> dict[str, Any]:
    """The older way of saying execInst Close: at the market, or with a limit."""
    held = call.account.net_lots(call.listing().symbol)
    if held == 0:
        raise BitmexError("No position to close")
    call.params.update({"side": "Sell" if held > 0 else "Buy", "execInst": "Close", "orderQty": None})
    return place(call)


def orders(call: Call) -> list[dict[str, Any]]:
    """By the time they were last changed."""
    page, wanted = call.page(MOST_ORDERS), call.filter()
    symbols = {listing.symbol for listing in call.listings()}
    found = [order for order in call.account.orders.values() if order.symbol in symbols and page.has(order.updated)]
    shown = [row for order in found if matches(row := _row(call, order), wanted)]
    return call.picked(page.of(shown))


def executions(call: Call) -> list[dict[str, Any]]:
    """Everything: also what entered and what was cancelled."""
    entered = []
    for order in call.account.orders.values():
        listing = call.venue.listings[order.symbol]
        entered.append(rows.execution_row(order, call.account, listing, "New", order.created))
        if order.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED, OrderStatus.REJECTED):
            kind = STATUS[order.status]
            entered.append(rows.execution_row(order, call.account, listing, kind, order.updated))
    return _executions(call, entered)


def trade_history(call: Call) -> list[dict[str, Any]]:
    """What moved the wallet: trades, funding, settlement."""
    return _executions(call, [])


def _executions(call: Call, more: list[dict[str, Any]]) -> list[dict[str, Any]]:
    page, wanted, account = call.page(MOST_EXECUTIONS), call.filter(), call.account
    listings = {listing.symbol: listing for listing in call.listings()}
    shown = [
        rows.trade_execution(call.world, trade, account.orders[trade.order_id], account, listings[trade.symbol])
        for trade in account.trades
        if trade.symbol in listings and page.has(trade.ts)
    ]
    shown += [
        rows.income_execution(call.world, row, account, listings[row.symbol])
        for row in account.income
        if row.symbol in listings and rows.is_execution(row) and page.has(row.ts)
    ]
    shown += [row for row in more if row["symbol"] in listings and page.has(call.moment(row["timestamp"]))]
    shown.sort(key=lambda row: str(row["timestamp"]))
    return call.picked(page.of([row for row in shown if matches(row, wanted)]))


def _row(call: Call, order: Order) -> dict[str, Any]:
    return rows.order_row(order, call.account, call.venue.listings[order.symbol])


def _named(call: Call, id_name: str, client_name: str) -> Order | None:
    name, client = call.maybe(id_name), call.maybe(client_name)
    if name is None and client is None:
        raise missing(id_name)
    return _find(call, name, "orderID") if name is not None else _find(call, str(client), "clOrdID")


def _find(call: Call, name: str, kind: str) -> Order | None:
    account = call.account
    if kind == "orderID":
        number = order_number(name)
        return None if number is None else account.orders.get(number)
    found = (account.find(symbol, None, name) for symbol in call.venue.listings)
    return next((order for order in found if order is not None), None)


def _client_id(call: Call) -> str:
    """Taken once is taken for ever, on all symbols together."""
    wanted = call.maybe("clOrdID")
    if wanted is None:
        return ANONYMOUS + secrets.token_hex(12)
    if len(wanted) > _LONGEST_ID or wanted.startswith(ANONYMOUS):
        raise BitmexError("clOrdID is invalid")
    if _find(call, wanted, "clOrdID") is not None:
        raise BitmexError(DUPLICATE)
    return wanted
