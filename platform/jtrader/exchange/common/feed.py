"""The base of every venue's live feed: what a venue's own class adds is its lines and how a message is read.

    class HuobiFeed(Feed):
        def __init__(self, market, instruments, simulator_uri=None, candles=None):
            symbols = symbols_of(market, instruments)                    # {VenueSymbol: InstrumentId}
            super().__init__(symbols, [Line(url, greeting=[…], inflate=…, pong=…)], simulator_uri, candles)
            self._decoder = Decoder(symbols, self.clock)                 # which keeps the market's time
            self.keep_books(version_ids)                                 # only where it subscribes to books

        def read(self, message: bytes) -> Sequence[Event]: …             # every message that is no ping
        def restart(self) -> None: …                                     # a connection ended: ids may jump
        def ask_snapshot(self, instrument) -> None: …                    # self.send(message), if in the stream

In `read` a depth message becomes `self.book_update(instrument, ts, bids, asks, first, last, previous)`, a snapshot in
the stream `self.book_snapshot(instrument, BookSnapshot(…))`: both return the events to hand on. `read` raises
msgspec.DecodeError for what can't be read (the message is put aside, counted and logged), TopicRefused where the venue
refuses an instrument (it is left out), and BadInput where it refuses anything else (the connection starts over).

What the base does: connections and their epochs, snapshots again after a lost book, and all that `FeedCore` does.
"""

import asyncio
import logging
import time
from abc import abstractmethod
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market, VenueSymbol, split_instrument_id
from jtrader.domain.market import Depth, Event, Level
from jtrader.domain.times import HOUR, SECOND
from jtrader.exchange.common.books import BookSnapshot, SnapshotSource
from jtrader.exchange.common.connection import Connection, Line, TopicRefused
from jtrader.exchange.common.feed_core import FeedCore
from jtrader.exchange.common.freshness import MarketClock
from jtrader.exchange.common.listing import ListingWatch
from jtrader.exchange.common.live_books import LiveBooks
from jtrader.exchange.common.sequences import Policy
from jtrader.ports.market_data import CandleSource

log = logging.getLogger(__name__)

MOST_UNREADABLE = 100
"""Messages in a row that can't be read before the connection starts over."""
RENEW_AFTER = 23 * HOUR
"""Venues end a connection after 24 hours: the next one opens before that, by market time."""


class Feed(FeedCore):
    """Of native connections. More counters: `messages`, `unreadable`; `unread` keeps the last messages that couldn't be
    read."""

    def __init__(
        self,
        symbols: Mapping[VenueSymbol, InstrumentId],
        lines: Sequence[Line],
        simulator_uri: str | None = None,
        candles: CandleSource | None = None,
        stale_after: int = 120 * SECOND,
        listing: ListingWatch | None = None,
    ) -> None:
        """`simulator_uri` leads every connection to the simulator; the rest as in `FeedCore`."""
        clock = MarketClock(0 if simulator_uri else time.time_ns())
        super().__init__(symbols, candles, stale_after, listing, clock)
        self.books: LiveBooks | None = None
        self._up: set[int] = set()
        self._opened: dict[int, int] = {}
        self._connections = [self._connection(number, line, simulator_uri) for number, line in enumerate(lines)]
        self._unreadable_run = 0
        self.unread: deque[bytes] = deque(maxlen=16)
        self.messages = 0
        self.unreadable = 0

    # ---- what a venue's class says

    @abstractmethod
    def read(self, message: bytes) -> Sequence[Event]:
        """A message's events in order, none for answers. Raises msgspec.DecodeError, TopicRefused,
        BadInput."""

    def restart(self) -> None:
        """A connection ended: what the next one sends may jump."""

    def ask_snapshot(self, instrument: InstrumentId) -> None:
        """Asks for a book's snapshot in the stream; only where snapshots come so."""

    # ---- what it may use

    def keep_books(self, policy: Policy, source: SnapshotSource | None = None, is_asked_for: bool = False) -> LiveBooks:
        """Books of all instruments are told as proven Depth events. Without a `source` snapshots come in the stream:
        by themselves, or as answers to `ask_snapshot` (`is_asked_for`)."""
        self.books = LiveBooks(
            self.symbols.values(),
            policy,
            source,
            self.ask_snapshot,
            lambda: self.market_time,
            lambda instrument: self._fault(instrument, "book"),
            self._on_book,
            is_asked_for,
        )
        return self.books

    def book_update(
        self,
        instrument: InstrumentId,
        ts: int,
        bids: tuple[Level, ...],
        asks: tuple[Level, ...],
        first: int = 0,
        last: int = 0,
        previous: int = 0,
    ) -> Sequence[Event]:
        """The events of one depth update. A lost book has its snapshot asked for."""
        assert self.books is not None
        depth = self.books.update(instrument, ts, bids, asks, first, last, previous)
        return () if depth is None else (depth,)

    def book_snapshot(self, instrument: InstrumentId, whole: BookSnapshot) -> Sequence[Event]:
        """A snapshot that came in the stream; what it brings is handed on at once."""
        assert self.books is not None
        self.books.snapshot(instrument, whole)
        return ()

    def send(self, message: bytes, line: int = 0) -> None:
        """A text message on the line of that number."""
        self._connections[line].send(message)

    # ---- its life

    @property
    def renewals(self) -> int:
        """Connections that were replaced before their end."""
        return sum(connection.renewals for connection in self._connections)

    async def close(self) -> None:
        fetches = self.books.stop() if self.books is not None else []
        await super().close()
        await asyncio.gather(*fetches, return_exceptions=True)

    def watch(self, newest: int = 0) -> None:
        """Renews old connections as well."""
        super().watch(newest)
        now = self.market_time
        for number, connection in enumerate(self._connections):
            if now and connection.is_up and now - self._opened.setdefault(number, now) > RENEW_AFTER:
                self._opened[number] = now
                connection.renew()

    # ---- inside

    def _work(self) -> Sequence[Coroutine[Any, Any, None]]:
        return [connection.run() for connection in self._connections]

    def whole_book(self, instrument: InstrumentId) -> Depth | None:
        return self.books.whole(instrument) if self.books is not None else None

    def lose_book(self, instrument: InstrumentId) -> None:
        self._fault(instrument, "book")
        if self.books is not None:
            self.books.lose(instrument)

    def _leave_out(self, instrument: InstrumentId, why: str) -> None:
        super()._leave_out(instrument, why)
        if self.books is not None:
            self.books.leave_out(instrument)

    def _connection(self, number: int, line: Line, simulator_uri: str | None) -> Connection:
        return Connection(
            line, simulator_uri, self._on_message, lambda: self._on_up(number), lambda: self._on_down(number)
        )

    def _on_message(self, message: bytes) -> None:
        self.messages += 1
        try:
            events = self.read(message)
        except msgspec.DecodeError as error:
            self._on_unreadable(message, error)
            return
        except TopicRefused as error:
            self._leave_out(error.instrument, str(error))
            return
        self._unreadable_run = 0
        for event in events:
            self._take(event)

    def _on_unreadable(self, message: bytes, error: msgspec.DecodeError) -> None:
        """A message that isn't what the venue documents: put aside, and the stream goes on without it."""
        self.unreadable += 1
        self._unreadable_run += 1
        self.unread.append(message)
        log.error("a message can't be read (%s): %r", error, message[:200])
        if self._unreadable_run >= MOST_UNREADABLE:
            self._unreadable_run = 0
            raise BadInput(f"{MOST_UNREADABLE} messages in a row can't be read")

    def _on_up(self, number: int) -> None:
        self._up.add(number)
        if self.market_time:
            self._opened[number] = self.market_time
        if len(self._up) == len(self._connections):
            self._rise()
            if self.books is not None:
                self.books.on_up()

    def _on_down(self, number: int) -> None:
        self._up.discard(number)
        self.restart()
        if self.books is not None:
            self.books.on_down()
        self._fall()

    def _on_book(self, instrument: InstrumentId, told: Sequence[Depth]) -> None:
        """A book stands again."""
        self._mended(instrument, "book")
        for depth in told:
            self._take(depth)


def symbols_of(
    market: Market, instruments: Sequence[InstrumentId], known: Sequence[Market], venue: str
) -> dict[VenueSymbol, InstrumentId]:
    """{VenueSymbol: InstrumentId} of a feed's instruments. Raises BadInput for a market that is not among the venue's
    `known`, for no instrument, or one of another market."""
    if market not in known:
        raise BadInput(f"no {venue} market '{market}'; there are {', '.join(known)}")
    if not instruments:
        raise BadInput(f"a feed of {market} needs at least one instrument")
    symbols = {}
    for instrument in instruments:
        owner, symbol = split_instrument_id(instrument)
        if owner != market:
            raise BadInput(f"{instrument} is not of {market}")
        symbols[symbol] = instrument
    return symbols
