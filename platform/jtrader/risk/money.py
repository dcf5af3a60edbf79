"""Checks of what an order may come to in money, at the worst plausible price."""

from collections.abc import Iterator
from decimal import Decimal

from jtrader.domain.money import ZERO, plain, rounded
from jtrader.domain.order import Side, TimeInForce
from jtrader.domain.payoff import notional
from jtrader.risk.case import Case, Refusal, known
from jtrader.risk.exposure import Standing
from jtrader.risk.limits import ScopeLimits
from jtrader.risk.price import cheapest, dearest, touch_of
from jtrader.risk.verdict import RefusalCode


def money(case: Case) -> Iterator[Refusal]:
    order, rules = case.order, case.instrument
    touch, collar = touch_of(known(case.exposure.quote), rules), known(case.limits.price_collar)
    least = notional(rules.product, order.quantity, rules.contract_value, cheapest(order, touch, collar))
    if least < rules.min_notional and not (order.reduce_only and not rules.is_spot):
        yield (
            RefusalCode.BELOW_MIN_NOTIONAL,
            f"notional {rounded(least)} at the worst price is below the venue's {plain(rules.min_notional)}",
        )
    if order.reduce_only:
        return
    yield from _self_trade(case)
    price = dearest(order, touch, collar)
    if rules.product == "inverse":
        price = cheapest(order, touch, collar)  # the coin's worth of a contract is the larger the lower the price
    for whose, limits, stands in case.scopes:
        yield from _notional(case, whose, limits, stands, price)
    yield from _funds(case, price)


def _self_trade(case: Case) -> Iterator[Refusal]:
    """A post-only order can't take; a market order is taken to reach the touch."""
    order, own = case.order, case.exposure.own_opposite
    if own is None or order.time_in_force is TimeInForce.POST_ONLY or order.type.is_conditional:
        return
    touch = touch_of(known(case.exposure.quote), case.instrument)
    price = touch.against(order.side) if order.price is None else order.price
    if (price - own) * order.side.sign >= 0:
        side = "sells" if order.side is Side.BUY else "buys"
        yield (
            RefusalCode.SELF_TRADE,
            f"{order.side} at {plain(price)} would meet this account's own order, which {side} at {plain(own)}",
        )


def _notional(case: Case, whose: str, limits: ScopeLimits, stands: Standing, price: Decimal) -> Iterator[Refusal]:
    order, rules = case.order, case.instrument

    def worth(quantity: Decimal) -> Decimal:
        return notional(rules.product, quantity, rules.contract_value, price)

    limit = limits.max_order_notional
    if limit is not None and worth(order.quantity) > limit:
        what = f"notional {rounded(worth(order.quantity))} is above the limit{whose} {plain(limit)}"
        yield RefusalCode.ORDER_NOTIONAL, what
    reached = order.side.sign * stands.net + stands.open_on(order.side) + order.quantity
    limit = limits.max_position_notional
    if limit is not None and worth(max(reached, ZERO)) > limit:
        yield (
            RefusalCode.POSITION_NOTIONAL,
            (
                f"working and unknown orders included the position could reach {rounded(worth(reached))}, "
                f"the limit{whose} is {plain(limit)}"
            ),
        )
    before, after = stands.reach(order.side, ZERO), stands.reach(order.side, order.quantity)
    if stands.unpriced and after > before:
        yield RefusalCode.NO_MARK, f"{stands.unpriced} is held{whose} and has no mark: exposure can't be told"
    gross, limit = stands.gross_elsewhere + worth(after), limits.max_gross_notional
    if limit is not None and gross > limit and after > before:
        yield (
            RefusalCode.GROSS_EXPOSURE,
            f"the gross exposure could reach {rounded(gross)}, the limit{whose} is {plain(limit)}",
        )
    elsewhere = stands.up_elsewhere if order.side is Side.BUY else -stands.down_elsewhere
    net, limit = elsewhere + (worth(reached) if reached > 0 else -worth(reached)), limits.max_net_notional
    if limit is not None and net > limit:
        yield (
            RefusalCode.NET_EXPOSURE,
            f"the net exposure could reach {rounded(net)}, the limit{whose} is {plain(limit)}",
        )


def _funds(case: Case, price: Decimal) -> Iterator[Refusal]:
    """Fees included. Spot: what the wallet has left for a buy. Derivatives: initial margin at the declared leverage."""
    order, rules, stands = case.order, case.instrument, case.exposure
    after, before = stands.reach(order.side, order.quantity), stands.reach(order.side, ZERO)
    if after <= before if not rules.is_spot else order.side is Side.SELL:
        return
    if stands.funds is None:
        yield RefusalCode.NO_MARK, "what the account holds can't be told: a mark is missing"
        return
    cost = notional(rules.product, order.quantity, rules.contract_value, price)
    fee = cost * max(rules.taker_fee, ZERO)
    if rules.is_spot:
        left = stands.funds - stands.funds_taken
        if cost + fee > left:
            yield (
                RefusalCode.FREE_BALANCE,
                (
                    f"needs {rounded(cost + fee)} {rules.quote}, of {rounded(stands.funds)} working buys leave "
                    f"{rounded(left)}"
                ),
            )
        return
    leverage = case.limits.leverage
    own = notional(rules.product, after, rules.contract_value, price)
    margin = (stands.gross_elsewhere + own) / leverage + fee
    if margin > stands.funds:
        yield (
            RefusalCode.FREE_MARGIN,
            (
                f"initial margin could reach {rounded(margin)} {rules.settle} at leverage {plain(leverage)}, "
                f"wallet and unrealised are {rounded(stands.funds)}"
            ),
        )
