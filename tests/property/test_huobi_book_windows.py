"""The best levels of a book and what changes within them: a reader's copy is the book, whatever happens to it."""

from hypothesis import given
from hypothesis import strategies as st

from jtrader.exchange.sim.huobi.depth_streams import Levels, Window
from jtrader.matching.book import BUY, SELL, Book

_ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from((BUY, SELL)), st.integers(1, 40), st.integers(1, 9)),
        st.tuples(st.just("cancel"), st.just(0), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("look"), st.just(0), st.just(0), st.just(0)),
    ),
    max_size=60,
)


@given(size=st.integers(1, 6), acts=_ACTS)
def test_changes_put_onto_the_copy_make_it_the_books_best_levels(
    size: int, acts: list[tuple[str, int, int, int]]
) -> None:
    book = Book()
    window = Window(book, size)
    copies: dict[int, Levels] = {BUY: {}, SELL: {}}
    for number, (act, side, value, lots) in enumerate(acts, 1):
        if act == "add":
            book.add(number, 0, side, value if side == BUY else 40 + value, lots)
        elif act == "cancel":
            book.cancel(value)
        else:
            _apply(window, copies)
            _check(book, window, copies, size)
    _apply(window, copies)
    _check(book, window, copies, size)


def _apply(window: Window, copies: dict[int, Levels]) -> None:
    for side, changed in zip((BUY, SELL), window.take(), strict=True):
        assert list(changed) == sorted(changed, reverse=side == BUY), "the best first"
        for ticks, lots in changed.items():
            if lots:
                assert copies[side].get(ticks) != lots, "only what has changed is told"
                copies[side][ticks] = lots
            else:
                del copies[side][ticks]


def _check(book: Book, window: Window, copies: dict[int, Levels], size: int) -> None:
    for side, told in ((BUY, window.bids), (SELL, window.asks)):
        best = {level.ticks: level.lots for level in book.depth(side, size)}
        assert told == best
        assert copies[side] == best
