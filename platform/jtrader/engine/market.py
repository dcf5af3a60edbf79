"""The newest quote and mark of each instrument, and whether the data still flows. Not journaled: verdicts are."""

import math
from decimal import Decimal

from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Event, FeedStatus, Mark, Quote
from jtrader.domain.money import round_half_even
from jtrader.domain.times import SECOND

SILENCE = 10 * SECOND
"""Wall time without any market data after which the feed counts as gone: market time alone can't show that."""

MARK_UNIT = Decimal("0.00000001")


class MarketView:
    def __init__(self) -> None:
        self.quotes: dict[InstrumentId, Quote] = {}
        self._marks: dict[InstrumentId, Mark] = {}
        self._stale: set[InstrumentId] = set()
        self._heard: int | None = None
        self.time = 0
        """The newest event time seen, ns."""

    def see(self, event: Event, wall: int) -> None:
        self._heard = wall
        match event:
            case Quote():
                self.quotes[event.instrument] = event
            case Mark():
                self._marks[event.instrument] = event
            case FeedStatus(state=state):
                (self._stale.discard if state == "up" else self._stale.add)(event.instrument)
                return
        self.time = max(self.time, event.ts)

    def silent_since(self, instrument: InstrumentId, wall: int) -> int | None:
        """Market time of the last data, where the feed told that it is stale or has said nothing for SILENCE."""
        quiet = self._heard is None or wall - self._heard > SILENCE
        return self.time if quiet or instrument in self._stale else None

    def mark(self, instrument: Instrument) -> Decimal | None:
        """The venue's mark, else the mid of an uncrossed quote, to 8 decimals; None before any was seen."""
        mark, quote = self._marks.get(instrument.id), self.quotes.get(instrument.id)
        if mark is not None and math.isfinite(mark.mark) and mark.mark > 0:
            value = mark.mark
        elif quote is not None and 0 < quote.bid < quote.ask < math.inf:
            value = quote.mid
        else:
            return None
        return round_half_even(Decimal(repr(value)), MARK_UNIT)
