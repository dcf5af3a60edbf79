"""What a crawl fetches, and what it refuses to."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.candle_source import BTC, ETH, at
from jtrader.crawl.plan import CrawlRequest, Kind, missing, plan, request, unasked, without
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.times import DAY, MINUTE, Span
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
    covered = [Span(at(a), at(a + n)) for a, n in known]
    spans = [Span(at(m), at(m + 1)) for m in sorted(wanted)]
    left = {(span.start - at(0)) // MINUTE for span in without(spans, covered)}
    assert left == {m for m in wanted if not any(a <= m < a + n for a, n in known)}


def test_what_was_asked_is_not_asked_again_but_open_holes_are() -> None:
    causes = {"venue_has_none": (10, 12), "venue_down": (20, 30), "no_trades": (31, 32), "lost": (40, 41)}
    gaps = [Gap(instrument=BTC, start=at(a), end=at(b), cause=cause) for cause, (a, b) in causes.items()]
    gaps.append(Gap(instrument=ETH, start=at(0), end=at(60), cause="venue_down"))
    asked = [Span(at(5), at(50)), Span(at(70), at(80))]
    left = unasked(Span(at(0), at(75)), asked, gaps, BTC)
    assert [((a - at(0)) // MINUTE, (b - at(0)) // MINUTE) for a, b in left] == [(0, 5), (20, 30), (40, 41), (50, 70)]


def test_request_ends_at_the_newest_closed_minute() -> None:
    market_time = at(5) + 59_999_000_000
    wanted = request([BTC, ETH, BTC], (), 2, None, None, market_time)
    assert wanted == CrawlRequest((BTC, ETH), (Kind.CANDLES,), Span(at(5) - 2 * DAY, at(5)), at(5))
    wanted = request([BTC], ["trades", "funding", "trades"], 2, at(1), at(3), market_time)
    assert wanted == CrawlRequest((BTC,), (Kind.TRADES, Kind.FUNDING), Span(at(1), at(3)), at(5))


@pytest.mark.parametrize(
    ("instruments", "kinds", "days", "start", "end", "says"),
    [
        ([], (), 1, None, None, "at least one"),
        ([BTC], (), 0, None, None, "empty"),
        ([BTC], (), 1, None, at(6), "future"),
        ([BTC], (), 1, None, at(5) + 1, "whole minute"),
        ([BTC], (), 1, at(1) + 1, None, "start .* whole minute"),
        ([BTC], (), 1, at(4), at(4), "empty: its end must lie after its start"),
        ([BTC], ["gossip"], 1, None, None, "'gossip' is not a valid Kind; allowed is candles, trades, funding"),
    ],
)
def test_request_refuses(instruments, kinds, days, start, end, says) -> None:
    with pytest.raises(BadInput, match=says):
        request(instruments, kinds, days, start, end, at(5))


SPOT = InstrumentId("bitmex:XBTUSD")
USDM, CLOSED = Market("binance_usdm"), Market("bitmex")


@pytest.mark.parametrize(
    ("start", "end", "reached", "spans", "late"),
    [
        (None, None, (100, 40), [(100 - DAY // MINUTE, 100), (40 - DAY // MINUTE, 40)], []),
        (10, None, (100, 40), [(10, 100), (10, 40)], []),
        (10, 30, (100, 40), [(10, 30), (10, 30)], []),
        (10, 60, (100, 40), [(10, 60), (10, 40)], ["bitmex"]),
        (50, 60, (100, 40), [(50, 60)], ["bitmex"]),
        (10, 104, (100, 100), [(10, 100), (10, 100)], ["binance_usdm", "bitmex"]),
    ],
    ids=["by days", "from", "reached", "one is behind", "one has none yet", "soon"],
)
def test_each_market_is_crawled_as_far_as_its_own_time(start, end, reached, spans, late) -> None:
    newest = {USDM: at(reached[0]) + 7, CLOSED: at(reached[1])}
    found = plan([BTC, SPOT], (), 1, start and at(start), end and at(end), newest)
    assert [one.span for one in found.requests] == [Span(at(a), at(b)) for a, b in spans]
    assert [one.instruments for one in found.requests] == [(BTC,), (SPOT,)][: len(spans)]
    assert [sentence.split()[0] for sentence in found.late] == late


def test_an_end_far_ahead_of_every_market_is_refused() -> None:
    with pytest.raises(BadInput, match="lies in the future: the venue's newest closed minute ends at 2026-01-15T01:40"):
        plan([BTC, SPOT], (), 1, at(10), at(106), {USDM: at(100), CLOSED: at(40)})
