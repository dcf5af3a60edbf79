"""The live window: a sane book, the generator's volume and price, orders of outsiders served."""

import numpy as np
import pytest

from fixtures.simmarket import BTC, ETH, LIVE_START, SPOT_BTC, SPOT_ETH, Floor, plan
from jtrader.domain.ids import InstrumentId
from jtrader.domain.order import Side
from jtrader.domain.times import MILLISECOND, MINUTE
from jtrader.exchange.sim.market.listing import LISTED
from jtrader.exchange.sim.market.market import SimMarket, build_market
from jtrader.matching.book import BUY, SELL

STEP = 250 * MILLISECOND


@pytest.fixture(scope="module")
def hour() -> SimMarket:
    return build_market(plan(live_minutes=60, days=1))


def fair_ticks(market: SimMarket, instrument: InstrumentId, ts: int) -> float:
    return float(market.mark(instrument, ts) / LISTED[instrument].price_tick)


@pytest.mark.parametrize("instrument", [BTC, ETH, SPOT_BTC, SPOT_ETH])
def test_the_opening_book_is_deep_and_stands_at_the_last_close(hour: SimMarket, instrument: InstrumentId) -> None:
    floor = Floor(hour.flow(instrument))
    bids, asks = floor.book.depth(BUY, 100), floor.book.depth(SELL, 100)
    assert 20 <= len(bids) <= 50
    assert 20 <= len(asks) <= 50
    close = hour.klines(instrument, LIVE_START - MINUTE, LIVE_START)[-1].close
    assert bids[0].ticks - 5 <= close <= asks[0].ticks + 5


@pytest.mark.parametrize("instrument", [BTC, ETH, SPOT_BTC, SPOT_ETH])
def test_an_hour_of_trading_follows_the_generator(hour: SimMarket, instrument: InstrumentId) -> None:
    floor = Floor(hour.flow(instrument))
    spreads, levels = [], []
    for ts in range(LIVE_START + STEP, hour.live_end + 1, STEP):
        floor.advance(ts)
        spreads.append(floor.book.best(SELL) - floor.book.best(BUY))
        levels.append(len(floor.book.depth(BUY, 1_000)))
    assert min(spreads) > 0
    assert np.mean(np.array(spreads) == 1) > 0.8, "one tick most of the time"
    assert 15 < np.median(levels) < 50
    minutes = np.array([ts // MINUTE for ts, _, _ in floor.trades])
    assert np.unique(minutes).size == 60, "no minute without a trade"

    last = {minute: trade.ticks for minute, (_, _, trade) in zip(minutes, floor.trades, strict=True)}
    traded = np.diff(np.log(list(last.values())))
    ends = [LIVE_START + (i + 1) * MINUTE for i in range(60)]
    made = np.diff(np.log([fair_ticks(hour, instrument, ts) for ts in ends]))
    assert np.corrcoef(traded, made)[0, 1] > 0.75
    assert 0.8 < traded.std() / made.std() < 1.3

    lots = sum(trade.lots for _, _, trade in floor.trades)
    before = hour.klines(instrument, LIVE_START - 120 * MINUTE, LIVE_START)
    assert 0.3 < lots / 60 / np.mean([k.volume for k in before]) < 3.0, "volume carries on"
    buys = np.mean([side is Side.BUY for _, side, _ in floor.trades])
    assert 0.3 < buys < 0.7


def test_the_flow_is_the_same_each_time(hour: SimMarket) -> None:
    first, second = (Floor(hour.flow(BTC)) for _ in range(2))
    for ts in range(LIVE_START + STEP, LIVE_START + 2 * MINUTE, STEP):
        assert first.advance(ts) == second.advance(ts)


def test_what_is_consumed_comes_back_within_a_second(hour: SimMarket) -> None:
    floor = Floor(hour.flow(BTC))
    floor.advance(LIVE_START + STEP)
    floor.take(LIVE_START + STEP, Side.BUY, 10**12, None, Floor.OUTSIDER)
    assert floor.book.best(SELL) is None
    for step in range(2, 6):
        floor.advance(LIVE_START + step * STEP)
    assert len(floor.book.depth(SELL, 100)) >= 20
    assert floor.book.best(SELL) - fair_ticks(hour, BTC, LIVE_START + 5 * STEP) < 400


def test_an_order_that_the_price_runs_over_is_filled(hour: SimMarket) -> None:
    """A bid one per mille below the market is worth more than its price as soon as the market is below it."""
    floor = Floor(hour.flow(BTC))
    path = [fair_ticks(hour, BTC, ts) for ts in range(LIVE_START, hour.live_end, MINUTE)]
    price = int((path[0] + max(path)) / 2) + 1
    order = floor.rest(Side.SELL, price, 500, Floor.OUTSIDER)
    for ts in range(LIVE_START + STEP, hour.live_end, STEP):
        floor.advance(ts)
        if order not in floor.book:
            break
    assert order not in floor.book
    assert max(path) > price
