"""What a model learns to foresee. Labels look ahead: they exist in training only and are never features.

A label at row i is about the `minutes` after that row's close, so it is known `minutes` later.
"""

import numpy as np

from jtrader.domain.errors import BadInput
from jtrader.features.columns import Columns, Floats, run_lengths


def forward_return(columns: Columns, minutes: int) -> Floats:
    """log(close `minutes` later / close), shape (n,). NaN where one of the next minutes is missing."""
    if minutes < 1:
        raise BadInput(f"label horizon {minutes} must be at least 1 minute")
    result = np.full(len(columns), np.nan)
    if len(columns) > minutes:
        run = run_lengths(columns.ts)
        with np.errstate(all="ignore"):
            ahead = np.log(columns.close[minutes:] / columns.close[:-minutes])
        known = (run[minutes:] > minutes) & np.isfinite(ahead)
        result[:-minutes] = np.where(known, ahead, np.nan)
    return result


def direction(columns: Columns, minutes: int) -> Floats:
    """1.0 = the price rises over the next `minutes`, 0.0 = it falls; NaN where it is unknown or did not move."""
    ahead = forward_return(columns, minutes)
    return np.where(np.isnan(ahead) | (ahead == 0.0), np.nan, (ahead > 0.0).astype(np.float64))
