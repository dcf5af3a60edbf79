"""The simulator's own door and its process: clock, accounts, key files, the command line, a clean end."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fixtures.simulator import Simulator, StartSimulator
from jtrader.app.settings import CHECKOUT
from jtrader.domain.times import DAY, HOUR, MINUTE, SECOND, parse_time

START = parse_time("2026-01-15T15:59:00Z")
SMALL: dict[str, Any] = {
    "days": 1,
    "live_minutes": 3,
    "live_start": "2026-01-15T15:59:00Z",
    "instruments": ("binance_usdm:BTCUSDT", "binance_spot:BTCUSDT"),
}


@pytest.fixture
def small(start_simulator: StartSimulator) -> Iterator[Simulator]:
    """A fresh market, live for three minutes."""
    simulator = start_simulator(**SMALL)
    yield simulator
    simulator.stop()


def post(simulator: Simulator, path: str, body: object) -> httpx.Response:
    return httpx.post(simulator.uri + path, json=body, timeout=60)


def test_a_day_of_the_clock(small: Simulator) -> None:
    clock = small.clock()
    assert (clock["now"], clock["state"], clock["live_start"], clock["live_end"]) == (
        START,
        "paused",
        START,
        START + 3 * MINUTE,
    )
    small.run(600.0, START + 90 * SECOND)
    assert (small.now, small.clock()["state"]) == (START + 90 * SECOND, "paused")
    assert post(small, "/sim/clock/jump", {"to": START}).status_code == 400
    assert post(small, "/sim/clock/run", {"speed": 60.0, "until": START}).status_code == 400
    small.run(600.0, START + HOUR)
    assert small.now == START + 3 * MINUTE
    assert post(small, "/sim/clock/run", {"speed": 60.0}).status_code == 400
    small.jump(parse_time("2026-01-16T00:00:00Z"))
    assert small.now == parse_time("2026-01-16T00:00:00Z")
    since = (START - HOUR) // 10**6
    asked = {"symbol": "BTCUSDT", "interval": "1m", "startTime": since, "limit": 1500}
    rows = small.get("fapi.binance.com", "/fapi/v1/klines", **asked)
    assert len(rows) == (parse_time("2026-01-16T00:00:00Z") - START + HOUR) // MINUTE
    assert all(b[0] - a[0] == 60_000 for a, b in itertools.pairwise(rows))


def test_a_jump_plays_what_is_left_of_the_live_window(small: Simulator) -> None:
    small.jump(START + DAY)
    assert small.now == START + DAY
    assert small.stats()["trades"] > 0


def test_a_paused_market_stands_still(small: Simulator) -> None:
    small.run(60.0)
    small.pause()
    now = small.now
    book = small.get("fapi.binance.com", "/fapi/v1/depth", symbol="BTCUSDT", limit=5)
    cpu = small.stats()["cpu_seconds"]
    threading.Event().wait(0.5)
    assert small.now == now
    assert small.get("fapi.binance.com", "/fapi/v1/depth", symbol="BTCUSDT", limit=5) == book
    assert small.stats()["cpu_seconds"] - cpu < 0.25


BAD_REQUESTS = [
    ("/sim/clock/run", {"speed": 0}),
    ("/sim/clock/run", {"speed": "fast"}),
    ("/sim/clock/run", {"pace": 1}),
    ("/sim/clock/jump", {}),
    ("/sim/accounts", {"key": "", "secret": "s"}),
    ("/sim/accounts", {"key": "k2", "secret": "s", "funds": {"nowhere": {"USDT": "1"}}}),
    ("/sim/accounts", {"key": "k2", "secret": "s", "funds": {"binance_usdm": {"USDT": "1.123456789"}}}),
    ("/sim/transfers", {"key": "nobody", "market": "binance_usdm", "asset": "USDT", "amount": "1"}),
]


def test_bad_requests_are_told_in_a_sentence_and_change_nothing(simulator: Simulator) -> None:
    before = simulator.clock()
    for path, body in BAD_REQUESTS:
        answer = post(simulator, path, body)
        assert (answer.status_code, " " in answer.json()["error"]) == (400, True), (path, body, answer.text)
    assert httpx.post(simulator.uri + "/sim/clock/run", content=b"not json").status_code == 400
    assert httpx.get(simulator.uri + "/sim/nothing").status_code == 404
    assert simulator.clock() == before
    assert simulator.stats()["accounts"] == 0


def test_an_account_is_made_once_and_its_key_keeps_its_secret(simulator: Simulator) -> None:
    account = {"key": "once", "secret": "s1", "funds": {"binance_usdm": {"USDT": "7"}}}
    assert post(simulator, "/sim/accounts", account).json() == {"created": True}
    assert post(simulator, "/sim/accounts", account).json() == {"created": False}
    taken = post(simulator, "/sim/accounts", account | {"secret": "s2"})
    assert taken.status_code == 409
    assert "s1" not in taken.text
    assert "s2" not in taken.text


def test_key_files_of_the_desk_open_accounts_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "alpha.json").write_text(
        json.dumps({"key": "ka", "secret": "very-secret", "market": "binance_usdm"})
    )
    (tmp_path / "secrets" / "other.json").write_text(json.dumps({"password": "p"}))
    (tmp_path / "secrets" / "broken.json").write_text("{")
    simulator = Simulator(tmp_path, SMALL | {"funds": {"USDT": "1234.5"}})
    try:
        simulator.start()
        assert simulator.stats()["accounts"] == 1
        assert post(simulator, "/sim/accounts", {"key": "ka", "secret": "very-secret"}).json() == {"created": False}
        health = json.loads((tmp_path / "run" / "health" / "simulator.json").read_text())
        assert health["ready"]
    finally:
        simulator.stop()
    assert "very-secret" not in simulator.log()
    assert simulator.returncode == 0


def cli(*arguments: str, home: Path) -> subprocess.Popen[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("JTRADER_")}
    own |= {"JTRADER_HOME": str(home), "PYTHONPATH": str(CHECKOUT / "platform")}
    command = [sys.executable, "-m", "jtrader", "simulate", *arguments]
    return subprocess.Popen(command, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_line_prints_its_address_and_ends_cleanly_on_ctrl_c(tmp_path: Path) -> None:
    process = cli("--days", "1", "--seed", "3", "--live-start", "2026-01-15T15:30:00Z", "--run", home=tmp_path)
    assert process.stdout is not None
    uri = process.stdout.readline().strip()
    try:
        clock = httpx.get(f"{uri}/sim/clock").json()
        assert (clock["state"], clock["speed"]) == ("running", 60.0)
    finally:
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in told


def test_the_command_line_goes_on_where_it_was_when_it_keeps_its_state(tmp_path: Path) -> None:
    told = []
    for turn in range(2):
        process = cli("--days", "1", "--port", "0", "--keep", home=tmp_path)
        assert process.stdout is not None
        uri = process.stdout.readline().strip()
        try:
            if turn == 0:
                httpx.post(f"{uri}/sim/clock/jump", json={"to": parse_time("2026-01-15T15:32:10Z")}, timeout=60)
            told.append(httpx.get(f"{uri}/sim/clock").json())
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
    assert told[0]["now"] == parse_time("2026-01-15T15:32:10Z")
    assert told[1] == told[0]


REFUSED = [
    (["--live-start", "yesterday"], "yesterday"),
    (["--live-start", "2026-01-15T15:30:30Z"], "whole minute"),
    (["--days", "0"], "days"),
    (["--intensity", "2"], "intensity"),
    (["--speed", "-1"], "speed"),
    (["--port", "99999"], "port"),
    (["--history", "/nonexistent/folder"], "nonexistent"),
]


@pytest.mark.parametrize(("arguments", "word"), REFUSED)
def test_bad_arguments_are_refused_in_a_sentence(tmp_path: Path, arguments: list[str], word: str) -> None:
    process = cli(*arguments, home=tmp_path)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert word in told
    assert "Traceback" not in told


def test_a_taken_port_is_named(tmp_path: Path, simulator: Simulator) -> None:
    port = simulator.uri.rpartition(":")[2]
    process = cli("--port", port, "--days", "1", home=tmp_path)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert port in told
    assert "Traceback" not in told
