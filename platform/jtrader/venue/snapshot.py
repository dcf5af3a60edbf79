"""A venue's whole state as bytes, and back: what continues from it is what would have continued.

What happened but was not drained yet is not part of it: drain first.
"""

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import InstrumentStatus
from jtrader.matching.book import FOREIGN, Book, Rested
from jtrader.venue.account import Account, Modes
from jtrader.venue.conditionals import Conditionals
from jtrader.venue.floor import Floor, Numbers
from jtrader.venue.listing import Listing
from jtrader.venue.records import Holding, Income, Order, Position, Trade

VERSION = 1


class _Account(msgspec.Struct, frozen=True):
    name: str
    number: int
    opening: dict[str, int]
    holdings: dict[str, Holding]
    positions: dict[str, Position]
    modes: Modes
    orders: list[Order]
    """In the order in which they were recorded."""
    open: list[int]
    waiting: list[int]
    """Order ids, in the order in which the account lists them."""
    trades: list[Trade]
    income: list[Income]
    busted: list[tuple[str, int]] = []


class _Book(msgspec.Struct, frozen=True):
    version: int
    orders: list[Rested]
    """Best price first, first come first within one."""


class _State(msgspec.Struct, frozen=True):
    version: int
    market: str
    listings: list[Listing]
    status: dict[str, InstrumentStatus]
    books: dict[str, _Book]
    accounts: list[_Account]
    numbers: Numbers
    next_trade_id: dict[str, int]
    last: dict[str, int]
    index: dict[str, int]
    native_prices: dict[str, int]
    is_open: bool


def dump(floor: Floor) -> bytes:
    state = _State(
        version=VERSION,
        market=floor.market,
        listings=list(floor.listings.values()),
        status=floor.status,
        books={symbol: _Book(book.version, list(book.orders())) for symbol, book in floor.books.items()},
        accounts=[_account_state(account) for account in floor.accounts.values()],
        numbers=floor.numbers,
        next_trade_id=floor.next_trade_id,
        last=floor.last,
        index=floor.index,
        native_prices=floor.native.prices,
        is_open=floor.is_open,
    )
    return msgspec.msgpack.encode(state)


def load(floor: Floor, conditionals: Conditionals, data: bytes, with_others: bool) -> None:
    """Raises BadInput for bytes that are no state of this market; the floor is unchanged then.

    Symbols that are listed now and were not then stay as they are. `with_others` False leaves the other participants'
    orders out: the world makes a new crowd around the accounts' orders.
    """
    try:
        state = msgspec.msgpack.decode(data, type=_State)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BadInput(f"these bytes are no state of a venue: {error}") from error
    if (state.version, state.market) != (VERSION, floor.market):
        raise BadInput(f"a state of {state.market}, version {state.version}, is not one of {floor.market}, {VERSION}")
    accounts = [_account(account) for account in state.accounts]
    floor.accounts.clear()
    floor.accounts.update({account.name: account for account in accounts})
    floor.listings.update({listing.symbol: listing for listing in state.listings})
    floor.books.update({symbol: _book(book, with_others) for symbol, book in state.books.items()})
    floor.status.update(state.status)
    floor.next_trade_id.update(state.next_trade_id)
    floor.last.update(state.last)
    floor.index.update(state.index)
    floor.native.prices.update(state.native_prices)
    floor.numbers, floor.is_open = state.numbers, state.is_open
    floor.resting.clear()
    floor.resting.update({order.id: order for account in accounts for order in account.open_orders.values()})
    waiting = [order for account in accounts for order in account.open_conditionals.values()]
    conditionals.watch_only(sorted(waiting, key=lambda order: order.id))
    floor.drain()


def _account_state(account: Account) -> _Account:
    return _Account(
        name=account.name,
        number=account.number,
        opening=account.opening,
        holdings=account.holdings,
        positions=account.positions,
        modes=account.modes,
        orders=list(account.orders.values()),
        open=list(account.open_orders),
        waiting=list(account.open_conditionals),
        trades=account.trades,
        income=account.income,
        busted=account.busted,
    )


def _account(state: _Account) -> Account:
    account = Account(state.name, state.number, state.opening)
    account.holdings, account.positions, account.modes = state.holdings, state.positions, state.modes
    for order in state.orders:
        account.record(order)
    account.open_orders = {number: account.orders[number] for number in state.open}
    account.open_conditionals = {number: account.orders[number] for number in state.waiting}
    for trade in state.trades:
        account.record_trade(trade)
    account.income, account.busted = state.income, state.busted
    return account


def _book(state: _Book, with_others: bool) -> Book:
    book = Book()
    for order in state.orders:
        if with_others or order.owner != FOREIGN:
            book.add(order.order_id, order.owner, order.side, order.ticks, order.lots)
    book.version = max(book.version, state.version)
    book.drain_changes()
    return book
