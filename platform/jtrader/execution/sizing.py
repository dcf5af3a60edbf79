"""Which quantities and prices can be sent: lots, the venue's least, limit and collar."""

from decimal import Decimal

from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Quote
from jtrader.domain.money import ONE, ZERO, round_down, round_up
from jtrader.domain.order import OrderType, Side, TimeInForce
from jtrader.domain.payoff import notional
from jtrader.execution.algorithm import ParentView, Slice
from jtrader.risk.price import touch_of

BPS = Decimal("0.0001")


def is_crossed(quote: Quote) -> bool:
    return not 0 < quote.bid < quote.ask < float("inf")


def own_best(view: ParentView) -> Decimal | None:
    """The best price on the parent's own side, None where no usable quote is known."""
    if view.quote is None or is_crossed(view.quote):
        return None
    return touch_of(view.quote, view.instrument).against(view.intent.side.opposite)


def other_best(view: ParentView) -> Decimal | None:
    """The best price that the parent could take, None where no usable quote is known."""
    if view.quote is None or is_crossed(view.quote):
        return None
    return touch_of(view.quote, view.instrument).against(view.intent.side)


def worse(side: Side, one: Decimal, other: Decimal) -> Decimal:
    """The price that is worse to pay (buy) or to get (sell)."""
    return max(one, other) if side is Side.BUY else min(one, other)


def better(side: Side, one: Decimal, other: Decimal) -> Decimal:
    return min(one, other) if side is Side.BUY else max(one, other)


def on_grid(side: Side, price: Decimal, instrument: Instrument) -> Decimal:
    """The tick that is not worse than `price`: below for a buy, above for a sell."""
    return (round_down if side is Side.BUY else round_up)(price, instrument.price_tick)


def take_price(view: ParentView, collar: Decimal, keep_limit: bool = True) -> Decimal | None:
    """The worst price to take at: the mid ± `collar` (at most the account's), within the limit. None where the market
    can't be seen or its best price lies beyond."""
    best = other_best(view)
    if view.quote is None or best is None:
        return None
    mid = touch_of(view.quote, view.instrument).mid
    side = view.intent.side
    bound = on_grid(side, mid * (ONE + side.sign * min(collar, view.collar)), view.instrument)
    if keep_limit and view.intent.limit_price is not None:
        bound = better(side, bound, view.intent.limit_price)
    return bound if bound > 0 and better(side, best, bound) == best else None


def least(view: ParentView, price: Decimal | None) -> Decimal:
    """The smallest quantity that the venue takes at `price`, in lots; its least notional does not bind an exit."""
    rules = view.instrument
    smallest = rules.quantity_up(rules.min_quantity)
    if price is None or not rules.min_notional or (view.intent.reduce_only and not rules.is_spot):
        return smallest
    worth = notional(rules.product, rules.quantity_step, rules.contract_value, price)
    return max(smallest, round_up(rules.min_notional / worth, ONE) * rules.quantity_step)


def lots_of(view: ParentView, wanted: Decimal, price: Decimal | None) -> Decimal:
    """What to send of `wanted` now, at most what is left: whole lots; zero where that is below the least, and all that
    is left where the rest would be."""
    rules = view.instrument
    smallest = least(view, price)
    quantity = min(rules.quantity_down(min(wanted, view.left)), rules.quantity_down(rules.max_quantity))
    if quantity < smallest:
        return ZERO
    rest = rules.quantity_down(view.left) - quantity
    if ZERO < rest < smallest and quantity + rest <= rules.max_quantity:
        return quantity + rest
    return quantity


def taking(quantity: Decimal, price: Decimal) -> Slice:
    return Slice(quantity=quantity, type=OrderType.LIMIT, time_in_force=TimeInForce.IOC, price=price)


def resting(quantity: Decimal, price: Decimal, post_only: bool = True) -> Slice:
    life = TimeInForce.POST_ONLY if post_only else TimeInForce.GTC
    return Slice(quantity=quantity, type=OrderType.LIMIT, time_in_force=life, price=price)
