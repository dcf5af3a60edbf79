"""What a crawl fetches, and what it refuses to."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.candle_source import BTC, ETH, at
from jtrader.crawl.plan import CrawlRequest, Span, missing, request, without
from jtrader.domain.errors import BadInput
from jtrader.domain.times import DAY, MINUTE
from jtrader.ports.stores import Gap


@pytest.mark.parametrize(
    ("stored", "holes"),
    [
        ([], [(0, 10)]),
        (range(10), []),
        ([0, 1, 2], [(3, 10)]),
        ([7, 8, 9], [(0, 7)]),
        ([0, 4, 5, 9], [(1, 4), (6, 9)]),
    ],
)
def test_missing(stored, holes) -> None:
    assert missing([at(m) for m in stored], at(0), at(10)) == [Span(at(a), at(b)) for a, b in holes]


minutes = st.sets(st.integers(0, 60))


@given(stored=minutes, start=st.integers(0, 30), length=st.integers(1, 30))
def test_missing_and_stored_make_the_whole(stored: set[int], start: int, length: int) -> None:
    end = start + length
    inside = sorted(m for m in stored if start <= m < end)
    holes = missing([at(m) for m in inside], at(start), at(end))
    covered = [m for hole in holes for m in range((hole.start - at(0)) // MINUTE, (hole.end - at(0)) // MINUTE)]
    assert sorted(covered + inside) == list(range(start, end))
    assert all(a.end < b.start for a, b in itertools.pairwise(holes)), "holes don't touch"


@given(wanted=minutes, known=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=4))
def test_without_removes_exactly_what_gaps_cover(wanted: set[int], known: list[tuple[int, int]]) -> None:
    gaps = [Gap(instrument=BTC, start=at(a), end=at(a + n), cause="venue_has_none") for a, n in known]
    spans = [Span(at(m), at(m + 1)) for m in sorted(wanted)]
    left = {(span.start - at(0)) // MINUTE for span in without(spans, gaps)}
    assert left == {m for m in wanted if not any(a <= m < a + n for a, n in known)}


def test_request_ends_at_the_newest_closed_minute() -> None:
    market_time = at(5) + 59_999_000_000
    assert request([BTC, ETH, BTC], 2, None, market_time) == CrawlRequest((BTC, ETH), at(5) - 2 * DAY, at(5))


@pytest.mark.parametrize(
    ("instruments", "days", "end", "says"),
    [
        ([], 1, None, "at least one"),
        ([BTC], 0, None, "empty"),
        ([BTC], 1, at(6), "future"),
        ([BTC], 1, at(5) + 1, "whole minute"),
    ],
)
def test_request_refuses(instruments, days, end, says) -> None:
    with pytest.raises(BadInput, match=says):
        request(instruments, days, end, at(5))
