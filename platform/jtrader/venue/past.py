"""The past of a venue's accounts: orders that ended, trades and ledger rows. It only grows, so it is kept row by row,
and a venue's dump is made without it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import msgspec

from jtrader.venue.account import Account
from jtrader.venue.records import Income, Order, Trade
from jtrader.venue.venue import Venue


class Past(msgspec.Struct, frozen=True):
    """Of one account, each list in its order. Orders that are open still may be among them, as they once were."""

    orders: list[Order]
    trades: list[Trade]
    income: list[Income]


def dump_without_past(venue: Venue) -> bytes:
    """The dump holds the orders that are open or waiting."""
    with ExitStack() as put_aside:
        for account in venue.accounts.values():
            put_aside.enter_context(_without_past(account))
        return venue.dump()


def load_with_past(venue: Venue, dump: bytes, pasts: Mapping[str, Past], with_others: bool = False) -> None:
    """`pasts` by account. Without others the books hold the accounts' own orders only. Raises BadInput for another
    market's dump."""
    venue.load(dump, with_others)
    for name, past in pasts.items():
        account = venue.accounts[name]
        orders = {order.id: order for order in past.orders} | account.orders
        account.orders = {}
        for number in sorted(orders):
            account.record(orders[number])
        for trade in past.trades:
            account.record_trade(trade)
        account.income.extend(past.income)


@contextmanager
def _without_past(account: Account) -> Iterator[None]:
    kept = account.orders, account.trades, account.income
    alive = {**account.open_orders, **account.open_conditionals}
    account.orders, account.trades, account.income = alive, [], []
    try:
        yield
    finally:
        account.orders, account.trades, account.income = kept
