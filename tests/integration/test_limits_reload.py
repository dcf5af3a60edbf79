"""`jtrader limits` against the running oms: the settings file is edited, then put in force."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.simulator import Simulator
from fixtures.trading_floor import Floor
from jtrader.domain.events import LimitsChanged
from jtrader.domain.order import Side


@pytest.fixture
def floor(tmp_path: Path, simulator: Simulator) -> Iterator[Floor]:
    made = Floor(tmp_path / "desk", simulator)
    made.feed.start()
    made.oms.start()
    simulator.run(5.0)
    yield made
    simulator.pause()
    made.close()


def limits(floor: Floor, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from jtrader.app.cli import main; main()", "limits", *words]
    return subprocess.run(command, env=floor.environment, capture_output=True, text=True, timeout=60, check=False)


def write(floor: Floor, old: str, new: str) -> None:
    """Alpha's limits stand first."""
    file = floor.home / "jtrader.toml"
    file.write_text(file.read_text().replace(old, new, 1))


def test_edited_limits_bind_without_a_restart_and_a_slip_does_not(floor: Floor) -> None:
    floor.accepted(Side.BUY, "0.01")
    write(floor, "max_order_notional = 200000", "max_order_notional = 1000")
    first = limits(floor, "reload", "--reason", "careful")
    assert first.returncode == 1
    assert "alpha.account.max_order_notional: 200000 → 1000   (to be confirmed)" in first.stdout
    assert floor.submit(Side.BUY, "0.02")[1].accepted, "the old limits hold"
    word = first.stderr.split("--confirm ")[1].strip()
    second = limits(floor, "reload", "--reason", "careful", "--confirm", word)
    assert (second.returncode, second.stdout.splitlines()[-1]) == (0, "in force"), second.stderr
    assert floor.submit(Side.BUY, "0.05")[1].code == "order_notional"
    write(floor, "max_order_notional = 1000", 'max_order_notional = "lots"')
    slip = limits(floor, "reload", "--reason", "slip")
    assert slip.returncode == 2
    assert "max_order_notional" in slip.stderr
    write(floor, 'max_order_notional = "lots"', "max_order_notional = 1000")
    assert '"max_order_notional": "1000"' in limits(floor, "show").stdout
    [event] = [entry.event for entry in floor.journal() if isinstance(entry.event, LimitsChanged)]
    assert event.reason == "careful"
