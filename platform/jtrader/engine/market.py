"""The newest quote and mark of each instrument, and whether the data still flows. Not journaled: verdicts are."""

from decimal import Decimal

from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Event, FeedStatus, Mark, Quote, Trade
from jtrader.domain.times import SECOND
from jtrader.ledger.marks import Valued, valued

SILENCE = 10 * SECOND
"""Wall time without any market data after which the feed counts as gone: market time alone can't show that."""


class MarketView:
    def __init__(self) -> None:
        self.quotes: dict[InstrumentId, Quote] = {}
        self._marks: dict[InstrumentId, Mark] = {}
        self._last: dict[InstrumentId, Trade] = {}
        self._funded: list[Mark] = []
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
                before = self._marks.get(event.instrument)
                if before is not None and 0 < before.next_funding <= event.ts < event.next_funding:
                    self._funded.append(before)
                self._marks[event.instrument] = event
            case Trade():
                self._last[event.instrument] = event
            case FeedStatus(state=state):
                (self._stale.discard if state == "up" else self._stale.add)(event.instrument)
                return
        self.time = max(self.time, event.ts)

    def silent_since(self, instrument: InstrumentId, wall: int) -> int | None:
        """Market time of the last data, where the feed told that it is stale or has said nothing for SILENCE."""
        quiet = self._heard is None or wall - self._heard > SILENCE
        return self.time if quiet or instrument in self._stale else None

    def mark(self, instrument: Instrument) -> Decimal | None:
        """The price that values positions now, the stale one too; None before any was seen."""
        found = self.valued(instrument.id)
        return found.price if found is not None else None

    def valued(self, instrument: InstrumentId) -> Valued | None:
        """The same with its source and time."""
        mark, last = self._marks.get(instrument), self._last.get(instrument)
        return valued(mark, self.quotes.get(instrument), last, self.time)

    def take_funded(self, before: int) -> list[Mark]:
        """The last mark ahead of each funding instant that has passed before a market time; each is given once."""
        taken = [mark for mark in self._funded if mark.next_funding < before]
        self._funded = [mark for mark in self._funded if mark.next_funding >= before]
        return taken
