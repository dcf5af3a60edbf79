"""VWAP and POV: how they follow volume, and what they do where there is none."""

from decimal import Decimal
from typing import Any

import pytest

from fixtures.oms_desk import PERP, START, Desk, rules_of
from fixtures.parents import Floor
from jtrader.domain.errors import BadInput
from jtrader.domain.market import Candle
from jtrader.domain.order import Completion, ParentState, ParentWish
from jtrader.domain.times import DAY, HOUR, MINUTE, SECOND
from jtrader.execution.catalogue import ALGORITHMS
from jtrader.execution.vwap import curve_over, volume_between, volume_curve

D = Decimal
MINUTES = 1440
NOW = START % DAY // MINUTE
"""The minute of the day at which the desk's time starts (30 s into it)."""


def minutes(*weights: float) -> list[float]:
    """A curve by minutes: `weights` from the desk's start on, else 1."""
    return [weights[m - NOW] if 0 <= m - NOW < len(weights) else 1.0 for m in range(MINUTES)]


def vwap(quantity: str = "1", seconds: float = 150, curve: list[float] | None = None, **params: Any) -> Floor:
    floor = Floor()
    into = START % MINUTE // SECOND
    floor.run((60 - into) % 60)  # to the next full minute
    told = {"interval": 60, "curve": curve or minutes(0, 1, 1, 2, 1), **params}
    return floor.start("vwap", quantity, seconds, params=told)


def test_slices_follow_the_curve() -> None:
    offset = 1 if START % MINUTE else 0
    curve = minutes(*([0] * offset), 1, 3, 0, 4)
    floor = vwap(seconds=240, curve=curve).run(245)
    assert floor.sizes == ["0.125", "0.375", "0.500"]  # nothing is expected in the third minute
    assert floor.state is ParentState.DONE


def test_a_window_shorter_than_a_part_of_the_curve_is_straight() -> None:
    floor = Floor().start("vwap", "0.5", 50, params={"interval": 10, "curve": [1.0] * 24}).run(55)
    assert floor.sizes == ["0.100"] * 5


@pytest.mark.parametrize(
    ("traded", "first"),
    [(0.0, "0.200"), (100.0, "0.200"), (0.5, "0.200")],
)
def test_realised_volume_moves_the_path_within_the_band(traded: float, first: str) -> None:
    params = {"interval": 10, "curve": [1.0] * 24, "blend": 1, "expected_volume": 10, "band": 0.1}
    floor = Floor().start("vwap", "1", 50, params=params)
    assert floor.sizes == [first]
    if traded:
        floor.trade(traded)
    floor.run(9)
    ahead = {0.0: D("0.2"), 100.0: D("0.3"), 0.5: D("0.2")}[traded]
    assert floor.parent.filled == ahead
    floor.run(45)
    assert floor.parent.filled == 1


def test_curves_from_candles() -> None:
    day = 4 * DAY  # a Monday
    candles = [Candle(PERP, day + h * HOUR, 1.0, 1.0, 1.0, 1.0, float(h)) for h in range(24)]
    other = [Candle(PERP, day + DAY, 1.0, 1.0, 1.0, 1.0, 276.0)]
    assert volume_curve(candles, 24)[23] == 23 / 276
    assert sum(volume_curve(candles, 48)) == pytest.approx(1)
    assert volume_curve(candles + other, 24, weekday=0) == volume_curve(candles)
    assert volume_curve(candles + other)[0] == 0.5
    for parts, given in ((24, []), (7 * 11, candles), (0, candles)):
        with pytest.raises(BadInput):
            volume_curve(given, parts)


def test_a_curve_runs_over_midnight_and_never_falls() -> None:
    start, end = 3 * DAY - 90 * MINUTE, 3 * DAY + 90 * MINUTE
    curve = curve_over([2.0] + [0.0] * 22 + [1.0], start, end)
    seen = [curve(start + step * MINUTE) for step in range(181)]
    assert seen == sorted(seen)
    assert (seen[0], seen[60 + 30], seen[180]) == (0, D(1) / D(3), 1)
    assert volume_between([1.0], start, end) == D(180) / D(1440)


def pov(quantity: str = "1", seconds: float | None = None, **params: Any) -> Floor:
    return Floor().start("pov", quantity, seconds, params={"rate": 0.2, **params})


def test_it_idles_without_volume_and_keeps_its_share() -> None:
    floor = pov().run(10)
    assert floor.orders == []
    floor.trade(0.4)
    floor.run(1)
    assert floor.sizes == ["0.100"]  # 0.1 of 0.5
    floor.trade(0.2)
    floor.trade(0.1)
    floor.run(2)
    assert floor.sizes == ["0.100", "0.050"]  # of the 0.3, the 0.1 was its own


def test_it_does_not_chase_itself() -> None:
    floor = pov()
    floor.trade(0.4)
    for _ in range(20):
        before = len(floor.orders)
        floor.run(3)
        for order in floor.orders[before:]:
            floor.trade(float(order.quantity))  # the public print of its own trade
    assert floor.sizes == ["0.100"]


@pytest.mark.parametrize(
    ("params", "sizes"),
    [
        ({"block": 1}, ["0.250"]),
        ({"max_per_minute": "0.3"}, ["0.300"]),
        ({}, ["1.000"]),
    ],
)
def test_a_burst_is_capped(params: dict[str, Any], sizes: list[str]) -> None:
    floor = pov(**params)
    floor.trade(50.0)
    floor.run(1)
    assert floor.sizes == sizes


def test_a_rate_a_minute_bounds_it_below_and_above() -> None:
    floor = pov(min_per_minute="0.12").run(60)
    assert D("0.116") <= floor.parent.filled <= D("0.12")
    busy = pov("5", max_per_minute="0.6")
    for _ in range(60):
        busy.trade(100.0)
        busy.run(1)
    assert D("1.1") <= busy.parent.filled <= D("1.2")  # what a minute allows at once, and as much again over it


def test_time_and_volume_of_a_pause_do_not_count() -> None:
    floor = pov(min_per_minute="0.12").run(30)
    done = floor.parent.filled
    floor.want(ParentWish.PAUSE)
    floor.trade(10.0)
    floor.run(600)
    floor.want(ParentWish.RUN)
    floor.run(5)
    assert floor.parent.filled - done <= D("0.012")


def test_what_others_traded_survives_a_restart() -> None:
    floor = pov(style="passive")
    floor.trade(0.4)
    floor.run(1)
    floor.trade(0.2)
    floor.run(61)
    again = floor.restart()
    again.desk.quote()
    again.trade(0.2)
    again.run(1)
    assert sum(map(D, again.sizes)) == D("0.2")


def test_must_complete_breaks_the_rate_at_the_end_and_says_so() -> None:
    floor = Floor().start("pov", "0.5", 30, params={"rate": 0.2}, completion=Completion.MUST_COMPLETE).run(33)
    assert floor.parent.filled == D("0.5")
    assert "past its end: sweeping what is left" in floor.reasons
    given_up = Floor().start("pov", "0.5", 30, params={"rate": 0.2}).run(33)
    assert given_up.reason == "filled 0 of 0.5 by its end"


@pytest.mark.parametrize(
    ("algorithm", "params", "fault"),
    [
        ("vwap", {"curve": [1, 2, 3]}, ""),
        ("vwap", {}, "missing required field `curve`"),
        ("vwap", {"curve": [1.0] * 7}, "must divide the day"),
        ("vwap", {"curve": [0.0, 0.0]}, "one above it"),
        ("vwap", {"curve": [1.0, -1.0]}, "no part below 0"),
        ("vwap", {"curve": [float("nan"), 1.0]}, "not finite"),
        ("vwap", {"curve": [1.0], "blend": 0.5}, "needs 'expected_volume'"),
        ("vwap", {"curve": [0.0] * (NOW // 60 + 2) + [1.0] * (22 - NOW // 60)}, "no volume at all between"),
        ("pov", {"rate": "0.1"}, ""),
        ("pov", {"rate": 1}, "between 0 and 1"),
        ("pov", {"rate": 0.1, "min_per_minute": "2", "max_per_minute": "1"}, "must be above it"),
    ],
)
def test_intents_they_cannot_execute(algorithm: str, params: dict[str, Any], fault: str) -> None:
    desk = Desk()
    intent = desk.intent(algorithm=algorithm, params=params, end=desk.market + 5 * MINUTE)
    found = ALGORITHMS[algorithm].check(intent, rules_of(PERP))
    assert (found == "") is (fault == "")
    assert fault in found
