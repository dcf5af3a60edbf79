"""What the other participants do, done in a venue's books."""

from itertools import takewhile

from jtrader.exchange.sim.market.tape import FlowEvent, FlowKind
from jtrader.matching.book import FOREIGN, Book, Rested
from jtrader.venue.venue import Venue


def apply(event: FlowEvent, venue: Venue, symbol: str) -> None:
    side = event.side.sign
    match event.kind:
        case FlowKind.ADD:
            venue.foreign_limit(symbol, side, event.price, event.lots, event.ts)
        case FlowKind.REDUCE:
            venue.foreign_reduce(symbol, side, event.price, event.lots)
        case FlowKind.TAKE:
            venue.foreign_take(symbol, side, event.price, event.lots, event.ts)
        case FlowKind.SET:
            _set_level(venue, symbol, side, event)
        case FlowKind.PRINT:
            _print(venue, symbol, side, event)


def _set_level(venue: Venue, symbol: str, side: int, event: FlowEvent) -> None:
    """The others' lots at the price become so many. What more there is comes last in the queue, what less there is goes
    from its end; an order of ours that stands in the way is met first."""
    book = venue.books[symbol]
    here = _foreign(book, side, event.price)
    missing = event.lots - sum(order.lots for order in here)
    if missing < 0:
        venue.foreign_reduce(symbol, side, event.price, -missing)
    elif missing > 0:
        _withdraw(book, -side, event.price)
        venue.foreign_limit(symbol, side, event.price, missing, event.ts)


def _print(venue: Venue, symbol: str, side: int, event: FlowEvent) -> None:
    """A trade at exactly this price: the others' better quotes were gone by then, and there was enough to take. Without
    an order of ours at the price it is one print, as it was recorded."""
    book = venue.books[symbol]
    _withdraw(book, -side, event.price - side)
    _withdraw(book, side, event.price)
    here = _foreign(book, -side, event.price)
    standing = sum(order.lots for order in here)
    alone = len(here) == len(book.queue(-side, event.price))
    if standing < event.lots or (alone and len(here) > 1):
        for order in here if alone else ():
            book.cancel(order.order_id)
        wanted = max(standing, event.lots) if alone else event.lots - standing
        venue.foreign_limit(symbol, -side, event.price, wanted, event.ts)
    venue.foreign_take(symbol, side, event.price, event.lots, event.ts)


def withdraw_all(book: Book) -> None:
    """None of the others has anything resting any more."""
    for order in [order for order in book.orders() if order.owner == FOREIGN]:
        book.cancel(order.order_id)


def _withdraw(book: Book, side: int, limit: int) -> None:
    """Takes the others' orders of a side away that stand at `limit` or better."""
    best = book.best(side)
    if best is None or (best - limit) * side < 0:
        return
    crossing = takewhile(lambda level: (level.ticks - limit) * side >= 0, book.depth(side, len(book)))
    for order in [order for level in crossing for order in _foreign(book, side, level.ticks)]:
        book.cancel(order.order_id)


def _foreign(book: Book, side: int, ticks: int) -> list[Rested]:
    return [order for order in book.queue(side, ticks) if order.owner == FOREIGN]
