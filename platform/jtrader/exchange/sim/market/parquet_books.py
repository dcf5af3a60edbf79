"""Recorded L2 books in Parquet, one row a price level of a message: snapshots and deltas.

Columns: `ts` (exchange, UTC; may be empty on a snapshot), `venue`, `symbol`, `seq` (message number), `is_snapshot`,
`first_update_id`, `last_update_id`, `side` (bid or ask), `price`, `amount` (order units now at that level, 0 = gone),
and `prev_update_id` where the venue tells it. More columns are allowed and ignored.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jtrader.domain.errors import BadInput
from jtrader.exchange.sim.market.columns import Ints
from jtrader.exchange.sim.market.parquet_history import instruments_of, known, nanoseconds
from jtrader.exchange.sim.market.rows import BookRows

_FILLED = ("venue", "symbol", "seq", "is_snapshot", "last_update_id", "side", "price", "amount")
COLUMNS = ("ts", "first_update_id", *_FILLED)
_PREVIOUS = "prev_update_id"


def holds_books(file: Path) -> bool:
    """Raises BadInput for what is no Parquet file."""
    try:
        return set(pq.read_schema(file).names).issuperset(COLUMNS)
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(f"{file}: not a Parquet file ({error})") from error


def read_books(file: Path) -> list[BookRows]:
    """One part a symbol. Raises BadInput that names the file, the row and what is allowed."""
    optional = [_PREVIOUS] if _PREVIOUS in pq.read_schema(file).names else []
    table = pq.read_table(file, columns=[*COLUMNS, *optional])
    for name in _FILLED:
        missing = np.flatnonzero(table[name].is_null().to_numpy())
        if missing.size:
            raise BadInput(f"{file}, row {missing[0] + 1}: {name} is missing; every row needs {', '.join(_FILLED)}")
    return [_part(file, table, venue, symbol) for venue, symbol in instruments_of(table)]


def _part(file: Path, table: pa.Table, venue: str, symbol: str) -> BookRows:
    chosen = pc.and_(pc.equal(table["venue"], venue), pc.equal(table["symbol"], symbol)).to_numpy()
    rows = np.flatnonzero(chosen) + 1
    instrument = known(file, int(rows[0]), venue, symbol)
    part = table.filter(pa.array(chosen))
    sides = part["side"].cast(pa.string()).to_numpy(zero_copy_only=False)
    strange = np.flatnonzero((sides != "bid") & (sides != "ask"))
    if strange.size:
        raise BadInput(f"{file}, row {rows[strange[0]]}: side '{sides[strange[0]]}' is neither bid nor ask")
    snapshots = _whole(file, part, "is_snapshot")
    ts = np.where(part["ts"].is_null().to_numpy(), -1, nanoseconds(file, _present(part["ts"])))
    dateless = np.flatnonzero((ts < 0) & (snapshots == 0))
    if dateless.size:
        raise BadInput(f"{file}, row {rows[dateless[0]]}: ts is missing; only a snapshot may have none")
    if (ts < 0).all():
        raise BadInput(f"{file} ({instrument}): no row has a ts")
    none = np.full(len(part), -1, dtype=np.int64)
    return BookRows(
        file=file,
        instrument=instrument,
        rows=rows,
        ts=ts,
        seq=_whole(file, part, "seq"),
        snapshots=snapshots,
        first=_whole(file, part, "first_update_id"),
        last=_whole(file, part, "last_update_id"),
        previous=_whole(file, part, _PREVIOUS) if _PREVIOUS in part.column_names else none,
        bids=(sides == "bid").astype(np.int64),
        values=np.stack([_numbers(file, part, name) for name in ("price", "amount")]),
    )


def _present(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.fill_null(column, pa.scalar(0, pa.int64()).cast(column.type)) if column.null_count else column


def _whole(file: Path, part: pa.Table, name: str) -> Ints:
    """-1 where nothing stands."""
    try:
        return np.asarray(pc.fill_null(part[name].cast(pa.int64()), -1).to_numpy())
    except pa.ArrowInvalid as error:
        raise BadInput(f"{file}: {name} must be whole numbers ({error})") from error


def _numbers(file: Path, part: pa.Table, name: str) -> np.ndarray:
    try:
        return np.asarray(part[name].cast(pa.float64()).to_numpy())
    except pa.ArrowInvalid as error:
        raise BadInput(f"{file}: {name} must be numbers ({error})") from error
