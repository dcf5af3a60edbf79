"""Moving-average cross on closed minutes: long above, below short where the instrument can be sold short, else flat."""

from collections import deque
from decimal import Decimal
from typing import Annotated

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.domain.times import MINUTE
from jtrader.strategy.api import Decision, Setup, Strategy, Target, View
from jtrader.strategy.targets import turn


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`fast` and `slow` are windows in minutes, `notional` the size of a position in quote currency."""

    notional: Annotated[Decimal, msgspec.Meta(description="quote currency, above zero")]
    fast: Annotated[int, msgspec.Meta(ge=1, le=1_440)] = 10
    slow: Annotated[int, msgspec.Meta(ge=2, le=10_080)] = 40

    def __post_init__(self) -> None:
        if self.notional <= 0:
            raise BadInput(f"notional = {self.notional} must be above zero")
        if self.fast >= self.slow:
            raise BadInput(f"fast = {self.fast} must be below slow = {self.slow}")


def cross(closes: "deque[float]", fast: int, slow: int) -> int:
    """1 where the mean of the last `fast` closes is above that of the last `slow`, −1 below, 0 when they are equal.

    Sums, not means, are compared, as whole multiples: fast·Σslow against slow·Σfast.
    """
    newest = list(closes)[-slow:]
    gap = slow * sum(newest[-fast:]) - fast * sum(newest)
    return (gap > 0) - (gap < 0)


class Rule(Strategy):
    params: Params

    def __init__(self, setup: Setup, params: Params) -> None:
        super().__init__(setup, params)
        self._closes: dict[InstrumentId, deque[float]] = {name: deque(maxlen=params.slow) for name in setup.instruments}
        self._last: dict[InstrumentId, int] = {}

    @property
    def warmup(self) -> int:
        return self.params.slow

    def change(self, params: Params) -> None:
        """A longer window has to fill first."""
        super().change(params)
        self._closes = {name: deque(closes, maxlen=params.slow) for name, closes in self._closes.items()}

    def warm(self, candle: Candle) -> None:
        closes = self._closes[candle.instrument]
        if candle.ts != self._last.get(candle.instrument, candle.ts - MINUTE) + MINUTE:
            closes.clear()
        closes.append(candle.close)
        self._last[candle.instrument] = candle.ts

    def on_candle(self, candle: Candle, view: View) -> Decision:
        self.warm(candle)
        closes = self._closes[candle.instrument]
        if len(closes) < self.params.slow:
            self.counters["abstained_history"] += 1
            return None
        direction = cross(closes, self.params.fast, self.params.slow)
        self.counters["decisions"] += 1
        if direction == 0:
            return None
        quantity = turn(direction, self.params.notional, candle, view)
        if quantity is None:
            return None
        above = "above" if direction > 0 else "below"
        return Target(quantity=quantity, reason=f"MA{self.params.fast} {above} MA{self.params.slow}")
