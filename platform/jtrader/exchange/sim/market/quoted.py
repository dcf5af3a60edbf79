"""An instrument's fair price: its underlying's path and a mean-reverting deviation from it (the basis).

The usual basis of a perpetual is constant; that of a dated contract is its carry for the time left, zero at expiry.
"""

import math

import numpy as np

from jtrader.domain.instrument import Instrument
from jtrader.domain.times import DAY, MINUTE, SECOND
from jtrader.exchange.sim.market.calibration import InstrumentCalibration
from jtrader.exchange.sim.market.figures import base_figures, instrument_figures
from jtrader.exchange.sim.market.latent import DAY_MINUTES, Floats, Mixture
from jtrader.exchange.sim.market.underlying import BP, MINUTE_SECONDS, Underlying

YEAR = 365 * DAY


class FairPath:
    """Natural logs of prices in quote currency. `anchor` is the minute number where generated prices meet what is
    known: the recorded close `anchor_price`, or the base's start price when it is None."""

    def __init__(
        self, seed: int, instrument: Instrument, underlying: Underlying, anchor: int, anchor_price: float | None
    ) -> None:
        self.figures: InstrumentCalibration = instrument_figures(instrument.id, instrument.base)
        self.underlying = underlying
        self._basis = Mixture(seed, f"basis/{instrument.id}", self.figures.basis_parts)
        self._levels: dict[int, Floats] = {}
        self._strays: dict[int, Floats] = {}
        self._seconds: tuple[int, Floats] | None = None
        self._expiry = (instrument.expiry or 0) // MINUTE
        self._carry = self.figures.carry_bp_per_year * BP * MINUTE / YEAR
        if anchor_price is None:
            self._start = math.log(base_figures(self.figures.base).start_price) + self.figures.basis_mean_bp * BP
        else:
            self._start = math.log(anchor_price) - float(self._drifted(anchor // DAY_MINUTES)[anchor % DAY_MINUTES])

    def day(self, day: int) -> Floats:
        """At the start of each minute of the UTC day number."""
        return self._start + self._drifted(day)

    def _drifted(self, day: int) -> Floats:
        if day not in self._levels:
            self._levels[day] = self.underlying.levels(day) + self._stray(day)
            if self._carry:
                left = self._expiry - day * DAY_MINUTES - np.arange(DAY_MINUTES)
                self._levels[day] += self._carry * np.maximum(left, 0)
        return self._levels[day]

    def at(self, minute: int) -> float:
        """At the start of a minute."""
        day, index = divmod(minute, DAY_MINUTES)
        return float(self.day(day)[index])

    def span(self, start: int, end: int) -> Floats:
        """At the starts of the minutes start … end, both included."""
        days = [self.day(day) for day in range(start // DAY_MINUTES, end // DAY_MINUTES + 1)]
        first = start // DAY_MINUTES * DAY_MINUTES
        return np.concatenate(days)[start - first : end - first + 1]

    def seconds(self, minute: int) -> Floats:
        """At each second of a minute and at its end: 61 values."""
        if self._seconds is None or self._seconds[0] != minute:
            line = np.linspace(self.at(minute), self.at(minute + 1), MINUTE_SECONDS + 1)
            self._seconds = minute, line + self.underlying.bridge(minute)
        return self._seconds[1]

    def at_ts(self, ts: int) -> float:
        """At the last whole second at or before `ts` ns."""
        minute, rest = divmod(ts, MINUTE)
        return float(self.seconds(minute)[rest // SECOND])

    def usual_basis_at(self, ts: int) -> float:
        """Log distance to the index that is usual at the start of `ts`'s minute."""
        return self.figures.basis_mean_bp * BP + self._carry * max(self._expiry - ts // MINUTE, 0)

    def basis_at(self, ts: int) -> float:
        """Log distance to the index at the start of `ts`'s minute."""
        day, index = divmod(ts // MINUTE, DAY_MINUTES)
        return self.usual_basis_at(ts) + float(self._stray(day)[index])

    def _stray(self, day: int) -> Floats:
        """How far the basis is from the usual one, in logs, each minute of the day."""
        if day not in self._strays:
            self._strays[day] = BP * self._basis.day(day)
        return self._strays[day]
