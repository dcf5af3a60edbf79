"""The newest quote, trade and mark of each instrument, what the market did since a parent looked last, and whether the
data still flows. Not journaled: verdicts are."""

from decimal import Decimal

from jtrader.domain.ids import InstrumentId, ParentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Event, FeedStatus, Mark, Quote, Trade
from jtrader.domain.money import ZERO
from jtrader.domain.times import SECOND
from jtrader.ledger.marks import Valued, valued

SILENCE = 10 * SECOND
"""Wall time without any market data after which the feed counts as gone: market time alone can't show that."""


Range = tuple[float, float]
"""(lowest, highest) price of a source."""


class Tape:
    """What one instrument's market did since it was read last: public trades, our own, and how far prices went."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.trades: list[float] = []
        self.own = ZERO
        self.ranges: dict[str, Range] = {}

    def trade(self, trade: Trade) -> None:
        if trade.price > 0 and trade.quantity > 0:
            self.trades.append(trade.quantity)
            self.price("last", trade.price)

    def price(self, source: str, price: float) -> None:
        low, high = self.ranges.get(source, (price, price))
        self.ranges[source] = min(low, price), max(high, price)


class MarketView:
    def __init__(self) -> None:
        self.quotes: dict[InstrumentId, Quote] = {}
        self.marks: dict[InstrumentId, Mark] = {}
        self.trades: dict[InstrumentId, Trade] = {}
        self._funded: list[Mark] = []
        self._tapes: dict[InstrumentId, dict[ParentId, Tape]] = {}
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
                before = self.marks.get(event.instrument)
                if before is not None and 0 < before.next_funding <= event.ts < event.next_funding:
                    self._funded.append(before)
                self.marks[event.instrument] = event
                for tape in self._tapes.get(event.instrument, {}).values():
                    tape.price("mark", event.mark)
                    tape.price("index", event.index)
            case Trade():
                self.trades[event.instrument] = event
                for tape in self._tapes.get(event.instrument, {}).values():
                    tape.trade(event)
            case FeedStatus(state=state):
                (self._stale.discard if state == "up" else self._stale.add)(event.instrument)
                return
        self.time = max(self.time, event.ts)

    def follow(self, parent: ParentId, instrument: InstrumentId) -> Tape:
        """The parent's tape, which runs from the first call on until `unfollow`."""
        return self._tapes.setdefault(instrument, {}).setdefault(parent, Tape())

    def unfollow(self, parent: ParentId, instrument: InstrumentId) -> None:
        self._tapes.get(instrument, {}).pop(parent, None)

    def traded(self, instrument: InstrumentId, quantity: Decimal) -> None:
        """A trade of ours, of which the public trades tell as well."""
        for tape in self._tapes.get(instrument, {}).values():
            tape.own += quantity

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
        mark, last = self.marks.get(instrument), self.trades.get(instrument)
        return valued(mark, self.quotes.get(instrument), last, self.time)

    def take_funded(self, before: int) -> list[Mark]:
        """The last mark ahead of each funding instant that has passed before a market time; each is given once."""
        taken = [mark for mark in self._funded if mark.next_funding < before]
        self._funded = [mark for mark in self._funded if mark.next_funding >= before]
        return taken
