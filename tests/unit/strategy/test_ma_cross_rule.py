"""The moving-average cross, minute by minute."""

from collections import deque
from decimal import Decimal

import pytest

from fixtures.trading import PERP, SPOT, START, minutes
from jtrader.domain.ids import StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.times import MINUTE
from jtrader.strategy.api import Setup, Target, View
from jtrader.strategy.ma_cross.rule import Params, Rule, cross

PARAMS = Params(notional=Decimal(5000), fast=2, slow=4)


def rule(of: Instrument = PERP, params: Params = PARAMS) -> Rule:
    return Rule(Setup(strategy=StrategyId("trend"), instruments={of.id: of}), params)


def decided(of: Instrument, closes: list[float], position: str = "0") -> list[str | None]:
    """The target after each close, held at `position` throughout."""
    made = rule(of)
    view = View(instrument=of, position=Decimal(position))
    decisions = [made.on_candle(candle, view) for candle in minutes(closes, of)]
    return [str(d.quantity) if isinstance(d, Target) else None for d in decisions]


@pytest.mark.parametrize(
    ("closes", "expected"),
    [([1.0, 1.0, 2.0, 2.0], 1), ([2.0, 2.0, 1.0, 1.0], -1), ([1.0, 1.0, 1.0, 1.0], 0), ([9.0, 1.0, 1.0, 2.0, 2.0], 1)],
)
def test_which_average_is_above(closes: list[float], expected: int) -> None:
    assert cross(deque(closes), 2, 4) == expected


@pytest.mark.parametrize(
    ("of", "position", "closes", "expected"),
    [
        (PERP, "0", [100.0, 100.0, 200.0, 200.0], [None, None, None, "25.000"]),
        (PERP, "0", [200.0, 200.0, 100.0, 100.0], [None, None, None, "-50.000"]),
        (PERP, "25", [100.0, 100.0, 200.0, 200.0], [None, None, None, None]),
        (SPOT, "0", [200.0, 200.0, 100.0, 100.0], [None, None, None, None]),
        (SPOT, "25", [200.0, 200.0, 100.0, 100.0], [None, None, None, "0.00000"]),
        (PERP, "0", [100.0, 100.0, 100.0, 100.0], [None, None, None, None]),
    ],
)
def test_decisions(of: Instrument, position: str, closes: list[float], expected: list[str | None]) -> None:
    assert decided(of, closes, position) == expected


def test_it_waits_for_a_whole_window_after_a_missing_minute() -> None:
    made = rule()
    before = minutes([100.0, 100.0, 200.0])
    after = minutes([200.0, 200.0, 300.0, 300.0], start=START + 4 * MINUTE)
    decisions = [made.on_candle(candle, View(instrument=PERP)) for candle in before + after]
    assert [isinstance(decision, Target) for decision in decisions] == [False] * 6 + [True]
    assert made.counters["abstained_history"] == 6


def test_warming_up_is_seeing_without_deciding() -> None:
    made = rule()
    *past, now = minutes([100.0, 100.0, 200.0, 200.0])
    for candle in past:
        made.warm(candle)
    assert isinstance(made.on_candle(now, View(instrument=PERP)), Target)
    assert made.warmup == 4
