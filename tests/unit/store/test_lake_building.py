"""A data set is there whole or not at all."""

from pathlib import Path

import pyarrow as pa
import pytest

from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.times import DAY, MINUTE, parse_time
from jtrader.store.lake.building import finish_building, start_building, write_day
from jtrader.store.lake.dataset import LakeDataset
from jtrader.store.lake.manifest import content_hash, read_manifest

BTC = "binance_usdm:BTCUSDT"
START = parse_time("2026-01-10T00:00:00Z")


def rows(shift: float = 0.0, step: int = MINUTE) -> pa.Table:
    return pa.table(
        {"instrument": [BTC] * 3, "ts": [START, START + step, START + 2 * step], "x": [shift, shift + 1, shift + 2]}
    )


def build(target: Path, shift: float = 0.0, expected_files: int = 1):
    building = start_building(target)
    write_day(building, BTC, START // DAY, rows(shift))
    return finish_building(building, target, [BTC], (START, START + DAY), ["x"], "c0ffee", "now", expected_files)


def test_equal_rows_give_an_equal_hash_and_the_manifest_tells_all(tmp_path: Path) -> None:
    one, two, other = build(tmp_path / "one"), build(tmp_path / "two"), build(tmp_path / "three", shift=1.0)
    assert one.hash == two.hash != other.hash
    assert (one.rows, one.instruments, one.features, one.commit) == (3, (BTC,), ("x",), "c0ffee")
    assert read_manifest(tmp_path / "one") == one
    assert content_hash(tmp_path / "one") == one.hash
    assert LakeDataset(tmp_path / "one").columns(["x", "ts"]).column_names == ["x", "ts"]


def test_before_the_end_nothing_is_there(tmp_path: Path) -> None:
    building = start_building(tmp_path / "set")
    write_day(building, BTC, START // DAY, rows())
    assert not (tmp_path / "set").exists()
    with pytest.raises(BadInput, match="holds no data set"):
        LakeDataset(tmp_path / "set")


def test_what_a_dead_process_began_is_cleared_and_a_living_ones_work_is_not(tmp_path: Path) -> None:
    dead, living = tmp_path / ".building-999999999-set", tmp_path / ".building-1-set"
    dead.mkdir()
    living.mkdir()
    start_building(tmp_path / "set")
    assert not dead.exists()
    assert living.exists()


def test_a_second_builder_of_the_same_takes_the_first_ones(tmp_path: Path) -> None:
    first = build(tmp_path / "set")
    assert build(tmp_path / "set") == first
    with pytest.raises(Broken, match="holds something else"):
        build(tmp_path / "set", shift=5.0)
    assert read_manifest(tmp_path / "set") == first
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_missing_file_is_noticed_before_the_manifest_is_written(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="1 files where 2 were written"):
        build(tmp_path / "set", expected_files=2)
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("step", [0, -MINUTE])
def test_rows_out_of_order_or_doubled_are_refused(tmp_path: Path, step: int) -> None:
    building = start_building(tmp_path / "set")
    with pytest.raises(Broken, match="not in order of time, or doubled"):
        write_day(building, BTC, START // DAY, rows(step=step))


def test_changed_bytes_a_broken_manifest_and_unknown_columns_are_named(tmp_path: Path) -> None:
    build(tmp_path / "set")
    with pytest.raises(BadInput, match="has no column y; it has instrument, ts, x"):
        LakeDataset(tmp_path / "set").columns(["y"])
    file = next((tmp_path / "set").rglob("*.parquet"))
    kept = file.read_bytes()
    file.write_bytes(kept + b"x")
    with pytest.raises(Broken, match="the files were changed"):
        LakeDataset(tmp_path / "set")
    file.write_bytes(kept)
    (tmp_path / "set" / "manifest.json").write_text("{")
    with pytest.raises(Broken, match="can't be read"):
        LakeDataset(tmp_path / "set")
