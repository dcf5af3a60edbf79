"""Parent orders on the simulated exchange, as people place, watch, pause and cancel them; the oms is killed between."""

import json
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fixtures.simulator import Simulator
from fixtures.trading_floor import ALPHA, BTC, Floor, when


@pytest.fixture
def floor(tmp_path: Path, simulator: Simulator) -> Iterator[Floor]:
    made = Floor(tmp_path / "desk", simulator)
    made.feed.start()
    made.oms.start()
    simulator.run(5.0)
    yield made
    simulator.pause()
    made.close()


def say(floor: Floor, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from jtrader.app.cli import main; main()", *words],
        env=floor.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout if done.returncode == 0 else f"exit {done.returncode}: {done.stderr}"


def place(floor: Floor, *words: str) -> str:
    """Returns the parent's id."""
    told = say(floor, "parents", "place", ALPHA, BTC, *words, "--reason", "a test")
    assert told.startswith("accepted; parent "), told
    return told.split()[2].rstrip(";")


def stands(floor: Floor, parent: str) -> dict[str, Any]:
    rows = json.loads(say(floor, "parents", "--json"))
    [row] = [row for row in rows if row["parent_id"] == parent]
    return dict(row)


def at_the_venue(floor: Floor) -> Decimal:
    held = floor.venue(ALPHA, lambda broker: broker.positions())
    return sum((one.quantity for one in held), Decimal(0))


def test_a_twap_survives_a_kill_and_a_trailing_stop_is_cancelled(floor: Floor) -> None:
    twap = place(floor, "buy", "0.1", "--algorithm", "twap", "--minutes", "2", "-p", "interval=10")
    when(lambda: Decimal(stands(floor, twap)["filled"]) > 0, 30, floor.oms.log)
    assert "is paused" in say(floor, "parents", "pause", twap, "--reason", "news")
    assert stands(floor, twap)["state"] == "paused"
    floor.oms.kill()
    floor.oms.start()
    assert stands(floor, twap)["why"].startswith("user: ")
    assert "goes on" in say(floor, "parents", "resume", twap, "--reason", "over")
    when(lambda: stands(floor, twap)["state"] == "done", 60, floor.oms.log)
    assert stands(floor, twap)["filled"] == "0.100"
    assert at_the_venue(floor) == Decimal("0.1")

    words = ("--algorithm", "trailing", "--reduce-only", "-p", "offset=50", "-p", "offset_type=pct")
    trailing = place(floor, "sell", "0.1", *words)
    when(lambda: stands(floor, trailing)["why"] == "trails", 30, floor.oms.log)
    assert "is being cancelled" in say(floor, "parents", "cancel", trailing, "--reason", "no more")
    when(lambda: stands(floor, trailing)["state"] == "cancelled", 20, floor.oms.log)
    assert say(floor, "parents", "resume", trailing, "--reason", "why not").startswith("exit 2: ")

    refused = say(floor, "parents", "place", ALPHA, BTC, "buy", "1", "--algorithm", "pov", "--reason", "x")
    assert "exit 2" in refused
    assert "missing required field `rate`; params are rate (needed)" in refused
