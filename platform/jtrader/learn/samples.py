"""The rows of a data set as a model sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from jtrader.domain.errors import BadInput
from jtrader.domain.times import MINUTE, iso
from jtrader.features import Columns
from jtrader.features.labels import direction
from jtrader.ports.learning import Dataset

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

CANDLE_COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, eq=False)
class Samples:
    """All minutes of all instruments, ordered by (instrument, ts), shape (n,) each; `x` is (n, k).

    `ts` is the open time of the minute, so a row's features are known at ts + 1 minute. `label` is 1.0 up, 0.0 down,
    NaN unknown; it tells about prices until `label_end`. `complete` marks rows where every feature has a value.
    """

    instruments: tuple[str, ...]
    features: tuple[str, ...]
    instrument: Ints
    ts: Ints
    open: Floats
    x: Floats
    label: Floats
    label_end: Ints
    complete: Mask

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def learnable(self) -> Mask:
        """Rows with features and a label."""
        return self.complete & np.isfinite(self.label)


def gather(dataset: Dataset, instruments: Sequence[str], features: Sequence[str], horizon_minutes: int) -> Samples:
    """Raises BadInput where the data set holds no row of an instrument."""
    table = dataset.columns(["instrument", "ts", *CANDLE_COLUMNS, *features])
    names = table.column("instrument").to_numpy(zero_copy_only=False)
    parts = [_rows_of(table.filter(pa.array(names == one)), one, horizon_minutes, dataset) for one in instruments]
    index = np.repeat(np.arange(len(instruments)), [len(columns) for columns, _, _ in parts])
    ts = np.concatenate([columns.ts for columns, _, _ in parts])
    x = np.concatenate([_matrix(rows, features) for _, _, rows in parts])
    return Samples(
        instruments=tuple(instruments),
        features=tuple(features),
        instrument=index.astype(np.int64),
        ts=ts,
        open=np.concatenate([columns.open for columns, _, _ in parts]),
        x=x,
        label=np.concatenate([label for _, label, _ in parts]),
        label_end=ts + (1 + horizon_minutes) * MINUTE,
        complete=np.isfinite(x).all(axis=1),
    )


def _rows_of(
    rows: pa.Table, instrument: str, horizon_minutes: int, dataset: Dataset
) -> tuple[Columns, Floats, pa.Table]:
    if rows.num_rows == 0:
        manifest = dataset.manifest
        raise BadInput(
            f"the data set holds no minute of {instrument} from {iso(manifest.start)} to {iso(manifest.end)}: "
            "crawl it first, or take the instrument out of the model's universe"
        )
    columns = Columns(
        ts=rows.column("ts").to_numpy(), **{name: rows.column(name).to_numpy() for name in CANDLE_COLUMNS}
    )
    return columns, direction(columns, horizon_minutes), rows


def _matrix(rows: pa.Table, features: Sequence[str]) -> Floats:
    return np.column_stack([rows.column(name).to_numpy() for name in features])
