"""Days are judged: what was expected, what is stored, and one cause for everything that is missing."""

import datetime as dt
import threading

import pytest

from fixtures.candle_source import BTC, at, candle
from fixtures.crawling import memory_places
from fixtures.instruments import instrument
from jtrader.app.settings import RetentionSettings
from jtrader.crawl.plan import Kind
from jtrader.crawl.quality import Judge, blame
from jtrader.crawl.result import Tally
from jtrader.crawl.retention import newest, remove_old
from jtrader.crawl.series import SeriesCrawl
from jtrader.crawl.snapshot import check_unchanged, pin
from jtrader.crawl.work import Places
from jtrader.domain.market import (
    Candle,
    Depth,
    FeedStatus,
    Funding,
    Mark,
    OpenInterest,
    Quote,
    Trade,
    TradingStatus,
)
from jtrader.domain.times import DAY, HOUR, MINUTE, Span
from jtrader.ports.stores import Gap

TODAY = dt.date(2026, 1, 15)
RULES = instrument(BTC, funding_interval=8 * HOUR)


@pytest.fixture
def places() -> Places:
    made = memory_places()
    made.instruments.save([RULES])
    return made


def gap(a: int, b: int, cause: str) -> Gap:
    return Gap(instrument=BTC, start=at(a), end=at(b), cause=cause)


def judged(places: Places, kind: Kind = Kind.CANDLES, until: int = at(1440), date: dt.date = TODAY, step: int = 0):
    return Judge(places, until, lambda market: step).day(RULES, kind, date)


def test_a_day_of_candles(places: Places) -> None:
    absent = {*range(10, 15), *range(100, 130), 700}
    places.candles.upsert([candle(m) for m in range(1440) if m not in absent])
    places.candles.record_gaps(BTC, at(10), at(15), [gap(10, 15, "no_trades")])
    bad = candle(700, volume=-1.0)
    places.candles.quarantine(bad, "volume")
    places.candles.record_gaps(BTC, at(700), at(701), [gap(700, 701, "quarantined")])
    row = judged(places)
    assert (row.expected, row.stored, row.quarantined) == (1440, 1440 - len(absent), 1)
    assert row.gaps == {"no_trades": 5, "quarantined": 1, "we_were_down": 30}, "nobody asked for the thirty"
    assert row.coverage == pytest.approx((1440 - 36) / 1435)
    assert gap(100, 130, "we_were_down") in places.candles.gaps(), "so that the next crawl asks for them"
    assert judged(places) == row
    places.candles.upsert([candle(700)])
    places.candles.replace([candle(700)])
    assert judged(places).quarantined == 0


def test_the_past_begins_with_the_first_candle_and_ends_with_the_newest(places: Places) -> None:
    assert judged(places) is None
    places.candles.upsert([candle(m) for m in range(600, 700)])
    row = judged(places, until=at(700))
    assert (row.expected, row.stored, row.gaps, row.coverage) == (100, 100, {}, 1.0)
    assert judged(places, date=TODAY + dt.timedelta(days=1)) is None


def test_trades_count_by_minutes_that_are_known_to_be_whole(places: Places) -> None:
    assert judged(places, Kind.TRADES) is None, "nobody wants them"
    places.trade_ledger.record_asked(BTC, at(0), at(600))
    places.trade_ledger.record_gaps(BTC, at(60), at(90), [gap(60, 90, "lost")])
    places.trades.append([Trade(BTC, at(660) + n, n, 1.0, 1.0, 1) for n in range(1, 60)])
    places.trades.append([FeedStatus(BTC, at(800), 1, "down"), FeedStatus(BTC, at(830), 2, "up")], received=1)
    row = judged(places, Kind.TRADES)
    assert row.gaps == {"lost": 30, "venue_down": 30, "we_were_down": 1440 - 600 - 60 - 30}
    assert row.stored == 600 - 30 + 60, "the hour that the feed recorded without a hole counts"


def test_funding_counts_by_settlements(places: Places) -> None:
    places.funding.upsert([Funding(BTC, at(0), 0.1), Funding(BTC, at(480), 0.1)])
    places.funding_ledger.record_asked(BTC, at(0), at(1440))
    places.funding_ledger.record_gaps(BTC, at(481), at(1440), [gap(481, 1440, "venue_has_none")])
    row = judged(places, Kind.FUNDING)
    assert (row.expected, row.stored, row.gaps) == (3, 2, {"venue_has_none": 1})


def test_open_interest_counts_by_what_was_asked(places: Places) -> None:
    places.open_interest.upsert([OpenInterest(BTC, at(5), 1.0)])
    places.open_interest_ledger.record_asked(BTC, at(0), at(720))
    row = judged(places, Kind.OPEN_INTEREST)
    assert (row.expected, row.stored, row.gaps) == (1440, 720, {"we_were_down": 720})


@pytest.mark.parametrize(
    ("lost", "holes"),
    [
        ((), []),
        ((59, 60), [(0, 120)]),
        ((60,), [(0, 120)]),
        ((119, 120, 121), [(60, 180)]),
        ((90,), [(60, 120)]),
        (range(60, 120), [(0, 180)]),
    ],
    ids=["none", "both sides of a border", "after it", "another", "within", "an hour"],
)
def test_a_loss_at_the_border_of_hours_belongs_to_both(places: Places, lost, holes) -> None:
    places.trades.append([Trade(BTC, at(m), 7 + m, 1.0, 1.0, 1) for m in range(180) if m not in lost])
    places.trade_ledger.record_asked(BTC, at(-60), at(0))
    judged(places, Kind.TRADES, until=at(180))
    assert list(places.trade_ledger.gaps()) == [gap(*hole, "we_were_down") for hole in holes]


def test_an_hour_without_a_trade_is_whole_between_two_that_follow_each_other(places: Places) -> None:
    places.trades.append([Trade(BTC, at(m), number, 1.0, 1.0, 1) for number, m in enumerate((5, 59, 125, 170))])
    places.trade_ledger.record_asked(BTC, at(-60), at(0))
    row = judged(places, Kind.TRADES, until=at(180))
    assert (row.stored, row.gaps) == (180, {})


def test_open_interest_counts_by_the_step_of_its_venue(places: Places) -> None:
    venue = [OpenInterest(BTC, at(5 * n), 1.0) for n in range(288) if not 100 <= n < 110]
    tally = Tally("open_interest", BTC, Span(at(0), at(1440)), lambda what, done, total: None)

    def crawl(told) -> None:
        SeriesCrawl(
            BTC,
            Span(at(0), at(1440)),
            lambda name, start, end: [row for row in told if start <= row.ts < end][:50],
            places.open_interest,
            places.open_interest_ledger,
            tally,
            at(3000),
            5 * MINUTE if told else 0,
        ).run(threading.Event())

    crawl(venue)
    row = judged(places, Kind.OPEN_INTEREST, step=5 * MINUTE)
    assert (row.expected, row.stored, row.gaps) == (288, 278, {"venue_has_none": 10})
    nothing = memory_places()
    places = nothing
    crawl([])
    row = judged(nothing, Kind.OPEN_INTEREST)
    assert (row.stored, row.coverage, row.gaps) == (0, 0.0, {"venue_has_none": 1440}), "asked, and not told"


@pytest.mark.parametrize("days", [0.5, 2, 40, 400])
def test_a_feed_that_went_down_long_ago_is_still_down(places: Places, days: float) -> None:
    ago = at(0) - int(days * DAY)
    places.trade_ledger.record_asked(BTC, ago - HOUR, ago)
    places.trades.append([FeedStatus(BTC, ago - HOUR, 1, "up"), FeedStatus(BTC, ago, 1, "down")], received=1)
    assert judged(places, Kind.TRADES).gaps == {"venue_down": 1440}


@pytest.mark.parametrize(
    ("told", "causes"),
    [
        ([], [(10, 20, "we_were_down")]),
        ([(5, "down")], [(10, 20, "venue_down")]),
        ([(5, "down"), (12, "up")], [(10, 12, "venue_down"), (12, 20, "we_were_down")]),
        ([(15, "down"), (99, "up")], [(10, 15, "we_were_down"), (15, 20, "venue_down")]),
        ([(5, "down"), (6, "up"), (12, "stale")], [(10, 12, "we_were_down"), (12, 20, "venue_down")]),
        ([(5, "quarantined"), (12, "up")], [(10, 12, "venue_down"), (12, 20, "we_were_down")]),
    ],
)
def test_blame(told, causes) -> None:
    statuses = [FeedStatus(BTC, at(minute), 1, state) for minute, state in told]
    assert blame(BTC, Span(at(10), at(20)), statuses) == [gap(*one) for one in causes]


def test_only_what_a_setting_names_is_removed_and_forgotten(places: Places) -> None:
    past = [Candle(BTC, at(0) + n * DAY, 1.0, 1.0, 1.0, 1.0, 1.0) for n in range(-5, 1)]
    places.candles.upsert(past)
    places.trades.append([Trade(BTC, row.ts, n, 1.0, 1.0, 1) for n, row in enumerate(past)])
    places.trades.append([Quote(BTC, row.ts, 1.0, 1.0, 2.0, 1.0) for row in past], received=1)
    places.trade_ledger.record_asked(BTC, past[0].ts, at(1))
    keep = {"candles": None, "trades": 2, "quotes": 3, "funding": None}
    assert remove_old(places, keep, at(30)) == ({"trades": 3, "quotes": 2}, 0)
    assert places.candles.count() == 6
    assert [trade.trade_id for trade in places.trades.read(Trade, BTC, 0, 2**62)] == [3, 4, 5]
    assert places.trade_ledger.asked(BTC) == [Span(at(0) - 2 * DAY, at(1))], "what is gone can be asked for again"
    assert remove_old(places, keep, at(30)) == ({"trades": 0, "quotes": 0}, 0)


def test_candles_under_a_snapshot_stay_until_it_is_let_go(places: Places) -> None:
    past = [Candle(BTC, at(0) + n * DAY, 1.0, 1.0, 1.0, 1.0, 1.0) for n in range(-5, 1)]
    places.candles.upsert(past)
    held = places.snapshots.save(pin(places.candles, [BTC], Span(at(0) - 4 * DAY, at(0) - 2 * DAY), "now", "commit"))
    hole = Gap(instrument=BTC, start=past[0].ts + 1, end=past[2].ts, cause="lost")
    places.candles.record_gaps(BTC, hole.start, hole.end, [hole])
    assert remove_old(places, {"candles": 1}, at(30)) == ({"candles": 2}, 2 * DAY // MINUTE)
    assert places.candles.times(BTC, 0, at(1)) == [past[n].ts for n in (1, 2, 4, 5)]
    check_unchanged(places.candles, held)
    assert [(gap.start, gap.end) for gap in places.candles.gaps()] == [(held.start, past[2].ts)]
    places.snapshots.forget(held.id[:12])
    assert remove_old(places, {"candles": 1}, at(30)) == ({"candles": 2}, 0)
    assert places.candles.gaps() == []


def test_every_kind_of_tick_can_be_let_go_and_tells_how_far_the_market_is(places: Places) -> None:
    old, new = at(0) - 5 * DAY, at(7)
    assert newest(places, [BTC]) == 0
    for number, ts in enumerate((old, new)):
        ticks = [
            Trade(BTC, ts, number, 1.0, 1.0, 1),
            Quote(BTC, ts, 1.0, 1.0, 2.0, 1.0),
            Mark(BTC, ts, 1.0, 1.0, 0.0, 0),
            Depth(BTC, ts, (), (), 1, True),
            Funding(BTC, ts, 0.1),
            OpenInterest(BTC, ts, 1.0),
            TradingStatus(BTC, ts, "halted"),
            FeedStatus(BTC, ts, 1, "up"),
        ]
        for tick in ticks:
            places.trades.append([tick], received=number + 1)
    places.funding.upsert([Funding(BTC, old, 0.1), Funding(BTC, new, 0.1)])
    assert newest(places, [BTC]) == new, "though no candle is stored"
    kinds = set(RetentionSettings.model_fields) - {"lake", "candles"}
    gone = remove_old(places, dict.fromkeys(kinds, 1), new).rows
    assert gone == dict.fromkeys(kinds, 1) | {"funding": 2}
