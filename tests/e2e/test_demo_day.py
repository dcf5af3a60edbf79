"""The whole loop through the door users use, on a day when mongod, MLflow and the oms are killed while they work."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from jtrader.app.services.heartbeat import read_health
from jtrader.app.settings import load_settings
from jtrader.app.stack.home import Home
from jtrader.app.stack.processes import recorded
from jtrader.app.wiring.data import open_stores
from jtrader.domain.errors import Unavailable

CHECKOUT = Path(__file__).resolve().parents[2]
JTRADER = [sys.executable, "-m", "jtrader"]
LIMIT_SECONDS = 900


class Demo:
    """A running `jtrader demo` with its own home and ports."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.output = home.parent / "demo.out"
        home.mkdir()
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT / "platform"), "JTRADER_STACK__BASE_PORT": "0"}
        environment.pop("JTRADER_HOME", None)
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [*JTRADER, "demo", "--home", str(home)],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment,
                cwd=CHECKOUT,
            )

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = 300) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, f"the demo ended before {what}:\n{self.output.read_text()[-3000:]}"
            assert time.monotonic() < end, f"{what} did not happen in {seconds} s:\n{self.output.read_text()[-3000:]}"
            try:
                self.process.wait(0.2)
            except subprocess.TimeoutExpired:
                continue

    def says(self, text: str) -> Callable[[], bool]:
        return lambda: text in self.output.read_text()

    def kill(self, service: str) -> None:
        """kill -9 of the service's process."""
        os.kill(recorded(Home(self.home))[service].pid, signal.SIGKILL)

    def candles_arrive(self) -> bool:
        try:
            with open_stores(load_settings(home=self.home)) as stores:
                return stores.candles.count() > 0
        except Unavailable:
            return False

    def fills(self) -> int:
        health = read_health(self.home, "oms")
        return int(health.detail.get("fills", 0)) if health else 0

    def features_are_written(self) -> bool:
        return any((self.home / "lake").rglob("manifest.json"))


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("demo") / "home")
    try:
        demo.wait(demo.says("] Crawl"), "the crawl")
        demo.wait(demo.candles_arrive, "the first candles")
        demo.kill("mongod")
        demo.wait(demo.features_are_written, "the features")
        demo.kill("mlflow")
        demo.wait(lambda: demo.fills() >= 4, "the first fills")
        demo.kill("oms")
        demo.process.wait(LIMIT_SECONDS)
        yield demo
    finally:
        demo.process.terminate()
        demo.process.wait(60)


@pytest.fixture(scope="module")
def report(day: Demo) -> dict[str, Any]:
    assert day.process.returncode == 0, day.output.read_text()[-3000:]
    return dict(json.loads((day.home / "report.json").read_text()))


def secrets_of(home: Path) -> dict[str, bytes]:
    """What must be read nowhere else, by the file it stands in."""
    found = {}
    for file in (home / "secrets").iterdir():
        text = file.read_text().strip()
        found[file.name] = (json.loads(text)["secret"] if file.suffix == ".json" else text).encode()
    return found


@pytest.mark.timeout(LIMIT_SECONDS + 300)
def test_every_candle_is_stored(report: dict[str, Any]) -> None:
    assert report["candles"]["stored"] >= 172_800
    assert report["candles"]["gaps"] == 0


def test_two_strategies_trade(report: dict[str, Any]) -> None:
    strategies = report["trading"]["strategies"]
    assert len([name for name, fills in strategies.items() if fills]) >= 2
    assert report["trading"]["fills"] == sum(strategies.values()) >= 20
    assert report["trading"]["ticks"] > 0


def test_the_day_is_reconciled_to_the_last_digit(report: dict[str, Any]) -> None:
    books = report["reconciliation"]
    assert books["breaks"] == 0
    assert books["matched"] >= report["trading"]["fills"]
    assert books["pnl_ledger"] == books["pnl_venue"]
    assert any(float(amount) != 0 for amount in books["pnl_ledger"].values())


def test_a_fill_is_traced_to_the_commit(report: dict[str, Any]) -> None:
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=CHECKOUT, check=True)
    lineage = report["lineage"]
    assert set(lineage) == {"fill", "order", "signal", "model_version", "data_manifest", "commit"}
    assert all(lineage.values())
    assert lineage["commit"] == head.stdout.strip()


def test_the_report_has_the_figures_that_were_promised(report: dict[str, Any]) -> None:
    promised = {
        "candles": {"stored", "gaps"},
        "model": {"name", "version", "alias", "metrics", "gate"},
        "trading": {"venues", "ticks", "orders", "fills", "strategies"},
        "reconciliation": {"date", "matched", "breaks", "pnl_ledger", "pnl_venue"},
    }
    assert set(report) == {"seconds", "peak_rss_mb", "market", "lineage", "urls", *promised}
    assert {part for part, keys in promised.items() if not keys <= set(report[part])} == set()
    assert set(report["urls"]) == {"page", "airflow", "mlflow", "jupyterhub"}


@pytest.mark.usefixtures("report")
def test_no_secret_left_its_place(day: Demo) -> None:
    """`run/` holds the services' private configurations, `sim/` what the simulated venue verifies signatures with;
    everything else of the day is searched, logs above all."""
    assert {file.stat().st_mode & 0o077 for file in (day.home / "sim").iterdir()} == {0}
    secrets = secrets_of(day.home)
    assert len(secrets) > 10
    places = [place for place in day.home.iterdir() if place.name not in ("secrets", "run", "mongo", "postgres", "sim")]
    files = [file for place in places for file in (place, *place.rglob("*")) if file.is_file()]
    assert [file for file in files if file.is_relative_to(day.home / "log")]
    told = [(str(file), name) for file in files for name, secret in secrets.items() if secret in file.read_bytes()]
    assert told == []


def test_memory_stays_within_eight_gibibytes(report: dict[str, Any]) -> None:
    assert 0 < report["peak_rss_mb"] <= 8 * 1024


def test_no_process_is_left(day: Demo) -> None:
    left = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            if process.environ().get("JTRADER_STACK_HOME") == str(day.home):
                left.append(process.info["cmdline"])
        except psutil.Error:
            continue
    assert left == []
