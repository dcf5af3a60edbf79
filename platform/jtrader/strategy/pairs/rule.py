"""Pairs: sells the dear one of two related contracts and buys the cheap one, until their spread is back at its mean.

Idea: the spread of two prices that share a cause wanders around a mean; far from it, its way back is the likelier one.

    spread = ln(first) − beta · ln(second);  z = (spread − mean) / deviation, over the last `window` closed minutes

z ≥ enter: short the first, long the second; z ≤ −enter: the other way round; |z| ≤ exit: flat; |z| ≥ stop: flat, and
out until |z| ≤ exit. (Gatev, Goetzmann, Rouwenhorst: Pairs Trading, Review of Financial Studies 19(3), 2006.)

Parameters: `notional` of the first leg in quote currency (the second's is beta times it), `beta`, `window` in minutes,
`enter`, `exit`, `stop` in deviations.

It loses when the relation breaks (the spread trends, `stop` limits it), when the spread's deviation is small beside
four fees, and when beta is wrong: then the pair is a bet on the market.
"""

import math
from decimal import Decimal
from statistics import fmean, pstdev
from typing import Annotated, Any

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.domain.money import ZERO
from jtrader.domain.times import MINUTE
from jtrader.strategy.api import Decision, Setup, Strategy, View
from jtrader.strategy.legs import restored, targets, two_legs
from jtrader.strategy.targets import size

Deviations = Annotated[float, msgspec.Meta(ge=0.0, le=100.0)]
FLAT = 1e-12
"""A deviation of log prices below it is rounding."""


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    notional: Decimal
    beta: Annotated[float, msgspec.Meta(gt=0.0, le=10.0)] = 1.0
    window: Annotated[int, msgspec.Meta(ge=3, le=10_080)] = 120
    enter: Deviations = 2.0
    exit: Deviations = 0.5
    stop: Deviations = 4.0

    def __post_init__(self) -> None:
        if self.notional <= 0:
            raise BadInput(f"notional = {self.notional} must be above zero")
        if not self.exit < self.enter < self.stop:
            raise BadInput(f"exit = {self.exit}, enter = {self.enter}, stop = {self.stop} must grow in this order")


class Rule(Strategy):
    params: Params

    def __init__(self, setup: Setup, params: Params) -> None:
        super().__init__(setup, params)
        self._legs = two_legs(setup)
        if spot := [leg.id for leg in self._legs if leg.is_spot]:
            raise BadInput(f"pairs sells short, and {', '.join(spot)} is spot: take perpetuals")
        self._closes: dict[InstrumentId, dict[int, float]] = {leg.id: {} for leg in self._legs}
        self._wanted = {leg.id: ZERO for leg in self._legs}
        self._is_out = False

    @property
    def warmup(self) -> int:
        return self.params.window

    def warm(self, candle: Candle) -> None:
        closes = self._closes[candle.instrument]
        closes[candle.ts] = candle.close
        while len(closes) > 2 * self.params.window:
            del closes[next(iter(closes))]

    def on_candle(self, candle: Candle, view: View) -> Decision:  # noqa: ARG002
        self.warm(candle)
        if any(candle.ts not in closes for closes in self._closes.values()):
            return None  # the other leg's minute is still to come
        z = self._z(candle.ts)
        if z is None:
            self.counters["abstained_history"] += 1
            return None
        self.counters["decisions"] += 1
        return targets(self._turned(z, candle.ts), f"z {z:.2f}")

    def save(self) -> dict[str, Any]:
        return {"wanted": {name: str(quantity) for name, quantity in self._wanted.items()}, "out": self._is_out}

    def restore(self, state: dict[str, Any]) -> None:
        self._wanted = restored(state["wanted"], self._wanted)
        self._is_out = state["out"]

    def _turned(self, z: float, ts: int) -> dict[InstrumentId, Decimal]:
        """What to hold at this z; sizes are those of the entry until it is over."""
        first, second = self._legs
        if abs(z) <= self.params.exit or abs(z) >= self.params.stop:
            self._is_out = abs(z) >= self.params.stop
            self._wanted = {first.id: ZERO, second.id: ZERO}
        elif abs(z) >= self.params.enter and not self._is_out and not any(self._wanted.values()):
            side = -1 if z > 0 else 1
            worth = self.params.notional * Decimal(repr(self.params.beta))
            self._wanted = {
                first.id: side * size(first, self.params.notional, self._closes[first.id][ts]),
                second.id: -side * size(second, worth, self._closes[second.id][ts]),
            }
        return self._wanted

    def _z(self, ts: int) -> float | None:
        """None without a whole window of both, or where nothing moved."""
        first, second = (self._closes[leg.id] for leg in self._legs)
        times = range(ts - (self.params.window - 1) * MINUTE, ts + MINUTE, MINUTE)
        if not all(time in first and time in second for time in times):
            return None
        spreads = [math.log(first[time]) - self.params.beta * math.log(second[time]) for time in times]
        deviation = pstdev(spreads)
        return (spreads[-1] - fmean(spreads)) / deviation if deviation > FLAT else None
