"""Hidden states of the market on a grid of minutes: stationary AR(1) processes of unit variance.

Minutes are counted since 1970. A day's innovations come from the day's own stream, and what earlier days left over
is added up from them, so that no day depends on the order of the calls. The sum over earlier days ends where less
than a thousandth is left.
"""

import math
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from jtrader.exchange.sim.market.randomness import keyed

Floats = npt.NDArray[np.float64]

DAY_MINUTES = 1440
_REMAINDER = 7.0
"""exp(−7) < 0.001: memory of so many time constants is kept."""


class MinuteProcess:
    """x(t) = φ·x(t−1) + √(1−φ²)·ε(t) with φ = exp(−1/tau), `tau` in minutes; tau 0 is white noise."""

    def __init__(self, seed: int, name: str, tau: float) -> None:
        self._seed = seed
        self._name = name
        self._phi = math.exp(-1.0 / tau) if tau > 0 else 0.0
        self._memory = math.ceil(_REMAINDER * tau / DAY_MINUTES)
        self._alone: dict[int, Floats] = {}
        self._decay = self._phi ** np.arange(1, DAY_MINUTES + 1)

    def day(self, day: int) -> Floats:
        """The 1440 values of a UTC day number."""
        start = 0.0
        for back in range(self._memory, 0, -1):
            start = start * self._decay[-1] + self._of(day - back)[-1]
        return self._of(day) + start * self._decay

    def _of(self, day: int) -> Floats:
        """The day as if the state had been zero before it."""
        if day not in self._alone:
            shocks = keyed(self._seed, self._name, day).standard_normal(DAY_MINUTES)
            phi = self._phi
            if phi:
                scaled = (shocks * math.sqrt(1.0 - phi * phi)).tolist()
                shocks = np.array(list(accumulate(scaled, lambda state, shock: phi * state + shock)))
            self._alone[day] = shocks
        return self._alone[day]


class Mixture:
    """A weighted sum of independent processes; `parts` maps a time constant in minutes to a standard deviation."""

    def __init__(self, seed: int, name: str, parts: dict[float, float]) -> None:
        self._parts = [(MinuteProcess(seed, f"{name}/{tau:g}", tau), weight) for tau, weight in parts.items()]
        self.variance = sum(weight * weight for weight in parts.values())

    def day(self, day: int) -> Floats:
        total = np.zeros(DAY_MINUTES)
        for process, weight in self._parts:
            total += weight * process.day(day)
        return total
