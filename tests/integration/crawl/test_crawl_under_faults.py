"""A month of venues that fail a tenth of their requests, crawled and killed with -9 three times, ends equal to a clean
crawl."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tenacity

from fixtures.faults import faults, rule
from fixtures.simulator import Simulator, StartSimulator
from jtrader.app.jobs.crawl import crawl_market_data
from jtrader.app.settings import CHECKOUT, Settings, load_settings
from jtrader.app.wiring.data import open_stores
from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, HOUR, MINUTE, iso

DAYS = 31
INSTRUMENTS = ("binance_usdm:BTCUSDT", "huobi_swap:BTC-USD")
HOSTS = ("fapi.binance.com", "api.hbdm.vn")
BUSY = {"code": -1003, "msg": "Too many requests; current limit is 2400 request weight per 1 MINUTE."}
FAILING = (
    rule("answer", {"share": 0.05}, status=503, body="<html>busy</html>"),
    rule("drop", {"share": 0.03}, seconds=0.2),
    *(
        rule("answer", {"host": host, "share": 0.02}, status=429, headers={"Retry-After": "1"}, body=BUSY)
        for host in HOSTS
    ),
    rule("hold", {"share": 0.5}, seconds=0.15),
)
"""A tenth fails at each host; every second one of the others is slow, so that a kill finds work under way."""


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Iterator[Simulator]:
    made = start_simulator(days=DAYS, instruments=INSTRUMENTS, live_minutes=30)
    yield made
    made.stop()


def desk(folder: Path, mongo, venue: Simulator, database: str) -> Settings:
    folder.mkdir()
    names = ", ".join(f'"{name}"' for name in INSTRUMENTS)
    (folder / "jtrader.toml").write_text(
        f'mongo_uri = "{mongo.uri}"\nmongo_database = "{database}"\nsimulator_uri = "{venue.uri}"\n'
        f"crawl_instruments = [{names}]\ncrawl_days = {DAYS}\n"
    )
    return load_settings(home=folder)


def start(settings: Settings) -> subprocess.Popen[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("JTRADER_")}
    own |= {"JTRADER_HOME": str(settings.home), "PYTHONPATH": str(CHECKOUT / "platform")}
    command = [sys.executable, "-c", "from jtrader.app.cli import main; main()", "crawl"]
    return subprocess.Popen(command, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(condition: Callable[[], bool]) -> None:
    tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda met: not met),
        stop=tenacity.stop_after_delay(120),
        wait=tenacity.wait_fixed(0.02),
    )(condition)


def test_failing_requests_and_kills_leave_no_trace(tmp_path: Path, mongo, venue: Simulator) -> None:
    torn = desk(tmp_path / "torn", mongo, venue, mongo.database)
    clean = desk(tmp_path / "clean", mongo, venue, mongo.database)
    whole = len(INSTRUMENTS) * DAYS * DAY // MINUTE
    with faults(venue, *FAILING), open_stores(torn) as stores:
        for part in (0.2, 0.45, 0.7):
            with start(torn) as crawl:
                wait_until(
                    lambda part=part, crawl=crawl: stores.candles.count() > part * whole or crawl.poll() is not None
                )
                assert crawl.poll() is None, crawl.communicate()
                crawl.kill()
        assert stores.candles.count() < whole, "the kills came in the middle"
        with start(torn) as crawl:
            said, complained = crawl.communicate(timeout=300)
        assert crawl.returncode == 0, complained
        end = venue.now // MINUTE * MINUTE
        rows = {name: stores.candles.packed(InstrumentId(name), end - DAYS * DAY, end) for name in INSTRUMENTS}
        assert stores.candles.gaps() == []
        assert {len(found) for found in rows.values()} == {DAYS * 1440 * 48}
        assert " ".join(said.split()).count(" 0 gaps") == 1
        for name in INSTRUMENTS:
            stores.candles.remove(InstrumentId(name), 0, end)
    result = crawl_market_data(settings=clean)
    assert (result.stored, result.gaps, result.quarantined) == (whole, 0, 0)
    with open_stores(clean) as stores:
        assert rows == {name: stores.candles.packed(InstrumentId(name), end - DAYS * DAY, end) for name in INSTRUMENTS}


def test_a_venue_in_maintenance_is_named_its_minutes_noted_and_asked_for_later(
    tmp_path: Path, mongo, venue: Simulator
) -> None:
    settings = desk(tmp_path / "desk", mongo, venue, mongo.database)
    end = venue.now // MINUTE * MINUTE
    names = INSTRUMENTS
    span = {"start": iso(end - 6 * HOUR), "end": iso(end)}
    closed = rule(
        "answer", {"host": "fapi.binance.com", "path": "*/klines"}, status=418, headers={"Retry-After": "600"}
    )
    with faults(venue, closed), open_stores(settings) as stores:
        began = time.monotonic()
        with pytest.raises(Unavailable, match=r"candles of binance_usdm:BTCUSDT: .* fewer requests"):
            crawl_market_data(names, settings=settings, **span)
        assert time.monotonic() - began < 30, "a ban of ten minutes is not waited for"
        [gap] = stores.candles.gaps()
        assert (gap.instrument, gap.start, gap.end, gap.cause) == (names[0], end - 6 * HOUR, end, "venue_down")
        assert len(stores.candles.times(InstrumentId(names[1]), end - 6 * HOUR, end)) == 360, "the others go on"
    after = desk(tmp_path / "ten minutes later, without the note of the ban", mongo, venue, mongo.database)
    with open_stores(after) as stores:
        result = crawl_market_data(names, settings=after, **span)
        assert (result.new, result.gaps) == (360, 0)
        assert stores.candles.gaps() == []


def test_a_market_whose_every_request_fails_keeps_no_other_from_being_crawled(
    tmp_path: Path, mongo, venue: Simulator
) -> None:
    """It tells neither its rules nor its time, and nothing of it is known yet."""
    settings = desk(tmp_path / "desk", mongo, venue, mongo.database)
    end = venue.now // MINUTE * MINUTE
    closed = rule("answer", {"host": HOSTS[1]}, status=429, headers={"Retry-After": "600"})
    with faults(venue, closed), open_stores(settings) as stores:
        with pytest.raises(Unavailable, match="huobi_swap"):
            crawl_market_data(INSTRUMENTS, days=1, settings=settings)
        assert len(stores.candles.times(InstrumentId(INSTRUMENTS[0]), end - DAY, end)) == 1440
        [gap] = stores.candles.gaps()
        assert (gap.instrument, gap.start, gap.end, gap.cause) == (INSTRUMENTS[1], end - DAY, end, "venue_down")
    after = desk(tmp_path / "later, without the note of the ban", mongo, venue, mongo.database)
    assert crawl_market_data(INSTRUMENTS, days=1, settings=after).gaps == 0
