"""The gate on the last hop: an order and the account's exposure in, ApprovedOrder or Refused(code, reason) out.

Checks run in a fixed order and the first refusal counts. A reduce-only order is never held up by the number or rate of
orders, and its collar is `EXIT_COLLAR_STEPS` times as wide: the way out stays open.
"""

from collections.abc import Iterator

from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import plain
from jtrader.domain.order import ChildOrder
from jtrader.domain.times import SECOND
from jtrader.risk.case import Case, Refusal, case_of, known
from jtrader.risk.exposure import Exposure
from jtrader.risk.limits import Limits, LimitSet
from jtrader.risk.money import money
from jtrader.risk.pace import pace
from jtrader.risk.price import Touch, touch_of
from jtrader.risk.verdict import ApprovedOrder, RefusalCode, Refused

EXIT_COLLAR_STEPS = 5


def judge(order: ChildOrder, instrument: Instrument, limits: LimitSet, exposure: Exposure) -> ApprovedOrder | Refused:
    """Raises nothing: what can't be decided is refused."""
    case = case_of(order, instrument, limits, exposure)
    for check in (_permission, _size, _position, pace, _quote, money):
        for code, reason in check(case):
            return Refused(order, code, f"{order.instrument}: {reason}")
    return ApprovedOrder(order)


def _permission(case: Case) -> Iterator[Refusal]:
    order, exposure = case.order, case.exposure
    kill = exposure.kill
    if kill is not None and kill.stops(order, exposure.protects):
        yield RefusalCode.KILL, f"kill level {int(kill.level)} by {kill.actor}: {kill.reason}"
    if exposure.latched is not None and not order.reduce_only:
        code, reason = exposure.latched
        yield RefusalCode(code), reason
    if exposure.narrowed and not order.reduce_only:
        yield RefusalCode.NARROWED, f"no new risk here: {exposure.narrowed}"
    if unset := case.limits.unset():
        yield RefusalCode.LIMIT_UNSET, f"limits.{order.account}.{unset[0]} is not set; set it to trade"
    if not order.reduce_only and (fault := not_allowed(order.instrument, case.limits)):
        yield RefusalCode.SYMBOL, fault
    if order.quantity > exposure.parent_left:
        yield (
            RefusalCode.PARENT_EXCEEDED,
            f"quantity {plain(order.quantity)} is more than the {plain(exposure.parent_left)} its parent has left",
        )


def not_allowed(instrument: InstrumentId, limits: Limits) -> str:
    """Why the account's lists keep an instrument out, as a sentence; empty where they let it in."""
    if instrument in limits.deny:
        return "the account's limits deny it"
    if limits.allow and instrument not in limits.allow:
        return f"the account's limits allow {', '.join(limits.allow)} alone"
    return ""


def _size(case: Case) -> Iterator[Refusal]:
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
    own = case.limits.max_order_quantity.get(order.instrument)
    if own is not None and order.quantity > own and not order.reduce_only:
        yield RefusalCode.ORDER_QUANTITY, f"quantity {plain(order.quantity)} is above the limit {plain(own)}"


def _position(case: Case) -> Iterator[Refusal]:
    order, exposure = case.order, case.exposure
    reducible = exposure.reducible(order.side, case.instrument, order.type.is_conditional, order.takes)
    if order.reduce_only and order.quantity > reducible:
        left = f"net position {plain(exposure.net)} and other exits leave {plain(reducible)} to reduce"
        yield RefusalCode.REDUCE_ONLY, f"{order.side} {plain(order.quantity)}, but {left}"
    if case.instrument.is_spot and order.side.sign < 0 and order.quantity > reducible:
        yield (
            RefusalCode.SPOT_SHORT,
            f"sells {plain(order.quantity)}, but only {plain(reducible)} is held and not offered already",
        )


def _quote(case: Case) -> Iterator[Refusal]:
    quote, exposure, limits = case.exposure.quote, case.exposure, case.limits
    if quote is None:
        yield RefusalCode.NO_QUOTE, "no quote has been seen; is the feed up?"
        return
    if exposure.silent_since is not None:
        yield RefusalCode.STALE_QUOTE, "the market data feed has gone quiet"
    age = exposure.now - quote.ts
    if age > known(limits.max_quote_age):
        yield (
            RefusalCode.STALE_QUOTE,
            f"the quote is {age / SECOND:.1f} s old, the limit is {known(limits.max_quote_age) / SECOND:.1f} s",
        )
    if not 0 < quote.bid < quote.ask < float("inf"):
        yield RefusalCode.BAD_QUOTE, f"bid {quote.bid} and ask {quote.ask} are crossed or no prices"
        return
    yield from _collar(case, touch_of(quote, case.instrument))


def _collar(case: Case, touch: Touch) -> Iterator[Refusal]:
    order, mid = case.order, touch.mid
    allowed = known(case.limits.price_collar) * (EXIT_COLLAR_STEPS if order.reduce_only else 1)
    price = touch.against(order.side) if order.price is None else order.price
    distance = abs(price - mid) / mid
    if distance > allowed:
        yield (
            RefusalCode.COLLAR,
            f"price {plain(price)} is {float(distance):.3%} from the mid {plain(mid)}, the collar is {allowed:.3%}",
        )
