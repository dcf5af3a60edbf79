"""The shapes of conditional orders on the futures' algo endpoints, and of their ALGO_UPDATE event.

A conditional order waits under its algo id. Once its price has come it is TRIGGERED, and an order of its own number
goes to work under the same client id; when that has ended the algo order is FINISHED. Source: Binance's Algo Service
pages (New, Query, Cancel Algo Order; Event: Algo Order Update).
"""

from typing import Any

from jtrader.domain.order import OrderStatus
from jtrader.domain.times import to_millis
from jtrader.exchange.sim.binance.errors import USDM
from jtrader.exchange.sim.binance.rows_futures import average_price, stop_text
from jtrader.exchange.sim.binance.words import (
    conditional_word,
    kind_word,
    leg_word,
    side_word,
    time_word,
    watched_word,
)
from jtrader.venue.listing import Listing
from jtrader.venue.records import Order
from jtrader.venue.words import Ended

_REASONS = {
    Ended.FUNDS: "Margin is insufficient.",
    Ended.REDUCE_ONLY: "ReduceOnly Order is rejected.",
    Ended.POST_ONLY: "Post Only order will be rejected.",
    Ended.REFUSED: "Order is rejected.",
}


def algo_status(order: Order) -> str:
    if order.status is OrderStatus.REJECTED:
        return "REJECTED"
    if order.triggered:
        return "TRIGGERED" if order.is_open else "FINISHED"
    waits_or_ended = {OrderStatus.CANCELED: "CANCELED", OrderStatus.EXPIRED: "EXPIRED"}
    return waits_or_ended.get(order.status, "NEW")


def algo_row(order: Order, listing: Listing) -> dict[str, Any]:
    is_working = bool(order.triggered) and order.status is not OrderStatus.REJECTED
    return {
        "algoId": order.algo_id,
        "clientAlgoId": order.client_id,
        "algoType": "CONDITIONAL",
        "orderType": conditional_word(USDM, order),
        "symbol": order.symbol,
        "side": side_word(order.side),
        "positionSide": leg_word(order.leg),
        "timeInForce": time_word(USDM, order.style),
        "quantity": listing.quantity_text(order.lots),
        "algoStatus": algo_status(order),
        "actualOrderId": str(order.id) if is_working else "",
        "actualPrice": average_price(order, listing),
        "triggerPrice": stop_text(order, listing),
        "price": listing.price_text(order.price or 0),
        "icebergQuantity": None,
        "tpTriggerPrice": "0.000",
        "tpPrice": "0.000",
        "slTriggerPrice": "0.000",
        "slPrice": "0.000",
        "tpOrderType": "",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": watched_word(order),
        "priceMatch": "NONE",
        "closePosition": order.close_position,
        "priceProtect": False,
        "reduceOnly": order.reduce_only,
        "createTime": to_millis(order.created),
        "updateTime": to_millis(order.updated),
        "triggerTime": to_millis(order.triggered),
        "goodTillDate": 0,
    }


def cancelled_row(order: Order) -> dict[str, Any]:
    return {"algoId": order.algo_id, "clientAlgoId": order.client_id, "code": "200", "msg": "success"}


def algo_update(order: Order, listing: Listing, ts: int) -> dict[str, Any]:
    at = to_millis(ts)
    is_working = bool(order.triggered) and order.status is not OrderStatus.REJECTED
    body: dict[str, Any] = {
        "caid": order.client_id,
        "aid": order.algo_id,
        "at": "CONDITIONAL",
        "o": conditional_word(USDM, order),
        "s": order.symbol,
        "S": side_word(order.side),
        "ps": leg_word(order.leg),
        "f": time_word(USDM, order.style),
        "q": listing.quantity_text(order.lots),
        "X": algo_status(order),
        "ai": str(order.id) if is_working else "",
        "tp": stop_text(order, listing),
        "p": listing.price_text(order.price or 0),
        "V": "EXPIRE_MAKER",
        "wt": watched_word(order),
        "pm": "NONE",
        "cp": order.close_position,
        "pP": False,
        "R": order.reduce_only,
        "tt": to_millis(order.triggered),
        "gtd": 0,
        "rm": _REASONS.get(order.ended, "") if order.status is OrderStatus.REJECTED else "",
    }
    if is_working:
        body |= {
            "ap": average_price(order, listing),
            "aq": listing.quantity_text(order.filled),
            "act": kind_word(USDM, order),
        }
    return {"e": "ALGO_UPDATE", "T": at, "E": at, "o": body}
