"""A book after any updates is what a plain table of the last word on each level says."""

from hypothesis import given
from hypothesis import strategies as st

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth
from jtrader.domain.order_book import BookSide, OrderBook, merged
from jtrader.exchange.common.books import BookKeeper, BookSnapshot
from jtrader.exchange.common.sequences import futures_ids

BTC = InstrumentId("binance_usdm:BTCUSDT")
LEVELS = st.lists(st.tuples(st.integers(1, 12).map(float), st.integers(0, 3).map(float)), max_size=4).map(tuple)
DEPTHS = st.lists(st.tuples(LEVELS, LEVELS, st.booleans()), min_size=1, max_size=6)


@given(updates=st.lists(LEVELS), is_bid=st.booleans())
def test_a_side_is_sorted_and_holds_the_last_word(updates: list[tuple[tuple[float, float], ...]], is_bid: bool) -> None:
    side, table = BookSide(is_bid), dict[float, float]()
    for levels in updates:
        side.apply(levels)
        table.update(levels)
    standing = {price: quantity for price, quantity in table.items() if quantity}
    assert list(side.levels()) == sorted(standing.items(), reverse=is_bid)
    assert len(side) == len(standing)


@given(told=DEPTHS)
def test_events_merged_into_one_leave_the_same_book(told: list[tuple]) -> None:
    depths = [Depth(BTC, n, bids, asks, n, snapshot) for n, (bids, asks, snapshot) in enumerate(told)]
    one_by_one, at_once = OrderBook(BTC), OrderBook(BTC)
    start = Depth(BTC, 0, ((1.0, 1.0),), ((9.0, 1.0),), 0, snapshot=True)
    for book in (one_by_one, at_once):
        book.apply(start)
    for depth in depths:
        one_by_one.apply(depth)
    at_once.apply(merged(depths))
    for side in ("bids", "asks"):
        assert list(getattr(one_by_one, side).levels()) == list(getattr(at_once, side).levels())
    assert one_by_one.update_id == at_once.update_id


@given(updates=st.lists(LEVELS, min_size=1, max_size=6), at=st.integers(0, 12), doubled=st.sets(st.integers(0, 11)))
def test_whenever_the_snapshot_comes_the_book_is_the_same(
    updates: list[tuple[tuple[float, float], ...]], at: int, doubled: set[int]
) -> None:
    """Updates 1, 2, 3 …; the venue takes its snapshot somewhere among them, and some updates come twice."""
    at = min(at, len(updates))
    truth = BookSide(is_bid=True)
    snapshot = BookSnapshot(1, (), (), 0)
    for number, levels in enumerate(updates, 1):
        truth.apply(levels)
        if number == at:
            snapshot = BookSnapshot(1, tuple(truth.levels()), (), number)
    keeper = BookKeeper(BTC, futures_ids)
    told: list[Depth] = []
    for number, levels in enumerate(updates, 1):
        for _ in range(2 if number in doubled else 1):
            keeper.update(number, levels, (), number, number, number - 1)
    told += keeper.snapshot(snapshot)
    assert list(keeper.book.bids.levels()) == list(truth.levels())
    listener = OrderBook(BTC)
    for depth in told:
        listener.apply(depth)
    assert list(listener.bids.levels()) == list(truth.levels())
    assert listener.update_id == len(updates)
