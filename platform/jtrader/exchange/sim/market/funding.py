"""Funding of perpetuals every eight hours: persistent, mostly a small payment by longs, capped at 1 bp as measured.

Binance and HTX settle it at 00, 08 and 16 UTC, BitMEX at 04, 12 and 20.

The rate is mean + std·x, x a weighted sum of the last days' independent normals, cut to −3 … 1 bp and rounded to
eight decimals. Autocorrelation of x: 0.45 after one instant, about 0.35 after three and nine.
"""

from decimal import Decimal

import numpy as np

from jtrader.domain.instrument import Instrument
from jtrader.domain.times import DAY, HOUR
from jtrader.exchange.sim.market.figures import instrument_figures
from jtrader.exchange.sim.market.listing import FUNDING_INTERVAL
from jtrader.exchange.sim.market.randomness import keyed

_OFFSETS = {"bitmex": 4 * HOUR}

LOWEST_BP, HIGHEST_BP = -3.0, 1.0
UNIT = Decimal("1e-8")
_UNITS_PER_BP = 10_000
_PER_DAY = DAY // FUNDING_INTERVAL
_MEMORY = 60
_WEIGHTS = np.where(np.arange(_MEMORY) == 0, 1.0, 0.27 * np.exp(-np.arange(_MEMORY) / 18.0))
_WEIGHTS /= np.sqrt(np.sum(_WEIGHTS**2))


def settles_funding(instrument: Instrument, instant: int) -> bool:
    """Is funding of this instrument settled at this ns?"""
    interval = instrument.funding_interval
    return bool(interval) and (instant - _OFFSETS.get(instrument.venue, 0)) % interval == 0


def last_funding(instrument: Instrument, now: int) -> int:
    """The newest funding instant at or before `now`."""
    offset = _OFFSETS.get(instrument.venue, 0)
    return now - (now - offset) % instrument.funding_interval


def next_funding(instrument: Instrument, now: int) -> int:
    """The first funding instant after `now`."""
    return last_funding(instrument, now) + instrument.funding_interval


def generated_rate(seed: int, instrument: Instrument, instant: int) -> Decimal:
    """The rate settled at `instant`, one of the instrument's, as a fraction of notional."""
    figures = instrument_figures(instrument.id, instrument.base)
    number = instant // FUNDING_INTERVAL
    days = range((number - _MEMORY) // _PER_DAY, number // _PER_DAY + 1)
    shocks = np.concatenate([keyed(seed, f"funding/{instrument.id}", day).standard_normal(_PER_DAY) for day in days])
    last = number - days.start * _PER_DAY
    state = float(np.dot(_WEIGHTS, shocks[last - _MEMORY + 1 : last + 1][::-1]))
    rate = min(max(figures.funding_mean_bp + figures.funding_std_bp * state, LOWEST_BP), HIGHEST_BP)
    return round(rate * _UNITS_PER_BP) * UNIT
