"""Checks of how many orders there are and how fast they come. An exit is held up by none of them."""

from collections.abc import Iterator
from decimal import Decimal

from jtrader.domain.times import SECOND
from jtrader.risk.case import Case, Refusal
from jtrader.risk.verdict import RefusalCode

RATIO_FROM = 50
"""Orders taken back within an hour, below which their ratio says nothing."""


def pace(case: Case) -> Iterator[Refusal]:
    if case.order.reduce_only:
        return
    for whose, limits, stands in case.scopes:
        if limits.max_open_orders is not None and stands.open_orders >= limits.max_open_orders:
            yield (
                RefusalCode.OPEN_ORDERS,
                f"{stands.open_orders} orders{whose} are open, the limit is {limits.max_open_orders}",
            )
        rate = limits.max_orders_per_minute
        if rate is not None and stands.orders_last_minute >= rate:
            yield (
                RefusalCode.ORDER_RATE,
                f"{stands.orders_last_minute} orders{whose} last market minute, the limit is {rate}",
            )
        budget = limits.max_messages_per_minute
        if budget is not None and stands.messages_last_minute >= budget:
            yield (
                RefusalCode.MESSAGE_BUDGET,
                (
                    f"{stands.messages_last_minute} orders, amends and cancels{whose} last market minute, the limit is "
                    f"{budget}"
                ),
            )
    yield from _cancel_ratio(case)
    yield from _repeats(case)


def _cancel_ratio(case: Case) -> Iterator[Refusal]:
    cancels, orders = case.exposure.cancels_last_hour, case.exposure.orders_last_hour
    limit = case.limits.max_cancel_ratio
    if cancels >= RATIO_FROM and Decimal(cancels) > limit * orders:
        yield (
            RefusalCode.CANCEL_RATIO,
            (
                f"strategies took back {cancels} of {orders} orders last market hour, the limit is {limit:.0%}; "
                f"'jtrader kill L0 --account {case.order.account}' counts anew"
            ),
        )


def _repeats(case: Case) -> Iterator[Refusal]:
    order, limits = case.order, case.limits
    if case.exposure.repeats >= limits.repeats:
        yield (
            RefusalCode.REPEATED,
            (
                f"{case.exposure.repeats} times {order.side} by strategy '{order.strategy}' within "
                f"{limits.repeat_window / SECOND:.0f} s, the limit is {limits.repeats}; it stays off until "
                "'jtrader kill L0 --strategy' releases it"
            ),
        )
