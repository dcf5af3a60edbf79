"""The script in force: which rule strikes a request, a message or a connection."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from jtrader.exchange.sim.faults.actions import Disconnect, HalfOpen, Maintenance, On
from jtrader.exchange.sim.faults.armed import ArmedRule, Moment, Seen
from jtrader.exchange.sim.faults.script import FaultScript

_OF_CONNECTIONS = (HalfOpen, Disconnect, Maintenance)
Watcher = Callable[[], None]


class Faults:
    """Empty until a script is loaded. `market_now` tells market time in ns."""

    def __init__(self, market_now: Callable[[], int]) -> None:
        self._market_now = market_now
        self._script = FaultScript()
        self._rules: list[ArmedRule] = []
        self._watchers: set[Watcher] = set()
        self._timers: list[asyncio.TimerHandle] = []
        self.rest_rules: list[ArmedRule] = []
        self.connect_rules: list[ArmedRule] = []
        self.message_rules: list[ArmedRule] = []
        self.connection_rules: list[ArmedRule] = []
        """Rules about a whole connection, whatever is said on it."""

    def load(self, script: FaultScript) -> None:
        """Takes the place of what was in force. Connections that are open are looked at once."""
        now = time.monotonic()
        self._script = script
        self._rules = [ArmedRule(rule, number, script.seed, now) for number, rule in enumerate(script.rules, 1)]
        self.rest_rules = [rule for rule in self._rules if rule.place is On.REST or _is_everywhere(rule)]
        self.connect_rules = [rule for rule in self._rules if rule.place is On.CONNECT or _is_everywhere(rule)]
        streams = [rule for rule in self._rules if rule.place is On.STREAM or _is_everywhere(rule)]
        self.connection_rules = [rule for rule in streams if _is_of_connection(rule)]
        self.message_rules = [rule for rule in streams if not _is_of_connection(rule)]
        self._arm_timers()
        self.look()

    def clear(self) -> None:
        self.load(FaultScript())

    def told(self) -> dict[str, Any]:
        """The script, with how often each rule has matched and struck."""
        return {
            "seed": self._script.seed,
            "rules": [
                {"number": armed.number, "matched": armed.matched, "struck": armed.struck, "on": armed.place.value}
                | {"name": armed.rule.name, "match": armed.rule.match, "action": msgspec.to_builtins(armed.rule.action)}
                for armed in self._rules
            ],
        }

    def moment(self) -> Moment:
        return Moment(self._market_now(), time.monotonic())

    def struck_by(self, rules: Iterable[ArmedRule], seen: Seen) -> ArmedRule | None:
        """The first rule that strikes."""
        moment = self.moment()
        return next((rule for rule in rules if rule.strikes(seen, moment)), None)

    def watch(self, watcher: Watcher) -> None:
        """`watcher` is called when rules about connections may have become due."""
        self._watchers.add(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    def look(self) -> None:
        """Market time went on, or a script was loaded."""
        if self.connection_rules:
            for watcher in tuple(self._watchers):
                watcher()

    def _arm_timers(self) -> None:
        """Rules about connections that begin at a wall time strike then, also while market time stands still."""
        for timer in self._timers:
            timer.cancel()
        delays = [rule.rule.match.wall_after for rule in self.connection_rules if rule.rule.match.wall_after > 0]
        if delays:
            loop = asyncio.get_running_loop()
            self._timers = [loop.call_later(delay + 0.001, self.look) for delay in delays]


def _is_everywhere(rule: ArmedRule) -> bool:
    return isinstance(rule.rule.action, Maintenance)


def _is_of_connection(rule: ArmedRule) -> bool:
    match = rule.rule.match
    return isinstance(rule.rule.action, _OF_CONNECTIONS) and match.topic == "*" and not match.text
