"""The gate on the last hop: an order and the account's exposure in, ApprovedOrder or Refused(code, reason) out.

Checks run in a fixed order and the first refusal counts. A reduce-only order is never held up by the number or rate of
orders, and its collar is `EXIT_COLLAR_STEPS` times as wide: the way out stays open.
"""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from jtrader.domain.errors import Broken
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import ZERO, plain
from jtrader.domain.order import ChildOrder
from jtrader.domain.payoff import notional
from jtrader.domain.times import SECOND
from jtrader.risk.exposure import Exposure
from jtrader.risk.kill import KillLevel
from jtrader.risk.limits import Limits
from jtrader.risk.price import Touch, cheapest, dearest, touch_of
from jtrader.risk.verdict import ApprovedOrder, RefusalCode, Refused

EXIT_COLLAR_STEPS = 5

T = TypeVar("T")
Refusal = tuple[RefusalCode, str]


class _Case(msgspec.Struct, frozen=True):
    order: ChildOrder
    instrument: Instrument
    limits: Limits
    exposure: Exposure


def judge(order: ChildOrder, instrument: Instrument, limits: Limits, exposure: Exposure) -> ApprovedOrder | Refused:
    """Raises nothing: what can't be decided is refused."""
    case = _Case(order, instrument, limits, exposure)
    for check in (_permission, _size, _position, _counts, _quote, _money):
        for code, reason in check(case):
            return Refused(order, code, f"{order.instrument}: {reason}")
    return ApprovedOrder(order)


def _permission(case: _Case) -> Iterator[Refusal]:
    order, exposure = case.order, case.exposure
    kill = exposure.kill
    if kill is not None and (
        kill.level >= KillLevel.NO_ORDERS or (kill.level >= KillLevel.NO_NEW_RISK and not order.reduce_only)
    ):
        yield RefusalCode.KILL, f"kill level {int(kill.level)} by {kill.actor}: {kill.reason}"
    if exposure.narrowed and not order.reduce_only:
        yield RefusalCode.NARROWED, f"no new risk here: {exposure.narrowed}"
    if unset := case.limits.unset():
        yield RefusalCode.LIMIT_UNSET, f"limits.{order.account}.{unset[0]} is not set; set it to trade"
    if order.quantity > exposure.parent_left:
        yield (
            RefusalCode.PARENT_EXCEEDED,
            f"quantity {plain(order.quantity)} is more than the {plain(exposure.parent_left)} its parent has left",
        )


def _size(case: _Case) -> Iterator[Refusal]:
    order, rules = case.order, case.instrument
    if order.price is not None and (order.price <= 0 or not rules.price_on_grid(order.price)):
        yield RefusalCode.OFF_TICK, f"price {plain(order.price)} is not a multiple of {plain(rules.price_tick)}"
    if order.quantity <= 0 or not rules.quantity_on_grid(order.quantity):
        yield RefusalCode.OFF_LOT, f"quantity {plain(order.quantity)} is not a multiple of {plain(rules.quantity_step)}"
    if order.quantity < rules.min_quantity:
        yield (
            RefusalCode.BELOW_MIN_QUANTITY,
            f"quantity {plain(order.quantity)} is below the least, {plain(rules.min_quantity)}",
        )
    if order.quantity > rules.max_quantity:
        yield (
            RefusalCode.ABOVE_MAX_QUANTITY,
            f"quantity {plain(order.quantity)} is above the most, {plain(rules.max_quantity)}",
        )


def _position(case: _Case) -> Iterator[Refusal]:
    order, exposure = case.order, case.exposure
    reducible = exposure.reducible(order.side, case.instrument)
    if order.reduce_only and order.quantity > reducible:
        left = f"net position {plain(exposure.net)} and other exits leave {plain(reducible)} to reduce"
        yield RefusalCode.REDUCE_ONLY, f"{order.side} {plain(order.quantity)}, but {left}"
    if case.instrument.is_spot and order.side.sign < 0 and order.quantity > reducible:
        yield (
            RefusalCode.SPOT_SHORT,
            f"sells {plain(order.quantity)}, but only {plain(reducible)} is held and not offered already",
        )


def _counts(case: _Case) -> Iterator[Refusal]:
    if case.order.reduce_only:
        return
    exposure, limits = case.exposure, case.limits
    if exposure.open_orders >= _set(limits.max_open_orders):
        yield RefusalCode.OPEN_ORDERS, f"{exposure.open_orders} orders are open, the limit is {limits.max_open_orders}"
    if exposure.orders_last_minute >= _set(limits.max_orders_per_minute):
        yield (
            RefusalCode.ORDER_RATE,
            f"{exposure.orders_last_minute} orders last market minute, the limit is {limits.max_orders_per_minute}",
        )


def _quote(case: _Case) -> Iterator[Refusal]:
    quote, exposure, limits = case.exposure.quote, case.exposure, case.limits
    if quote is None:
        yield RefusalCode.NO_QUOTE, "no quote has been seen; is the feed up?"
        return
    if exposure.silent_since is not None:
        yield RefusalCode.STALE_QUOTE, "the market data feed has gone quiet"
    age = exposure.now - quote.ts
    if age > _set(limits.max_quote_age):
        yield (
            RefusalCode.STALE_QUOTE,
            f"the quote is {age / SECOND:.1f} s old, the limit is {_set(limits.max_quote_age) / SECOND:.1f} s",
        )
    if not 0 < quote.bid < quote.ask < float("inf"):
        yield RefusalCode.BAD_QUOTE, f"bid {quote.bid} and ask {quote.ask} are crossed or no prices"
        return
    yield from _collar(case, touch_of(quote, case.instrument))


def _collar(case: _Case, touch: Touch) -> Iterator[Refusal]:
    order, mid = case.order, touch.mid
    allowed = _set(case.limits.price_collar) * (EXIT_COLLAR_STEPS if order.reduce_only else 1)
    price = touch.against(order.side) if order.price is None else order.price
    distance = abs(price - mid) / mid
    if distance > allowed:
        yield (
            RefusalCode.COLLAR,
            f"price {plain(price)} is {float(distance):.3%} from the mid {plain(mid)}, the collar is {allowed:.3%}",
        )


def _money(case: _Case) -> Iterator[Refusal]:
    order, rules, limits, exposure = case.order, case.instrument, case.limits, case.exposure
    touch, collar = touch_of(_set(exposure.quote), rules), _set(limits.price_collar)
    least = notional(rules.product, order.quantity, rules.contract_value, cheapest(order, touch, collar))
    if least < rules.min_notional and not (order.reduce_only and not rules.is_spot):
        yield (
            RefusalCode.BELOW_MIN_NOTIONAL,
            f"notional {least:.2f} at the worst price is below the venue's {plain(rules.min_notional)}",
        )
    if order.reduce_only:
        return
    price = dearest(order, touch, collar)
    most = notional(rules.product, order.quantity, rules.contract_value, price)
    if most > _set(limits.max_order_notional):
        yield (
            RefusalCode.ORDER_NOTIONAL,
            f"notional {most:.2f} is above the limit {plain(_set(limits.max_order_notional))}",
        )
    reached = order.side.sign * exposure.net + exposure.open_on(order.side) + order.quantity
    position = notional(rules.product, max(reached, ZERO), rules.contract_value, price)
    if position > _set(limits.max_position_notional):
        limit = f"the limit is {plain(_set(limits.max_position_notional))}"
        yield (
            RefusalCode.POSITION_NOTIONAL,
            f"working and unknown orders included the position could reach {position:.2f}, {limit}",
        )


def _set(value: T | None) -> T:
    """What an earlier check has refused where it is missing."""
    if value is None:
        raise Broken("the gate reads a limit or quote that an earlier check should have refused as missing")
    return value
