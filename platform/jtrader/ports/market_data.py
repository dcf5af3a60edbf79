from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Event, Trade


class InstrumentSource(Protocol):
    """The venue's rules of one market."""

    def instruments(self) -> Sequence[Instrument]: ...


class CandleSource(Protocol):
    """Closed 1-minute candles of a venue, page by page."""

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        """Closed candles with start ≤ ts < end, ascending, at most one page of the venue; an empty answer means
        that the venue has none from `start` on. Raises Unavailable, BadInput (unknown instrument)."""
        ...

    def market_time(self) -> int:
        """The venue's newest market time in ns, as its payloads tell it."""
        ...


class TradeSource(Protocol):
    """Public trades of a venue, page by page."""

    def trades(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Trade]: ...


class MarketFeed(Protocol):
    """Live events of one market, in the venue's order for each instrument."""

    def events(self) -> AsyncIterator[Sequence[Event]]:
        """Batches as they arrive; reconnects by itself and says so with FeedStatus."""
        ...

    async def close(self) -> None: ...
