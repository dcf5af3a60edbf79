from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Event, Funding, OpenInterest, Trade


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
    """Public trades of a venue, page by page, as far back as it keeps them."""

    def trades(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Trade]:
        """Trades with start ≤ ts < end, ascending, at most one page; empty = none from `start` on that the venue still
        tells. Raises Unavailable, BadInput."""
        ...

    def trades_from(self, instrument: InstrumentId, trade_id: int) -> Sequence[Trade]:
        """One page of trades with an id ≥ `trade_id`, ascending. Raises BadInput where the venue's trades carry no
        numbers, Unavailable."""
        ...


class FundingSource(Protocol):
    def funding(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Funding]:
        """Settled rates with start ≤ ts < end, ascending, at most one page. Empty for what has no funding."""
        ...


class OpenInterestSource(Protocol):
    def open_interest(self, instrument: InstrumentId, start: int, end: int) -> Sequence[OpenInterest]:
        """As far back as the venue tells it; empty where it doesn't."""
        ...


class MarketFeed(Protocol):
    """Live events of one market, in the venue's order for each instrument."""

    def events(self) -> AsyncIterator[Sequence[Event]]:
        """Batches as they arrive; reconnects by itself and says so with FeedStatus."""
        ...

    async def close(self) -> None: ...
