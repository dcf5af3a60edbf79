"""Funding of perpetuals every eight hours: persistent, mostly a small payment by longs, capped at 1 bp as measured.

The rate is mean + std·x, x a weighted sum of the last days' independent normals, cut to −3 … 1 bp and rounded to
eight decimals. Autocorrelation of x: 0.45 after one instant, about 0.35 after three and nine.
"""

from decimal import Decimal

import numpy as np

from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, HOUR
from jtrader.exchange.sim.market.calibration import INSTRUMENTS
from jtrader.exchange.sim.market.randomness import keyed

INTERVAL = 8 * HOUR
LOWEST_BP, HIGHEST_BP = -3.0, 1.0
UNIT = Decimal("1e-8")
_UNITS_PER_BP = 10_000
_PER_DAY = DAY // INTERVAL
_MEMORY = 60
_WEIGHTS = np.where(np.arange(_MEMORY) == 0, 1.0, 0.27 * np.exp(-np.arange(_MEMORY) / 18.0))
_WEIGHTS /= np.sqrt(np.sum(_WEIGHTS**2))


def generated_rate(seed: int, instrument: InstrumentId, instant: int) -> Decimal:
    """The rate settled at `instant`, ns on a whole interval, as a fraction of notional."""
    figures = INSTRUMENTS[instrument]
    number = instant // INTERVAL
    days = range((number - _MEMORY) // _PER_DAY, number // _PER_DAY + 1)
    shocks = np.concatenate([keyed(seed, f"funding/{instrument}", day).standard_normal(_PER_DAY) for day in days])
    last = number - days.start * _PER_DAY
    state = float(np.dot(_WEIGHTS, shocks[last - _MEMORY + 1 : last + 1][::-1]))
    rate = min(max(figures.funding_mean_bp + figures.funding_std_bp * state, LOWEST_BP), HIGHEST_BP)
    return round(rate * _UNITS_PER_BP) * UNIT
