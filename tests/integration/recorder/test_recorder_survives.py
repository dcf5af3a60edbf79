"""A simulated market, its feed, the recorder and mongod as real processes, each killed in the middle: in the end every
trade of the venue is stored once, and the ids prove it."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fixtures.recording_desk import BTC, EVER, KEY, SPEED, Desk, mongod_pid
from fixtures.simulator import Simulator, StartSimulator
from fixtures.stack import Mongo as Database
from fixtures.trading_floor import when
from jtrader.domain.market import Quote, Trade
from jtrader.domain.times import SECOND


@pytest.fixture(scope="module")
def desk(
    start_simulator: StartSimulator, module_mongo: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    simulator = start_simulator(intensity=0.3, instruments=[BTC])
    desk = Desk(tmp_path_factory.mktemp("desk"), simulator, module_mongo)
    desk.feed.start()
    desk.recorder.start()
    try:
        desk.run(20)
        when(lambda: min(map(desk.store.count, (Trade, Quote))) > 0, 20, desk.recorder.log)
        yield desk
    finally:
        desk.close()


def test_a_killed_recorder_finds_what_it_missed(desk: Desk) -> None:
    desk.recorder.kill()
    desk.run(30)
    desk.recorder.start()
    desk.run(20)
    desk.wait_until_whole()
    when(lambda: desk.health()["repaired_trades"] > 0, 10)
    when(lambda: any(gap.cause == "we_were_down" for gap in desk.store.gaps(Quote)), 20)


def test_a_killed_feed_costs_no_trade(desk: Desk) -> None:
    before = desk.health()["repaired_trades"]
    desk.feed.kill()
    desk.run(30)
    desk.feed.start()
    desk.run(20)
    desk.wait_until_whole()
    when(lambda: desk.health()["repaired_trades"] > before, 10)


def test_a_killed_mongod_costs_nothing(desk: Desk, module_mongo: Database) -> None:
    """A write may have been applied although its answer was lost."""
    desk.run(5)
    os.kill(mongod_pid(module_mongo.uri), signal.SIGKILL)
    desk.run(60)
    desk.wait_until_whole()


def test_a_mongod_that_says_nothing_for_long_is_spilled_over(desk: Desk, module_mongo: Database) -> None:
    pid = mongod_pid(module_mongo.uri)
    os.kill(pid, signal.SIGSTOP)
    try:
        desk.simulator.run(SPEED / 2)
        when(lambda: desk.health()["state"] == "spilling" and desk.health()["spilled_bytes"] > 0, 60, desk.recorder.log)
    finally:
        os.kill(pid, signal.SIGCONT)
        desk.simulator.pause()
    when(lambda: desk.health()["state"] == "recording", 60, desk.recorder.log)
    assert desk.health()["dropped_rows"] == 0
    desk.wait_until_whole()


def old_trades(simulator: Simulator, first: int) -> list[dict[str, Any]]:
    """The venue's own rows from an id on."""
    told: list[dict[str, Any]] = []
    headers = {"Host": "fapi.binance.com", "X-MBX-APIKEY": KEY}
    with httpx.Client(base_url=simulator.uri, headers=headers) as venue:
        while page := venue.get(
            "/fapi/v1/historicalTrades", params={"symbol": "BTCUSDT", "limit": 500, "fromId": first}
        ).json():
            told += page
            first = int(page[-1]["id"]) + 1
    return told


def test_what_is_stored_is_what_the_venue_tells_and_stays_so_when_packed(desk: Desk) -> None:
    stored = list(desk.store.read(Trade, BTC, *EVER))
    told = old_trades(desk.simulator, int(stored[0].trade_id))
    assert len(stored) > 200
    assert [(t.trade_id, t.price, t.quantity, t.ts // 10**6, t.side) for t in stored] == [
        (row["id"], float(row["price"]), float(row["qty"]), row["time"], -1 if row["isBuyerMaker"] else 1)
        for row in told
    ]
    quotes = list(desk.store.read(Quote, BTC, *EVER))
    assert desk.store.compact(desk.simulator.now + 3_600 * SECOND) > 0
    assert list(desk.store.read(Trade, BTC, *EVER)) == stored
    assert list(desk.store.read(Quote, BTC, *EVER)) == quotes
    assert desk.store.count(Trade) == len(stored)
