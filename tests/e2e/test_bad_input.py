"""Bad input and services that are away, through the doors users use: a sentence, an exit code, nothing half-written.

The real processes are started side by side, so that those which wait for a server wait together.
"""

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fixtures.mlflow_server import MlflowServer
from fixtures.simulator import Simulator
from fixtures.stack import Mongo
from fixtures.trading_floor import ALPHA, Floor, free_ports, when
from jtrader.app.settings import CHECKOUT
from jtrader.domain.times import DAY

AT_ONCE = 6
"""Most of them wait for somebody who does not answer."""
NOWHERE = "127.0.0.1:9"
"""Nobody listens there."""

ACCOUNT = """
[[accounts]]
name = "alpha"
market = "binance_usdm"
broker = "sim"
key_file = "secrets/alpha.json"
"""
STRATEGY = """
[[strategies]]
name = "trend"
rule = "ma_cross"
account = "alpha"
instruments = ["binance_usdm:BTCUSDT"]
params = { notional = 5000 }
"""
DESK = ACCOUNT + STRATEGY
KEY = '{"key": "nobody", "secret": "very-secret"}'

MONGO_AWAY = {"JTRADER_MONGO_URI": f"mongodb://{NOWHERE}"}
POSTGRES_AWAY = {"JTRADER_POSTGRES_URI": f"postgresql://u:very-secret@{NOWHERE}/x"}
MLFLOW_AWAY = {"JTRADER_MLFLOW_URI": f"http://{NOWHERE}"}
VENUE_AWAY = {"JTRADER_SIMULATOR_URI": f"http://{NOWHERE}"}
OMS_AWAY = {"JTRADER_OMS_RPC_URI": f"tcp://{NOWHERE}"}

START, STATUS = "start it with 'make up'", "see 'jtrader status'"


class Case(NamedTuple):
    """`command` is a verb with its words, or a service. `variables` win over the running servers' addresses; `key` is
    the key file's text and `mode` its mode."""

    command: str
    says: tuple[str, ...]
    code: int = 2
    toml: str = ""
    variables: Mapping[str, str] = MappingProxyType({})
    key: str = KEY
    mode: int = 0o600


CASES = {
    # servers that are away
    "crawl without MongoDB": Case("crawl", ("MongoDB at " + NOWHERE, STATUS, START), 1, variables=MONGO_AWAY),
    "crawl without a venue": Case("crawl", (NOWHERE, "did not answer", "run again"), 1, variables=VENUE_AWAY),
    "promotion without MLflow": Case(
        "promote direction", ("MLflow at http://" + NOWHERE, START), 1, variables=MLFLOW_AWAY
    ),
    "reconciliation without Postgres": Case(
        "reconcile 2026-01-14 -a alpha", ("Postgres at " + NOWHERE, START), 1, toml=DESK, variables=POSTGRES_AWAY
    ),
    "reconciliation without a venue": Case(
        "reconcile", (NOWHERE, "did not answer"), 1, toml=DESK, variables=VENUE_AWAY
    ),
    "lineage without Postgres": Case("lineage last", ("Postgres at " + NOWHERE, START), 1, variables=POSTGRES_AWAY),
    "pnl without an oms": Case("pnl", ("nobody serves pnl", START), 1, variables=OMS_AWAY),
    "oms without a venue": Case("oms", (NOWHERE, "did not answer"), 1, toml=DESK, variables=VENUE_AWAY),
    "the door of MLflow is no address": Case(
        "promote direction", ("mlflow_uri", "write http://host:port"), variables={"JTRADER_MLFLOW_URI": "nonsense"}
    ),
    "status without a stack": Case("status", ("there is no stack", "make up"), 1),
    # settings
    "misspelt setting": Case(
        "pnl", ("crawl_dayz = 3", "jtrader.toml", "did you mean crawl_days?"), toml="crawl_dayz = 3"
    ),
    "no TOML": Case("crawl", ("jtrader.toml is not TOML",), toml="crawl_days ="),
    "misspelt variable": Case("train", ("JTRADER_CRAWL_DAYZ",), variables={"JTRADER_CRAWL_DAYZ": "3"}),
    "missing config": Case(
        "up", ("nowhere.toml: there is no such file",), variables={"JTRADER_CONFIG": "nowhere.toml"}
    ),
    "service with bad settings": Case("oms", ("oms: settings refused", "crawl_days"), 1, toml="crawl_days = 0"),
    "page with bad settings": Case("web", ("web: settings refused", "crawl_days"), 1, toml="crawl_days = 0"),
    "unknown service": Case("up nosuch", ("unknown service 'nosuch'", "postgres")),
    "limits of nobody": Case("trade", ("limits.beta", "known: alpha"), toml=ACCOUNT + "[limits.beta]"),
    "nothing to trade": Case("trade", ("no [[accounts]]", "jtrader.toml")),
    # what the desk names
    "crawl of an unknown instrument": Case("crawl -i binance_usdm:NOPE", ("binance_usdm:NOPE", "binance_usdm:BTCUSDT")),
    "crawl of the future": Case("crawl --end 2030-01-01", ("2030-01-01", "lies in the future", "2026-01-15T15:30")),
    "crawl before history": Case("crawl --days 1 --end 2020-01-01", ("has no candle", "choose a later range")),
    "training without candles": Case("train", ("have candles in MongoDB", "jtrader crawl")),
    "unknown model to train": Case("train nosuch", ("'nosuch' is not declared", "direction")),
    "unknown model to promote": Case("promote nosuch", ("'nosuch' has no challenger", "jtrader train")),
    "unknown version": Case("promote direction --version 99", ("direction version 99", "lists what is registered")),
    "override without a reason": Case("promote direction --override-by me", ("override_reason",)),
    "unknown account": Case("reconcile -a beta", ("account 'beta'", "known: alpha"), toml=DESK),
    "no date": Case("reconcile soon", ("'soon' is not a date", "2026-01-15"), toml=DESK),
    "no fill yet": Case("why last", ("has no tables of jtrader yet", "the oms makes them"), 1),
    "unknown strategy": Case(
        "strategies", ("'nosuch' is not known", "ma_cross"), 1, toml=DESK.replace("ma_cross", "nosuch")
    ),
    "unknown param": Case("strategies", ("notnal", "notional (required)"), 1, toml=DESK.replace("notional", "notnal")),
    "unknown champion": Case(
        "strategies",
        ("model 'nosuch' is not declared", "direction"),
        1,
        toml='champion = "nosuch"' + DESK.replace("ma_cross", "model_signal"),
    ),
    "unknown instrument to trade": Case(
        "oms",
        ("account 'alpha'", "does not list binance_usdm:NOPE", "[[strategies]]"),
        1,
        toml=DESK.replace("BTCUSDT", "NOPE"),
    ),
    "strategy of nobody": Case(
        "oms", ("strategy 'trend'", "no account 'beta'"), 1, toml=ACCOUNT + STRATEGY.replace("alpha", "beta")
    ),
    "real orders": Case("oms", ('broker = "live"', "--live"), 1, toml=DESK.replace('"sim"', '"live"')),
    # keys
    "unknown key": Case(
        "oms",
        ("account 'alpha'", "refuses its key", "mend its key_file"),
        1,
        toml=DESK,
        variables={"JTRADER_POSTGRES_URI": ""},
    ),
    "key for everybody": Case("oms", ("alpha.json has mode 644", "chmod 600"), 1, toml=DESK, mode=0o644),
    "key of another form": Case("oms", ('{"key": "…", "secret": "…"}',), 1, toml=DESK, key='{"key": "very-secret"}'),
    # a market that can't be made
    "endless speed": Case("simulate --run --speed inf", ("--speed is inf", "allowed is above 0")),
    "unknown instrument to simulate": Case(
        "simulate", ("binance_usdm:NOPE", "known are"), toml='[simulator]\ninstruments = ["binance_usdm:NOPE"]'
    ),
    "funds below zero": Case("simulate", ("simulator.funds.USDT", "jtrader.toml"), toml="[simulator.funds]\nUSDT = -1"),
    "demo in no folder": Case("demo --home /dev/null", ("/dev/null", "--home")),
}
SERVICES = ("feed", "oms", "recorder", "simulator", "strategies", "web")


GAP = 7
"""The minute that a recorded history lacks."""


def recorded(file: Path) -> None:
    """Twenty candles of one perpetual but one, as Parquet."""
    rows = [
        {
            "ts": dt.datetime(2026, 1, 15, 12, minute, tzinfo=dt.UTC),
            "venue": "binance_usdm",
            "symbol": "BTCUSDT",
            **dict.fromkeys(("open", "high", "low", "close"), 50_000.0),
            "volume": 1.0,
        }
        for minute in range(20)
        if minute != GAP
    ]
    pq.write_table(pa.Table.from_pylist(rows), file)


class Told(NamedTuple):
    code: int
    text: str
    home: Path
    before: frozenset[Path]


def words_of(command: str) -> list[str]:
    first, *more = command.split()
    return ["-m", f"jtrader.app.services.{first}"] if first in SERVICES else ["-m", "jtrader", first, *more]


@pytest.fixture(scope="module")
def addresses(
    simulator: Simulator, module_mongo: Mongo, module_postgres: str, mlflow_server: MlflowServer
) -> dict[str, str]:
    """The environment of a desk whose servers all run; nobody trades."""
    ports = iter(free_ports(5))
    own = {name: value for name, value in os.environ.items() if not name.startswith("JTRADER_")}
    return own | {
        "COLUMNS": "200",
        "PYTHONPATH": str(CHECKOUT / "platform"),
        "JTRADER_MONGO_URI": module_mongo.uri,
        "JTRADER_MONGO_DATABASE": module_mongo.database,
        "JTRADER_POSTGRES_URI": module_postgres,
        "JTRADER_MLFLOW_URI": mlflow_server.uri,
        "JTRADER_SIMULATOR_URI": simulator.uri,
        "JTRADER_WEB_URI": f"http://127.0.0.1:{next(ports)}",
        **{
            f"JTRADER_{name}_URI": f"tcp://127.0.0.1:{next(ports)}"
            for name in ("OMS_RPC", "OMS_EVENTS", "MARKET_DATA", "STRATEGIES_RPC")
        },
    }


def files_of(home: Path) -> frozenset[Path]:
    return frozenset(path.relative_to(home) for path in home.rglob("*") if path.is_file())


def run(case: Case, home: Path, addresses: dict[str, str]) -> Told:
    (home / "secrets").mkdir(parents=True)
    (home / "jtrader.toml").write_text(case.toml)
    key = home / "secrets" / "alpha.json"
    key.touch(mode=case.mode)
    key.chmod(case.mode)
    key.write_text(case.key)
    before = files_of(home)
    done = subprocess.run(
        [sys.executable, *words_of(case.command)],
        env=addresses | {"JTRADER_HOME": str(home)} | case.variables,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return Told(done.returncode, done.stdout, home, before)


@pytest.fixture(scope="module")
def answers(
    request: pytest.FixtureRequest, addresses: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Told]]]:
    """What each chosen case came to."""
    chosen = [
        item.callspec.params["name"]
        for item in request.session.items
        if item.path == request.path and "name" in getattr(getattr(item, "callspec", None), "params", ())
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            name: pool.submit(run, CASES[name], tmp_path_factory.mktemp("desk") / "home", addresses)
            for name in CASES
            if name in chosen
        }


@pytest.mark.parametrize("name", CASES)
def test_a_sentence_says_what_and_how_to_mend(answers: dict[str, Future[Told]], name: str) -> None:
    case, told = CASES[name], answers[name].result()
    assert "Traceback" not in told.text
    assert told.code == case.code, told.text
    for words in case.says:
        assert words in told.text
    assert "very-secret" not in told.text
    sentences = [line for line in told.text.splitlines() if line.startswith(f"{sentence_of(case)}: ")]
    assert len(sentences) == 1, told.text
    written = {path.parts[0] for path in files_of(told.home) - told.before}
    assert written <= {"journal", "run", "mlflow_cache"}, "nothing but an empty journal, health and answers is left"


def sentence_of(case: Case) -> str:
    first = case.command.split()[0]
    return first if first in SERVICES else "jtrader"


@pytest.mark.parametrize(
    ("verb", "make", "says"),
    [
        ("simulate", recorded, "missing minutes 2026-01-15T12:07:00Z"),
        ("simulate", lambda file: file.write_text("hello"), "not a Parquet file"),
        ("demo", recorded, "missing minutes 2026-01-15T12:07:00Z"),
        ("demo", lambda file: None, "there is no such file"),
    ],
    ids=["gap", "no Parquet", "demo with a gap", "demo without the file"],
)
def test_a_bad_history_is_refused_before_anything_starts(
    tmp_path: Path, addresses: dict[str, str], verb: str, make: Callable[[Path], object], says: str
) -> None:
    file, home = tmp_path / "candles.parquet", tmp_path / "home"
    make(file)
    words = [verb, "--history", str(file)] + (["--home", str(home)] if verb == "demo" else [])
    code, told = finish(start(words, home, addresses))
    assert code == 2, told
    assert str(file) in told
    assert says in told
    assert "Traceback" not in told
    assert not home.exists()


# ---- Ctrl-C


def start(words: list[str], home: Path, addresses: dict[str, str], *python: str) -> subprocess.Popen[str]:
    """In a process group of its own, as a terminal would."""
    return subprocess.Popen(
        [sys.executable, *(python or ("-m", "jtrader")), *words],
        env=addresses | {"JTRADER_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], seconds: float = 60) -> tuple[int, str]:
    told, _ = process.communicate(timeout=seconds)
    return process.returncode, told


def ctrl_c(process: subprocess.Popen[str]) -> str:
    """To the whole group; checks how it ends and returns what it told."""
    family = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    code, told = finish(process)
    assert code == 130, told
    assert told.count("jtrader: stopped by Ctrl-C") == 1
    assert "Traceback" not in told
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    return told


def children(process: subprocess.Popen[str]) -> list[str]:
    return [child.name() for child in psutil.Process(process.pid).children(recursive=True)]


def test_ctrl_c_while_verbs_are_imported(tmp_path: Path, addresses: dict[str, str]) -> None:
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    imported = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from jtrader.app.cli import main; main()"
    code, told = finish(start([], tmp_path, addresses, "-c", imported))
    assert (code, told.count("jtrader: stopped by Ctrl-C")) == (130, 1), told
    assert "Traceback" not in told


def test_ctrl_c_while_training(tmp_path: Path, addresses: dict[str, str]) -> None:
    """It waits for a MongoDB that is away, so the Spark application is at work."""
    process = start(["train"], tmp_path, addresses | MONGO_AWAY)
    try:
        when(lambda: any("java" in name for name in children(process)), 60)
    finally:
        ctrl_c(process)
    assert not list((tmp_path / "spark").iterdir())
    assert not (tmp_path / "lake").exists()


def test_ctrl_c_while_reconciling_with_a_venue_that_hangs(tmp_path: Path, addresses: dict[str, str]) -> None:
    (tmp_path / "jtrader.toml").write_text(DESK)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = start(["reconcile"], tmp_path, addresses | {"JTRADER_SIMULATOR_URI": uri})
        silent.settimeout(60)
        try:
            silent.accept()[0].close()
        finally:
            ctrl_c(process)


def test_ctrl_c_in_the_first_step_of_the_demo_and_the_next_start(
    tmp_path_factory: pytest.TempPathFactory, addresses: dict[str, str]
) -> None:
    home = tmp_path_factory.mktemp("demo") / "home"
    own = {name: value for name, value in addresses.items() if not name.startswith("JTRADER_")}
    own["JTRADER_STACK__BASE_PORT"] = "0"
    process = start(["demo", "--home", str(home)], home, own)
    try:
        when(lambda: "mongod" in running_below(home), 90, lambda: f"no mongod; there are {running_below(home)}")
    finally:
        ctrl_c(process)
    assert not running_below(home)
    code, told = finish(start(["up", "postgres", "mongod", "--home", str(home)], home, own), 120)
    try:
        assert code == 0, told
    finally:
        finish(start(["down", "--home", str(home)], home, own))
    assert not running_below(home)


def running_below(home: Path) -> list[str]:
    """Names of the processes that have this home in their command line, the verbs themselves left out."""
    found = [process.info for process in psutil.process_iter(["name", "cmdline"])]
    lines = [(str(one["name"]), " ".join(one["cmdline"] or ())) for one in found]
    return [name for name, line in lines if str(home) in line and "-m jtrader " not in line]


# ---- a key that is wrong on one day only


def test_a_wrong_key_stops_the_reconciliation_and_the_right_one_goes_through(
    tmp_path: Path, start_simulator: Callable[..., Simulator], module_postgres: str
) -> None:
    simulator = start_simulator(days=1)
    floor = Floor(tmp_path / "home", simulator, module_postgres)
    try:
        floor.feed.start()
        floor.oms.start()
    finally:
        floor.close()
    simulator.jump((simulator.now // DAY + 1) * DAY)
    key = floor.home / "secrets" / f"{ALPHA}.json"
    right = key.read_text()
    key.write_text(json.dumps(json.loads(right) | {"secret": "wrong"}))
    words = ["reconcile", "2026-01-15", "--account", ALPHA, "--json"]
    code, told = finish(start(words, floor.home, floor.environment))
    assert code == 2, told
    assert f"account '{ALPHA}': the venue refuses its key" in told
    assert "Traceback" not in told
    key.write_text(right)
    code, told = finish(start(words, floor.home, floor.environment))
    assert code == 0, told
    assert json.loads(told)["accounts"][ALPHA]["version"] == 1
