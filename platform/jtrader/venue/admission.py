"""A new order is checked against everything but money, and becomes an order of the venue."""

from jtrader.matching.entry import Style
from jtrader.venue.account import Account
from jtrader.venue.filters import NewOrder, check_notional, checked_lots, checked_ticks, grid_ticks
from jtrader.venue.floor import Floor
from jtrader.venue.listing import Listing
from jtrader.venue.records import Order
from jtrader.venue.refusals import Refused, Why
from jtrader.venue.units import ATOM
from jtrader.venue.words import Leg, Trigger


def admitted(floor: Floor, account: Account, new: NewOrder, ts: int) -> Order:
    """Raises Refused. The order is numbered, but nowhere recorded yet."""
    listing = floor.listing(new.symbol)
    reference = floor.marks(new.symbol)
    waits = new.trigger_price is not None
    if waits:
        price = grid_ticks(new.price, listing) if new.price is not None else None
    else:
        price = checked_ticks(new.price, new.side, listing, reference)
    reduces = _reduces(account, new)
    lots = 0 if new.close_position else _lots(floor, new, listing)
    if not reduces:
        check_notional(lots, price, listing, reference)
    _check_ids(account, new, listing)
    trigger = None
    if new.trigger_price is not None:
        trigger = Trigger(grid_ticks(new.trigger_price, listing), new.trigger_by, new.if_touched)
    elif reduces:
        lots = reducible(account, new, lots)
    return Order(
        id=floor.next_order(),
        client_id=new.client_id,
        account=account.name,
        symbol=new.symbol,
        side=new.side,
        style=new.style,
        lots=lots,
        price=price,
        reduce_only=reduces,
        created=ts,
        updated=ts,
        quote_wanted=int(new.quote * ATOM) if new.quote is not None else 0,
        leg=new.leg,
        trigger=trigger,
        algo_id=floor.next_algo() if trigger is not None else 0,
        close_position=new.close_position,
    )


def reducible(account: Account, order: NewOrder | Order, lots: int) -> int:
    """As much as closes the position: less where other reduce-only orders already rest for it.

    Hedge mode doesn't cut an order that would close more than its leg holds, it refuses it (Binance, HTX).
    """
    held = account.position(order.symbol, order.leg).lots
    resting = sum(o.left for o in account.open_of(order.symbol) if o.reduce_only and o.leg is order.leg)
    most = abs(held) - (resting if order.style.rests else 0)
    if held * order.side >= 0 or most <= 0 or (order.leg is not Leg.BOTH and lots > most):
        raise Refused(Why.REDUCE_ONLY, "there is no position that this order would reduce")
    return min(lots, most)


def reducible_left(account: Account, order: Order) -> int:
    """The most that may be left of a resting reduce-only order, beside the others that rest for its position."""
    others = sum(
        o.left for o in account.open_of(order.symbol) if o.reduce_only and o.leg is order.leg and o is not order
    )
    return abs(account.position(order.symbol, order.leg).lots) - others


def _reduces(account: Account, new: NewOrder) -> bool:
    """Reduce-only by word, or since it closes a leg of a hedged account. Raises Refused when leg and mode differ."""
    if account.modes.hedge != (new.leg is not Leg.BOTH):
        mode = "hedge" if account.modes.hedge else "one-way"
        raise Refused(Why.LEG, f"an order for the position '{new.leg}' doesn't go with {mode} mode")
    return new.reduce_only or new.close_position or new.side == -new.leg.sign


def _check_ids(account: Account, new: NewOrder, listing: Listing) -> None:
    open_now = account.open_of(new.symbol)
    if any(order.client_id == new.client_id for order in (*open_now, *account.waiting_of(new.symbol))):
        raise Refused(Why.DUPLICATE_CLIENT_ID, f"client id {new.client_id} is open already")
    if len(open_now) >= listing.max_open_orders:
        raise Refused(Why.TOO_MANY_ORDERS, f"{listing.max_open_orders} orders are open, the most allowed")


def _lots(floor: Floor, new: NewOrder, listing: Listing) -> int:
    if new.quantity is not None:
        return checked_lots(new.quantity, listing, new.style is Style.MARKET)
    budget = int((new.quote or 0) * ATOM) // listing.tick_lot
    lots = floor.books[new.symbol].affordable(new.side, budget)
    step = listing.lots(listing.instrument.quantity_step)
    return checked_lots(lots // step * listing.instrument.quantity_step, listing, market=True)
