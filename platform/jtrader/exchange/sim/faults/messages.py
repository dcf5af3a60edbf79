"""One WebSocket connection on its way through the script: each message, both ways, and the connection itself."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from jtrader.domain.times import SECOND
from jtrader.exchange.sim.faults.actions import (
    Action,
    Answer,
    ClockOffset,
    Disconnect,
    Drift,
    Drop,
    Duplicate,
    Gap,
    HalfOpen,
    Hold,
    Maintenance,
    Mute,
    Reorder,
)
from jtrader.exchange.sim.faults.armed import ArmedRule, Seen
from jtrader.exchange.sim.faults.drift import drifted
from jtrader.exchange.sim.faults.faults import Faults
from jtrader.exchange.sim.faults.script import Direction
from jtrader.exchange.sim.wall import clock_off_by

Pass = Callable[[bytes], None]
"""Takes a message on: into the socket's queue, or to the door that hears it."""


class Wire(Protocol):
    """What a rule about connections can do to one."""

    key: str
    """The API key of the client once it has proven it, else empty."""

    def close(self, code: int = 1000) -> None: ...

    def reset(self) -> None: ...

    def send(self, message: bytes) -> None: ...


class Line:
    """`half_open`: nothing passes any more, either way."""

    def __init__(self, faults: Faults, wire: Wire, host: str, path: str) -> None:
        self._faults = faults
        self._wire = wire
        self._host = host
        self._path = path
        self.half_open = False
        self._muted: dict[str, ArmedRule] = {}
        self._lost: dict[ArmedRule, int] = {}
        self._held: dict[ArmedRule, tuple[bytes, Pass]] = {}
        self._bursts: dict[ArmedRule, list[bytes]] = {}
        self._judged: set[ArmedRule] = set()
        self._swallows = False

    @property
    def is_quiet(self) -> bool:
        """No rule looks at messages, and nothing of an earlier one is left."""
        return not (self._faults.message_rules or self.half_open or self._swallows or self._held)

    def opened(self) -> None:
        self._faults.watch(self.look)
        if self._faults.connection_rules:
            self.look()

    def closed(self) -> None:
        self._faults.unwatch(self.look)

    def look(self) -> None:
        """Rules about the connection itself: each throws its dice once for it."""
        seen = Seen(host=self._host, path=self._path, key=self._wire.key)
        moment = self._faults.moment()
        for rule in self._faults.connection_rules:
            if rule in self._judged or not (rule.is_due(moment) and rule.fits(seen)):
                continue
            self._judged.add(rule)
            if rule.strikes(seen, moment):
                self._end(rule.rule.action)

    def outgoing(self, message: bytes, topic: str, go: Pass) -> None:
        """A message of the venue; `go` sends it."""
        if self._swallows:
            return
        self._through(message, topic, Direction.OUT, go)

    def incoming(self, message: bytes, go: Pass) -> None:
        """A message of the client; `go` lets the venue hear it."""
        self._through(message, "", Direction.IN, go)

    def _through(self, message: bytes, topic: str, direction: Direction, go: Pass) -> None:
        if self.half_open or self._is_muted(topic):
            return
        rules = self._faults.message_rules
        text = message.decode(errors="replace") if any(rule.reads_text for rule in rules) else ""
        seen = Seen(host=self._host, path=self._path, topic=topic, direction=direction, key=self._wire.key, text=text)
        if self._is_in_gap(seen):
            return
        struck = self._faults.struck_by(rules, seen)
        if struck is None:
            go(message)
        else:
            self._act(struck, message, topic, go)
        self._release(seen, struck)

    def _act(self, rule: ArmedRule, message: bytes, topic: str, go: Pass) -> None:
        match rule.rule.action:
            case Hold(seconds=seconds, burst=burst):
                self._hold(rule, message, seconds, burst, go)
            case Drop():
                return
            case Duplicate(copies=copies):
                for _ in range(copies + 1):
                    go(message)
            case Reorder(seconds=seconds):
                self._held[rule] = (message, go)
                asyncio.get_running_loop().call_later(seconds, self._let_go, rule, message)
            case Gap(messages=messages):
                self._lost[rule] = messages - 1
            case Mute():
                self._muted[topic] = rule
            case Drift() as drift:
                go(drifted(message, drift))
            case Answer() as answer:
                self._answer(rule, answer, message, go)
            case ClockOffset(seconds=seconds):
                with clock_off_by(int(seconds * SECOND)):
                    go(message)
            case other:
                self._end(other)

    def _hold(self, rule: ArmedRule, message: bytes, seconds: float, burst: bool, go: Pass) -> None:
        loop = asyncio.get_running_loop()
        if not burst:
            loop.call_later(seconds, self._pass_on, go, message)
        elif rule in self._bursts:
            self._bursts[rule].append(message)
        else:
            self._bursts[rule] = [message]
            loop.call_later(seconds, self._burst, rule, go)

    def _burst(self, rule: ArmedRule, go: Pass) -> None:
        for message in self._bursts.pop(rule):
            self._pass_on(go, message)

    def _pass_on(self, go: Pass, message: bytes) -> None:
        if not self.half_open:
            go(message)

    def _release(self, seen: Seen, struck: ArmedRule | None) -> None:
        """What was held to be overtaken follows the next message that fits its rule."""
        for rule in [rule for rule in self._held if rule is not struck and rule.fits(seen)]:
            message, go = self._held.pop(rule)
            self._pass_on(go, message)

    def _let_go(self, rule: ArmedRule, message: bytes) -> None:
        held = self._held.get(rule)
        if held is not None and held[0] is message:
            del self._held[rule]
            self._pass_on(held[1], message)

    def _answer(self, rule: ArmedRule, answer: Answer, message: bytes, go: Pass) -> None:
        """Of the venue's message: another one. Of the client's: a reply that the venue never gave."""
        body = _with_id(answer, message)
        if rule.rule.match.direction is Direction.OUT:
            go(body)
            return
        if answer.after:
            self._swallows = True
            try:
                go(message)
            finally:
                self._swallows = False
        self._wire.send(body)

    def _end(self, action: Action) -> None:
        match action:
            case HalfOpen():
                self.half_open = True
            case Disconnect(reset=True):
                self._wire.reset()
            case Disconnect(code=code):
                self._wire.close(code)
            case Maintenance():
                self._wire.close(1001)
            case other:
                raise AssertionError(f"{other} can't end a connection")

    def _is_muted(self, topic: str) -> bool:
        rule = self._muted.get(topic) if topic else None
        if rule is None:
            return False
        if rule in self._faults.message_rules and rule.is_due(self._faults.moment()):
            return True
        del self._muted[topic]
        return False

    def _is_in_gap(self, seen: Seen) -> bool:
        for rule, left in self._lost.items():
            if left > 0 and rule.fits(seen):
                self._lost[rule] = left - 1
                return True
        return False


def _with_id(answer: Answer, message: bytes) -> bytes:
    """The answer's body, with the `id` of what it answers."""
    if isinstance(answer.body, str):
        return answer.body.encode()
    body = answer.body
    if isinstance(body, dict) and "id" not in body:
        try:
            asked = msgspec.json.decode(message)
        except msgspec.DecodeError:
            asked = None
        if isinstance(asked, dict) and "id" in asked:
            body = {"id": asked["id"], **body}
    return msgspec.json.encode(body)
