"""The path that spot and perpetual of one base share: one-minute log returns with clustered volatility.

With hour-of-day pattern u, log-volatility h (a sum of AR(1) states) and order-flow state f, all per minute t:

    σ(t) = vol · u(t) · exp(h(t) − var h)
    r(t) = β·r_leader(t) + σ(t)·( √(1−p)·z(t) + √p·f(t) )

z is normal times exp(white log-volatility), normalised to variance 1. p is the *predictability*: the share of a
minute's variance that comes from f, an AR(1) of unit variance that remembers FLOW_MEMORY_MINUTES. f is order-flow
memory: while it is positive, prices drift up and takers buy more than they sell. Nothing outside sees f; it can only
be estimated from past returns, which is what a momentum feature does. With p = 0 returns can't be predicted; whatever
p, a minute's variance stays the same.
"""

import numpy as np

from jtrader.exchange.sim.market.calibration import FLOW_MEMORY_MINUTES
from jtrader.exchange.sim.market.figures import base_figures
from jtrader.exchange.sim.market.latent import DAY_MINUTES, Floats, MinuteProcess, Mixture
from jtrader.exchange.sim.market.randomness import keyed

BP = 1e-4
MINUTE_SECONDS = 60


class MinuteMoves:
    """A day of an underlying, one value a minute: log return, its volatility (`own` without the leader's part), the
    return in units of it, log-volatility h, flow f."""

    __slots__ = ("flow", "log_vol", "move", "own_sigma", "shock", "sigma")

    def __init__(self, move: Floats, sigma: Floats, own_sigma: Floats, log_vol: Floats, flow: Floats) -> None:
        self.move = move
        self.sigma = sigma
        self.own_sigma = own_sigma
        self.shock = move / sigma
        self.log_vol = log_vol
        self.flow = flow


class Underlying:
    """Log prices of one base relative to that at `anchor`, a minute number since 1970. A base with a beta needs the
    leader that it follows."""

    def __init__(
        self, seed: int, base: str, predictability: float, anchor: int, leader: "Underlying | None" = None
    ) -> None:
        figures = base_figures(base)
        self._seed = seed
        self._name = f"underlying/{base}"
        self._figures = figures
        self._predictability = predictability
        self._anchor_day, self._anchor_minute = divmod(anchor, DAY_MINUTES)
        self._offsets = {self._anchor_day: 0.0}
        self._leader = leader
        self._states = Mixture(seed, f"{self._name}/log_vol", figures.log_vol)
        self._flow = MinuteProcess(seed, f"{self._name}/flow", FLOW_MEMORY_MINUTES)
        self._hours = hour_curve(figures.hour_vol, mean_square=True)
        self._days: dict[int, MinuteMoves] = {}

    def day(self, day: int) -> MinuteMoves:
        if day not in self._days:
            self._days[day] = self._make(day)
        return self._days[day]

    def levels(self, day: int) -> Floats:
        """Log price at the start of each of the day's minutes, relative to the anchor's."""
        return self._since_midnight(day) - float(self._since_midnight(self._anchor_day)[self._anchor_minute])

    def bridge(self, minute: int) -> Floats:
        """How the log price strays within a minute from the line between its ends: 61 values, a second each."""
        day, index = divmod(minute, DAY_MINUTES)
        steps = keyed(self._seed, f"{self._name}/bridge", minute).standard_normal(MINUTE_SECONDS)
        walk = np.concatenate(([0.0], np.cumsum(steps))) / np.sqrt(MINUTE_SECONDS)
        stray = walk - walk[-1] * np.linspace(0.0, 1.0, MINUTE_SECONDS + 1)
        own: Floats = float(self.day(day).own_sigma[index]) * stray
        return own + self._figures.beta * self._leader.bridge(minute) if self._leader else own

    def _since_midnight(self, day: int) -> Floats:
        """Log price at the start of each minute, relative to the start of the anchor's day."""
        within: Floats = np.concatenate(([0.0], np.cumsum(self.day(day).move)[:-1]))
        return self._offset(day) + within

    def _offset(self, day: int) -> float:
        """Log price at the start of a day; always summed from the anchor's day outwards."""
        for d in range(self._anchor_day, day):
            if d + 1 not in self._offsets:
                self._offsets[d + 1] = self._offsets[d] + float(self.day(d).move.sum())
        for d in range(self._anchor_day - 1, day - 1, -1):
            if d not in self._offsets:
                self._offsets[d] = self._offsets[d + 1] - float(self.day(d).move.sum())
        return self._offsets[day]

    def _make(self, day: int) -> MinuteMoves:
        figures = self._figures
        log_vol = self._states.day(day)
        variance = self._states.variance
        leader = self._leader.day(day) if self._leader else None
        if self._leader and leader:
            weight = figures.shared_log_vol
            log_vol = log_vol + weight * leader.log_vol
            variance += weight * weight * self._leader._states.variance
        draws = keyed(self._seed, f"{self._name}/shock", day).standard_normal((2, DAY_MINUTES))
        shock = draws[0] * np.exp(figures.white_log_vol * draws[1] - figures.white_log_vol**2)
        own = sigma = figures.own_vol_bp * BP * self._hours * np.exp(log_vol - variance)
        flow = self._flow.day(day)
        share = self._predictability
        move = own * (np.sqrt(1.0 - share) * shock + np.sqrt(share) * flow)
        if leader:
            move = move + figures.beta * leader.move
            sigma = np.sqrt(own**2 + (figures.beta * leader.sigma) ** 2)
        return MinuteMoves(move, sigma, own, log_vol, flow)


def hour_curve(hours: tuple[float, ...], mean_square: bool = False) -> Floats:
    """24 hourly ratios as 1440 minutes, linear between the hours' middles, scaled to mean (or mean square) 1."""
    middles = np.arange(-1, 25) * 60.0 + 30.0
    around = np.array((hours[-1], *hours, hours[0]))
    curve = np.interp(np.arange(DAY_MINUTES) + 0.5, middles, around)
    ratios: Floats = curve / (np.sqrt(np.mean(curve**2)) if mean_square else np.mean(curve))
    return ratios
