"""Which streams have gone quiet, by market time: a muted topic is seen while the connection and other topics live."""

from collections import defaultdict
from collections.abc import Mapping

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Depth, Event, Mark, Quote, Trade
from jtrader.domain.times import MINUTE, SECOND

LIMITS: Mapping[type[Event], int] = {
    Quote: 120 * SECOND,
    Depth: 120 * SECOND,
    Mark: 120 * SECOND,
    Candle: 30 * MINUTE,
    Trade: 30 * MINUTE,
}
"""How long (ns) a kind of event may stay away from an instrument that had it before. Others are never missed."""


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

    def restart(self, instrument: InstrumentId, market_time: int) -> None:
        """The clocks of all its streams start now."""
        self._started[instrument] = market_time

    def missing(self, instrument: InstrumentId, now: int) -> list[str]:
        """Kinds that should have come, or `everything`; empty while all is well."""
        started = self._started.get(instrument, now)
        seen = {kind: max(told[instrument], started) for kind, told in self.seen.items() if instrument in told}
        if now - max(seen.values(), default=started) > self._stale_after:
            return ["everything"]
        return [
            kind.__name__.lower()
            for kind, ts in seen.items()
            if kind in LIMITS and now - ts > max(LIMITS[kind], self._stale_after)
        ]
