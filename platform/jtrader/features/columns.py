"""Candles of one instrument as columns, and the rolling windows every feature is built from."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from jtrader.domain.errors import BadInput
from jtrader.domain.market import Candle
from jtrader.domain.times import MINUTE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLOCK = 16_384
"""Windows that are copied at a time, so that a long history costs little memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Closed 1-minute candles of one instrument, shape (n,) each, strictly ascending in time.

    `ts` is the open time in ns (int64), the rest are float64: prices in quote, volume in base units. Missing minutes
    are simply absent. Raises BadInput when the shapes differ or the times do not ascend.
    """

    ts: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __post_init__(self) -> None:
        for field in fields(self):
            kind = np.int64 if field.name == "ts" else np.float64
            column = np.ascontiguousarray(getattr(self, field.name), dtype=kind)
            if column.shape != (len(self.ts),):
                raise BadInput(f"column {field.name} has shape {column.shape}; all columns need ({len(self.ts)},)")
            object.__setattr__(self, field.name, column)
        if len(self.ts) > 1 and not bool(np.all(np.diff(self.ts) > 0)):
            raise BadInput("candle times are not strictly ascending: sort by ts and drop duplicates first")

    def __len__(self) -> int:
        return len(self.ts)

    @classmethod
    def of(cls, candles: Iterable[Candle]) -> "Columns":
        rows = list(candles)
        return cls(
            ts=np.array([c.ts for c in rows], dtype=np.int64),
            open=np.array([c.open for c in rows], dtype=np.float64),
            high=np.array([c.high for c in rows], dtype=np.float64),
            low=np.array([c.low for c in rows], dtype=np.float64),
            close=np.array([c.close for c in rows], dtype=np.float64),
            volume=np.array([c.volume for c in rows], dtype=np.float64),
        )


def run_lengths(ts: Ints) -> Ints:
    """How many consecutive minutes end at each row, itself included: 1 after a gap, shape (n,)."""
    index = np.arange(len(ts), dtype=np.int64)
    if len(ts) == 0:
        return index
    starts = np.concatenate(([True], np.diff(ts) != MINUTE))
    newest_start = np.maximum.accumulate(np.where(starts, index, 0))
    return index - newest_start + 1


def rolling(values: Floats, window: int, reduce: Callable[[Floats], Floats]) -> Floats:
    """`reduce` over each trailing window of `window` rows; NaN before the first full one. Shape (n,) in and out.

    `reduce` takes windows of shape (m, window), oldest first, and answers shape (m,). The windows are contiguous
    copies: NumPy then adds each row in one order whatever m is, so that one live row equals the batch bit for bit.
    """
    result = np.full(len(values), np.nan)
    if len(values) < window:
        return result
    windows = sliding_window_view(values, window)
    for start in range(0, len(windows), _BLOCK):
        block = np.array(windows[start : start + _BLOCK], order="C")
        result[window - 1 + start : window - 1 + start + len(block)] = reduce(block)
    return result


def shifted(values: Floats, rows: int) -> Floats:
    """The values `rows` earlier; NaN where there is none. Shape (n,) in and out."""
    if rows == 0:
        return values
    result = np.full(len(values), np.nan)
    result[rows:] = values[:-rows]
    return result
