"""Coin-margined trigger orders and take-profit and stop-loss orders: place, cancel, list, history."""

from typing import Any

from jtrader.exchange.sim.huobi import contract_desk as desk
from jtrader.exchange.sim.huobi.call import Call
from jtrader.exchange.sim.huobi.client_ids import Kind, fresh, kept
from jtrader.exchange.sim.huobi.errors import NOTHING_TO_CANCEL, HuobiError, missing
from jtrader.exchange.sim.huobi.orders_inverse import asked_ids, leg_asked
from jtrader.exchange.sim.huobi.pages import numbers, slice_of
from jtrader.exchange.sim.huobi.rows_inverse import tpsl_row, trigger_row
from jtrader.exchange.sim.huobi.words import price_type, side_of, strategy_status
from jtrader.matching.entry import Style
from jtrader.venue.filters import NewOrder
from jtrader.venue.records import Order
from jtrader.venue.words import Leg

_BAD_TRIGGER = HuobiError(1082, "The trigger type parameter is invalid.")


def place_trigger(call: Call) -> dict[str, Any]:
    """`ge` waits for the price to rise to the trigger, `le` for it to fall."""
    listing, side = call.listing(), side_of(call.text("direction"))
    kind, volume = call.text("trigger_type"), call.decimal("volume")
    if kind not in ("ge", "le"):
        raise _BAD_TRIGGER
    style = price_type(call.maybe("order_price_type") or "limit")
    price, leg = call.decimal("order_price"), leg_asked(call, side)
    if volume is None:
        raise missing(call.family, "volume")
    if style is not Style.MARKET and price is None:
        raise missing(call.family, "order_price")
    if side == leg.sign:
        desk.take_leverage(call, listing, call.integer("lever_rate"))
    new = NewOrder(
        symbol=listing.symbol,
        side=side,
        style=style,
        client_id=fresh(),
        quantity=volume,
        price=None if style is Style.MARKET else price,
        reduce_only=leg is Leg.BOTH and call.flag("reduce_only"),
        leg=leg,
        trigger_price=call.decimal("trigger_price"),
        if_touched=(kind == "ge") != (side > 0),
    )
    if new.trigger_price is None:
        raise missing(call.family, "trigger_price")
    return _numbered(call.venue.submit(call.account, new, call.world.now))


def place_tpsl(call: Call) -> dict[str, Any]:
    """A take profit, a stop loss, or both for the position that `direction` closes; the first to trigger ends the
    other."""
    listing, side, volume = call.listing(), side_of(call.text("direction")), call.decimal("volume")
    if volume is None:
        raise missing(call.family, "volume")
    own, made = fresh(), {}
    for kind in (Kind.TAKE_PROFIT, Kind.STOP_LOSS):
        name = kind.value
        trigger, price = call.decimal(f"{name}_trigger_price"), call.decimal(f"{name}_order_price")
        if trigger is None:
            continue
        style = price_type(call.maybe(f"{name}_order_price_type") or ("limit" if price else "market"))
        if style is not Style.MARKET and price is None:
            raise missing(call.family, f"{name}_order_price")
        made[name] = NewOrder(
            symbol=listing.symbol,
            side=side,
            style=style,
            client_id=kept(kind, own),
            quantity=volume,
            price=None if style is Style.MARKET else price,
            reduce_only=True,
            leg=Leg.BOTH if not call.account.modes.hedge else Leg.SHORT if side > 0 else Leg.LONG,
            trigger_price=trigger,
            if_touched=kind is Kind.TAKE_PROFIT,
        )
    if not made:
        raise missing(call.family, "tp_trigger_price")
    placed = {name: _numbered(call.venue.submit(call.account, new, call.world.now)) for name, new in made.items()}
    return {"tp_order": placed.get("tp"), "sl_order": placed.get("sl")}


def cancel_triggers(call: Call) -> dict[str, Any]:
    return _cancel(call, tpsl=False)


def cancel_tpsls(call: Call) -> dict[str, Any]:
    return _cancel(call, tpsl=True)


def _cancel(call: Call, tpsl: bool) -> dict[str, Any]:
    known = {order.algo_id: order for order in _all(call, tpsl)}
    done, errors = [], []
    for _, one in asked_ids(call, 10):
        order = known.get(int(one))
        if order is None or not order.is_waiting:
            errors.append({"order_id": one, "err_code": 1061, "err_msg": "This order doesnt exist."})
        else:
            call.venue.cancel(call.account, order, call.world.now)
            done.append(one)
    return {"errors": errors, "successes": ",".join(done)}


def cancel_all_triggers(call: Call) -> dict[str, Any]:
    return _cancel_all(call, tpsl=False)


def cancel_all_tpsls(call: Call) -> dict[str, Any]:
    return _cancel_all(call, tpsl=True)


def _cancel_all(call: Call, tpsl: bool) -> dict[str, Any]:
    waiting = [order for order in _all(call, tpsl) if order.is_waiting]
    if not waiting:
        raise NOTHING_TO_CANCEL
    for order in waiting:
        call.venue.cancel(call.account, order, call.world.now)
    return {"errors": [], "successes": ",".join(str(order.algo_id) for order in waiting)}


def open_triggers(call: Call) -> dict[str, Any]:
    return _listed(call, [order for order in _all(call, tpsl=False) if order.is_waiting])


def open_tpsls(call: Call) -> dict[str, Any]:
    return _listed(call, [order for order in _all(call, tpsl=True) if order.is_waiting])


def past_triggers(call: Call) -> dict[str, Any]:
    return _listed(call, _past(call, tpsl=False))


def past_tpsls(call: Call) -> dict[str, Any]:
    return _listed(call, _past(call, tpsl=True))


def nothing(call: Call) -> dict[str, Any]:
    """Trailing orders are not offered: there never is one."""
    return {"orders": [], **numbers(call, 0)}


def refuse(call: Call) -> dict[str, Any]:  # noqa: ARG001 - a handler of the table
    raise desk.NOT_OFFERED


def _past(call: Call, tpsl: bool) -> list[Order]:
    """Of the last `create_date` days (at most 90); by status: 0 all that have ended, 4 sent, 5 failed, 6 cancelled."""
    days = call.limit("create_date", 7, 90)
    oldest = call.world.now - days * 86_400 * 10**9
    states = (call.maybe("status") or "0").split(",")
    return [
        order
        for order in _all(call, tpsl)
        if not order.is_waiting and order.created >= oldest
        if "0" in states or str(strategy_status(order)) in states
    ]


def _all(call: Call, tpsl: bool) -> list[Order]:
    symbols = {listing.symbol for listing in call.listings()}
    return [order for order in desk.strategies(call, None, tpsl) if order.symbol in symbols]


def _listed(call: Call, found: list[Order]) -> dict[str, Any]:
    newest_first = sorted(found, key=lambda order: order.algo_id, reverse=True)
    return {"orders": [_row(call, order) for order in slice_of(call, newest_first)], **numbers(call, len(found))}


def _row(call: Call, order: Order) -> dict[str, Any]:
    listing, now = call.venue.listings[order.symbol], call.world.now
    if desk.is_kind(order, Kind.TAKE_PROFIT, Kind.STOP_LOSS):
        return tpsl_row(order, listing, now)
    return trigger_row(order, call.account, listing, desk.margin_of(call), now)


def _numbered(order: Order) -> dict[str, Any]:
    return {"order_id": order.algo_id, "order_id_str": str(order.algo_id)}
