"""A rule in force: what it matches, how often it did, and its own dice."""

import random
import re
from fnmatch import translate

import msgspec

from jtrader.exchange.sim.faults.actions import On
from jtrader.exchange.sim.faults.script import Direction, Rule, market_ns


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A request, a message or a connection as rules look at it."""

    host: str
    path: str
    method: str = ""
    topic: str = ""
    direction: Direction = Direction.OUT
    key: str = ""
    text: str = ""


class Moment(msgspec.Struct, frozen=True):
    """`market` in ns; `wall` in seconds of a clock that never goes back."""

    market: int
    wall: float


class ArmedRule:
    """Its dice depend on the seed and its number alone, so another rule's luck doesn't change its own."""

    def __init__(self, rule: Rule, number: int, seed: int, loaded: float) -> None:
        self.rule = rule
        self.number = number
        self.place = rule.place
        self.matched = 0
        self.struck = 0
        self._random = random.Random(f"{seed}:{number}")
        self._loaded = loaded
        match = rule.match
        self._after, self._until = market_ns(match.after), market_ns(match.until)
        self._names = [
            (name, re.compile(translate(pattern)))
            for name in ("host", "path", "method", "topic", "key")
            if (pattern := getattr(match, name)) != "*"
        ]
        self._text = re.compile(match.text) if match.text else None
        self.reads_text = self._text is not None

    def is_due(self, moment: Moment) -> bool:
        """Within its times, market and wall."""
        if self._after is not None and moment.market < self._after:
            return False
        if self._until is not None and moment.market >= self._until:
            return False
        match, since = self.rule.match, moment.wall - self._loaded
        return since >= match.wall_after and (match.wall_until is None or since < match.wall_until)

    def fits(self, seen: Seen) -> bool:
        """Whatever the time and the dice say."""
        if self.place is On.STREAM and seen.direction is not self.rule.match.direction:
            return False
        if not all(pattern.match(getattr(seen, name)) for name, pattern in self._names):
            return False
        return self._text is None or self._text.search(seen.text) is not None

    def strikes(self, seen: Seen, moment: Moment) -> bool:
        """Counts what matches; throws the dice."""
        match = self.rule.match
        if match.times is not None and self.struck >= match.times:
            return False
        if not self.is_due(moment) or not self.fits(seen):
            return False
        self.matched += 1
        if self.matched <= match.skip or (match.share < 1 and self._random.random() >= match.share):
            return False
        self.struck += 1
        return True
