"""What an account's private stream tells of what happened."""

from collections.abc import Iterator
from typing import Any

from jtrader.exchange.sim.binance import rows_futures, rows_position, rows_spot
from jtrader.exchange.sim.binance.rows_algo import algo_update
from jtrader.venue.records import BalancesChanged, Execution, Happened, ModeChanged, OrderReported
from jtrader.venue.venue import Venue

Event = dict[str, Any]


def private_events(one: Happened, venue: Venue) -> Iterator[tuple[str, Event]]:
    """(account, event), in the order in which they are told."""
    is_spot = venue.margin is None
    if isinstance(one, OrderReported):
        events = _spot_order(one, venue) if is_spot else _futures_order(one, venue)
        yield from ((one.order.account, event) for event in events)
    elif isinstance(one, BalancesChanged):
        yield from ((one.account, event) for event in _balances(one, venue))
    elif isinstance(one, ModeChanged) and venue.margin is not None:
        yield one.account, rows_position.config_update(one, venue.accounts[one.account], venue.margin)


def _spot_order(report: OrderReported, venue: Venue) -> Iterator[Event]:
    """That a price has come is told by the NEW of the order that goes to work."""
    if report.execution is not Execution.TRIGGERED:
        yield rows_spot.execution_report(report, venue.listings[report.order.symbol])


def _futures_order(report: OrderReported, venue: Venue) -> Iterator[Event]:
    """A conditional order is told of as such until it goes to work, and once more when its work is done."""
    order, listing = report.order, venue.listings[report.order.symbol]
    if order.trigger is None:
        yield rows_futures.order_update(report, listing)
        return
    if not order.triggered or report.execution in (Execution.TRIGGERED, Execution.REJECTED):
        yield algo_update(order, listing, report.ts)
        return
    yield rows_futures.order_update(report, listing)
    if not order.is_open:
        yield algo_update(order, listing, report.ts)


def _balances(change: BalancesChanged, venue: Venue) -> list[Event]:
    if venue.margin is None:
        return rows_spot.account_events(change)
    account = venue.accounts[change.account]
    return [rows_position.account_update(change, account, venue.listings, venue.margin)]
