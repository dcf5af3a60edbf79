"""An instrument's fair price: its underlying's path and a mean-reverting deviation from it (the basis)."""

import math

import numpy as np

from jtrader.domain.instrument import Instrument
from jtrader.domain.times import MINUTE, SECOND
from jtrader.exchange.sim.market.calibration import BASES, INSTRUMENTS, InstrumentCalibration
from jtrader.exchange.sim.market.latent import DAY_MINUTES, Floats, Mixture
from jtrader.exchange.sim.market.underlying import BP, MINUTE_SECONDS, Underlying


class FairPath:
    """Natural logs of prices in quote currency. `anchor` is the minute number where generated prices meet what is
    known: the recorded close `anchor_price`, or the base's start price when it is None."""

    def __init__(
        self, seed: int, instrument: Instrument, underlying: Underlying, anchor: int, anchor_price: float | None
    ) -> None:
        self.figures: InstrumentCalibration = INSTRUMENTS[instrument.id]
        self.underlying = underlying
        self._basis = Mixture(seed, f"basis/{instrument.id}", self.figures.basis_parts)
        self._levels: dict[int, Floats] = {}
        self._seconds: tuple[int, Floats] | None = None
        self.usual_basis = self.figures.basis_mean_bp * BP
        if anchor_price is None:
            self._start = math.log(BASES[self.figures.base].start_price) + self.usual_basis
        else:
            self._start = math.log(anchor_price) - float(self._drifted(anchor // DAY_MINUTES)[anchor % DAY_MINUTES])

    def day(self, day: int) -> Floats:
        """At the start of each minute of the UTC day number."""
        return self._start + self._drifted(day)

    def _drifted(self, day: int) -> Floats:
        if day not in self._levels:
            self._levels[day] = self.underlying.levels(day) + BP * self._basis.day(day)
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

    def basis_at(self, ts: int) -> float:
        """Log distance to the index at the start of `ts`'s minute."""
        day, index = divmod(ts // MINUTE, DAY_MINUTES)
        return self.usual_basis + BP * float(self._basis.day(day)[index])
