"""The generated market does not depend on what was asked before, by whom, or in which process."""

import hashlib
import random
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.simmarket import BTC, LIVE_START, SPOT_ETH, aggregate, plan
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, HOUR, MINUTE
from jtrader.exchange.sim.market.market import SimMarket, build_market

PLATFORM = Path(__file__).resolve().parents[2] / "platform"


def fingerprint(market: SimMarket, instrument: InstrumentId) -> str:
    klines = market.klines(instrument, market.first_minute, market.live_start)
    prints = market.prints(instrument, LIVE_START - 7 * MINUTE)
    rate = market.funding_rate(BTC, LIVE_START // DAY * DAY)
    told = (klines, prints, market.mark(instrument, LIVE_START + 90 * 10**9), rate)
    flow = market.flow(instrument)
    book = flow.opening_book()
    events = [flow.advance(LIVE_START + step * 250_000_000, book[0][1], book[-1][1]) for step in range(1, 40)]
    return hashlib.sha256(repr((told, book, events)).encode()).hexdigest()


def test_another_process_makes_the_same_market() -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "from test_market_is_a_function_of_seed_and_minute import *\n"
        "print(fingerprint(build_market(plan()), SPOT_ETH))"
    )
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1])]
    run = subprocess.run(
        [sys.executable, "-c", code, *paths],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(PLATFORM), "PYTHONHASHSEED": "12345"},
    )
    assert run.stdout.strip() == fingerprint(build_market(plan()), SPOT_ETH)


def test_another_seed_makes_another_market() -> None:
    assert fingerprint(build_market(plan(seed=8)), BTC) != fingerprint(build_market(plan()), BTC)


def test_the_order_of_questions_changes_nothing() -> None:
    asked, fresh = build_market(plan()), build_market(plan())
    minutes = list(range(asked.first_minute, LIVE_START, 37 * MINUTE))
    random.Random(3).shuffle(minutes)
    for minute in minutes:
        asked.prints(BTC, minute)
        asked.klines(SPOT_ETH, minute, min(minute + HOUR, LIVE_START))
        asked.mark(SPOT_ETH, minute + DAY)
    assert fingerprint(asked, BTC) == fingerprint(fresh, BTC)


@pytest.mark.parametrize("days", [1, 4])
def test_a_past_minute_is_the_same_in_a_longer_history(days: int) -> None:
    span = (LIVE_START - DAY, LIVE_START)
    some, more = (build_market(plan(days=d)).klines(BTC, *span) for d in (days, days + 1))
    assert some == more


def test_trades_of_all_instruments_add_up_and_their_ids_have_no_hole() -> None:
    market = build_market(plan())
    for instrument in (i.id for i in market.instruments):
        klines = market.klines(instrument, LIVE_START - 3 * HOUR, LIVE_START)
        assert [k.minute_ns for k in klines] == list(range(LIVE_START - 3 * HOUR, LIVE_START, MINUTE))
        expected = market.first_trade_id(instrument, LIVE_START - 3 * HOUR)
        for kline in klines:
            prints = market.prints(instrument, kline.minute_ns)
            assert aggregate(kline.minute_ns, prints) == kline
            assert [p.id for p in prints] == list(range(expected, expected + kline.count))
            expected += kline.count
        assert market.first_trade_id(instrument, LIVE_START) == expected
        assert market.first_trade_id(instrument, market.first_minute) == 1
