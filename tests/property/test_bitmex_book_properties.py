"""Whatever happens to a book, BitMEX's rows of it rebuild it, whole or its best 25 levels, and every row fits."""

import functools

from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.simworld import make_world
from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Depth
from jtrader.domain.order_book import OrderBook
from jtrader.domain.times import parse_time
from jtrader.exchange.bitmex.wire import Decoder
from jtrader.exchange.sim.bitmex.book_table import BookTable
from jtrader.exchange.sim.bitmex.tables import message, partial
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY, FOREIGN, SELL, Book

NAME = InstrumentId("bitmex:ETHUSD")
MIDDLE = 52_000
STEPS = st.lists(
    st.lists(st.tuples(st.sampled_from([BUY, SELL]), st.integers(1, 40), st.integers(0, 5)), min_size=1, max_size=12),
    min_size=1,
    max_size=12,
)
"""Steps of the market: (side, ticks from the middle, lots that stand there then)."""


@functools.cache
def world() -> World:
    return make_world(NAME, start=parse_time("2026-01-15T15:30:00Z"))


def stand(book: Book, side: int, away: int, lots: int) -> None:
    """Nobody but one order of `lots` stands at the price."""
    ticks = MIDDLE - side * away
    for resting in book.queue(side, ticks):
        book.cancel(resting.order_id)
    if lots:
        book.add(_next_id(), FOREIGN, side, ticks, lots)


_ids = iter(range(1, 10**9))


def _next_id() -> int:
    return next(_ids)


@settings(max_examples=60, deadline=None)
@given(before=st.lists(st.tuples(st.sampled_from([BUY, SELL]), st.integers(1, 40), st.integers(1, 5))), steps=STEPS)
def test_rows_rebuild_the_book(before: list[tuple[int, int, int]], steps: list[list[tuple[int, int, int]]]) -> None:
    listing = world().venues["bitmex"].listings["ETHUSD"]
    book = Book()
    for change in before:
        stand(book, *change)
    book.drain_changes()
    for table, depth in (("orderBookL2", None), ("orderBookL2_25", 25)):
        told = BookTable(world(), listing, depth)
        told.reset(book)
        decoder, kept = Decoder({VenueSymbol("ETHUSD"): NAME}), OrderBook(NAME)
        copy = _copied(book)
        _hear(decoder, kept, partial(table, {"symbol": "ETHUSD"}, told.rows()))
        for step in steps:
            for change in step:
                stand(copy, *change)
            for action, rows in told.changes(copy, copy.drain_changes()).items():
                _hear(decoder, kept, message(table, action, rows))
            assert decoder.broken == set()
            for side, shown in ((BUY, kept.bids), (SELL, kept.asks)):
                stands = copy.depth(side, depth or 10**6)
                assert [(round(price / 0.05), int(size)) for price, size in shown.levels()] == [
                    (level.ticks, level.lots) for level in stands
                ]


def _copied(book: Book) -> Book:
    made = Book()
    for side in (BUY, SELL):
        for level in book.depth(side, 10**6):
            made.add(_next_id(), FOREIGN, side, level.ticks, level.lots)
    made.drain_changes()
    return made


def _hear(decoder: Decoder, kept: OrderBook, raw: bytes) -> None:
    for event in decoder.decode(raw):
        assert isinstance(event, Depth)
        kept.apply(event)
        assert not kept.is_crossed
