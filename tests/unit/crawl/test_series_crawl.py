"""Funding and open interest: asked once, holes with causes, a venue that is away is asked again."""

import threading

import pytest

from fixtures.candle_source import BTC, ETH, at
from jtrader.crawl.result import InstrumentResult, Tally
from jtrader.crawl.series import SeriesCrawl
from jtrader.domain.errors import Unavailable
from jtrader.domain.market import Funding, OpenInterest
from jtrader.domain.times import HOUR, Span
from jtrader.ports.stores import Gap
from jtrader.store.memory.ledger import MemoryLedger
from jtrader.store.memory.series import MemorySeries

EIGHT = 8 * HOUR
DAY = Span(at(0), at(1440))
LATER = at(100_000)


class Venue:
    def __init__(self, rows, page: int = 2) -> None:
        self.rows = rows
        self.asked: list[Span] = []
        self.page = page

    def __call__(self, instrument, start, end):
        self.asked.append(Span(start, end))
        return [row for row in self.rows if start <= row.ts < end and row.instrument == instrument][: self.page]


class Desk:
    def __init__(self) -> None:
        self.store, self.ledger = MemorySeries(), MemoryLedger()

    def crawl(self, venue, span=DAY, newest=LATER, usual=EIGHT) -> InstrumentResult:
        tally = Tally("funding", BTC, span, lambda what, done, total: None)
        crawl = SeriesCrawl(BTC, span, venue, self.store, self.ledger, tally, newest, usual)
        return crawl.run(threading.Event())

    @property
    def gaps(self):
        return [(gap.start, gap.end, gap.cause) for gap in self.ledger.gaps()]


def funding(*hours: int) -> list[Funding]:
    return [Funding(BTC, at(60 * hour), hour / 1000) for hour in hours]


def test_all_pages_come_and_a_second_run_asks_nothing() -> None:
    desk, venue = Desk(), Venue(funding(0, 8, 16))
    first = desk.crawl(venue)
    assert (first.stored, first.new, first.first, first.gaps, first.kind) == (3, 3, at(0), 0, "funding")
    venue.asked.clear()
    again = desk.crawl(venue)
    assert (again.stored, again.new, again.pages, venue.asked) == (3, 0, 0, [])


def test_a_wider_range_asks_for_what_is_new_alone() -> None:
    desk, venue = Desk(), Venue(funding(-16, -8, 0, 8, 16, 24), page=100)
    desk.crawl(venue)
    venue.asked.clear()
    desk.crawl(venue, Span(at(-1440), at(2880)))
    assert venue.asked[0].end == at(0)
    assert all(span.end <= at(0) or span.start >= at(1440) for span in venue.asked)
    assert desk.store.count() == 6


def test_a_settlement_that_the_venue_lacks_is_a_gap() -> None:
    desk = Desk()
    desk.crawl(Venue(funding(0, 16)))
    assert desk.gaps == [(at(0) + 1, at(960), "venue_has_none")]


def test_what_may_still_come_is_asked_for_again() -> None:
    desk, venue = Desk(), Venue(funding(0, 8), page=100)
    span = Span(at(0), at(1000))
    desk.crawl(venue, span, newest=at(1000))
    venue.rows, venue.asked = funding(0, 8, 16), []
    assert desk.crawl(venue, span, newest=at(1000)).new == 1
    assert venue.asked[0] == Span(at(940), at(1000)), "the last hour"


def test_a_venue_that_is_away_leaves_a_cause_and_is_asked_again() -> None:
    desk, venue = Desk(), Venue(funding(0, 8, 16))

    def away(instrument, start, end):
        if start > at(0):
            raise Unavailable("away")
        return venue(instrument, start, end)

    with pytest.raises(Unavailable):
        desk.crawl(away)
    assert desk.gaps == [(at(480) + 1, at(1440), "venue_down")]
    assert desk.crawl(venue).new == 1
    assert desk.gaps == []


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (Funding(BTC, at(480), float("nan")), "nan can't be"),
        (Funding(BTC, at(-480), 0.1), "outside the range"),
        (Funding(ETH, at(480), 0.1), "it is of binance_usdm:ETHUSDT"),
        (OpenInterest(BTC, at(480), -1.0), "-1.0 can't be"),
    ],
)
def test_a_doubtful_row_is_put_aside_and_replaced_later(bad, says: str) -> None:
    desk = Desk()
    good, later = Funding(BTC, at(0), 0.1), Funding(BTC, bad.ts, 0.2)
    pages = [[good, bad], []]
    desk.crawl(lambda name, start, end: pages.pop(0))
    assert list(desk.store.read(BTC, *DAY)) == [good]
    [aside] = desk.ledger.aside(BTC, at(-1000), at(1440))
    assert says in aside.reason
    desk.ledger.replace([later])
    [aside] = desk.ledger.aside(BTC, at(-1000), at(1440))
    assert aside.replaced == later


def test_other_gaps_stay() -> None:
    desk = Desk()
    other = Gap(instrument=ETH, start=at(0), end=at(9), cause="lost")
    desk.ledger.record_gaps(ETH, at(0), at(9), [other])
    assert desk.crawl(Venue(funding(0, 8, 16))).gaps == 0
    assert list(desk.ledger.gaps()) == [other]
