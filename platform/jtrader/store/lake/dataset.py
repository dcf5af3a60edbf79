"""Dataset on a lake folder."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from jtrader.domain.errors import BadInput
from jtrader.ports.learning import Manifest
from jtrader.store.lake.manifest import data_files, read_manifest, verify


class LakeDataset:
    """Opens only what is complete and unchanged: raises BadInput where no data set is, Broken where it was altered."""

    def __init__(self, folder: Path) -> None:
        manifest = read_manifest(folder)
        if manifest is None:
            raise BadInput(f"{folder} holds no data set (no manifest.json); train to build one")
        verify(folder, manifest)
        self._folder = folder
        self._manifest = manifest

    @property
    def manifest(self) -> Manifest:
        return self._manifest

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Ordered by (instrument, ts). Raises BadInput for a column that isn't there."""
        tables = []
        for file in data_files(self._folder):
            known = pq.read_schema(file).names
            unknown = [name for name in names if name not in known]
            if unknown:
                raise BadInput(f"{self._folder} has no column {', '.join(unknown)}; it has {', '.join(known)}")
            tables.append(pq.read_table(file, columns=list(names)))
        return pa.concat_tables(tables)
