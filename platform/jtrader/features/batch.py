"""Features over a whole history of one instrument."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from jtrader.domain.errors import BadInput
from jtrader.features.columns import Columns, Floats, run_lengths, shifted
from jtrader.features.definitions import FEATURES, Feature


def feature(name: str) -> Feature:
    """The definition of a feature; raises BadInput for an unknown name."""
    try:
        return FEATURES[name]
    except KeyError:
        raise BadInput(f"feature '{name}' is not defined; known: {', '.join(FEATURES)}") from None


def warmup(names: Sequence[str]) -> int:
    """Consecutive closed minutes, the newest included, before all of `names` can have a value."""
    return max((feature(name).history for name in names), default=0)


def batch(names: Sequence[str], columns: Columns) -> dict[str, Floats]:
    """Each feature at each row, shape (n,). NaN = absent: too little history since the start or the last gap, or a
    value that is undefined or not finite there. Raises BadInput for an unknown name."""
    run = run_lengths(columns.ts)
    result = {}
    for name in names:
        wanted = feature(name)
        values = shifted(wanted.compute(columns), wanted.lag)
        result[name] = np.where((run >= wanted.history) & np.isfinite(values), values, np.nan)
    return result


def present(values: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """The rows where every feature has a value, shape (n,)."""
    if not values:
        raise BadInput("no features were asked for, so no row can be complete")
    complete: NDArray[np.bool_] = np.logical_and.reduce([np.isfinite(column) for column in values.values()])
    return complete
