"""Fault scripts: a seed and rules, from TOML, JSON or Python. A bad one is refused with the rule and what is allowed.

    seed = 7

    [[rules]]
    name = "every tenth order is accepted, and the client hears 503"
    match = { host = "fapi.binance.com", path = "/fapi/v1/order", method = "POST", share = 0.1 }
    action = { kind = "answer", status = 503, after = true }

    [[rules]]
    name = "one topic of one connection falls silent for ten minutes of market time"
    match = { topic = "btcusdt@depth*", times = 1, after = "2026-01-15T15:40:00Z", until = "2026-01-15T15:50:00Z" }
    action = { kind = "mute" }

`docs/faults.md` has an example of each action.
"""

import re
import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.times import parse_time
from jtrader.exchange.sim.faults.actions import (
    PLACES,
    AnyAction,
    Drop,
    Fill,
    Hold,
    Maintenance,
    On,
    Part,
    Reorder,
)


class Direction(StrEnum):
    OUT = "out"
    """From the venue to the client."""
    IN = "in"


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a rule looks at. `*` and `?` stand for any letters in `host`, `path`, `method`, `topic` and `key`.

    `topic` is a stream's name (Binance `btcusdt@trade`, HTX its `ch`, BitMEX `table:symbol`; empty for replies),
    `key` the API key, `text` a regular expression in the query, body or message. Of what matches, `skip` first ones
    pass, then a `share` is struck, at most `times`. `after` and `until` are market times (ISO 8601 or ns), `wall_after`
    and `wall_until` wall seconds since the script was loaded.
    """

    host: str = "*"
    path: str = "*"
    method: str = "*"
    topic: str = "*"
    direction: Direction = Direction.OUT
    key: str = "*"
    text: str = ""
    share: float = 1.0
    times: int | None = None
    skip: int = 0
    after: int | str | None = None
    until: int | str | None = None
    wall_after: float = 0.0
    wall_until: float | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`on` is taken from the match and the action where it isn't said: a method means a request, a topic or a direction
    a stream's message."""

    action: AnyAction
    match: Match = Match()
    name: str = ""
    on: On | None = None

    @property
    def place(self) -> On:
        if self.on is not None:
            return self.on
        places = PLACES[type(self.action)]
        if self.match.method != "*" and On.REST in places:
            return On.REST
        speaks_of_streams = self.match.topic != "*" or self.match.direction is Direction.IN
        return On.STREAM if speaks_of_streams and On.STREAM in places else places[0]


class FaultScript(msgspec.Struct, frozen=True, kw_only=True):
    """The rules in the order in which they are tried: the first that strikes is the one that acts."""

    rules: tuple[Rule, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for number, rule in enumerate(self.rules, 1):
            found = _fault_of(rule)
            if found:
                raise BadInput(f"{_named(number, rule.name)}: {found}")


def read_script(file: Path) -> FaultScript:
    """From a `.toml` or `.json` file. Raises BadInput."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise BadInput(f"the fault script {file} can't be read: {error.strerror}") from error
    try:
        found = msgspec.json.decode(raw) if file.suffix == ".json" else tomllib.loads(raw.decode())
    except (msgspec.DecodeError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"the fault script {file} is neither TOML nor, as .json, JSON: {error}") from error
    return script_of(found)


def script_of(found: Any) -> FaultScript:
    """From plain dicts and lists. Raises BadInput with the rule's number."""
    if not isinstance(found, dict) or set(found) - {"seed", "rules"}:
        raise BadInput('a fault script is {"seed": whole number, "rules": [rule, …]} and nothing else')
    seed, rules = found.get("seed", 0), found.get("rules", [])
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise BadInput(f"the fault script's seed is {seed!r}; it must be a whole number")
    if not isinstance(rules, list):
        raise BadInput("the fault script's rules are no list")
    return FaultScript(seed=seed, rules=tuple(_rule(number, one) for number, one in enumerate(rules, 1)))


def _rule(number: int, found: Any) -> Rule:
    name = str(found.get("name", "")) if isinstance(found, dict) else ""
    try:
        return msgspec.convert(found, Rule)
    except msgspec.ValidationError as error:
        kinds = ", ".join(sorted(str(kind.__struct_config__.tag) for kind in PLACES))
        fields = ", ".join(Match.__struct_fields__)
        raise BadInput(
            f"{_named(number, name)}: {error}. A rule has name, on, match, action; match has {fields}; "
            f"action.kind is one of {kinds}"
        ) from error


def _named(number: int, name: str) -> str:
    return f"rule {number} ('{name}')" if name else f"rule {number}"


def _fault_of(rule: Rule) -> str:
    """What is wrong with a rule whose fields have the right types; empty when nothing is."""
    match, action = rule.match, rule.action
    places = PLACES[type(action)]
    if rule.place not in places:
        return f"'{_kind(action)}' can't stand on {rule.place}; it stands on {' or '.join(places)}"
    if not 0 < match.share <= 1:
        return f"share is {match.share}; it must be above 0, at most 1"
    if match.times is not None and match.times < 1:
        return f"times is {match.times}; it must be at least 1, or left out for always"
    if match.skip < 0 or match.wall_after < 0:
        return "skip and wall_after must not be below 0"
    if isinstance(action, (Hold, Drop, Reorder)):
        if not 0 <= action.seconds <= 3600:
            return f"seconds is {action.seconds}; it must be within 0 to 3600"
        if rule.place is not On.REST and action.part is Part.REPLY:
            return "part = 'reply' is of requests (on = 'rest'); a stream's message has no parts"
    if isinstance(action, Fill) and not 0 < action.share <= 1:
        return f"the action's share is {action.share}; it must be above 0, at most 1"
    if isinstance(action, Maintenance) and rule.on is not None:
        return "maintenance stands everywhere at once; leave 'on' out"
    return _fault_of_words(match)


def _fault_of_words(match: Match) -> str:
    try:
        re.compile(match.text)
    except re.error as error:
        return f"text '{match.text}' is no regular expression: {error}"
    for name, value in (("after", match.after), ("until", match.until)):
        try:
            market_ns(value)
        except BadInput as error:
            return f"{name}: {error}"
    return ""


def market_ns(value: int | str | None) -> int | None:
    """A market time of a match in ns. Raises BadInput."""
    return parse_time(value) if isinstance(value, str) else value


def _kind(action: AnyAction) -> str:
    return str(action.__struct_config__.tag)
