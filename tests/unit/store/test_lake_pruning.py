"""Data sets that a version names stay, however old; others go when their time has come."""

import datetime as dt
from pathlib import Path

import pyarrow as pa

from jtrader.domain.times import DAY
from jtrader.store.lake.building import finish_building, start_building, write_day
from jtrader.store.lake.pruning import prune

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def data_set(root: Path, name: str, value: float, created: str) -> str:
    building = start_building(root / name)
    write_day(building, "m:A", 0, pa.table({"ts": [0], "x": [value]}))
    return finish_building(building, root / name, ["m:A"], (0, DAY), ["x"], "c0ffee", created, 1).hash


def test_old_and_unnamed_sets_go(tmp_path: Path) -> None:
    named = data_set(tmp_path, "named", 1.0, "2025-01-01T00:00:00+00:00")
    data_set(tmp_path, "old", 2.0, "2026-01-01T00:00:00+00:00")
    data_set(tmp_path, "young", 3.0, "2026-02-27T00:00:00+00:00")
    unreadable = tmp_path / "unreadable"
    unreadable.mkdir()
    (unreadable / "manifest.json").write_text("?")
    (tmp_path / ".building-1-x").mkdir()
    assert prune(tmp_path, {named}, NOW - dt.timedelta(days=30)) == [tmp_path / "old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".building-1-x", "named", "unreadable", "young"]
