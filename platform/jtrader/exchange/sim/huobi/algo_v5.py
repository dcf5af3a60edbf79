"""Linear swaps' trigger, take-profit and stop-loss orders (v5): place, cancel, look up, list.

A trigger order waits for its price to come from where the last one is now. Take profit and stop loss close: the one
when the price has gone their way, the other when it has gone against it; placed together (`tpsl`) the first that
triggers ends the other. ccxt 4.5.83 sends the working order's type (`limit`, `market`) where the venue's own word is
`trigger`: both are taken.
"""

from typing import Any

from jtrader.exchange.sim.huobi import contract_desk as desk
from jtrader.exchange.sim.huobi.call import Call
from jtrader.exchange.sim.huobi.client_ids import Kind, fresh, kept, shown
from jtrader.exchange.sim.huobi.errors import BAD_TYPE, NO_ORDER, HuobiError, illegal, missing
from jtrader.exchange.sim.huobi.orders_v5 import own_id
from jtrader.exchange.sim.huobi.rows_v5 import algo_row, algo_state
from jtrader.exchange.sim.huobi.words import side_of
from jtrader.matching.entry import Style
from jtrader.venue.filters import NewOrder
from jtrader.venue.listing import Listing
from jtrader.venue.records import Order

_TRIGGERS = ("trigger", "limit", "market", "post_only")
_KINDS = {"tp": (Kind.TAKE_PROFIT,), "sl": (Kind.STOP_LOSS,), "tpsl": (Kind.TAKE_PROFIT, Kind.STOP_LOSS)}


def place(call: Call) -> list[dict[str, Any]]:
    listing, kind = call.listing(), call.text("type")
    given = own_id(call, "algo_client_order_id") or own_id(call, "client_order_id")
    if kind in _KINDS:
        own = given or fresh()
        made = [
            _tpsl(call, listing, one, own)
            for one in _KINDS[kind]
            if call.maybe(f"{one.value}_trigger_price") is not None
        ]
        if not made:
            raise missing(call.family, f"{kind}_trigger_price")
    elif kind in _TRIGGERS and call.maybe("trigger_price") is not None:
        made = [_trigger(call, listing, given)]
    else:
        raise desk.NOT_OFFERED
    desk.take_margin_mode(call, listing, call.maybe("margin_mode"))
    orders = [call.venue.submit(call.account, new, call.world.now) for new in made]
    return [{"algo_id": str(order.algo_id), "algo_client_order_id": shown(order)} for order in orders]


def _trigger(call: Call, listing: Listing, given: str | None) -> NewOrder:
    kind, price, trigger = call.text("type"), call.decimal("price"), call.decimal("trigger_price")
    volume, side = call.decimal("volume"), side_of(call.text("side"))
    if volume is None or trigger is None:
        raise missing(call.family, "volume")
    at_market = kind == "market" or (kind == "trigger" and not price)
    if not at_market and price is None:
        raise missing(call.family, "price")
    style = Style.MARKET if at_market else Style.POST_ONLY if kind == "post_only" else Style.LIMIT
    rises = trigger * 10**8 > desk.last_price(call, listing)
    return NewOrder(
        symbol=listing.symbol,
        side=side,
        style=style,
        client_id=kept(Kind.PLAIN, given),
        quantity=volume,
        price=None if at_market else price,
        reduce_only=call.flag("reduce_only"),
        leg=desk.leg_of(call.maybe("position_side")),
        trigger_price=trigger,
        trigger_by=desk.trigger_by(call.maybe("trigger_price_type")),
        if_touched=rises != (side > 0),
    )


def _tpsl(call: Call, listing: Listing, kind: Kind, own: str) -> NewOrder:
    """Without a volume it closes whatever is held then."""
    name, volume = kind.value, call.decimal("volume")
    price = call.decimal(f"{name}_order_price")
    at_market = not price or call.maybe(f"{name}_type") == "market"
    return NewOrder(
        symbol=listing.symbol,
        side=side_of(call.text("side")),
        style=Style.MARKET if at_market else Style.LIMIT,
        client_id=kept(kind, own),
        quantity=volume,
        price=None if at_market else price,
        reduce_only=True,
        close_position=volume is None,
        leg=desk.leg_of(call.maybe("position_side")),
        trigger_price=call.decimal(f"{name}_trigger_price"),
        trigger_by=desk.trigger_by(call.maybe(f"{name}_trigger_price_type")),
        if_touched=kind is Kind.TAKE_PROFIT,
    )


def cancel(call: Call) -> list[dict[str, Any]]:
    """Each tells how it went; one alone that can't be cancelled is an error."""
    if not 0 < len(call.items) <= 20:
        raise illegal(call.family, "orders")
    rows = [_cancel(call, item) for item in call.items]
    if len(rows) == 1 and rows[0]["code"] != 200:
        raise HuobiError(rows[0]["code"], rows[0]["message"])
    return rows


def _cancel(call: Call, item: dict[str, Any]) -> dict[str, Any]:
    algo_id, given = item.get("algo_id"), item.get("algo_client_order_id")
    order = _find(call, str(algo_id) if algo_id else None, str(given) if given else None)
    named = {"algo_id": str(algo_id or ""), "algo_client_order_id": str(given or algo_id or "")}
    if order is None or not order.is_waiting:
        return {"code": 1061, "message": "This order doesnt exist.", **named}
    call.venue.cancel(call.account, order, call.world.now)
    return {"code": 200, "message": "Success", **named, "algo_id": str(order.algo_id)}


def look_up(call: Call) -> list[dict[str, Any]]:
    order = _find(call, call.maybe("algo_id"), call.maybe("algo_client_order_id"))
    if order is None:
        raise NO_ORDER
    return [_row(call, order)]


def open_orders(call: Call) -> list[dict[str, Any]]:
    return _page(call, [order for order in _of_type(call) if order.is_waiting])


def history(call: Call) -> list[dict[str, Any]]:
    """Those that wait no more, by state (effective, canceled, failed)."""
    start, end = desk.window(call)
    states = (call.maybe("states") or "").split(",")
    found = [
        order
        for order in _of_type(call)
        if not order.is_waiting and start <= order.created < end
        if states == [""] or algo_state(order) in states
    ]
    return _page(call, found)


def _of_type(call: Call) -> list[Order]:
    kind = call.maybe("type") or "trigger"
    listing = call.maybe_listing()
    if kind in _KINDS:
        return [o for o in desk.strategies(call, listing, tpsl=True) if desk.is_kind(o, *_KINDS[kind])]
    if kind == "trailing_stop":
        return []
    if kind != "trigger":
        raise BAD_TYPE
    return desk.strategies(call, listing, tpsl=False)


def _page(call: Call, found: list[Order]) -> list[dict[str, Any]]:
    return [_row(call, order) for order in desk.page(call, found, lambda order: order.algo_id, "limit", 10, 100)]


def _find(call: Call, algo_id: str | None, given: str | None) -> Order | None:
    """By the algo's number, which stands for a client id too where the client gave none."""
    number = algo_id or given
    if number is not None and number.isdigit() and (order := call.account.find_algo(int(number))) is not None:
        return order
    if given is None:
        return None
    ids = [kept(kind, given) for kind in (Kind.PLAIN, Kind.TAKE_PROFIT, Kind.STOP_LOSS)]
    found = (call.account.find(symbol, None, one) for symbol in call.venue.listings for one in ids)
    named = [o for o in found if o is not None and o.algo_id and not desk.is_forgotten(call, o)]
    return max(named, key=lambda order: order.id, default=None)


def _row(call: Call, order: Order) -> dict[str, Any]:
    return algo_row(order, call.account, call.venue.listings[order.symbol], desk.margin_of(call))
