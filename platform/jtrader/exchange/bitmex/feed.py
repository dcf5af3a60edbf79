"""BitMEX's live market data: trades, best quotes, books, marks, funding, statuses and closed minutes on one stream.

Books come as a partial and its changes by level id; a row that doesn't fit makes the book be asked for again.
"""

from collections.abc import Sequence

import msgspec

from jtrader.domain.ids import InstrumentId, Market, VenueSymbol
from jtrader.domain.market import Depth, Event, Level, Quote
from jtrader.domain.order_book import OrderBook
from jtrader.domain.times import SECOND
from jtrader.exchange.bitmex.levels import LevelIds
from jtrader.exchange.bitmex.listing import MARKET
from jtrader.exchange.bitmex.messages import NAMES, LevelRow
from jtrader.exchange.bitmex.wire import Decoder
from jtrader.exchange.common.books import BookSnapshot
from jtrader.exchange.common.connection import Line
from jtrader.exchange.common.feed import Feed, symbols_of
from jtrader.exchange.common.listing import ListingWatch
from jtrader.exchange.common.sequences import version_ids
from jtrader.ports.market_data import CandleSource

MOST_DOUBTS = 3
"""So often in a row a book may differ from the best quote when it is looked at, about once a second."""
URL = "wss://ws.bitmex.com/realtime"
TABLES = ("trade", "quote", "instrument", "tradeBin1m", "funding")
BOOK = "orderBookL2"


class BitmexFeed(Feed):
    """ports.MarketFeed; counters and statuses are the base's."""

    def __init__(
        self,
        market: Market,
        instruments: Sequence[InstrumentId],
        simulator_uri: str | None = None,
        candles: CandleSource | None = None,
        stale_after: int = 120 * SECOND,
        books: bool = True,
        listing: ListingWatch | None = None,
    ) -> None:
        """`books`: whole books are kept. The rest as in `Feed`.

        Each topic is asked for by itself, so that a refusal names it. Trades are subscribed first and books last, and
        the connection counts as up once the trades are answered: a connection that replaces another overlaps it in
        trades, which are told once, and not in books.
        """
        symbols = symbols_of(market, instruments, (MARKET,), "BitMEX")
        tables = (*TABLES, BOOK) if books else TABLES
        topics = [f"{table}:{symbol}" for table in tables for symbol in symbols]
        greeting = [command("subscribe", [topic]) for topic in topics]
        line = Line(URL, greeting=greeting, answers=1 + 2 * len(symbols), ping=b"ping")
        super().__init__(symbols, [line], simulator_uri, candles, stale_after, listing)
        self._names: dict[InstrumentId, VenueSymbol] = {name: symbol for symbol, name in symbols.items()}
        self._quotes: dict[InstrumentId, Quote] = {}
        self._doubts = dict.fromkeys(self._names, 0)
        self._decoder = Decoder(symbols, self.clock)
        self._followed: dict[str, tuple[LevelIds, OrderBook]] = {}
        """By symbol: a book's ids, and the book. The count of its changes is the number that proves them, since the
        venue has none."""
        if books:
            kept = self.keep_books(version_ids)
            self._followed = {
                symbol: (self._decoder.books[symbol], kept[name].book) for symbol, name in symbols.items()
            }

    def read(self, message: bytes) -> Sequence[Event]:
        decoder = self._decoder
        action = decoder.change_of(message[NAMES])
        if action is None:
            return self._judged(decoder.decode(message))
        rows = decoder.level_rows(message).data
        if not rows or (followed := self._followed.get(rows[0].symbol)) is None or not followed[1].is_known:
            return self._judged(decoder.changed(action, rows))
        if len(rows) > 1:
            return self._several(followed, action, rows)
        row, (ids, book) = rows[0], followed
        if not row.timestamp or (level := ids.follow(book, action, row)) is None:
            return self._judged(decoder.changed(action, rows))
        book.ts = ts = decoder.at(row.timestamp)
        book.update_id = number = book.update_id + 1
        if row.side == "Buy":
            return (Depth(book.instrument, ts, (level,), (), number),)
        return (Depth(book.instrument, ts, (), (level,), number),)

    def _several(self, followed: tuple[LevelIds, OrderBook], action: str, rows: list[LevelRow]) -> Sequence[Event]:
        """The short way as far as it goes, then the long one."""
        (ids, book), symbol, text = followed, rows[0].symbol, rows[0].timestamp
        bids: list[Level] = []
        asks: list[Level] = []
        done = 0
        for row in rows:
            if row.symbol != symbol or (level := ids.follow(book, action, row)) is None:
                break
            (bids if row.side == "Buy" else asks).append(level)
            done += 1
        told: list[Event] = []
        if done:
            book.ts = ts = self._decoder.at(text) if text else self.market_time
            book.update_id = number = book.update_id + 1
            told.append(Depth(book.instrument, ts, tuple(bids), tuple(asks), number))
        if done < len(rows):
            told += self._judged(self._decoder.changed(action, rows[done:]))
        return told

    def _judged(self, events: list[Event]) -> Sequence[Event]:
        """Books as their keepers prove them, and the others as they are."""
        for symbol in self._decoder.broken:
            self._lose(self.symbols[VenueSymbol(symbol)])
        if events and type(events[0]) is Depth:
            if len(events) == 1:
                return self._proven(events[0])
            return [told for event in events if isinstance(event, Depth) for told in self._proven(event)]
        if events and type(events[-1]) is Quote:
            self._quotes.update((event.instrument, event) for event in events if isinstance(event, Quote))
        return events

    def watch(self, newest: int = 0) -> None:
        """Also compares books with the best quotes: a lost row shows in nothing else where its level doesn't change any
        more."""
        super().watch(newest)
        for instrument, quote in self._quotes.items():
            book = None if self.books is None else self.books[instrument].book
            if book is None or not book.is_known or (quote.bid, quote.ask) == (book.bids.best, book.asks.best):
                self._doubts[instrument] = 0
                continue
            self._doubts[instrument] += 1
            if self._doubts[instrument] >= MOST_DOUBTS:
                self._doubts[instrument] = 0
                self._lose(instrument)

    def restart(self) -> None:
        self._decoder.restart()
        self._quotes.clear()

    def ask_snapshot(self, instrument: InstrumentId) -> None:
        topic = f"{BOOK}:{self._names[instrument]}"
        self.send(command("unsubscribe", [topic]))
        self.send(command("subscribe", [topic]))

    def _proven(self, depth: Depth) -> Sequence[Event]:
        instrument = depth.instrument
        number = self._number(instrument) + 1
        if depth.snapshot:
            return self.book_snapshot(instrument, BookSnapshot(depth.ts, depth.bids, depth.asks, number))
        return self.book_update(instrument, depth.ts, depth.bids, depth.asks, number, number)

    def _on_unreadable(self, message: bytes, error: msgspec.DecodeError) -> None:
        """Rows of a book that are put aside are lost rows, and no number shows it."""
        super()._on_unreadable(message, error)
        if BOOK.encode() in message:
            for instrument, symbol in self._names.items():
                if f'"{symbol}"'.encode() in message:
                    self._lose(instrument)

    def _number(self, instrument: InstrumentId) -> int:
        return 0 if self.books is None else self.books[instrument].book.update_id

    def _lose(self, instrument: InstrumentId) -> None:
        """Skips a number, which is how a hole looks."""
        if self.books is not None and self.books[instrument].is_live:
            number = self._number(instrument) + 2
            self.book_update(instrument, self.market_time, (), (), number, number)


def command(op: str, topics: Sequence[str]) -> bytes:
    return msgspec.json.encode({"op": op, "args": list(topics)})
