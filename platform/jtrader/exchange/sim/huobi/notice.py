"""What the contracts' notification streams tell an account, before it is put into a message."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import msgspec

from jtrader.exchange.sim.world import Told
from jtrader.venue.account import Account
from jtrader.venue.listing import Listing
from jtrader.venue.records import BalancesChanged, OrderReported
from jtrader.venue.words import Origin

_EVENTS = {
    "ORDER": "order.match",
    "SETTLEMENT": "settlement",
    "DELIVERY": "delivery",
    "FUNDING_FEE": "funding",
    "INSURANCE_CLEAR": "order.liquidation",
    "DEPOSIT": "contract.transfer",
    "WITHDRAW": "contract.transfer",
}
"""Of accounts and positions, by the venue's reason (coin_margined_swap v1, account equity and position updates)."""


class Notice(msgspec.Struct, frozen=True):
    """`name` is the contract or the coin that the topic names, `*` for what concerns the whole account."""

    kind: str
    account: str
    name: str
    body: dict[str, Any]


class Speaker(Protocol):
    """How one family of contract markets puts it."""

    def topic(self, request: dict[str, Any]) -> tuple[str, str] | None:
        """(kind, name) that a request is about, the name `*` for all; None for a topic that there isn't."""
        ...

    def opening(self, kind: str, account: Account, listings: Sequence[Listing]) -> dict[str, Any] | None:
        """What a new reader gets at once."""
        ...

    def notices(self, told: Told, accounts: frozenset[str]) -> Iterator[Notice]:
        """Of the accounts that somebody listens to."""
        ...

    def headed(self, kind: str, name: str, wanted: str) -> dict[str, Any]:
        """How a message begins that is about a name, to one who wanted this name, or `*`."""
        ...


def event_of(change: BalancesChanged, account: Account) -> str:
    """A forced order's trades are told as liquidation."""
    orders = (account.orders.get(row.order_id or 0) for row in change.rows)
    if any(order is not None and order.origin is not Origin.ACCOUNT for order in orders):
        return "order.liquidation"
    return _EVENTS.get(change.reason, "other")


def of_accounts(told: Told, accounts: frozenset[str]) -> Iterator[OrderReported | BalancesChanged]:
    for one in told.happened:
        if isinstance(one, OrderReported | BalancesChanged) and _whose(one) in accounts:
            yield one


def _whose(one: OrderReported | BalancesChanged) -> str:
    return one.order.account if isinstance(one, OrderReported) else one.account
