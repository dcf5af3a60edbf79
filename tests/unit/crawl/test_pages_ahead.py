"""Asking a page ahead brings what asking page by page brings."""

import threading
from collections.abc import Iterable

import pytest

from jtrader.crawl.ahead import Ahead
from jtrader.domain.errors import Unavailable
from jtrader.domain.times import Span


class Pages:
    """Rows are whole numbers, a page at most ten of them; `cuts` are where pages end early."""

    def __init__(self, rows: Iterable[int], cuts: Iterable[int] = (), failing: int | None = None) -> None:
        self._rows, self._cuts, self._failing = list(rows), set(cuts), failing
        self.asked: list[Span] = []
        self._lock = threading.Lock()

    def ask(self, span: Span) -> list[int]:
        with self._lock:
            self.asked.append(span)
        if span.start == self._failing:
            raise Unavailable("away")
        page: list[int] = []
        for row in self._rows:
            if span.start <= row < span.end and len(page) < 10:
                page.append(row)
                if row + 1 in self._cuts:
                    break
        return page


def crawled(pages: Pages, *spans: Span) -> list[int]:
    found: list[int] = []
    with Ahead(pages.ask) as ahead:
        for span in spans:
            while span.start < span.end:
                page = ahead.ask(span)
                found += page
                span = Span(page[-1] + 1 if page else span.end, span.end)
    return found


@pytest.mark.parametrize(
    ("rows", "cuts", "spans", "thrown_away"),
    [
        (range(95), (), [Span(0, 95)], 0),
        (range(95), (), [Span(0, 41), Span(41, 95)], 0),
        (range(3), (), [Span(0, 3)], 0),
        (range(95), (33, 37, 71), [Span(0, 95)], 2),
        ([*range(40), *range(55, 95)], (), [Span(0, 95)], 1),
        ([n for n in range(95) if n % 7], (), [Span(0, 95)], 1),
    ],
    ids=["regular", "two ranges", "one page", "cut", "a hole", "sparse"],
)
def test_all_rows_come_once_in_order(rows, cuts, spans, thrown_away) -> None:
    pages, plain = Pages(rows, cuts), Pages(rows, cuts)
    assert crawled(pages, *spans) == list(rows)
    for span in spans:
        at = span
        while at.start < at.end:
            page = plain.ask(at)
            at = Span(page[-1] + 1 if page else at.end, at.end)
    assert set(plain.asked) <= set(pages.asked)
    assert len(pages.asked) - len(plain.asked) <= thrown_away


def test_two_pages_are_under_way_at_once() -> None:
    both, pages = threading.Barrier(2, timeout=20), Pages(range(1_000))

    def ask(span: Span) -> list[int]:
        if 20 <= span.start < 980:
            both.wait()
        return pages.ask(span)

    with Ahead(ask) as ahead:
        assert [row for start in range(0, 1_000, 10) for row in ahead.ask(Span(start, 1_000))] == list(range(1_000))


@pytest.mark.parametrize(("cuts", "fails"), [((), True), ((37,), False)], ids=["the next page", "thrown away"])
def test_a_failure_is_that_of_its_page(cuts, fails) -> None:
    pages = Pages(range(60), cuts, failing=40)
    if fails:
        with pytest.raises(Unavailable):
            crawled(pages, Span(0, 60))
    else:
        assert crawled(pages, Span(0, 60)) == list(range(60))
    assert not any(thread.name.startswith("crawl-ahead") for thread in threading.enumerate())
