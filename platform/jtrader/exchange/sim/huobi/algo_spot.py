"""Spot's conditional orders below `/v2/algo-orders`: they are known by the client's id alone, and become plain orders.

`orderStatus`: created (waits), triggered (a plain order now, `orderId`), canceled, rejected (could not be carried when
it triggered). Source: huobiapi.github.io, spot v1, conditional order.
"""

from typing import Any

from jtrader.domain.order import OrderStatus
from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi.call import Call, Whole
from jtrader.exchange.sim.huobi.client_ids import Kind, kept, kind_of, shown
from jtrader.exchange.sim.huobi.errors import HuobiError
from jtrader.exchange.sim.huobi.numbers import words
from jtrader.exchange.sim.huobi.orders_spot import check_account, client_id
from jtrader.exchange.sim.huobi.rows_spot import account_id
from jtrader.exchange.sim.huobi.words import side_of, side_word
from jtrader.matching.book import BUY
from jtrader.matching.entry import Style
from jtrader.venue.filters import NewOrder
from jtrader.venue.records import Order

_NO_ORDER = HuobiError(1001, "invalid.order.id")
_STYLES = {"gtc": Style.LIMIT, "ioc": Style.IOC, "fok": Style.FOK, "boc": Style.POST_ONLY}
_TIMES = {style: word for word, style in _STYLES.items()}


def place(call: Call) -> dict[str, Any]:
    """A market buy names `orderValue`, everything else `orderSize`. It waits for the price to come from where the last
    one is now."""
    check_account(call, "accountId")
    listing, side = call.listing(), side_of(call.text("orderSide"))
    style = _style(call)
    given = client_id(call, "clientOrderId")
    if given is None:
        raise HuobiError(2002, "invalid field value in `clientOrderId`")
    size, value, stop = call.decimal("orderSize"), call.decimal("orderValue"), call.decimal("stopPrice")
    spends = style is Style.MARKET and side == BUY
    if stop is None or (value if spends else size) is None:
        raise HuobiError(2002, "invalid field value in `stopPrice` or `orderSize`")
    last = call.history(listing).last_price()
    rises = stop > listing.instrument.price_at(last)
    order = call.venue.submit(
        call.account,
        NewOrder(
            symbol=listing.symbol,
            side=side,
            style=style,
            client_id=kept(Kind.ALGO, given),
            quantity=None if spends else size,
            quote=value if spends else None,
            price=None if style is Style.MARKET else call.decimal("orderPrice"),
            trigger_price=stop,
            if_touched=rises != (side == BUY),
        ),
        call.world.now,
    )
    return {"clientOrderId": shown(order)}


def cancel(call: Call) -> dict[str, list[str]]:
    given = call.params.get("clientOrderIds")
    if not isinstance(given, list) or not 0 < len(given) <= 50:
        raise HuobiError(2002, "invalid field value in `clientOrderIds`")
    accepted: list[str] = []
    rejected: list[str] = []
    for one in map(str, given):
        order = _find(call, one)
        if order is None or not order.is_waiting:
            rejected.append(one)
        else:
            call.venue.cancel(call.account, order, call.world.now)
            accepted.append(one)
    return {"accepted": accepted, "rejected": rejected}


def opening(call: Call) -> Whole:
    return _listed(call, [order for order in _algos(call) if order.is_waiting])


def history(call: Call) -> Whole:
    """Those that wait no more, of a pair and a state."""
    status = call.text("orderStatus")
    return _listed(call, [order for order in _algos(call) if not order.is_waiting and _state(order) == status])


def specific(call: Call) -> dict[str, Any]:
    order = _find(call, call.text("clientOrderId"))
    if order is None:
        raise _NO_ORDER
    return _row(call, order)


def _style(call: Call) -> Style:
    kind, time = call.text("orderType"), call.maybe("timeInForce")
    if kind == "market":
        return Style.MARKET
    if kind != "limit" or (time or "gtc") not in _STYLES:
        raise HuobiError(2002, "invalid field value in `orderType` or `timeInForce`")
    return _STYLES[time or "gtc"]


def _listed(call: Call, found: list[Order]) -> Whole:
    listing, side, limit = call.maybe_listing(), call.maybe("orderSide"), call.limit("limit", 100, 500)
    rows = [
        _row(call, order)
        for order in sorted(found, key=lambda order: order.created, reverse=call.maybe("sort") != "asc")
        if listing is None or order.symbol == listing.symbol
        if side in (None, side_word(order.side))
    ]
    return Whole({"code": 200, "data": rows[:limit]})


def _row(call: Call, order: Order) -> dict[str, Any]:
    assert order.trigger is not None
    listing = call.venue.listings[order.symbol]
    row: dict[str, Any] = {
        "accountId": account_id(call.account),
        "source": "api",
        "clientOrderId": shown(order),
        "symbol": order.symbol,
        "orderPrice": words((order.price or 0) * listing.tick),
        "orderSize": words(order.lots * listing.lot),
        "orderValue": words(order.quote_wanted),
        "orderSide": side_word(order.side),
        "timeInForce": _TIMES.get(order.style, "ioc"),
        "orderType": "market" if order.style is Style.MARKET else "limit",
        "stopPrice": words(order.trigger.ticks * listing.tick),
        "orderOrigTime": to_millis(order.created),
        "lastActTime": to_millis(order.updated),
        "orderStatus": _state(order),
    }
    return row | {"orderId": str(order.id)} if order.triggered else row


def _state(order: Order) -> str:
    if order.is_waiting:
        return "created"
    if order.status is OrderStatus.REJECTED:
        return "rejected"
    return "triggered" if order.triggered else "canceled"


def _algos(call: Call) -> list[Order]:
    return [
        order for order in call.account.orders.values() if order.trigger is not None and kind_of(order) is Kind.ALGO
    ]


def _find(call: Call, given: str) -> Order | None:
    kept_id = kept(Kind.ALGO, given)
    found = (call.account.find(symbol, None, kept_id) for symbol in call.venue.listings)
    return max((order for order in found if order is not None), key=lambda order: order.id, default=None)
