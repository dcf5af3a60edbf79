"""Features: each defined once on NumPy columns, evaluated over a whole history or over a live window.

- `FEATURES`: name → `Feature` (window, lag, unit, meaning). A value at row `ts` uses candles up to and including the
  one that opens at `ts`, so it is known at `ts` + 1 minute.
- `Columns(ts, open, high, low, close, volume)`: candles of one instrument, ascending; `Columns.of(candles)`.
- `batch(names, columns) -> {name: float64 (n,)}`: NaN means absent, never zero; `present(values)` is the mask of
  complete rows. A missing minute makes every feature absent until its `history` is consecutive again.
- `warmup(names)`: how many consecutive minutes are needed; lead-in rows that a partition of a history must carry.
- `LiveWindow(names).push(candle) -> {name: float} | None`: the same values at the newest candle, None to abstain.
- `labels.forward_return(columns, minutes)`, `labels.direction(columns, minutes)`: look ahead, for training only.
"""

from jtrader.features.batch import batch, feature, present, warmup
from jtrader.features.columns import Columns
from jtrader.features.definitions import FEATURES, Feature
from jtrader.features.live import LiveWindow

__all__ = ["FEATURES", "Columns", "Feature", "LiveWindow", "batch", "feature", "present", "warmup"]
