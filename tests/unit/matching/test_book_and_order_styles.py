"""Books by example: who is served first, and what becomes of each style of order."""

import pytest

from jtrader.matching.book import BUY, FOREIGN, SELL, Book, Crossing, Level, Matched, SelfTradePrevented
from jtrader.matching.entry import Order, Style, enter

ME, YOU = 7, 8


def book_with(*resting: tuple[int, int, int, int, int]) -> Book:
    """(id, owner, side, ticks, lots)"""
    book = Book()
    for order in resting:
        book.add(*order)
    return book


ASKS = ((1, FOREIGN, SELL, 101, 5), (2, ME, SELL, 101, 4), (3, FOREIGN, SELL, 102, 6))


def test_the_better_price_is_served_first_then_the_older_order() -> None:
    book = book_with((3, FOREIGN, SELL, 102, 6), (1, FOREIGN, SELL, 101, 5), (2, ME, SELL, 101, 4))
    assert book.take(BUY, 11) == [
        Matched(1, FOREIGN, 101, 5, 0),
        Matched(2, ME, 101, 4, 0),
        Matched(3, FOREIGN, 102, 2, 4),
    ]
    assert book.depth(SELL, 9) == [Level(102, 4, 1)]


def test_reducing_keeps_the_place_and_a_new_order_goes_last() -> None:
    book = book_with(*ASKS)
    assert book.reduce(1, 3) == 2
    book.add(4, YOU, SELL, 101, 1)
    assert [order.order_id for order in book.queue(SELL, 101)] == [1, 2, 4]
    assert [event.maker_id for event in book.take(BUY, 7)] == [1, 2, 4]


def test_cancelling_gives_back_what_was_left_and_ends_the_level() -> None:
    book = book_with(*ASKS)
    book.take(BUY, 6)
    assert book.cancel(2) == 3
    assert book.cancel(2) == 0
    assert book.best(SELL) == 102
    assert 2 not in book


def test_an_order_that_would_cross_is_not_rested() -> None:
    book = book_with(*ASKS)
    with pytest.raises(Crossing):
        book.add(9, ME, BUY, 101, 1)
    with pytest.raises(ValueError, match="already"):
        book.add(3, ME, BUY, 90, 1)
    with pytest.raises(ValueError, match="at least one"):
        book.add(9, ME, BUY, 90, 0)


def test_an_owner_does_not_trade_with_itself() -> None:
    book = book_with(*ASKS)
    assert book.takeable(BUY, 20, None, ME) == (11, 5 * 101 + 6 * 102)
    events = book.take(BUY, 6, None, ME)
    assert events == [Matched(1, FOREIGN, 101, 5, 0), SelfTradePrevented(2, 4), Matched(3, FOREIGN, 102, 1, 5)]


def test_foreign_orders_trade_with_each_other() -> None:
    book = book_with(*ASKS)
    assert [event.maker_id for event in book.take(BUY, 5, 101)] == [1]


def test_affordable_counts_whole_lots_within_a_budget() -> None:
    book = book_with(*ASKS)
    assert book.affordable(BUY, 9 * 101) == 9
    assert book.affordable(BUY, 9 * 101 + 101) == 9
    assert book.affordable(BUY, 9 * 101 + 102) == 10
    assert book.affordable(BUY, 10**9) == 15


def test_changes_are_told_once_with_what_is_there_now() -> None:
    book = book_with(*ASKS)
    assert book.drain_changes() == [(SELL, 101, 9), (SELL, 102, 6)]
    version = book.version
    book.take(BUY, 9)
    book.add(5, ME, BUY, 100, 2)
    assert book.drain_changes() == [(SELL, 101, 0), (BUY, 100, 2)]
    assert book.drain_changes() == []
    assert book.version == version + 3
    book.clear()
    assert (len(book), book.drain_changes()) == (0, [(SELL, 102, 0), (BUY, 100, 0)])


# (style, price, lots) → (filled, rested, expired, refused as taker)
STYLES = [
    (Style.MARKET, None, 12, (12, 0, 0, False)),
    (Style.MARKET, None, 20, (15, 0, 5, False)),
    (Style.LIMIT, 101, 12, (9, 3, 0, False)),
    (Style.LIMIT, 100, 12, (0, 12, 0, False)),
    (Style.LIMIT, 102, 15, (15, 0, 0, False)),
    (Style.IOC, 101, 12, (9, 0, 3, False)),
    (Style.IOC, 100, 12, (0, 0, 12, False)),
    (Style.FOK, 102, 15, (15, 0, 0, False)),
    (Style.FOK, 102, 16, (0, 0, 16, False)),
    (Style.FOK, 101, 10, (0, 0, 10, False)),
    (Style.POST_ONLY, 100, 12, (0, 12, 0, False)),
    (Style.POST_ONLY, 101, 12, (0, 0, 12, True)),
]


@pytest.mark.parametrize(("style", "ticks", "lots", "expected"), STYLES)
def test_styles(style: Style, ticks: int | None, lots: int, expected: tuple[int, int, int, bool]) -> None:
    book = book_with(*ASKS)
    entered = enter(book, Order(9, YOU, BUY, lots, style, ticks))
    assert (entered.filled, entered.rested, entered.expired, entered.would_take) == expected
    assert (9 in book) == (entered.rested > 0)
    assert len(book) == 3 - sum(match.maker_left == 0 for match in entered.matches) + (9 in book)


def test_a_sell_mirrors_a_buy() -> None:
    book = book_with((1, FOREIGN, BUY, 100, 5), (2, FOREIGN, BUY, 99, 5))
    entered = enter(book, Order(9, ME, SELL, 8, Style.LIMIT, 100))
    assert (entered.filled, entered.rested) == (5, 3)
    assert (book.best(BUY), book.best(SELL)) == (99, 100)


def test_a_refused_order_changes_nothing() -> None:
    book = book_with(*ASKS)
    book.drain_changes()
    before = book.version
    enter(book, Order(9, YOU, BUY, 16, Style.FOK, 102))
    enter(book, Order(10, YOU, BUY, 1, Style.POST_ONLY, 101))
    assert (book.version, book.drain_changes()) == (before, [])


@pytest.mark.parametrize(
    "order",
    [
        Order(9, ME, BUY, 0, Style.LIMIT, 100),
        Order(9, ME, BUY, 1, Style.LIMIT),
        Order(9, ME, BUY, 1, Style.MARKET, 100),
    ],
)
def test_orders_that_make_no_sense_raise(order: Order) -> None:
    with pytest.raises(ValueError, match="order 9"):
        enter(Book(), order)


def test_what_happens_between_two_matches_counts() -> None:
    """A fill may make another resting order impossible: cancelled in between, it is not matched."""
    book = book_with(*ASKS)
    seen: list[int] = []

    def on_event(event: object) -> None:
        assert isinstance(event, Matched)
        seen.append(event.maker_id)
        book.cancel(2)

    entered = enter(book, Order(9, YOU, BUY, 8, Style.MARKET), on_event)
    assert (seen, entered.filled) == ([1, 3], 8)
