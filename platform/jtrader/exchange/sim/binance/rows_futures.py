"""The shapes of orders, trades and order events of Binance's futures.

USDT-M counts what was filled in quote (`cumQuote`), COIN-M in its coin (`cumBase`) and names the pair beside the
symbol.
"""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.binance.errors import COINM, USDM
from jtrader.exchange.sim.binance.words import (
    STATUS,
    first_kind_word,
    kind_word,
    leg_word,
    side_word,
    time_word,
    watched_word,
)
from jtrader.matching.book import BUY
from jtrader.venue.listing import Listing
from jtrader.venue.records import Execution, Order, OrderReported, Trade
from jtrader.venue.units import divide, text
from jtrader.venue.words import Origin

MADE_HERE = "sim-algo-"


def is_coinm(listing: Listing) -> bool:
    return listing.instrument.market == COINM


def pair(listing: Listing) -> str:
    """`BTCUSD_PERP` belongs to `BTCUSD`; USDT-M's pair is its symbol."""
    return listing.symbol.partition("_")[0]


def order_name(order: Order) -> str:
    """What a conditional order became has a client id of the venue's own making."""
    return order.client_id if order.trigger is None else f"{MADE_HERE}{order.id}"


def average_price(order: Order, listing: Listing) -> str:
    """Σ price·quantity / filled, 5 decimals, half to even."""
    if not order.filled:
        return "0.00000"
    return text(divide(order.tick_lots * listing.tick, order.filled * 1000) * 1000, 5)


def order_row(order: Order, listing: Listing) -> dict[str, Any]:
    named = {"pair": pair(listing)} if is_coinm(listing) else {}
    return {
        "orderId": order.id,
        "symbol": order.symbol,
        **named,
        "status": STATUS[order.status],
        "clientOrderId": order_name(order),
        "price": listing.price_text(order.price or 0),
        "avgPrice": average_price(order, listing),
        "origQty": listing.quantity_text(order.lots),
        "executedQty": listing.quantity_text(order.filled),
        "cumQty": listing.quantity_text(order.filled),
        "cumBase" if is_coinm(listing) else "cumQuote": text(order.quote),
        "timeInForce": time_word(USDM, order.style),
        "type": kind_word(USDM, order),
        "reduceOnly": order.reduce_only,
        "closePosition": order.close_position,
        "side": side_word(order.side),
        "positionSide": leg_word(order.leg),
        "stopPrice": stop_text(order, listing),
        "workingType": watched_word(order),
        "priceProtect": False,
        "origType": first_kind_word(USDM, order),
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": to_millis(order.triggered or order.created),
        "updateTime": to_millis(order.updated),
    }


def stop_text(order: Order, listing: Listing) -> str:
    return "0" if order.trigger is None else listing.price_text(order.trigger.ticks)


def trade_row(trade: Trade, listing: Listing) -> dict[str, Any]:
    worth = "baseQty" if is_coinm(listing) else "quoteQty"
    named = {"pair": pair(listing), "marginAsset": listing.settle} if is_coinm(listing) else {}
    return {
        "symbol": trade.symbol,
        **named,
        "id": trade.id,
        "orderId": trade.order_id,
        "side": side_word(trade.side),
        "price": listing.price_text(trade.price),
        "qty": listing.quantity_text(trade.lots),
        "realizedPnl": text(trade.realised),
        worth: text(trade.quote),
        "commission": text(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": to_millis(trade.ts),
        "positionSide": leg_word(trade.leg),
        "maker": trade.maker,
        "buyer": trade.side == BUY,
    }


def order_update(report: OrderReported, listing: Listing) -> dict[str, Any]:
    """ORDER_TRADE_UPDATE."""
    order, trade = report.order, report.trade
    at = to_millis(report.ts)
    body: dict[str, Any] = {
        "s": order.symbol,
        "c": order_name(order),
        "S": side_word(order.side),
        "o": kind_word(USDM, order),
        "f": time_word(USDM, order.style),
        "q": listing.quantity_text(order.lots),
        "p": listing.price_text(order.price or 0),
        "ap": average_price(order, listing),
        "sp": stop_text(order, listing),
        "x": _execution_word(report),
        "X": STATUS[order.status],
        "i": order.id,
        "l": listing.quantity_text(trade.lots if trade else 0),
        "z": listing.quantity_text(order.filled),
        "L": listing.price_text(trade.price if trade else 0),
        "T": at,
        "t": trade.id if trade else 0,
        "b": "0",
        "a": "0",
        "m": trade.maker if trade else False,
        "R": order.reduce_only,
        "wt": watched_word(order),
        "ot": first_kind_word(USDM, order),
        "ps": leg_word(order.leg),
        "cp": order.close_position,
        "rp": text(trade.realised if trade else 0),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
    }
    if is_coinm(listing):
        body |= {"ma": listing.settle, "pair": pair(listing)}
    if trade is not None:
        body["n"], body["N"] = text(trade.fee), trade.fee_asset
    return {"e": "ORDER_TRADE_UPDATE", "T": at, "E": at, "o": body}


def _execution_word(report: OrderReported) -> str:
    """CALCULATED is the venue's own: a liquidation's trade."""
    if report.execution is Execution.AMENDED:
        return "AMENDMENT"
    if report.execution is Execution.TRADE and report.order.origin is Origin.LIQUIDATION:
        return "CALCULATED"
    return report.execution.value
