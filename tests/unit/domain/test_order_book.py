"""The listener's book: what Depth events make of it."""

import math

import pytest

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, Quote
from jtrader.domain.order_book import BookSide, OrderBook

BTC = InstrumentId("binance_usdm:BTCUSDT")
WHOLE = Depth(BTC, 1, ((99.0, 1.0), (98.0, 2.0)), ((101.0, 3.0), (102.0, 4.0)), 10, snapshot=True)


def known() -> OrderBook:
    book = OrderBook(BTC)
    book.apply(WHOLE)
    return book


def test_it_is_not_known_before_its_first_snapshot() -> None:
    book = OrderBook(BTC)
    book.apply(Depth(BTC, 1, ((99.0, 1.0),), ((101.0, 1.0),)))
    assert (book.is_known, book.quote(), len(book.bids)) == (False, None, 0)
    book.apply(WHOLE)
    assert book.quote() == Quote(BTC, 1, 99.0, 1.0, 101.0, 3.0)


def test_levels_come_change_and_go() -> None:
    book = known()
    book.apply(Depth(BTC, 2, ((99.5, 5.0), (98.0, 0.0), (99.0, 7.0)), ((101.0, 0.0), (103.0, 0.0)), 11))
    assert book.bids.top(9) == [(99.5, 5.0), (99.0, 7.0)]
    assert book.asks.top(9) == [(102.0, 4.0)]
    assert (book.ts, book.update_id) == (2, 11)
    assert book.quote() == Quote(BTC, 2, 99.5, 5.0, 102.0, 4.0)


def test_a_snapshot_ends_all_earlier_levels() -> None:
    book = known()
    book.apply(Depth(BTC, 3, ((50.0, 1.0),), ((60.0, 1.0), (61.0, 0.0)), 20, snapshot=True))
    assert (book.bids.top(9), book.asks.top(9)) == ([(50.0, 1.0)], [(60.0, 1.0)])


def test_a_lost_book_shows_nothing_until_the_next_snapshot() -> None:
    book = known()
    book.lose()
    book.apply(Depth(BTC, 4, ((99.6, 1.0),), ()))
    assert book.quote() is None
    book.apply(WHOLE)
    assert book.quote() is not None


def test_an_empty_side_has_no_best_price() -> None:
    book = known()
    book.apply(Depth(BTC, 2, ((99.0, 0.0), (98.0, 0.0)), ()))
    assert math.isnan(book.bids.best)
    assert (book.quote(), book.is_crossed) == (None, False)


def test_levels_far_off_are_forgotten_first() -> None:
    book = OrderBook(BTC, most_levels=8)
    book.apply(WHOLE)
    far = tuple((90.0 - step, 1.0) for step in range(7))
    book.apply(Depth(BTC, 2, far, ()))
    assert [price for price, _ in book.bids.levels()] == [99.0, 98.0, 90.0, 89.0, 88.0, 87.0]
    assert set(book.bids.quantities) == set(book.bids.prices)
    book.asks.keep_best(1)
    assert book.asks.top(9) == [(101.0, 3.0)]


@pytest.mark.parametrize("level", [(0.0, 1.0), (math.nan, 1.0), (math.inf, 1.0), (5.0, -1.0), (5.0, math.nan)])
def test_a_level_that_cant_be_is_refused(level: tuple[float, float]) -> None:
    with pytest.raises(BadInput):
        BookSide(is_bid=True).apply([level])
