"""From settings to a market's plan: when the live window starts."""

from pathlib import Path

import pytest

from jtrader.app.settings import SimulatorSettings
from jtrader.app.wiring.simulator import market_plan
from jtrader.domain.errors import BadInput
from jtrader.domain.times import parse_time

DEFAULT = parse_time("2026-01-15T15:30:00Z")
STARTS = [
    ({}, DEFAULT),
    ({"live_start": "2026-02-01T00:00:00Z"}, parse_time("2026-02-01T00:00:00Z")),
    ({"history": Path("recorded")}, None),
    ({"history": Path("recorded"), "live_start": "auto"}, None),
    ({"history": Path("recorded"), "live_start": None}, None),
    ({"history": Path("recorded"), "live_start": "2026-02-01"}, parse_time("2026-02-01")),
]


@pytest.mark.parametrize(("settings", "start"), STARTS)
def test_live_start(settings: dict[str, object], start: int | None) -> None:
    assert market_plan(SimulatorSettings(**settings)).live_start == start


WRONG = [
    ({"live_start": "auto"}, "live_start"),
    ({"live_start": "soon"}, "soon"),
    ({"instruments": ()}, "instruments"),
    ({"live_minutes": 0}, "live_minutes"),
]


@pytest.mark.parametrize(("settings", "word"), WRONG)
def test_settings_that_make_no_market_are_refused(settings: dict[str, object], word: str) -> None:
    with pytest.raises(BadInput, match=word):
        market_plan(SimulatorSettings(**settings))
