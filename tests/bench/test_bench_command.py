"""`jtrader bench` works: each group yields its rows, under their names and with their units, and they are kept. The
sizes are tiny: nothing here says how fast anything is."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jtrader.app.settings import CHECKOUT

PROGRAM = [sys.executable, "-c", "from jtrader.app.cli import main; main()", "bench"]
VENUES = ("binance", "bitmex", "huobi")
UNITS = {
    "decode": {
        **{f"decode.trades{venue}": "trades/s" for venue in ("", *(f".{name}" for name in VENUES))},
        **{f"decode.books{venue}": "price levels/s" for venue in ("", *(f".{name}" for name in VENUES))},
        "decode.quotes.binance": "quotes/s",
    },
    "pipeline": {
        "pipeline.rate": "ticks/s",
        "pipeline.p50_ms": "ms",
        "pipeline.p99_ms": "ms",
        "pipeline.lost": "callbacks",
        "pipeline.max_rate": "ticks/s",
    },
    "recorder": {"recorder.trades": "trades/s", "recorder.bytes_per_trade": "B"},
    "feed": {"feed.rss_mb": "MB"},
    "crawl": {"crawl.ratio": "of ccxt alone"},
    "engine": {"engine.events": "events/s"},
    "journal": {"journal.ratio": "of write+fsync"},
    "ledger": {"ledger.fills": "fills/s", "ledger.live_us": "us"},
    "recovery": {"recovery.seconds": "s"},
    "reconcile": {"reconcile.seconds": "s", "reconcile.rss_mb": "MB"},
    "spark": {"spark.read_trades": "rows/s"},
}
MAY_BE_ZERO = ("pipeline.lost", "pipeline.max_rate")


def bench(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("JTRADER_")}
    own |= {"JTRADER_HOME": str(home), "PYTHONPATH": str(CHECKOUT / "platform"), "COLUMNS": "200"}
    return subprocess.run([*PROGRAM, *words], env=own, capture_output=True, text=True, check=False)


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert all(set(row) == {"name", "value", "unit", "limit", "ratio", "note"} for row in found)
    return {row["name"]: row for row in found}


def the_slowest_venue_speaks_for_all(values: dict[str, float]) -> None:
    for kind in ("trades", "books"):
        assert values[f"decode.{kind}"] == min(values[f"decode.{kind}.{venue}"] for venue in VENUES)


def test_there_is_a_test_for_every_group() -> None:
    groups = Path(__file__).parent / "groups"
    assert {file.stem for file in groups.glob("*.py")} >= set(UNITS)


@pytest.mark.parametrize("group", list(UNITS))
def test_a_group_yields_its_rows(group: str, tmp_path: Path) -> None:
    done = bench(tmp_path, group, "--scale", "0.001", "--seed", "5", "--json")
    found = rows(done)
    assert {name: row["unit"] for name, row in found.items()} == UNITS[group]
    for name, row in found.items():
        assert row["value"] > 0 or name in MAY_BE_ZERO
        if row["limit"] is None:
            assert row["ratio"] is None
        else:
            assert row["ratio"] == pytest.approx(row["value"] / row["limit"])
        assert name in done.stderr
    if group == "decode":
        the_slowest_venue_speaks_for_all({name: row["value"] for name, row in found.items()})
    assert {row["name"]: row for row in json.loads((tmp_path / "bench" / "results.json").read_text())} == found


def test_earlier_figures_stay_until_they_are_measured_again(tmp_path: Path) -> None:
    kept = tmp_path / "bench" / "results.json"
    kept.parent.mkdir()
    old = {"value": -1.0, "unit": "x", "limit": None, "ratio": None, "note": ""}
    kept.write_text(json.dumps([{"name": "order.p50_ms", **old}, {"name": "feed.rss_mb", **old}]))
    rows(bench(tmp_path, "feed", "--scale", "0.001", "--json"))
    values = {row["name"]: row["value"] for row in json.loads(kept.read_text())}
    assert values["order.p50_ms"] == -1.0
    assert values["feed.rss_mb"] > 0
    assert len(values) == 2


def test_people_get_a_table(tmp_path: Path) -> None:
    done = bench(tmp_path, "feed", "--scale", "0.001")
    assert done.returncode == 0, done.stderr
    assert "feed.rss_mb" in done.stdout
    assert "MB" in done.stdout


def test_a_wrong_group_is_refused_with_the_list(tmp_path: Path) -> None:
    done = bench(tmp_path, "decode", "speed", "--json")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "speed" in done.stderr
    assert all(group in done.stderr for group in UNITS)
    assert not (tmp_path / "bench").exists()
