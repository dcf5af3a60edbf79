"""Schema drift changes one field of a JSON text and leaves the rest."""

import json
from typing import Any

import pytest

from jtrader.exchange.sim.faults.actions import Change, Drift
from jtrader.exchange.sim.faults.drift import drifted

TRADE = {"e": "trade", "t": 12, "p": "90000.10", "m": True, "data": [{"p": "1", "t": 5}, 7]}
CASES: list[tuple[Drift, Any]] = [
    (
        Drift(change=Change.EXTRA, field="zz", value=[1]),
        {**TRADE, "data": [{"p": "1", "t": 5, "zz": [1]}, 7], "zz": [1]},
    ),
    (Drift(change=Change.MISSING, field="p"), {"e": "trade", "t": 12, "m": True, "data": [{"t": 5}, 7]}),
    (Drift(change=Change.TEXT, field="t"), {**TRADE, "t": "12", "data": [{"p": "1", "t": "5"}, 7]}),
    (Drift(change=Change.TEXT, field="m"), TRADE),
    (Drift(change=Change.NUMBER, field="p"), {**TRADE, "p": 90000.1, "data": [{"p": 1.0, "t": 5}, 7]}),
    (Drift(change=Change.NUMBER, field="e"), TRADE),
    (Drift(change=Change.NAN, field="p"), {**TRADE, "p": "NaN", "data": [{"p": "NaN", "t": 5}, 7]}),
    (Drift(change=Change.SET, field="p", value="0"), {**TRADE, "p": "0", "data": [{"p": "0", "t": 5}, 7]}),
    (Drift(change=Change.MISSING, field="nothing"), TRADE),
]


@pytest.mark.parametrize(("drift", "expected"), CASES)
def test_one_field_changes(drift: Drift, expected: Any) -> None:
    assert json.loads(drifted(json.dumps(TRADE).encode(), drift)) == expected


def test_a_nan_stands_bare_where_a_number_stood() -> None:
    assert drifted(b'{"t":12}', Drift(change=Change.NAN, field="t")) == b'{"t":NaN}'


def test_what_is_no_json_stays() -> None:
    assert drifted(b"pong", Drift(change=Change.MISSING, field="p")) == b"pong"
