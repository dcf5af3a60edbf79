"""The futures' algo endpoints: conditional orders wait here until their price comes.

Source: Binance's Algo Service pages; ccxt 4.5.83 calls the same on COIN-M.
"""

from typing import Any

from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import NO_ORDER, UNKNOWN_ORDER, BinanceError
from jtrader.exchange.sim.binance.new_order import new_algo_order
from jtrader.exchange.sim.binance.rest_orders import span, within
from jtrader.exchange.sim.binance.rows_algo import algo_row, cancelled_row
from jtrader.venue.records import Order


def place(call: Call) -> dict[str, Any]:
    return _row(call, call.venue.submit(call.account, new_algo_order(call), call.world.now))


def look_up(call: Call) -> dict[str, Any]:
    order = _find(call)
    if order is None:
        raise BinanceError(*NO_ORDER)
    return _row(call, order)


def cancel(call: Call) -> dict[str, Any]:
    """Only while it waits: what has triggered is an order, and cancelled as one."""
    order = _find(call)
    if order is None or not order.is_waiting:
        raise BinanceError(*UNKNOWN_ORDER)
    return cancelled_row(call.venue.cancel(call.account, order, call.world.now))


def cancel_all(call: Call) -> dict[str, Any]:
    for order in call.account.waiting_of(call.listing().symbol):
        call.venue.cancel(call.account, order, call.world.now)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def open_orders(call: Call) -> list[dict[str, Any]]:
    """Those that wait."""
    algo_id = call.integer("algoId")
    symbols = {listing.symbol for listing in call.listings()}
    waiting = call.venue.open_conditionals(call.account)
    return [_row(call, o) for o in waiting if o.symbol in symbols and algo_id in (None, o.algo_id)]


def all_orders(call: Call) -> list[dict[str, Any]]:
    """Of one symbol, also those that have triggered or ended."""
    symbol, limit, from_id = call.listing().symbol, call.limit(500, 1000), call.integer("algoId")
    start, end = span(call)
    found = [
        order
        for order in call.account.orders.values()
        if order.trigger is not None
        and order.symbol == symbol
        and within(order.created, start, end)
        and order.algo_id >= (from_id or 0)
    ]
    chosen = found[:limit] if start is not None or from_id is not None else found[-limit:]
    return [_row(call, order) for order in chosen]


def _row(call: Call, order: Order) -> dict[str, Any]:
    return algo_row(order, call.venue.listings[order.symbol])


def _find(call: Call) -> Order | None:
    """By algo id, else the newest under the client's id; the symbol need not be told."""
    algo_id, client_id = call.integer("algoId"), call.maybe("clientAlgoId")
    if algo_id is not None:
        return call.account.find_algo(algo_id)
    if client_id is None:
        raise BinanceError(-1102, "Param 'clientAlgoId' or 'algoId' must be sent, but both were empty/null!")
    of_client = (
        order for order in call.account.orders.values() if order.trigger is not None and order.client_id == client_id
    )
    return max(of_client, key=lambda order: order.algo_id, default=None)
