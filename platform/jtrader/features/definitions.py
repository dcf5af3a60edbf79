"""Every feature, defined once. A value at row `ts` is known when that minute closes and uses nothing after it.

Each function maps columns to shape (n,); a row it can't tell is NaN. Returns are natural logarithms of price ratios.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from jtrader.domain.times import DAY, MINUTE
from jtrader.features.columns import Columns, Floats, rolling, shifted

_NOTHING = 1e-12
"""A deviation or range below this share of its scale is rounding noise: dividing by it would tell nothing."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One number per closed minute.

    `window` is how many consecutive minutes it looks at, the row's own included; `lag` is how many of the newest
    closed minutes it leaves out (0 = the minute that just closed counts).
    """

    name: str
    window: int
    lag: int
    unit: str
    meaning: str
    compute: Callable[[Columns], Floats]

    @property
    def history(self) -> int:
        """Consecutive minutes that must be there for a value."""
        return self.window + self.lag


def log_return(columns: Columns, minutes: int) -> Floats:
    """log(close / close `minutes` earlier)."""
    with np.errstate(all="ignore"):
        result: Floats = np.log(columns.close / shifted(columns.close, minutes))
    return result


def momentum(columns: Columns, half_life: int, window: int) -> Floats:
    """Exponentially weighted mean of the 1-minute returns over their root mean square, both over `window` minutes.

    The weight halves every `half_life` minutes; the sum is cut at `window` so that a live row needs no older state.
    """
    weights = 0.5 ** (np.arange(window - 1, -1, -1) / half_life)
    weights /= weights.sum()

    def reduce(returns: Floats) -> Floats:
        scale = np.sqrt((returns * returns).mean(axis=1))
        result: Floats = _ratio((returns * weights).sum(axis=1), scale, floor=_NOTHING)
        return result

    return rolling(log_return(columns, 1), window, reduce)


def volatility(columns: Columns, window: int) -> Floats:
    """Root mean square of the 1-minute returns (realised volatility of one minute)."""
    return rolling(log_return(columns, 1), window, lambda returns: np.sqrt((returns * returns).mean(axis=1)))


def volume_ratio(columns: Columns, window: int) -> Floats:
    """The minute's volume over the window's mean."""
    return rolling(columns.volume, window, lambda volume: _ratio(volume[:, -1], volume.mean(axis=1), floor=0.0))


def volume_zscore(columns: Columns, window: int) -> Floats:
    """The minute's volume less the window's mean, in standard deviations (divisor n)."""

    def reduce(volume: Floats) -> Floats:
        mean, deviation = volume.mean(axis=1), volume.std(axis=1)
        return _ratio(volume[:, -1] - mean, deviation, floor=_NOTHING * mean)

    return rolling(columns.volume, window, reduce)


def signed_volume(columns: Columns, window: int) -> Floats:
    """Volume of minutes that closed above their open less that of those below, over all volume: −1 … 1."""
    signed = rolling(np.sign(columns.close - columns.open) * columns.volume, window, lambda v: v.sum(axis=1))
    total = rolling(columns.volume, window, lambda v: v.sum(axis=1))
    return _ratio(signed, total, floor=0.0)


def high_low_range(columns: Columns, window: int) -> Floats:
    """log(highest high / lowest low)."""
    highest, lowest = _extremes(columns, window)
    with np.errstate(all="ignore"):
        result: Floats = np.log(highest / lowest)
    return result


def close_position(columns: Columns, window: int) -> Floats:
    """Where the close stands between the lowest low (0) and the highest high (1)."""
    highest, lowest = _extremes(columns, window)
    return _ratio(columns.close - lowest, highest - lowest, floor=_NOTHING * np.abs(highest))


def candle_body(columns: Columns) -> Floats:
    """log(close / open) of the minute."""
    with np.errstate(all="ignore"):
        result: Floats = np.log(columns.close / columns.open)
    return result


def time_of_day(columns: Columns, wave: Callable[[Floats], Floats]) -> Floats:
    """The wave of the minute's open time over the UTC day."""
    return wave(2.0 * np.pi * (columns.ts % DAY // MINUTE) / (DAY // MINUTE))


def _extremes(columns: Columns, window: int) -> tuple[Floats, Floats]:
    highest = rolling(columns.high, window, lambda high: high.max(axis=1))
    lowest = rolling(columns.low, window, lambda low: low.min(axis=1))
    return highest, lowest


def _ratio(top: Floats, bottom: Floats, floor: Floats | float) -> Floats:
    """top / bottom; NaN where the bottom is not above `floor`."""
    result = np.full(top.shape, np.nan)
    np.divide(top, bottom, out=result, where=bottom > floor)
    return result


def _registry() -> dict[str, Feature]:
    known: dict[str, Feature] = {}

    def define(name: str, window: int, unit: str, meaning: str, compute: Callable[[Columns], Floats]) -> None:
        known[name] = Feature(name, window, 0, unit, meaning, compute)

    for m in (1, 5, 15, 30, 60):
        define(f"return_{m}m", m + 1, "log", f"return over {m} min", partial(log_return, minutes=m))
    for half_life, window in ((3, 15), (10, 45)):
        define(
            f"momentum_{half_life}m",
            window + 1,
            "deviations",
            f"weighted mean return, half-life {half_life} min, over its root mean square",
            partial(momentum, half_life=half_life, window=window),
        )
    for m in (15, 60):
        define(f"volatility_{m}m", m + 1, "log", f"1-min volatility over {m} min", partial(volatility, window=m))
    define("volume_ratio_60m", 60, "ratio", "volume over its hour's mean", partial(volume_ratio, window=60))
    define("volume_zscore_60m", 60, "deviations", "volume against its hour", partial(volume_zscore, window=60))
    for m in (1, 5, 15):
        define(f"signed_volume_{m}m", m, "share", f"up less down volume, {m} min", partial(signed_volume, window=m))
    for m in (1, 15):
        define(f"range_{m}m", m, "log", f"high over low, {m} min", partial(high_low_range, window=m))
    define("body_1m", 1, "log", "close over open of the minute", candle_body)
    for m in (5, 15, 60):
        define(f"close_position_{m}m", m, "share", f"close within the {m}-min range", partial(close_position, window=m))
    define("hour_sin", 1, "wave", "time of day, sine", partial(time_of_day, wave=np.sin))
    define("hour_cos", 1, "wave", "time of day, cosine", partial(time_of_day, wave=np.cos))
    return known


FEATURES: Mapping[str, Feature] = _registry()
