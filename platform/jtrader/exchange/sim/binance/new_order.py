"""What an order request says, read into an order for the venue."""

import secrets

from jtrader.exchange.sim.binance.call import Call
from jtrader.exchange.sim.binance.errors import BAD_TYPE, SPOT, USE_ALGO, BinanceError, illegal, missing
from jtrader.exchange.sim.binance.words import (
    ALGO_TYPES,
    SPOT_CONDITIONALS,
    Conditional,
    leg_of,
    side_of,
    style_of,
    watched_of,
)
from jtrader.matching.entry import Style
from jtrader.venue.filters import NewOrder

_CLIENT_ID = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/")


def new_order(call: Call) -> NewOrder:
    """Of the order endpoint: on spot conditional orders too, which futures have at their algo endpoint."""
    kind = call.text("type")
    if call.market == SPOT and kind in SPOT_CONDITIONALS:
        return _conditional(call, SPOT_CONDITIONALS[kind], "stopPrice", "newClientOrderId")
    if call.market != SPOT and kind in (*ALGO_TYPES, "TRAILING_STOP_MARKET"):
        raise BinanceError(*USE_ALGO)
    style = style_of(call.market, kind, call.maybe("timeInForce"))
    quantity, price, quote = call.decimal("quantity"), call.decimal("price"), call.decimal("quoteOrderQty")
    if style is Style.MARKET:
        price = None
        if quantity is None and (quote is None or call.market != SPOT):
            raise missing("quantity")
    else:
        quote = None
        if quantity is None:
            raise missing("quantity")
        if price is None:
            raise missing("price")
    return NewOrder(
        symbol=call.listing().symbol,
        side=side_of(call.text("side")),
        style=style,
        client_id=client_id(call, "newClientOrderId"),
        quantity=quantity,
        price=price,
        quote=quote if quantity is None else None,
        reduce_only=call.market != SPOT and call.flag("reduceOnly"),
        leg=leg_of(call.maybe("positionSide")),
    )


def new_algo_order(call: Call) -> NewOrder:
    """Of the futures' algo endpoint. USDT-M names the client's id clientAlgoId; ccxt sends newClientOrderId on COIN-M,
    so both are read."""
    if call.text("algoType") != "CONDITIONAL":
        raise illegal("algoType")
    kind = call.text("type")
    if kind not in ALGO_TYPES:
        raise BinanceError(*BAD_TYPE)
    name = "newClientOrderId" if call.maybe("clientAlgoId") is None else "clientAlgoId"
    return _conditional(call, ALGO_TYPES[kind], "triggerPrice", name)


def client_id(call: Call, name: str) -> str:
    found = call.maybe(name) or secrets.token_urlsafe(16)
    if len(found) > 36 or not _CLIENT_ID.issuperset(found):
        raise illegal(name)
    return found


def _conditional(call: Call, meant: Conditional, trigger_name: str, id_name: str) -> NewOrder:
    quantity, price, trigger = call.decimal("quantity"), call.decimal("price"), call.decimal(trigger_name)
    closes = call.flag("closePosition")
    if trigger is None:
        raise missing(trigger_name)
    if quantity is None and not (closes and not meant.limit):
        raise missing("quantity")
    if meant.limit and price is None:
        raise missing("price")
    style = style_of(call.market, "LIMIT", call.maybe("timeInForce") or "GTC") if meant.limit else Style.MARKET
    return NewOrder(
        symbol=call.listing().symbol,
        side=side_of(call.text("side")),
        style=style,
        client_id=client_id(call, id_name),
        quantity=None if closes else quantity,
        price=price if meant.limit else None,
        reduce_only=call.market != SPOT and call.flag("reduceOnly"),
        leg=leg_of(call.maybe("positionSide")),
        trigger_price=trigger,
        trigger_by=watched_of(call.maybe("workingType")),
        if_touched=meant.if_touched,
        close_position=closes,
    )
