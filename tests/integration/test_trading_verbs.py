"""The verbs of the trader, as a person types them: trade in the foreground, orders, positions, pnl."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fixtures.admitted import write_admissions
from fixtures.simulator import Simulator
from fixtures.trading_floor import BTC, Floor, when
from jtrader.domain.order import Side

STRATEGY = """
[[strategies]]
name = "ma_cross"
rule = "ma_cross"
account = "trend"
instruments = ["binance_spot:BTCUSDT"]
[strategies.params]
notional = 1000
fast = 2
slow = 3
"""


@pytest.fixture
def floor(tmp_path: Path, simulator: Simulator) -> Iterator[Floor]:
    made = Floor(tmp_path / "desk", simulator)
    with (made.home / "jtrader.toml").open("a") as settings:
        settings.write(STRATEGY)
    write_admissions(made.home, ["binance_spot:BTCUSDT"])
    yield made
    simulator.pause()


def jtrader(floor: Floor, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from jtrader.app.cli import main; main()", *words],
        env=floor.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def say(floor: Floor, *words: str) -> str:
    process = jtrader(floor, *words)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


def test_trade_then_look_then_stop(floor: Floor) -> None:
    log = floor.home / "trade.log"
    with log.open("wb") as file:
        trading = subprocess.Popen(
            [sys.executable, "-c", "from jtrader.app.cli import main; main()", "trade"],
            env=floor.environment,
            stdout=file,
            stderr=file,
        )
    try:
        when(lambda: re.search("^trading;", log.read_text(), re.MULTILINE) is not None, 90, log.read_text)
        assert len(services_of(floor.home)) == 4
        floor.simulator.run(60.0)
        intent = floor.accepted(Side.BUY, "0.05")
        when(lambda: "0.05" in say(floor, "positions"), 30, log.read_text)
        [held] = [p for p in json.loads(say(floor, "positions", "--json")) if p["instrument"] == BTC]
        assert (held["quantity"], held["strategy"]) == ("0.050", "test")
        orders = json.loads(say(floor, "orders", "--json"))
        assert [o["status"] for o in orders if o["parent_id"] == intent.parent_id] == ["filled"]
        [point] = [p for p in json.loads(say(floor, "pnl", "--json")) if p["account"] == "alpha"]
        assert point["fees"] != "0"
        assert "fees" in say(floor, "pnl")
    finally:
        trading.send_signal(signal.SIGTERM)
        assert trading.wait(60) == 0, log.read_text()
    assert services_of(floor.home) == []
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("verb", ["orders", "positions", "pnl"])
def test_without_an_oms_the_sentence_says_what_to_do(floor: Floor, verb: str) -> None:
    process = jtrader(floor, verb)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"nobody serves {verb} at {floor.rpc_uri}" in err


def test_one_service_that_ends_stops_the_others(floor: Floor) -> None:
    (floor.home / "secrets" / "alpha.json").write_text("{}")
    process = jtrader(floor, "trade")
    _, err = process.communicate(timeout=90)
    assert process.returncode == 1
    assert "jtrader: oms ended with code 1" in err
    assert services_of(floor.home) == []


def services_of(home: Path) -> list[int]:
    """Pids of the desk's processes that still run."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("JTRADER_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found
