"""Whatever an outsider does to the book, the participants never place an order that would meet the other side."""

import random

import pytest

from fixtures.simmarket import BTC, LIVE_START, SPOT_ETH, Floor, plan
from jtrader.domain.ids import InstrumentId
from jtrader.domain.order import Side
from jtrader.domain.times import MILLISECOND, MINUTE
from jtrader.exchange.sim.market.market import build_market
from jtrader.matching.book import BUY, SELL


def meddle(floor: Floor, ts: int, rng: random.Random) -> None:
    """A random order of an outsider: sweeps, better quotes, orders deep in the book, empty sides."""
    side = rng.choice((Side.BUY, Side.SELL))
    best, other = floor.book.best(side.sign), floor.book.best(-side.sign)
    what = rng.random()
    if what < 0.3:
        floor.take(ts, side, rng.choice((1, 1_000, 10**7, 10**12)), None, Floor.OUTSIDER)
    elif what < 0.7 and best is not None and other is not None:
        improved = best + side.sign * rng.randint(-200, 3)
        if (other - improved) * side.sign > 0:
            floor.rest(side, improved, rng.choice((1, 10**4, 10**8)), Floor.OUTSIDER)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("instrument", [BTC, SPOT_ETH])
def test_no_order_of_the_flow_crosses_an_abused_book(instrument: InstrumentId, seed: int) -> None:
    rng = random.Random(seed)
    floor = Floor(build_market(plan(seed=seed)).flow(instrument))
    ts = LIVE_START
    while ts < LIVE_START + 3 * MINUTE:
        before, ts = ts, ts + rng.choice((1, 50, 250, 2_000, 15_000)) * MILLISECOND
        events = floor.advance(ts)  # the book raises Crossing
        assert all(before < event.ts <= ts for event in events)
        assert [e.ts for e in events] == sorted(e.ts for e in events)
        assert all(event.lots > 0 and event.price > 0 for event in events)
        if rng.random() < 0.5:
            meddle(floor, ts, rng)
    for _ in range(20):
        ts += 250 * MILLISECOND
        floor.advance(ts)
    bid, ask = floor.book.best(BUY), floor.book.best(SELL)
    assert bid is not None
    assert ask is not None
    assert bid < ask
