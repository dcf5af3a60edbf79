"""The three stretches of a simulated market: history, live window, after it."""

import itertools
from decimal import Decimal

import pytest

from fixtures.simmarket import BTC, ETH, FOUR, LIVE_START, SPOT_BTC, aggregate, plan
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, HOUR, MINUTE, parse_time
from jtrader.exchange.sim.market.listing import LISTED
from jtrader.exchange.sim.market.market import SimMarket, build_market
from jtrader.exchange.sim.market.plan import MarketPlan


@pytest.fixture
def market() -> SimMarket:
    return build_market(plan())


def test_history_starts_where_it_is_planned_and_ends_at_the_live_window(market: SimMarket) -> None:
    klines = market.klines(BTC, 0, market.live_end)
    assert market.first_minute == LIVE_START - 2 * DAY
    assert [k.minute_ns for k in klines] == list(range(market.first_minute, LIVE_START, MINUTE))
    assert market.live_end == LIVE_START + 5 * MINUTE
    assert all(before.close == after.open for before, after in itertools.pairwise(klines))


def test_the_market_stands_at_its_start_prices_when_it_goes_live(market: SimMarket) -> None:
    assert market.klines(SPOT_BTC, LIVE_START - MINUTE, LIVE_START)[-1].close == pytest.approx(10_500_000, abs=2_000)
    assert float(market.mark(ETH, LIVE_START)) == pytest.approx(2_600, rel=1e-3)


def test_minutes_after_the_window_wait_for_its_end(market: SimMarket) -> None:
    with pytest.raises(Broken, match="resume"):
        market.klines(BTC, market.live_end, market.live_end + MINUTE)
    with pytest.raises(Broken, match="live window"):
        market.prints(BTC, LIVE_START + MINUTE)


def test_after_the_window_the_market_goes_on_from_the_last_trade(market: SimMarket) -> None:
    before = market.klines(BTC, 0, market.live_end)
    last = before[-1].close + 700
    market.resume({BTC: last}, {BTC: 777_000})
    cut = parse_time("2026-01-17T00:00:00Z")
    after = market.klines(BTC, market.live_end, cut)
    assert [k.minute_ns for k in after] == list(range(market.live_end, cut, MINUTE))
    assert after[0].open == last
    assert all(a.close == b.open for a, b in itertools.pairwise(after))
    expected = 777_000
    for kline in after[:30] + after[-30:]:
        if kline is after[-30]:
            expected = market.first_trade_id(BTC, kline.minute_ns)
        prints = market.prints(BTC, kline.minute_ns)
        assert aggregate(kline.minute_ns, prints) == kline
        assert prints[0].id == expected
        expected += kline.count
    assert market.klines(BTC, 0, cut) == before + after
    free = build_market(plan())
    free.resume({}, {})
    settled = free.klines(BTC, cut - MINUTE, cut)[0].close
    assert after[-1].close == pytest.approx(settled, abs=2), "the fair path is reached again"
    with pytest.raises(Broken, match="once"):
        market.resume({}, {})


def test_a_mark_that_was_told_stays_when_the_market_goes_on(market: SimMarket) -> None:
    times = range(LIVE_START - 3 * MINUTE, market.live_end + 1, MINUTE // 2)
    told = [market.mark(BTC, ts) for ts in times]
    market.resume({BTC: 1_060_000}, {BTC: 1})
    assert [market.mark(BTC, ts) for ts in times] == told
    assert float(market.mark(BTC, market.live_end + 1)) == pytest.approx(106_000, abs=30)


def test_an_instrument_that_nobody_traded_goes_on_from_its_path(market: SimMarket) -> None:
    market.resume({}, {})
    assert market.first_trade_id(ETH, market.live_end) == market.first_trade_id(ETH, LIVE_START)
    assert market.klines(ETH, market.live_end, market.live_end + HOUR)


@pytest.mark.parametrize("instrument", FOUR)
def test_mark_and_index_have_eight_decimals_and_meet_the_closes(market: SimMarket, instrument: InstrumentId) -> None:
    kline = market.klines(instrument, LIVE_START - HOUR, LIVE_START)[0]
    mark = market.mark(instrument, kline.minute_ns + MINUTE)
    tick = LISTED[instrument].price_tick
    assert abs(mark - kline.close * tick) <= tick
    assert mark == mark.quantize(Decimal("1e-8"))
    assert abs(market.index(instrument, kline.minute_ns) / market.mark(instrument, kline.minute_ns) - 1) < Decimal(
        "0.001"
    )
    assert market.mark(instrument, LIVE_START + 3 * MINUTE) != market.mark(instrument, LIVE_START + 2 * MINUTE)


def test_funding_is_for_perpetuals_at_their_instants(market: SimMarket) -> None:
    instant = parse_time("2026-01-15T16:00:00Z")
    rate = market.funding_rate(BTC, instant)
    assert Decimal("-0.0003") <= rate <= Decimal("0.0001")
    assert rate == rate.quantize(Decimal("1e-8"))
    for instrument, ts in ((SPOT_BTC, instant), (BTC, instant + MINUTE)):
        with pytest.raises(BadInput, match="00, 08 and 16"):
            market.funding_rate(instrument, ts)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"live_start": None}, "live_start"),
        ({"live_start": LIVE_START + 1}, "whole minute"),
        ({"instruments": ()}, "at least one"),
        ({"instruments": ("binance_usdm:DOGEUSDT",)}, "known are binance_usdm:BTCUSDT"),
        ({"intensity": 0.0}, "intensity is 0.0"),
        ({"predictability": 0.5}, "allowed is 0"),
        ({"live_minutes": 0}, "live_minutes is 0"),
        ({"days": 0}, "days is 0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_a_wrong_plan_is_refused_with_what_is_allowed(changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        build_market(plan(**changes))


def test_an_unserved_instrument_is_named() -> None:
    market = build_market(plan(instruments=(BTC,)))
    assert [i.id for i in market.instruments] == [BTC]
    with pytest.raises(BadInput, match="ETHUSDT' is not served"):
        market.klines(ETH, 0, LIVE_START)
    assert isinstance(market.plan, MarketPlan)
