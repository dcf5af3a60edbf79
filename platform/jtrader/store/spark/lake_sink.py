"""`frame.write.format("jtrader_lake")`: feature rows into the lake, one file an instrument and day, all or nothing.

The frame must hold the rows of one instrument and day in one partition, in order of ts. Options: `path` (the data set's
folder), `building` (from `start_building`), `instruments` and `features` (comma lists), `start`, `end` (ns), `commit`,
`created`, `snapshot`. Tasks write files into `building`; Spark's commit writes the manifest and renames; its abort
removes all.
"""

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, WriterCommitMessage

from jtrader.domain.errors import Broken
from jtrader.domain.times import DAY
from jtrader.store.lake.building import finish_building, write_day

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

FORMAT = "jtrader_lake"


@dataclass
class WrittenFiles(WriterCommitMessage):  # type: ignore[misc]
    count: int


class LakeWriter(DataSourceArrowWriter):  # type: ignore[misc]
    def __init__(self, options: dict[str, str]) -> None:
        self._options = options
        self._building = Path(options["building"])

    def write(self, iterator: Iterator[pa.RecordBatch]) -> WrittenFiles:
        """Keeps one instrument's day in memory at a time."""
        written = 0
        pending: list[pa.Table] = []
        current: tuple[str, int] | None = None
        for batch in iterator:
            for key, rows in _by_day(batch):
                if key != current and current is not None:
                    write_day(self._building, *current, pa.concat_tables(pending))
                    pending, written = [], written + 1
                current = key
                pending.append(rows)
        if current is not None:
            write_day(self._building, *current, pa.concat_tables(pending))
            written += 1
        return WrittenFiles(written)

    def commit(self, messages: list[WrittenFiles | None]) -> None:
        count = sum(message.count for message in messages if message is not None)
        options = self._options
        finish_building(
            self._building,
            Path(options["path"]),
            options["instruments"].split(","),
            (int(options["start"]), int(options["end"])),
            options["features"].split(","),
            options["commit"],
            options["created"],
            expected_files=count,
            snapshot=options["snapshot"],
        )

    def abort(self, messages: list[WrittenFiles | None]) -> None:  # noqa: ARG002
        shutil.rmtree(self._building, ignore_errors=True)


class LakeSink(DataSource):  # type: ignore[misc]
    @classmethod
    def name(cls) -> str:
        return FORMAT

    def schema(self) -> str:
        raise Broken(f"{FORMAT} is written only; read a data set with LakeDataset")

    def writer(self, schema: "StructType", overwrite: bool) -> LakeWriter:  # noqa: ARG002
        return LakeWriter(dict(self.options))


def _by_day(batch: pa.RecordBatch) -> Iterator[tuple[tuple[str, int], pa.Table]]:
    """Runs of rows of one instrument and UTC day, in the batch's order."""
    if batch.num_rows == 0:
        return
    names: Any = batch.column("instrument").to_numpy(zero_copy_only=False)
    days = batch.column("ts").to_numpy() // DAY
    changes = np.flatnonzero((names[1:] != names[:-1]) | (days[1:] != days[:-1])) + 1
    borders = [0, *changes.tolist(), batch.num_rows]
    for low, high in itertools.pairwise(borders):
        yield (str(names[low]), int(days[low])), pa.Table.from_batches([batch.slice(low, high - low)])
