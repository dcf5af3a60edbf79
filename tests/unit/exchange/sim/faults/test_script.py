"""Fault scripts: read from TOML and JSON, refused with the rule's number when they are wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from jtrader.domain.errors import BadInput
from jtrader.exchange.sim.faults.actions import Answer, Hold, Mute, On
from jtrader.exchange.sim.faults.armed import ArmedRule, Moment, Seen
from jtrader.exchange.sim.faults.script import Direction, FaultScript, Match, Rule, read_script, script_of

TOML = """
seed = 7

[[rules]]
name = "accepted, but the client hears 503"
match = { host = "fapi.binance.com", path = "/fapi/v1/order", method = "POST", share = 0.5, times = 3 }
action = { kind = "answer", status = 503, after = true, headers = { Retry-After = "2" } }

[[rules]]
match = { topic = "btcusdt@depth*", after = "2026-01-15T15:40:00Z" }
action = { kind = "mute" }
"""


def test_toml_json_and_python_make_the_same_script(tmp_path: Path) -> None:
    toml, as_json = tmp_path / "faults.toml", tmp_path / "faults.json"
    toml.write_text(TOML)
    rules: list[dict[str, Any]] = [
        {
            "name": "accepted, but the client hears 503",
            "match": {
                "host": "fapi.binance.com",
                "path": "/fapi/v1/order",
                "method": "POST",
                "share": 0.5,
                "times": 3,
            },
            "action": {"kind": "answer", "status": 503, "after": True, "headers": {"Retry-After": "2"}},
        },
        {
            "match": {"topic": "btcusdt@depth*", "after": "2026-01-15T15:40:00Z"},
            "action": {"kind": "mute"},
        },
    ]
    as_json.write_text(json.dumps({"seed": 7, "rules": rules}))
    in_python = FaultScript(
        seed=7,
        rules=(
            Rule(
                name="accepted, but the client hears 503",
                match=Match(host="fapi.binance.com", path="/fapi/v1/order", method="POST", share=0.5, times=3),
                action=Answer(status=503, after=True, headers={"Retry-After": "2"}),
            ),
            Rule(match=Match(topic="btcusdt@depth*", after="2026-01-15T15:40:00Z"), action=Mute()),
        ),
    )
    assert read_script(toml) == read_script(as_json) == in_python
    assert [rule.place for rule in in_python.rules] == [On.REST, On.STREAM]


HOLD = {"kind": "hold", "seconds": 1}
BAD: list[tuple[Any, str]] = [
    ([], "a fault script is"),
    ({"rule": []}, "a fault script is"),
    ({"seed": "7"}, "seed is '7'; it must be a whole number"),
    ({"rules": {}}, "rules are no list"),
    ({"rules": [{"action": HOLD}, {}]}, r"rule 2: .*action.*hold.*"),
    ({"rules": [{"action": {"kind": "explode"}}]}, r"rule 1: .*explode.*one of amnesia, answer, clock_offset"),
    ({"rules": [{"name": "x", "action": {"kind": "hold"}}]}, r"rule 1 \('x'\): .*seconds"),
    ({"rules": [{"action": HOLD, "match": {"hosts": "a"}}]}, r"rule 1: .*hosts.*match has host, path"),
    ({"rules": [{"action": HOLD, "match": {"share": 0}}]}, "share is 0.0; it must be above 0, at most 1"),
    ({"rules": [{"action": HOLD, "match": {"share": 1.5}}]}, "share is 1.5"),
    ({"rules": [{"action": HOLD, "match": {"times": 0}}]}, "times is 0; it must be at least 1"),
    ({"rules": [{"action": HOLD, "match": {"skip": -1}}]}, "skip"),
    ({"rules": [{"action": HOLD, "match": {"text": "("}}]}, "no regular expression"),
    ({"rules": [{"action": HOLD, "match": {"after": "soon"}}]}, "after: .*soon"),
    ({"rules": [{"action": {"kind": "hold", "seconds": -1}}]}, "seconds is -1.0; it must be within 0 to 3600"),
    ({"rules": [{"action": {"kind": "mute"}, "on": "rest"}]}, "'mute' can't stand on rest; it stands on stream"),
    ({"rules": [{"action": {"kind": "amnesia"}, "on": "stream"}]}, "'amnesia' can't stand on stream"),
    ({"rules": [{"action": {"kind": "maintenance"}, "on": "rest"}]}, "leave 'on' out"),
    ({"rules": [{"action": {"kind": "drift", "change": "odd", "field": "p"}}]}, "odd"),
    ({"rules": [{"action": {"kind": "fill", "share": 0}}]}, "the action's share is 0.0"),
    ({"rules": [{"action": HOLD | {"part": "reply"}, "on": "stream"}]}, "a stream's message has no parts"),
]


@pytest.mark.parametrize(("script", "words"), BAD)
def test_a_bad_script_is_refused_with_the_rule_and_what_is_allowed(script: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        script_of(script)


@pytest.mark.parametrize("text", ["seed = ", "{"])
def test_a_file_that_is_neither_is_refused(tmp_path: Path, text: str) -> None:
    for name in ("faults.toml", "faults.json"):
        (tmp_path / name).write_text(text)
        with pytest.raises(BadInput, match=name):
            read_script(tmp_path / name)
    with pytest.raises(BadInput, match="can't be read"):
        read_script(tmp_path / "nothing.toml")


ORDER = Seen(host="fapi.binance.com", path="/fapi/v1/order", method="POST", key="mine", text="symbol=BTCUSDT&side=BUY")
TRADE = Seen(host="stream.binance.com", path="/ws/0", topic="btcusdt@trade")
FITS: list[tuple[dict[str, Any], Seen, bool]] = [
    ({}, ORDER, True),
    ({"host": "fapi.*"}, ORDER, True),
    ({"host": "dapi.*"}, ORDER, False),
    ({"path": "/fapi/v?/order", "method": "POST"}, ORDER, True),
    ({"method": "GET"}, ORDER, False),
    ({"key": "mine"}, ORDER, True),
    ({"key": "yours"}, ORDER, False),
    ({"text": "side=(BUY|SELL)"}, ORDER, True),
    ({"text": "ETHUSDT"}, ORDER, False),
    ({"topic": "btcusdt@*"}, TRADE, True),
    ({"topic": "ethusdt@*"}, TRADE, False),
    ({"topic": "btcusdt@*", "direction": "in"}, TRADE, False),
]


@pytest.mark.parametrize(("match", "seen", "fits"), FITS)
def test_what_a_rule_looks_at(match: dict[str, Any], seen: Seen, fits: bool) -> None:
    rule = script_of({"rules": [{"match": match, "action": HOLD}]}).rules[0]
    assert ArmedRule(rule, 1, 0, 0.0).strikes(seen, Moment(0, 0.0)) is fits


def struck(match: Match, times: int, seed: int = 7, number: int = 1) -> list[bool]:
    armed = ArmedRule(Rule(match=match, action=Hold(seconds=1)), number, seed, 0.0)
    return [armed.strikes(ORDER, Moment(0, 0.0)) for _ in range(times)]


def test_share_is_of_the_seed_and_the_rule_alone() -> None:
    first = struck(Match(share=0.1), 2_000)
    assert first == struck(Match(share=0.1), 2_000)
    assert first != struck(Match(share=0.1), 2_000, seed=8)
    assert first != struck(Match(share=0.1), 2_000, number=2)
    assert 150 < sum(first) < 250


def test_skip_and_times_count_what_matches() -> None:
    assert struck(Match(skip=2, times=3), 8) == [False, False, True, True, True, False, False, False]


def test_windows_of_market_and_wall_time() -> None:
    match = Match(after="2026-01-15T15:40:00Z", until=1_768_491_900_000_000_000, wall_after=2.0, wall_until=3.0)
    armed = ArmedRule(Rule(match=match, action=Hold(seconds=1)), 1, 0, loaded=100.0)
    start = 1_768_491_600_000_000_000
    moments = [(start - 1, 102.5), (start, 101.9), (start, 102.0), (start, 103.0), (1_768_491_900_000_000_000, 102.5)]
    assert [armed.strikes(ORDER, Moment(*moment)) for moment in moments] == [False, False, True, False, False]


def test_places_follow_from_what_is_matched() -> None:
    assert Rule(action=Hold(seconds=1)).place is On.REST
    assert Rule(action=Hold(seconds=1), match=Match(topic="*@trade")).place is On.STREAM
    assert Rule(action=Hold(seconds=1), match=Match(direction=Direction.IN)).place is On.STREAM
    assert Rule(action=Hold(seconds=1), on=On.CONNECT).place is On.CONNECT
    assert Rule(action=Mute()).place is On.STREAM
