"""What the contract markets' order requests share: windows of time, pages, looking up, cancelling, leverage."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from jtrader.domain.order import OrderStatus, TriggerBy
from jtrader.domain.times import HOUR
from jtrader.exchange.sim.huobi.call import Call
from jtrader.exchange.sim.huobi.client_ids import Kind, kind_of
from jtrader.exchange.sim.huobi.errors import HuobiError, illegal
from jtrader.exchange.sim.world import World
from jtrader.venue.clearing.margin import Margin
from jtrader.venue.listing import Listing
from jtrader.venue.records import Order, Trade
from jtrader.venue.words import Leg

_Row = TypeVar("_Row")
SPAN = 48 * HOUR
"""The longest stretch of time that one look at orders, trades or ledger rows covers."""

CLIENT_ID_LIFE = 8 * HOUR
"""How long after its creation an order can be named by its client's id."""

ALREADY_CANCELLED = HuobiError(1071, "Repeated withdraw.")
ALREADY_FILLED = HuobiError(1063, "The order has been executed, it can't be withdrawn.")
NO_SUCH_ORDER = HuobiError(1061, "This order doesnt exist.")
BAD_LEVERAGE = HuobiError(1045, "Unmatched leverage: there are positions or open orders at another one.")
NOT_OFFERED = HuobiError(1067, "This kind of order is not offered here.")

_LEGS = {"both": Leg.BOTH, "long": Leg.LONG, "short": Leg.SHORT}
_TRIGGERS = {"last": TriggerBy.LAST, "mark": TriggerBy.MARK, "market": TriggerBy.MARK, "index": TriggerBy.INDEX}
TRIGGER_WORDS = {TriggerBy.LAST: "last", TriggerBy.MARK: "mark", TriggerBy.INDEX: "index"}


def window(call: Call) -> tuple[int, int]:
    """`start_time` and `end_time` (v3's ledger: `start_date`) as start ≤ ts < end. Without a start the 48 hours before
    now or the end; without an end the 48 hours after the start. Raises HuobiError for longer stretches."""
    start, end = call.millis("start_time", "start_date"), call.millis("end_time", "end_date")
    if start is None:
        end = call.world.now + 1 if end is None else end + 1
        return end - SPAN, end
    end = start + SPAN if end is None else end + 1
    if end - start > SPAN + 1:
        raise illegal(call.family, "end_time")
    return start, end


def page(
    call: Call, rows: Sequence[_Row], number: Callable[[_Row], int], size_name: str, usual: int, most: int
) -> list[_Row]:
    """Of rows by ascending number: `prev` (the default) shows the newest first, below `from`; `next` the oldest first,
    above it."""
    size = call.limit(size_name, usual, most)
    start = call.integer("from_id") or call.integer("from")
    if call.maybe("direct") == "next":
        return [row for row in rows if start is None or number(row) > start][:size]
    return [row for row in reversed(rows) if start is None or number(row) < start][:size]


def exact_page(
    call: Call, name: str, rows: Sequence[_Row], number: Callable[[_Row], int], shown: Callable[[_Row], dict[str, Any]]
) -> dict[str, Any]:
    """v1's `_exact` lists: a page under its name, and where the next one begins."""
    found = page(call, rows, number, "size", 20, 50)
    next_id = number(found[-1]) if found and len(found) < len(rows) else None
    return {name: [shown(row) for row in found], "remain_size": len(rows) - len(found), "next_id": next_id}


def numbered_trades(call: Call, listing: Listing | None) -> list[tuple[int, Trade]]:
    """The account's trades in the asked window, by their place in the account's life: pages go by it."""
    start, end = window(call)
    return [
        (number, trade)
        for number, trade in enumerate(call.account.trades, 1)
        if start <= trade.ts < end and (listing is None or trade.symbol == listing.symbol)
    ]


def resting(call: Call, listing: Listing | None) -> list[Order]:
    """Orders in the book, the oldest first."""
    found = call.account.open_orders.values()
    return sorted((o for o in found if listing is None or o.symbol == listing.symbol), key=lambda order: order.id)


def is_strategy(order: Order) -> bool:
    """Does it live (or has it ended) outside the book, among trigger and TP/SL orders only?"""
    return order.trigger is not None and not order.triggered


def plain_orders(call: Call, listing: Listing | None) -> list[Order]:
    """All that went into the book, by id."""
    orders = call.account.orders.values()
    return [o for o in orders if not is_strategy(o) and (listing is None or o.symbol == listing.symbol)]


def strategies(call: Call, listing: Listing | None, tpsl: bool) -> list[Order]:
    """Trigger orders, or take-profit and stop-loss orders; waiting and ended ones."""
    return [
        order
        for order in call.account.orders.values()
        if order.trigger is not None and kind_of(order).is_tpsl == tpsl
        if listing is None or order.symbol == listing.symbol
    ]


def find(call: Call, order_id: int | None, client_id: str | None) -> Order | None:
    """One that went into the book; by the venue's id or by the newest under the client's, of any contract."""
    order = call.account.orders.get(order_id) if order_id is not None else None
    if order_id is None and client_id is not None:
        found = (call.account.find(symbol, None, client_id) for symbol in call.venue.listings)
        order = max((one for one in found if one is not None), key=lambda one: one.id, default=None)
        order = None if order is None or is_forgotten(call, order) else order
    return None if order is None or is_strategy(order) else order


def is_forgotten(call: Call, order: Order) -> bool:
    """Its client's id serves no more, only the venue's number."""
    return call.world.now - order.created > CLIENT_ID_LIFE


def cancel(call: Call, order: Order | None) -> Order:
    """Raises HuobiError with what became of the order."""
    if order is None:
        raise NO_SUCH_ORDER
    if not order.is_open:
        raise ALREADY_FILLED if order.status is OrderStatus.FILLED else ALREADY_CANCELLED
    return call.venue.cancel(call.account, order, call.world.now)


def take_leverage(call: Call, listing: Listing, leverage: int | None) -> None:
    """An opening order brings its leverage: it must be the one in use, or nothing may hang on that."""
    margin = call.venue.margin
    if leverage is None or margin is None or leverage == margin.leverage(call.account, listing.symbol):
        return
    held = any(position.lots for position in call.account.positions_of(listing.symbol))
    if held or call.account.open_of(listing.symbol):
        raise BAD_LEVERAGE
    call.venue.set_leverage(call.account, listing.symbol, leverage, call.world.now)


def take_margin_mode(call: Call, listing: Listing, mode: str | None) -> None:
    """`cross` or `isolated`: the one in use, or another while nothing hangs on it. Raises HuobiError, Refused."""
    if mode not in (None, "cross", "isolated"):
        raise illegal(call.family, "margin_mode")
    isolated = mode == "isolated"
    if mode is not None and call.account.modes.isolated.get(listing.symbol, False) != isolated:
        call.venue.modes.set_isolated(call.account, listing.symbol, isolated, call.world.now)


def margin_mode(call: Call, symbol: str) -> str:
    return "isolated" if call.account.modes.isolated.get(symbol, False) else "cross"


def leg_of(word: str | None) -> Leg:
    """`position_side`; Leg.BOTH without one."""
    return _LEGS.get(word or "both", Leg.BOTH)


def trigger_by(word: str | None) -> TriggerBy:
    return _TRIGGERS.get(word or "last", TriggerBy.LAST)


def margin_of(call: Call) -> Margin:
    return margin_at(call.world, call.market)


def margin_at(world: World, market: str) -> Margin:
    margin = world.venues[market].margin
    assert margin is not None, f"{market} is no market of derivatives"
    return margin


def last_price(call: Call, listing: Listing) -> int:
    """In atoms."""
    return call.history(listing).last_price() * listing.tick


def is_kind(order: Order, *kinds: Kind) -> bool:
    return kind_of(order) in kinds
