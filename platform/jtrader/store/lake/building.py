"""Writing a data set so that it is there whole or not at all: a hidden folder beside the target, renamed at the end."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from jtrader.domain.errors import Broken
from jtrader.domain.times import DAY, iso
from jtrader.ports.learning import Manifest
from jtrader.store.lake.manifest import content_hash, data_files, read_manifest, write_manifest


def start_building(target: Path) -> Path:
    """A fresh hidden folder next to `target`, named with our pid; those of processes that died are removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(".building-*"):
        pid = left.name.split("-")[1]
        if not (pid.isdigit() and psutil.pid_exists(int(pid))) or int(pid) == os.getpid():
            shutil.rmtree(left, ignore_errors=True)
    folder = target.parent / f".building-{os.getpid()}-{target.name}"
    folder.mkdir()
    return folder


def write_day(building: Path, instrument: str, day: int, rows: pa.Table) -> Path:
    """One file of one instrument's UTC day (`day` = days since 1970), rows by ts. Equal rows give equal bytes."""
    ts = rows.column("ts").to_numpy()
    if not (ts[1:] > ts[:-1]).all():
        raise Broken(f"rows of {instrument} on {iso(day * DAY)[:10]} are not in order of time, or doubled")
    folder = building / instrument.replace(":", ".")
    folder.mkdir(exist_ok=True)
    file = folder / f"{iso(day * DAY)[:10]}.parquet"
    try:
        with file.open("xb") as fresh:
            pq.write_table(rows.combine_chunks(), fresh, compression="zstd")
    except FileExistsError as error:
        raise Broken(f"{file.name} of {instrument} was written by two partitions; a day belongs to one") from error
    return file


def finish_building(
    building: Path,
    target: Path,
    instruments: Sequence[str],
    bounds: tuple[int, int],
    features: Sequence[str],
    commit: str,
    created: str,
    expected_files: int,
    snapshot: str = "",
) -> Manifest:
    """Writes the manifest, makes all durable and renames the folder to `target`. `bounds` = [start, end) in ns.

    Where another run was faster, its data set stays, if it is the same; otherwise raises Broken.
    """
    files = data_files(building)
    if len(files) != expected_files:
        raise Broken(f"{building} holds {len(files)} files where {expected_files} were written: train again")
    manifest = Manifest(
        hash=content_hash(building),
        path=str(target),
        instruments=tuple(instruments),
        start=bounds[0],
        end=bounds[1],
        rows=sum(pq.read_metadata(file).num_rows for file in files),
        features=tuple(features),
        commit=commit,
        created=created,
        snapshot=snapshot,
    )
    write_manifest(building, manifest)
    for path in (*files, building / "manifest.json", building):
        _sync(path)
    try:
        building.rename(target)
    except OSError as error:
        there = read_manifest(target)
        shutil.rmtree(building)
        if there is None or there.hash != manifest.hash:
            raise Broken(f"{target} is in the way and holds something else: remove it and train again") from error
        return there
    _sync(target.parent)
    return manifest


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
