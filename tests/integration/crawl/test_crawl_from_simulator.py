"""The crawl as a user runs it: real simulator, real ccxt, real mongod, the command line in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
import tenacity

from jtrader.app.admission import admitted
from jtrader.app.jobs.crawl import crawl_market_data, summary
from jtrader.app.jobs.listings import known_instruments
from jtrader.app.jobs.missing import gaps, quarantine
from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.crawling import open_places
from jtrader.app.wiring.data import open_stores
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Trade
from jtrader.domain.times import DAY, MINUTE, SECOND, iso, parse_time, to_millis
from jtrader.features.definitions import FEATURES
from jtrader.ports.stores import Gap

INSTRUMENTS = ("binance_usdm:BTCUSDT", "binance_usdm:ETHUSDT", "binance_spot:BTCUSDT", "binance_spot:ETHUSDT")
HOSTS = {
    "binance_usdm": ("fapi.binance.com", "/fapi/v1/klines"),
    "binance_spot": ("api.binance.com", "/api/v3/klines"),
}


@pytest.fixture
def settings(tmp_path: Path, mongo, simulator) -> Settings:
    return load_settings(
        home=tmp_path, mongo_uri=mongo.uri, mongo_database=mongo.database, simulator_uri=simulator.uri, crawl_days=1
    )


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("JTRADER_")}
    return own | {
        "JTRADER_HOME": str(settings.home),
        "JTRADER_MONGO_URI": settings.need("mongo_uri"),
        "JTRADER_MONGO_DATABASE": settings.mongo_database,
        "JTRADER_SIMULATOR_URI": settings.need("simulator_uri"),
        "JTRADER_CRAWL_DAYS": "1",
        "COLUMNS": "200",
    }


def jtrader(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from jtrader.app.cli import main; main()", *words]
    repository = Path(__file__).resolve().parents[3]
    return subprocess.run(
        command,
        env=environment | {"PYTHONPATH": str(repository / "platform")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_day_of_four_instruments_equals_what_the_venue_serves(settings: Settings, simulator) -> None:
    result = crawl_market_data(settings=settings)
    assert (result.stored, result.new, result.gaps, result.quarantined) == (4 * 1440, 4 * 1440, 0, 0)
    assert result.end == simulator.now // MINUTE * MINUTE
    assert result.start == result.end - DAY
    assert f"{4 * 1440:,} stored" in summary(result)
    with open_stores(settings) as stores:
        for name in INSTRUMENTS:
            market, _, symbol = name.partition(":")
            host, path = HOSTS[market]
            query = {"symbol": symbol, "interval": "1m", "startTime": to_millis(result.start), "limit": 1000}
            with httpx.Client(base_url=simulator.uri, headers={"Host": host}) as http:
                rows = http.get(path, params=query).json()
            stored = list(stores.candles.read(InstrumentId(name), result.start, result.start + 1000 * MINUTE))
            assert [[to_millis(c.ts), c.open, c.high, c.low, c.close, c.volume] for c in stored] == [
                [row[0], *map(float, row[1:6])] for row in rows
            ]


def test_running_again_fetches_nothing_and_later_only_what_is_new(settings: Settings, simulator) -> None:
    first = crawl_market_data(["binance_usdm:BTCUSDT"], 1, iso(simulator.now - 60 * MINUTE), settings)
    again = crawl_market_data(["binance_usdm:BTCUSDT"], 1, iso(simulator.now - 60 * MINUTE), settings)
    assert (first.new, again.new, again.pages) == (1440, 0, 0)
    assert crawl_market_data(["binance_usdm:BTCUSDT"], 1, None, settings).new == 60


def test_a_history_that_is_shorter_than_asked_for_says_where_it_begins(settings: Settings) -> None:
    [row] = crawl_market_data(["binance_usdm:BTCUSDT"], 10, None, settings).instruments
    assert row.gaps == 0
    assert row.first is not None
    assert row.stored < 10 * 1440
    again = crawl_market_data(["binance_usdm:BTCUSDT"], 10, None, settings)
    assert (again.new, again.gaps) == (0, 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((["binance_usdm:DOGEUSDT"], 1, None), "unknown instrument binance_usdm:DOGEUSDT: the venue offers 2, for"),
        ((["binance_usdm"], 1, None), "market:SYMBOL"),
        ((["kraken:XBT"], 1, None), "market 'kraken' is not known"),
        ((None, 1, "2099-01-01T00:00:00Z"), "lies in the future"),
        ((None, 1, "2020-01-02"), "has no candle at its venue from 2020-01-01T00:00:00Z"),
        ((None, 1, "yesterday"), "'yesterday' is not a time"),
    ],
)
def test_bad_input_is_refused_and_stores_no_candle(settings: Settings, words, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        crawl_market_data(*words, settings)
    with open_stores(settings) as stores:
        assert stores.candles.count() == 0


def test_instruments_are_kept_and_asked_once(settings: Settings) -> None:
    found = known_instruments(settings=settings)
    assert sorted(i.id for i in found) == sorted(INSTRUMENTS)
    offline = load_settings(
        home=settings.home,
        mongo_uri=settings.need("mongo_uri"),
        mongo_database=settings.mongo_database,
        simulator_uri="http://127.0.0.1:9",
    )
    assert known_instruments(settings=offline) == found


def test_the_command_line(environment: dict[str, str]) -> None:
    done = jtrader(environment, "crawl", "--instrument", "binance_spot:ETHUSDT", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["stored"], figures["gaps"], figures["instruments"][0]["new"]) == (1440, 0, 1440)
    table = jtrader(environment, "crawl", "-i", "binance_spot:ETHUSDT")
    assert "1,440 stored (0 new in 0 pages), 0 gaps" in " ".join(table.stdout.split())
    listed = json.loads(jtrader(environment, "instruments", "--market", "binance_usdm", "--json").stdout)
    ticks = {i["id"]: i["price_tick"] for i in listed}
    assert ticks == {"binance_usdm:BTCUSDT": "0.1", "binance_usdm:ETHUSDT": "0.01"}


def test_what_is_stored_is_pinned_judged_and_repaired_by_commands(environment, settings: Settings, postgres) -> None:
    name = "binance_spot:ETHUSDT"
    crawl_market_data([name], settings=settings)
    environment |= {"JTRADER_CRAWL_INSTRUMENTS": json.dumps([name]), "JTRADER_POSTGRES_URI": postgres}
    [pinned] = json.loads(jtrader(environment, "crawl", "snapshot", "--json").stdout)
    assert [(row["instrument"], row["count"]) for row in pinned["instruments"]] == [(name, 1440)]
    with open_stores(settings) as stores:
        stores.candles.remove(InstrumentId(name), pinned["start"], pinned["start"] + MINUTE)
    refused = jtrader(environment, "crawl", "snapshot", "--verify", pinned["id"][:12])
    assert refused.returncode == 2
    assert f"{name} on 2026-01-14" in refused.stderr
    [gone] = json.loads(jtrader(environment, "crawl", "snapshot", "--unpin", pinned["id"][:12], "--json").stdout)
    assert gone == pinned
    assert json.loads(jtrader(environment, "crawl", "snapshot", "--list", "--json").stdout) == []
    judged = json.loads(jtrader(environment, "crawl", "quality", "--days", "2", "--json").stdout)
    assert [(row["date"], row["stored"], row["coverage"]) for row in judged] == [
        ("2026-01-15", 930, 1.0),
        ("2026-01-14", 509, 1.0),
    ]
    repaired = jtrader(environment, "crawl", "repair")
    assert "0 holes asked for again" in " ".join(repaired.stdout.split()), repaired.stderr


def test_an_instrument_is_admitted_once_everything_is_there(environment: dict[str, str], settings: Settings) -> None:
    name = "binance_spot:ETHUSDT"
    refused = jtrader(environment, "instruments", "add", name)
    assert refused.returncode == 2
    assert "there is no account on binance_spot" in refused.stderr
    desk = '[[accounts]]\nname = "trend"\nmarket = "binance_spot"\nbroker = "sim"\nkey_file = "none.json"\n'
    (settings.home / "jtrader.toml").write_text(desk)
    refused = jtrader(environment, "instruments", "add", name)
    assert refused.returncode == 2
    assert "trend lacks max_order_notional, max_position_notional, max_open_orders" in refused.stderr
    assert not admitted(settings.home)
    (settings.home / "jtrader.toml").write_text(desk + LIMITS)
    done = jtrader(environment, "instruments", "add", name, "--json")
    assert done.returncode == 0, done.stderr
    [told] = json.loads(done.stdout)
    assert (told["instrument"], told["candles"], told["gaps"], told["accounts"]) == (name, 1440, 0, ["trend"])
    assert set(told["features"]) == set(FEATURES)
    assert all(0 < count <= 1440 for count in told["features"].values())
    assert list(admitted(settings.home)) == [name]
    assert "binance_usdm:NOPE" in jtrader(environment, "instruments", "add", "binance_usdm:NOPE").stderr


def test_gaps_and_what_was_put_aside_are_listed(environment: dict[str, str], settings: Settings) -> None:
    perp, spot = InstrumentId(INSTRUMENTS[0]), InstrumentId(INSTRUMENTS[2])
    start = parse_time("2026-01-14")
    bad = Candle(perp, start, float("nan"), 1.0, 1.0, 1.0, 1.0)
    with open_places(settings) as places:
        for name, kind, cause in ((perp, "candles", "quarantined"), (spot, "trades", "lost")):
            ledger = places.candles if kind == "candles" else places.trade_ledger
            ledger.record_gaps(
                name, start, start + DAY, [Gap(instrument=name, start=start, end=start + 90 * SECOND, cause=cause)]
            )
        places.candles.quarantine(bad, "price nan")
        places.trade_ledger.quarantine(Trade(spot, start + DAY, 5, 0.0, 1.0, 1), "price 0.0")
    listed = jtrader(environment, "crawl", "gaps")
    lines = [line.split() for line in listed.stdout.splitlines()]
    assert lines == [
        ["instrument", "kind", "start", "end", "minutes", "cause"],
        [perp, "candles", "2026-01-14T00:00:00Z", "2026-01-14T00:01:30Z", "1.5", "quarantined"],
        [spot, "trades", "2026-01-14T00:00:00Z", "2026-01-14T00:01:30Z", "1.5", "lost"],
    ], listed.stderr
    assert [row["instrument"] for row in gaps(causes=["lost"], settings=settings)] == [spot]
    assert gaps([perp], ["trades"], settings=settings) == gaps(start="2026-01-15", settings=settings) == []
    with pytest.raises(BadInput, match="'gone' is no cause of a gap; allowed is no_trades"):
        gaps(causes=["gone"], settings=settings)
    [first, second] = json.loads(jtrader(environment, "crawl", "quarantine", "--json").stdout)
    assert (first["instrument"], first["reason"], first["replaced"]) == (perp, "price nan", False)
    assert first["row"] == "open nan, high 1.0, low 1.0, close 1.0, volume 1.0"
    assert (second["kind"], second["time"]) == ("trades", "2026-01-15T00:00:00Z")
    assert [row["kind"] for row in quarantine(end="2026-01-15", settings=settings)] == ["candles"]
    for verb in ("gaps", "quarantine"):
        assert f"jtrader crawl {verb} --" in jtrader(environment, "crawl", verb, "--help").stdout


LIMITS = """
[limits.trend]
max_order_notional = 1000
max_position_notional = 5000
max_open_orders = 5
max_orders_per_minute = 10
price_collar = 0.02
max_quote_age_seconds = 30
"""


@pytest.mark.parametrize(
    ("words", "change", "code", "says"),
    [
        (("crawl", "-i", "binance_usdm:NOPE"), {}, 2, "unknown instrument"),
        (("crawl", "--days", "0"), {}, 2, "days"),
        (("instruments", "--market", "moon"), {}, 2, "not known"),
        (("crawl",), {"JTRADER_MONGO_URI": "nonsense"}, 2, "mongo_uri"),
    ],
)
def test_the_command_line_refuses_in_a_sentence(environment, words, change, code, says) -> None:
    done = jtrader(environment | change, *words)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def start_crawl(environment: dict[str, str], days: int = 2) -> subprocess.Popen[str]:
    repository = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", "from jtrader.app.cli import main; main()", "crawl", f"--days={days}"]
    environment = environment | {"PYTHONPATH": str(repository / "platform")}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def wait_until(condition: Callable[[], bool]) -> None:
    tenacity.Retrying(
        retry=tenacity.retry_if_result(lambda met: not met),
        stop=tenacity.stop_after_delay(60),
        wait=tenacity.wait_fixed(0.01),
    )(condition)


def test_a_killed_crawl_goes_on_where_it_was(environment, settings: Settings, start_simulator) -> None:
    """Its range is many times what is written at once."""
    days, venue = 12, start_simulator(days=13)
    settings = settings.model_copy(update={"simulator_uri": venue.uri})
    environment |= {"JTRADER_SIMULATOR_URI": venue.uri}
    with open_stores(settings) as stores, start_crawl(environment, days) as running:
        wait_until(lambda: stores.candles.count() > 1_000)
        running.kill()
        running.communicate()
        before = stores.candles.count()
        result = crawl_market_data(days=days, settings=settings)
        # what the dead process had sent may still have been applied after the count
        assert 0 < result.new <= result.stored - before
        assert (result.stored, result.gaps) == (4 * days * 1440, 0)
        assert stores.candles.count() == result.stored


def test_ctrl_c_ends_at_once_though_the_venue_hangs(environment: dict[str, str], simulator) -> None:
    os.kill(simulator.pid, signal.SIGSTOP)
    try:
        with start_crawl(environment) as running:
            port = int(simulator.uri.rpartition(":")[2])
            wait_until(lambda: port in remote_ports(running.pid))
            running.send_signal(signal.SIGINT)
            told = running.communicate(timeout=15)[1]
    finally:
        os.kill(simulator.pid, signal.SIGCONT)
    assert running.returncode == 130
    assert "stopped by Ctrl-C" in told
    assert "Traceback" not in told


def remote_ports(pid: int) -> set[int]:
    return {connection.raddr.port for connection in psutil.Process(pid).net_connections() if connection.raddr}
