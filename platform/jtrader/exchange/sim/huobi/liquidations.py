"""Liquidations that the venue tells of: those of the accounts here (what befalls the others isn't known)."""

from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi import contract_desk as desk
from jtrader.exchange.sim.huobi.call import Call, Whole
from jtrader.exchange.sim.huobi.coins import coins, turnover
from jtrader.exchange.sim.huobi.numbers import literal, plain_decimal
from jtrader.exchange.sim.huobi.words import side_word
from jtrader.venue.listing import Listing
from jtrader.venue.records import Order
from jtrader.venue.words import Origin


def orders_v5(call: Call) -> list[dict[str, str]]:
    found = desk.page(call, _forced(call), lambda order: order.id, "limit", 10, 100)
    return [_v5_row(order, call.venue.listings[order.symbol]) for order in found]


def orders(call: Call) -> Whole:
    """v3. `trade_type`: 0 all, 5 liquidated longs, 6 liquidated shorts."""
    wanted = {5: -1, 6: 1}.get(call.integer("trade_type") or 0)
    found = [order for order in _forced(call) if wanted in (None, order.side)]
    page = desk.page(call, found, lambda order: order.id, "size", 20, 50)
    rows = [liquidation_row(order, call.venue.listings[order.symbol]) for order in page]
    return Whole({"code": 200, "msg": "", "data": rows, "ts": call.now_ms})


def _forced(call: Call) -> list[Order]:
    start, end = desk.window(call)
    symbols = {listing.symbol for listing in call.listings()}
    found = [
        order
        for account in call.venue.accounts.values()
        for order in account.orders.values()
        if order.origin is Origin.LIQUIDATION and order.symbol in symbols and start <= order.created < end
    ]
    return sorted(found, key=lambda order: order.id)


def liquidation_row(order: Order, listing: Listing) -> dict[str, Any]:
    """As v3 and the notifications of the coin-margined markets tell it."""
    figures = _figures(order, listing)
    return {
        "query_id": order.id,
        "contract_code": order.symbol,
        "symbol": listing.instrument.base,
        "direction": side_word(order.side),
        "offset": "close",
        "volume": order.lots,
        "price": literal(figures["price"]),
        "created_at": to_millis(order.created),
        "amount": literal(figures["amount"]),
        "trade_turnover": literal(figures["turnover"]),
    }


def _v5_row(order: Order, listing: Listing) -> dict[str, str]:
    figures = _figures(order, listing)
    return {
        "id": str(order.id),
        "contract_code": order.symbol,
        "liquidation_time": str(to_millis(order.created)),
        "side": side_word(order.side),
        "position_side": order.leg.value,
        "volume": str(order.lots),
        "amount": figures["amount"],
        "bankrupt_price": figures["price"],
        "trade_turnover": figures["turnover"],
    }


def _figures(order: Order, listing: Listing) -> dict[str, str]:
    """At the order's price, which is the bankruptcy price; an order at the market shows no worth."""
    price = (order.price or 0) * listing.instrument.price_tick
    if not price:
        return {"price": "0", "amount": "0", "turnover": "0"}
    worth = {"amount": coins(listing, order.lots, price), "turnover": turnover(listing, order.lots, price)}
    return {"price": plain_decimal(price)} | {name: plain_decimal(round(value, 18)) for name, value in worth.items()}
