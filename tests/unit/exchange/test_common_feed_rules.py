"""What a feed judges by itself: quiet streams, values that can't be, what a slow listener may lose, new rules."""

import math
from collections.abc import Sequence

import pytest

from fixtures.instruments import instrument
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument, InstrumentStatus, Offered
from jtrader.domain.market import Candle, Depth, Event, Funding, Mark, Quote, Trade, TradingStatus
from jtrader.domain.times import SECOND
from jtrader.exchange.common.clock_offset import ClockOffset
from jtrader.exchange.common.conflate import conflated
from jtrader.exchange.common.freshness import Freshness, MarketNow
from jtrader.exchange.common.listing import ListingWatch
from jtrader.exchange.common.sane import is_sane

BTC, ETH = InstrumentId("binance_spot:BTCUSDT"), InstrumentId("binance_spot:ETHUSDT")


def quote(at: int, bid: float = 1.0, ask: float = 2.0, name: InstrumentId = BTC) -> Quote:
    return Quote(name, at, bid, 1.0, ask, 1.0)


def trade(at: int, name: InstrumentId = BTC) -> Trade:
    return Trade(name, at, at, 1.0, 1.0, 1)


def test_one_muted_topic_is_missed_while_others_live() -> None:
    fresh = Freshness(60 * SECOND)
    fresh.restart(BTC, 1)
    fresh.saw(quote(0), 0)
    for second in range(0, 240, 10):
        fresh.saw(trade(second), second * SECOND)
    assert fresh.missing(BTC, 119 * SECOND) == []
    assert fresh.missing(BTC, 240 * SECOND) == ["quote"]
    fresh.saw(quote(240), 240 * SECOND)
    assert fresh.missing(BTC, 240 * SECOND) == []


def test_silence_of_everything_is_seen_sooner_and_a_rare_kind_never() -> None:
    fresh = Freshness(60 * SECOND)
    fresh.restart(BTC, 1)
    fresh.saw(Funding(BTC, 0, 0.1), 0)
    assert fresh.missing(BTC, 59 * SECOND) == []
    assert fresh.missing(BTC, 61 * SECOND) == ["everything"]
    fresh.saw(trade(61), 61 * SECOND)
    assert fresh.missing(BTC, 100 * SECOND) == []


def test_a_reconnect_starts_the_clocks_again() -> None:
    fresh = Freshness(60 * SECOND)
    fresh.restart(BTC, 1)
    fresh.saw(quote(0), 0)
    fresh.restart(BTC, 1_000 * SECOND)
    assert fresh.missing(BTC, 1_050 * SECOND) == []
    assert fresh.missing(BTC, 1_061 * SECOND) == ["everything"]


def test_clocks_start_when_the_market_first_tells_its_time() -> None:
    fresh = Freshness(60 * SECOND)
    fresh.restart(BTC, 0)
    assert fresh.missing(BTC, 0) == []
    assert fresh.missing(BTC, 1_000 * SECOND) == []
    assert fresh.missing(BTC, 1_061 * SECOND) == ["everything"]


def test_a_past_candle_and_a_book_without_time_make_a_quiet_start_no_silence() -> None:
    fresh = Freshness(60 * SECOND)
    fresh.restart(BTC, 0)
    fresh.saw(Candle(BTC, 100 * SECOND, 1.0, 1.0, 1.0, 1.0, 1.0), 100 * SECOND)
    fresh.saw(Depth(BTC, 0, ((1.0, 1.0),), ((2.0, 1.0),), snapshot=True), 0)
    assert fresh.missing(BTC, 900 * SECOND) == []
    assert fresh.missing(BTC, 961 * SECOND) == ["everything"]


def test_a_silent_markets_time_goes_on_with_the_wall() -> None:
    wall = iter([5, 5, 65, 66, 70])
    now = MarketNow(lambda: next(wall) * SECOND)
    assert [now.at(told) for told in (0, 100, 100, 400, 90)] == [0, 100, 100 + 60 * SECOND, 400, 400 + 4 * SECOND]


@pytest.mark.parametrize(
    "event",
    [
        quote(1, bid=2.0, ask=2.0),
        quote(1, bid=3.0, ask=2.0),
        quote(1, bid=0.0),
        quote(1, bid=math.nan),
        quote(1, ask=math.inf),
        Quote(BTC, 1, 1.0, 0.0, 2.0, 1.0),
        Quote(BTC, 1, 1.0, 1.0, 2.0, math.nan),
        Trade(BTC, 1, 1, math.nan, 1.0, 1),
        Trade(BTC, 1, 1, 0.0, 1.0, 1),
        Trade(BTC, 1, 1, 1.0, -1.0, 1),
        Trade(BTC, 1, 1, 1.0, math.inf, 1),
        Mark(BTC, 1, math.nan, 1.0, 0.0, 0),
        Mark(BTC, 1, 0.0, 1.0, 0.0, 0),
        Candle(BTC, 1, 1.0, 0.5, 1.0, 1.0, 1.0),
        Candle(BTC, 1, 1.0, 1.0, math.nan, 1.0, 1.0),
    ],
    ids=repr,
)
def test_what_cant_be_true(event: Event) -> None:
    assert not is_sane(event)


@pytest.mark.parametrize("event", [quote(1), trade(1), Mark(BTC, 1, 1.0, 1.0, -0.1, 0), Candle(BTC, 1, 1, 1, 1, 1, 0)])
def test_what_can_be_true(event: Event) -> None:
    assert is_sane(event)


def test_states_are_conflated_and_happenings_are_not() -> None:
    whole = Depth(BTC, 3, ((1.0, 1.0),), ((2.0, 1.0),), 3, snapshot=True)
    events: Sequence[Event] = [
        quote(1),
        trade(1),
        Depth(BTC, 2, ((1.5, 9.0),), (), 2),
        whole,
        quote(2, name=ETH),
        trade(2),
        Depth(BTC, 4, ((1.0, 0.0), (0.9, 2.0)), (), 4),
        quote(5),
        trade(5),
    ]
    left = conflated(events)
    assert left == [
        trade(1),
        quote(2, name=ETH),
        trade(2),
        Depth(BTC, 4, ((0.9, 2.0),), ((2.0, 1.0),), 4, snapshot=True),
        quote(5),
        trade(5),
    ]
    assert conflated(left) == left


class Venue:
    """InstrumentSource of what a test says."""

    def __init__(self, *listed: Instrument) -> None:
        self.listed: tuple[Instrument, ...] = listed

    def instruments(self) -> Sequence[Instrument]:
        return self.listed


def test_changes_of_listing_are_told_once() -> None:
    btc, eth = instrument(BTC), instrument(ETH)
    venue = Venue(btc, eth, instrument("binance_spot:XRPUSDT"))
    watch = ListingWatch(venue, [BTC, ETH])
    assert watch.refresh(1) == []
    assert watch.refresh(2) == []
    venue.listed = (instrument(BTC, status=InstrumentStatus.HALTED), instrument(ETH, price_tick="0.05"))
    assert watch.refresh(3) == [TradingStatus(BTC, 3, "halted"), TradingStatus(ETH, 3, "rules")]
    assert watch.refresh(4) == []
    venue.listed = (btc,)
    assert watch.refresh(5) == [TradingStatus(BTC, 5, "trading"), TradingStatus(ETH, 5, "delisted")]
    assert watch.refresh(6) == []
    venue.listed = (btc, eth)
    assert watch.refresh(7) == [TradingStatus(ETH, 7, "trading")]


def test_a_row_that_cant_be_read_is_no_delisting() -> None:
    btc, eth = instrument(BTC), instrument(ETH)
    venue = Venue(btc, eth)
    watch = ListingWatch(venue, [BTC, ETH])
    venue.listed = Offered([btc])
    venue.listed.unreadable = frozenset({ETH})
    assert watch.refresh(1) == []
    venue.listed = (btc, eth)
    assert watch.refresh(2) == [TradingStatus(ETH, 2, "trading")]
    venue.listed = Offered([btc])
    venue.listed.unreadable = frozenset({ETH})
    assert watch.refresh(3) == watch.refresh(4) == []
    venue.listed = (btc,)
    assert watch.refresh(5) == [TradingStatus(ETH, 5, "delisted")]


def test_the_first_reading_tells_what_does_not_trade() -> None:
    watch = ListingWatch(Venue(instrument(BTC, status=InstrumentStatus.SETTLING)), [BTC, ETH])
    assert watch.refresh(1) == [TradingStatus(BTC, 1, "settling"), TradingStatus(ETH, 1, "delisted")]


def test_a_venues_clock_is_measured_by_its_firmest_answer(caplog: pytest.LogCaptureFixture) -> None:
    clock = ClockOffset("venue")
    clock.sample(1_000, 6_010, 1_020)
    assert clock.correction == 5_000
    assert "from ours" in caplog.text
    clock.sample(10_000, 15_900, 11_000)  # vaguer, and it agrees
    assert clock.correction == 5_000
    clock.sample(20_000, 20_500, 21_000)  # vaguer, and it can't be so any more
    assert clock.correction == 0
