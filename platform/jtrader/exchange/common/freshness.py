"""What time it is on a market, and which streams have gone quiet by it: a muted topic is seen while the connection and
other topics live."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Depth, Event, Mark, Quote, Trade
from jtrader.domain.times import DAY, MINUTE, SECOND

LIMITS: Mapping[type[Event], int] = {
    Quote: 120 * SECOND,
    Depth: 120 * SECOND,
    Mark: 120 * SECOND,
    Candle: 30 * MINUTE,
    Trade: 30 * MINUTE,
}
"""How long (ns) a kind of event may stay away from an instrument that had it before. Others are never missed."""


MOST_NS = 2**63 - 1
"""What the bus and the stores hold."""
MOST_LEAPS = 20
"""So many times in a row that are far ahead of all known ones are believed: the market's time has jumped."""


class MarketClock:
    """The newest time that a venue told and that can be true, ns; 0 = none yet. Who reads messages keeps it fast:

    if ts > clock.newest:
        if ts <= clock.horizon:
            clock.newest = ts
        else:
            clock.leap(ts)
    """

    __slots__ = ("_leaps", "_stood", "horizon", "newest")

    def __init__(self, now: int = 0) -> None:
        """`now` (ns): the wall's time, where the market goes by it; with 0 the first time told is believed."""
        self.newest = 0
        self.horizon = now + DAY if now else 0
        """Up to here a time needs no further look: at most a day ahead of what is known."""
        self._leaps = 0
        self._stood = 0

    def saw(self, ts: int) -> None:
        if self.newest < ts <= self.horizon:
            self.newest = ts
        elif ts > self.horizon:
            self.leap(ts)

    def leap(self, ts: int) -> bool:
        """Can a time beyond the horizon be true? It is the newest then."""
        if not 0 < ts <= MOST_NS:
            return False
        if self.horizon and ts > self.newest + DAY:
            if self._stood != self.newest:
                self._stood, self._leaps = self.newest, 0
            self._leaps += 1
            if self._leaps < MOST_LEAPS:
                return False
        self._leaps = 0
        self.newest, self.horizon = ts, min(ts + DAY, MOST_NS)
        return True


class MarketNow:
    """A market's time, also while it tells nothing: the newest time told, and from its telling on the wall's seconds.
    A simulated market that is faster than the wall is known by what its other feeds tell."""

    def __init__(self, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._monotonic_ns = monotonic_ns
        self._told = 0
        self._since = 0

    def at(self, told: int) -> int:
        """Now, with the newest time that has been told, ns; 0 while nothing ever was."""
        wall = self._monotonic_ns()
        if told > self._told:
            self._told, self._since = told, wall
        return self._told + wall - self._since if self._told else 0


class Freshness:
    """`saw` each event; `missing` judges: an instrument is quiet if nothing at all has come for `stale_after`, or if
    one kind that it had before has stayed away for its own limit (never less than `stale_after`)."""

    def __init__(self, stale_after: int) -> None:
        """`stale_after` in ns of market time."""
        self._stale_after = stale_after
        self.seen: dict[type[Event], dict[InstrumentId, int]] = defaultdict(dict)
        """When each kind was seen last; who has no time for `saw` writes here."""
        self._started: dict[InstrumentId, int] = {}

    def saw(self, event: Event, market_time: int) -> None:
        self.seen[type(event)][event.instrument] = market_time

    def restart(self, instrument: InstrumentId, now: int) -> None:
        """The clocks of all its streams start now; with 0 (not known yet) with the first that is told."""
        self._started[instrument] = now

    def missing(self, instrument: InstrumentId, now: int) -> list[str]:
        """Kinds that should have come, or `everything`; empty while all is well. `now` in ns, 0 = not known yet."""
        if not now:
            return []
        told = {kind: times[instrument] for kind, times in self.seen.items() if instrument in times}
        # candles are told of the past as well, and some books without a time
        live = [ts for kind, ts in told.items() if ts and kind is not Candle]
        started = self._started[instrument] = self._started.get(instrument) or min(live, default=now)
        seen = {kind: max(ts, started) for kind, ts in told.items()}
        if now - max(seen.values(), default=started) > self._stale_after:
            return ["everything"]
        return [
            kind.__name__.lower()
            for kind, ts in seen.items()
            if kind in LIMITS and now - ts > max(LIMITS[kind], self._stale_after)
        ]
