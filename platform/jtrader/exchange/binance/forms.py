"""Our orders as Binance's request forms. https://developers.binance.com/docs (new order, new algo order)

A market order carries no price: on spot that would mean a quote amount.
"""

from typing import Any

from jtrader.domain.errors import BadInput
from jtrader.domain.money import plain
from jtrader.domain.order import ChildOrder, OrderType, TimeInForce, TriggerBy
from jtrader.ports.broker import NotOffered

SPOT_CONDITIONAL = {
    OrderType.STOP: "STOP_LOSS",
    OrderType.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderType.MARKET_IF_TOUCHED: "TAKE_PROFIT",
    OrderType.LIMIT_IF_TOUCHED: "TAKE_PROFIT_LIMIT",
}
FUTURES_CONDITIONAL = {
    OrderType.STOP: "STOP_MARKET",
    OrderType.STOP_LIMIT: "STOP",
    OrderType.MARKET_IF_TOUCHED: "TAKE_PROFIT_MARKET",
    OrderType.LIMIT_IF_TOUCHED: "TAKE_PROFIT",
}
WORKING_TYPES = {TriggerBy.LAST: "CONTRACT_PRICE", TriggerBy.MARK: "MARK_PRICE"}


def order_form(order: ChildOrder, symbol: str, is_spot: bool, answer: str) -> dict[str, Any]:
    """POST order. `answer` is the newOrderRespType. Raises BadInput for an order without the price that its type needs,
    NotOffered for what the market has not."""
    form = _common(order, symbol, is_spot) | {"newClientOrderId": order.client_order_id, "newOrderRespType": answer}
    if order.type is OrderType.MARKET:
        return form | {"type": "MARKET"}
    if order.type.is_conditional:
        if not is_spot:
            raise BadInput(f"{order.client_order_id}: a conditional futures order has a form of its own")
        return form | _spot_conditional(order)
    if order.time_in_force is TimeInForce.POST_ONLY and is_spot:
        return form | {"type": "LIMIT_MAKER", "price": _price(order)}
    return form | {"type": "LIMIT", "price": _price(order), "timeInForce": _in_force(order)}


def algo_form(order: ChildOrder, symbol: str) -> dict[str, Any]:
    """POST algoOrder of futures."""
    if order.trigger_by not in WORKING_TYPES:
        raise NotOffered(f"Binance futures don't trigger by the {order.trigger_by} price; use last or mark")
    form = _common(order, symbol, is_spot=False) | {
        "algoType": "CONDITIONAL",
        "clientAlgoId": order.client_order_id,
        "type": FUTURES_CONDITIONAL[order.type],
        "triggerPrice": _trigger(order),
        "workingType": WORKING_TYPES[order.trigger_by],
    }
    if order.type in (OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED):
        form |= {"price": _price(order), "timeInForce": _in_force(order)}
    return form


def _common(order: ChildOrder, symbol: str, is_spot: bool) -> dict[str, Any]:
    form = {"symbol": symbol, "side": order.side.value.upper(), "quantity": plain(order.quantity)}
    if order.reduce_only and not is_spot:
        form["reduceOnly"] = "true"
    return form


def _spot_conditional(order: ChildOrder) -> dict[str, Any]:
    if order.trigger_by is not TriggerBy.LAST:
        raise NotOffered(f"Binance spot triggers by the last price, not by {order.trigger_by}")
    form = {"type": SPOT_CONDITIONAL[order.type], "stopPrice": _trigger(order)}
    if order.type in (OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED):
        form |= {"price": _price(order), "timeInForce": _in_force(order)}
    return form


def _price(order: ChildOrder) -> str:
    if order.price is None:
        raise BadInput(f"{order.type} order {order.client_order_id} has no price")
    return plain(order.price)


def _trigger(order: ChildOrder) -> str:
    if order.trigger_price is None:
        raise BadInput(f"{order.type} order {order.client_order_id} has no trigger price")
    return plain(order.trigger_price)


def _in_force(order: ChildOrder) -> str:
    return "GTX" if order.time_in_force is TimeInForce.POST_ONLY else order.time_in_force.value.upper()
