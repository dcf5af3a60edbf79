"""Feature rows from candle rows, in pieces of one instrument and a few days.

Each piece is given the candles before it that its first rows look back on (`warmup`), so that a row's values do not
depend on where the borders lie.
"""

from collections.abc import Sequence

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from jtrader.domain.times import DAY, MINUTE
from jtrader.features import Columns, batch, warmup

CANDLE_COLUMNS = ("open", "high", "low", "close", "volume")
PIECE_DAYS = 5


def lead_in(names: Sequence[str]) -> int:
    """How long before the first wanted minute candles are needed, ns."""
    return (warmup(names) - 1) * MINUTE


def feature_rows(
    candles: DataFrame, names: Sequence[str], start: int, end: int, piece_days: int = PIECE_DAYS
) -> DataFrame:
    """`candles`: instrument, ts (ns), open, high, low, close, volume; from `start` − `lead_in(names)` on.

    Returns those columns and `names` for start ≤ ts < end: NaN = absent. The rows of one instrument and day lie in one
    partition, by ts.
    """
    piece, lead = piece_days * DAY, lead_in(names)
    pieces = candles.withColumn("piece", f.expr(f"explode(sequence(ts div {piece}, (ts + {lead}) div {piece}))"))
    fields = ", ".join(f"{name} double" for name in (*CANDLE_COLUMNS, *names))
    return pieces.groupBy("instrument", "piece").applyInArrow(
        _piece_function(tuple(names), start, end, piece), f"instrument string, ts bigint, {fields}"
    )


def _piece_function(names: tuple[str, ...], start: int, end: int, piece: int):  # type: ignore[no-untyped-def]
    def rows_of(key: tuple[pa.Scalar, pa.Scalar], candles: pa.Table) -> pa.Table:
        instrument, number = key[0].as_py(), key[1].as_py()
        low, high = max(start, number * piece), min(end, (number + 1) * piece)
        return feature_table(instrument, candles, names, low, high)

    return rows_of


def feature_table(instrument: str, candles: pa.Table, names: Sequence[str], low: int, high: int) -> pa.Table:
    """The rows with low ≤ ts < high of one instrument's candles, which may come in any order."""
    ordered = candles.sort_by("ts")
    columns = Columns(
        ts=ordered.column("ts").to_numpy(),
        **{name: ordered.column(name).to_numpy() for name in CANDLE_COLUMNS},
    )
    values = batch(names, columns)
    wanted = (columns.ts >= low) & (columns.ts < high)
    arrays = {name: getattr(columns, name)[wanted] for name in ("ts", *CANDLE_COLUMNS)}
    arrays |= {name: values[name][wanted] for name in names}
    return pa.table({"instrument": pa.array([instrument] * int(wanted.sum()), pa.string()), **arrays})
