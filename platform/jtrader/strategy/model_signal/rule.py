"""Trades the sign of a model's prediction where it is sure enough.

`target` is when a prediction becomes a position: the trader and the after-cost backtest of the gate both ask it.
"""

import math
from collections import deque
from decimal import Decimal
from typing import Annotated

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, SignalId
from jtrader.domain.market import Candle
from jtrader.domain.signal import Signal
from jtrader.domain.times import MINUTE
from jtrader.features import FEATURES, LiveWindow, warmup
from jtrader.ports.learning import Predictor
from jtrader.strategy.api import Decision, Setup, Strategy, Target, View
from jtrader.strategy.targets import turn


def target(prediction: float | None, band: float) -> int | None:
    """The wanted position for the probability of an up-move: 1 long above 0.5 + band, −1 short below 0.5 − band.

    None = keep what is held: the prediction stands within the band, or the model abstained (None, NaN). Both limits
    belong to the band, so that a band of 0.5 never trades.
    """
    if prediction is None or math.isnan(prediction):
        return None
    if prediction > 0.5 + band:
        return 1
    if prediction < 0.5 - band:
        return -1
    return None


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`notional`: size of a position in quote currency; `band`: distance from 0.5 within which nothing changes."""

    notional: Annotated[Decimal, msgspec.Meta(description="quote currency, above zero")]
    band: Annotated[float, msgspec.Meta(ge=0.0, lt=0.5)]

    def __post_init__(self) -> None:
        if self.notional <= 0:
            raise BadInput(f"notional = {self.notional} must be above zero")


class Rule(Strategy):
    """An absent model, feature or prediction is an abstention, counted by its cause."""

    params: Params

    def __init__(self, setup: Setup, params: Params) -> None:
        super().__init__(setup, params)
        self._predictor = setup.predictor
        self._minutes = warmup(list(FEATURES))
        self._past: dict[InstrumentId, deque[Candle]] = {n: deque(maxlen=self._minutes) for n in setup.instruments}
        self._windows: dict[InstrumentId, tuple[tuple[str, ...], LiveWindow]] = {}

    @property
    def warmup(self) -> int:
        """Enough for every feature there is, so that a swapped-in model with other features can go on at once."""
        return self._minutes

    def warm(self, candle: Candle) -> None:
        self._past[candle.instrument].append(candle)
        if candle.instrument in self._windows:
            self._windows[candle.instrument][1].push(candle)

    def on_candle(self, candle: Candle, view: View) -> Decision:
        predictor = self._predictor()
        if predictor is None:
            self.warm(candle)
            return self._abstain("no_model")
        features = self._features(candle, predictor.features)
        if features is None:
            return self._abstain("history")
        prediction = predictor.predict(features)
        if prediction is None or math.isnan(prediction):
            return self._abstain("no_prediction")
        self.counters["decisions"] += 1
        direction = target(prediction, self.params.band)
        quantity = None if direction is None else turn(direction, self.params.notional, candle, view)
        if quantity is None:
            return None
        return Target(
            quantity=quantity,
            reason=f"{predictor.ref.name} v{predictor.ref.version} says {prediction:.3f}",
            signal=self._signal(candle, predictor, features, prediction),
        )

    def _features(self, candle: Candle, names: tuple[str, ...]) -> dict[str, float] | None:
        """The live features at this close. A model with other features gets a window filled from the past."""
        known = self._windows.get(candle.instrument)
        if known is None or known[0] != names:
            window = LiveWindow(names)
            for past in self._past[candle.instrument]:
                window.push(past)
            self._windows[candle.instrument] = known = (names, window)
        self._past[candle.instrument].append(candle)
        return known[1].push(candle)

    def _signal(self, candle: Candle, predictor: Predictor, features: dict[str, float], prediction: float) -> Signal:
        return Signal(
            signal_id=SignalId(f"{self.setup.strategy}-{candle.instrument}-{candle.ts}-v{predictor.ref.version}"),
            strategy=self.setup.strategy,
            instrument=candle.instrument,
            ts=candle.ts + MINUTE,
            prediction=prediction,
            features={name: features[name] for name in predictor.features},
            model=predictor.ref,
        )

    def _abstain(self, cause: str) -> Decision:
        self.counters[f"abstained_{cause}"] += 1
        return None
