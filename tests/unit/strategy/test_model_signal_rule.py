"""A prediction becomes a target with its signal; anything missing is an abstention, counted."""

import math
from decimal import Decimal

import pytest

from fixtures.trading import PERP, ScriptedPredictor, minutes
from jtrader.domain.ids import StrategyId
from jtrader.domain.times import MINUTE
from jtrader.features import Columns, batch
from jtrader.ports.learning import Predictor
from jtrader.strategy.api import Decision, Setup, Target, View
from jtrader.strategy.model_signal.rule import Params, Rule

CLOSES = [50_000.0 + 10 * math.sin(n / 3) for n in range(80)]
PARAMS = Params(notional=Decimal(5000), band=0.1)


class Serving:
    """A rule whose model can be swapped between minutes."""

    def __init__(self, predictor: ScriptedPredictor | None) -> None:
        self.predictor = predictor
        setup = Setup(strategy=StrategyId("alpha"), instruments={PERP.id: PERP}, predictor=self._serve)
        self.rule = Rule(setup, PARAMS)

    def _serve(self) -> Predictor | None:
        return self.predictor

    def play(self, closes: list[float] = CLOSES, position: str = "0") -> list[Decision]:
        view = View(instrument=PERP, position=Decimal(position))
        return [self.rule.on_candle(candle, view) for candle in minutes(closes)]


@pytest.mark.parametrize(
    ("prediction", "position", "expected"),
    [
        (0.75, "0", "0.099"),
        (0.25, "0", "-0.099"),
        (0.55, "0", None),
        (0.60, "0", None),
        (0.75, "0.02", None),
        (0.75, "-0.02", "0.099"),
        (0.25, "0.02", "-0.099"),
    ],
)
def test_decisions(prediction: float, position: str, expected: str | None) -> None:
    last = Serving(ScriptedPredictor(prediction)).play([50_001.0] * 10, position)[-1]
    assert (str(last.quantity) if isinstance(last, Target) else None) == expected


def test_a_target_carries_the_signal_with_features_as_the_batch_gives_them() -> None:
    predictor = ScriptedPredictor(0.9)
    candles = minutes(CLOSES)
    target = Serving(predictor).play()[-1]
    assert isinstance(target, Target)
    signal = target.signal
    assert signal is not None
    assert (signal.prediction, signal.model, signal.ts) == (0.9, predictor.ref, candles[-1].ts + MINUTE)
    whole = batch(predictor.features, Columns.of(candles))
    assert signal.features == pytest.approx({name: float(whole[name][-1]) for name in predictor.features}, abs=1e-9)
    assert target.reason == "direction v1 says 0.900"


@pytest.mark.parametrize(
    ("predictor", "cause"),
    [
        (None, "no_model"),
        (ScriptedPredictor(None), "no_prediction"),
        (ScriptedPredictor(math.nan), "no_prediction"),
        (ScriptedPredictor(0.9, features=("return_60m",)), "history"),
    ],
)
def test_what_is_missing_is_an_abstention(predictor: ScriptedPredictor | None, cause: str) -> None:
    serving = Serving(predictor)
    assert serving.play(CLOSES[:10]) == [None] * 10
    assert serving.rule.counters[f"abstained_{cause}"] >= 4
    assert "decisions" not in serving.rule.counters


def test_a_swapped_model_with_other_features_goes_on_at_once() -> None:
    serving = Serving(ScriptedPredictor(0.5))
    candles = minutes(CLOSES)
    view = View(instrument=PERP)
    for candle in candles[:-1]:
        serving.rule.on_candle(candle, view)
    serving.predictor = ScriptedPredictor(0.9, features=("return_60m", "volatility_60m"), version="2")
    decision = serving.rule.on_candle(candles[-1], view)
    assert isinstance(decision, Target)
    assert decision.signal is not None
    assert decision.signal.model.version == "2"
    whole = batch(("return_60m", "volatility_60m"), Columns.of(candles))
    assert decision.signal.features == pytest.approx({n: float(v[-1]) for n, v in whole.items()}, abs=1e-9)


def test_minutes_without_a_model_still_count_as_history() -> None:
    serving = Serving(None)
    *past, now = minutes(CLOSES)
    for candle in past:
        serving.rule.on_candle(candle, View(instrument=PERP))
    serving.predictor = ScriptedPredictor(0.9, features=("return_60m",))
    assert isinstance(serving.rule.on_candle(now, View(instrument=PERP)), Target)
