"""Orders that change: cancel and replace (spot), in place (futures, and spot's smaller quantity), and lists of orders.

Source: Binance's pages of Cancel an Existing Order and Send a New Order, Order Amend Keep Priority, Modify Order, and
Place, Modify and Cancel Multiple Orders.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from jtrader.exchange.sim.binance import rest_orders
from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import NO_ORDER, BinanceError, illegal, in_words, missing
from jtrader.exchange.sim.binance.new_order import new_order
from jtrader.exchange.sim.binance.words import side_of
from jtrader.venue.records import Order
from jtrader.venue.refusals import Refused
from jtrader.venue.venue import Replaced

_MOST_AT_ONCE = 5
_MOST_CANCELLED_AT_ONCE = 10


def cancel_replace(call: Call) -> dict[str, Any]:
    """200 when both halves succeeded, 409 when one did, 400 when none did; each half is told in `data`."""
    mode = call.text("cancelReplaceMode")
    if mode not in ("STOP_ON_FAILURE", "ALLOW_FAILURE"):
        raise illegal("cancelReplaceMode")
    order_id, client_id = call.integer("cancelOrderId"), call.maybe("cancelOrigClientOrderId")
    if order_id is None and client_id is None:
        raise missing("cancelOrigClientOrderId")
    new = new_order(call)
    order = call.account.find(call.listing().symbol, order_id, client_id)
    cancel_id = call.maybe("cancelNewClientOrderId") or new.client_id
    done = call.venue.cancel_replace(
        call.account, order, new, call.world.now, go_on=mode == "ALLOW_FAILURE", cancel_id=cancel_id
    )
    cancelled, placed = not isinstance(done.cancelled, Refused), isinstance(done.placed, Order)
    told = _halves(call, done)
    if cancelled and placed:
        return told
    if cancelled or placed:
        raise BinanceError(-2021, "Order cancel-replace partially failed.", 409, told)
    raise BinanceError(-2022, "Order cancel-replace failed.", 400, told)


def keep_priority(call: Call) -> dict[str, Any]:
    """Spot: a smaller quantity under the same number, without losing the place in the queue."""
    order = rest_orders.find(call)
    quantity = call.decimal("newQty")
    if quantity is None:
        raise missing("newQty")
    if order is not None and order.is_open and quantity >= order.lots * call.listing().instrument.quantity_step:
        raise BinanceError(-2038, "The requested action would change no state; rejecting.")
    changed = call.venue.amend(call.account, order, quantity, None, call.world.now)
    return {
        "transactTime": call.now_ms,
        "executionId": changed.id * 2 + changed.amended,
        "amendedOrder": rest_orders.row(call, changed),
    }


def modify(call: Call) -> dict[str, Any]:
    """Futures: price and quantity of a resting order; a quantity at or below what is filled ends it."""
    order = rest_orders.find(call)
    quantity, price = call.decimal("quantity"), call.decimal("price")
    if quantity is None or price is None:
        raise missing("quantity" if quantity is None else "price")
    if order is None or not order.is_open:
        raise BinanceError(*NO_ORDER)
    if side_of(call.text("side")) != order.side:
        raise illegal("side")
    return rest_orders.row(call, call.venue.amend(call.account, order, quantity, price, call.world.now))


def place_many(call: Call) -> list[dict[str, Any]]:
    return _each(call, _orders(call), rest_orders.place)


def modify_many(call: Call) -> list[dict[str, Any]]:
    return _each(call, _orders(call), modify)


def cancel_many(call: Call) -> list[dict[str, Any]]:
    """By the venue's ids or by the client's, of one symbol. ccxt writes the lists' names in lower case."""
    symbol = call.listing().symbol
    by_id = _listed(call, "orderIdList") or _listed(call, "orderidlist")
    by_client_id = _listed(call, "origClientOrderIdList") or _listed(call, "origclientorderidlist")
    if not by_id and not by_client_id:
        raise missing("orderIdList")
    asked = [{"symbol": symbol, "orderId": str(number)} for number in by_id]
    asked += [{"symbol": symbol, "origClientOrderId": str(name)} for name in by_client_id if not by_id]
    if len(asked) > _MOST_CANCELLED_AT_ONCE:
        raise BinanceError(-4085, "Invalid batch count.")
    return _each(call, asked, rest_orders.cancel)


def _halves(call: Call, done: Replaced) -> dict[str, Any]:
    results = ["FAILURE" if isinstance(half, Refused) else "SUCCESS" for half in (done.cancelled, done.placed)]
    return {
        "cancelResult": results[0],
        "newOrderResult": results[1] if done.placed is not None else "NOT_ATTEMPTED",
        "cancelResponse": _half(call, done.cancelled, rest_orders.cancelled_row),
        "newOrderResponse": None if done.placed is None else _half(call, done.placed, rest_orders.placed_row),
    }


def _half(call: Call, half: Order | Refused, shape: Callable[[Call, Order], dict[str, Any]]) -> dict[str, Any]:
    return in_words(call.market, half).body if isinstance(half, Refused) else shape(call, half)


def _orders(call: Call) -> list[dict[str, str]]:
    found = _listed(call, "batchOrders")
    if not 0 < len(found) <= _MOST_AT_ONCE:
        raise BinanceError(-4085, "Invalid batch count.")
    if not all(isinstance(one, dict) for one in found):
        raise illegal("batchOrders")
    return [{str(name): _shown(value) for name, value in one.items()} for one in found]


def _each(
    call: Call, asked: Sequence[dict[str, str]], answer: Callable[[Call], dict[str, Any]]
) -> list[dict[str, Any]]:
    """One answer an order: what is refused doesn't stop the others."""
    answers = []
    for params in asked:
        try:
            answers.append(answer(msgspec.structs.replace(call, params=params)))
        except BinanceError as error:
            answers.append(error.body)
        except Refused as refused:
            answers.append(in_words(call.market, refused).body)
    return answers


def _listed(call: Call, name: str) -> list[Any]:
    """A parameter that is a JSON list."""
    given = call.maybe(name)
    if given is None:
        return []
    try:
        found = msgspec.json.decode(given)
    except msgspec.DecodeError:
        raise illegal(name) from None
    if not isinstance(found, list):
        raise illegal(name)
    return found


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
