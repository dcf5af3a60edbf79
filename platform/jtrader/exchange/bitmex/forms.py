"""Our orders as BitMEX wants them. https://www.bitmex.com/api/explorer/#!/Order/Order_new"""

from decimal import Decimal
from typing import Any

from jtrader.domain.errors import BadInput
from jtrader.domain.order import ChildOrder, TimeInForce, TriggerBy
from jtrader.exchange.bitmex.rows import SIDES, TYPES

_TIMES = {
    TimeInForce.GTC: "GoodTillCancel",
    TimeInForce.POST_ONLY: "GoodTillCancel",
    TimeInForce.IOC: "ImmediateOrCancel",
    TimeInForce.FOK: "FillOrKill",
}
_TRIGGERS = {TriggerBy.LAST: "LastPrice", TriggerBy.MARK: "MarkPrice", TriggerBy.INDEX: "IndexPrice"}
"""Always named: a stop that names none is triggered by the mark price."""


def order_form(order: ChildOrder, symbol: str) -> dict[str, Any]:
    """The body of POST order. Raises BadInput for what can't be an order of contracts."""
    form: dict[str, Any] = {
        "symbol": symbol,
        "side": SIDES[order.side],
        "orderQty": whole(order.quantity),
        "ordType": TYPES[order.type],
        "clOrdID": order.client_order_id,
    }
    if order.price is not None:
        form |= {"price": order.price, "timeInForce": _TIMES[order.time_in_force]}
    instructions = []
    if order.time_in_force is TimeInForce.POST_ONLY and order.price is not None:
        instructions.append("ParticipateDoNotInitiate")
    if order.reduce_only:
        instructions.append("ReduceOnly")
    if order.type.is_conditional:
        if order.trigger_price is None:
            raise BadInput(f"order {order.client_order_id} is a {order.type} order without a trigger price")
        form["stopPx"] = order.trigger_price
        instructions.append(_TRIGGERS[order.trigger_by])
    if instructions:
        form["execInst"] = ",".join(instructions)
    return form


def whole(quantity: Decimal) -> int | Decimal:
    """Contracts are whole: anything else goes out as it is, for the venue to refuse."""
    return int(quantity) if quantity == int(quantity) else quantity
