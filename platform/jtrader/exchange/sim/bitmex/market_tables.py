"""What the public tables tell after each step of the world; made only for tables that somebody reads."""

from collections.abc import Callable, Sequence
from typing import Any

from jtrader.domain.instrument import InstrumentStatus
from jtrader.domain.times import SECOND
from jtrader.exchange.sim.bitmex.book_table import BookTable
from jtrader.exchange.sim.bitmex.instrument_row import instrument_row, moving_row
from jtrader.exchange.sim.bitmex.market_rows import MINUTES, quote_row, trade_row
from jtrader.exchange.sim.bitmex.rest_market import bin_at, funding_row, settlement_row
from jtrader.exchange.sim.bitmex.tables import BINS, BOOKS, Emit, Row, Wanted, changed
from jtrader.exchange.sim.bitmex.words import MARKET
from jtrader.exchange.sim.market.funding import last_funding
from jtrader.exchange.sim.market.tape import Print
from jtrader.exchange.sim.world import Told, World
from jtrader.matching.book import BUY, Book
from jtrader.venue.listing import Listing
from jtrader.venue.records import RulesChanged, StatusChanged, TradePrinted

Say = Callable[[str, str, Sequence[Row]], None]
"""(table, action, rows) of one symbol."""
Reads = Callable[[str], bool]


class MarketTables:
    """All symbols. It remembers what it told last, so that it only tells changes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._symbols = {symbol: _Symbol(world, listing) for symbol, listing in world.venues[MARKET].listings.items()}

    def rows(self, table: str, symbol: str, first: bool) -> list[Row]:
        """A table's state for a new reader; the `first` one shall see what stands now, others what was told."""
        if first:
            self._symbols[symbol].refresh(table)
        return self._symbols[symbol].rows(table)

    def tell(self, told: Told, wanted: Wanted, emit: Emit) -> None:
        happened: dict[str, list[Any]] = {}
        for one in told.happened:
            if isinstance(one, TradePrinted | StatusChanged | RulesChanged):
                happened.setdefault(one.symbol, []).append(one)
        for symbol, tables in self._symbols.items():
            tables.tell(told.now, happened.get(symbol, []), wanted, emit)


class _Symbol:
    def __init__(self, world: World, listing: Listing) -> None:
        self._world = world
        self._symbol = listing.symbol
        self._venue = world.venues[MARKET]
        self._history = world.histories[listing.instrument.id]
        self._books = {table: BookTable(world, listing, depth) for table, depth in BOOKS.items()}
        self._now = world.now
        self._price = self._history.last_price()
        self._quote: Row = {}
        self._instrument: Row = {}

    @property
    def _book(self) -> Book:
        return self._venue.books[self._symbol]

    @property
    def _listing(self) -> Listing:
        return self._venue.listings[self._symbol]

    def refresh(self, table: str) -> None:
        """Nobody reads it yet: what was told last is what stands now."""
        if table in self._books:
            self._books[table].reset(self._book)
        elif table == "instrument":
            self._instrument = moving_row(self._world, self._listing)

    def rows(self, table: str) -> list[Row]:
        world, listing = self._world, self._listing
        if table in self._books:
            return self._books[table].rows()
        if table == "trade":
            deals = self._history.latest_prints(1)
            return [trade_row(world, listing, deal, deal.price) for deal in deals]
        if table == "quote":
            return [quote_row(world, listing)]
        if table == "instrument":
            return [instrument_row(world, listing)]
        if table in BINS:
            size = MINUTES[BINS[table]]
            row = bin_at(world, listing, world.now // size * size, size)
            return [] if row is None else [row]
        if table == "funding" and listing.instrument.funding_interval:
            return [funding_row(world, listing, last_funding(listing.instrument, world.now))]
        return []

    def tell(self, now: int, happened: Sequence[Any], wanted: Wanted, emit: Emit) -> None:
        def reads(table: str) -> bool:
            return wanted(table, self._symbol)

        def say(table: str, action: str, rows: Sequence[Row]) -> None:
            emit(table, self._symbol, action, rows)

        before, self._now = self._now, now
        prints = [one for one in happened if isinstance(one, TradePrinted)]
        changes = [one for one in happened if not isinstance(one, TradePrinted)]
        self._tell_trades(prints, reads("trade"), say)
        self._tell_books(reads, say)
        if reads("quote"):
            self._tell_quote(say)
        if reads("instrument") and (changes or before // SECOND != now // SECOND):
            self._tell_instrument(bool(changes), say)
        self._tell_bins(before, now, reads, say)
        if reads("funding"):
            self._tell_funding(before, now, say)
        if reads("settlement") and any(_is_end(one) for one in changes):
            say("settlement", "insert", [settlement_row(self._world, self._listing, now)])

    def _tell_trades(self, prints: list[TradePrinted], read: bool, say: Say) -> None:
        rows = []
        for one in prints:
            if read:
                deal = Print(one.id, one.ts, one.ticks, one.lots, one.side == BUY)
                rows.append(trade_row(self._world, self._listing, deal, self._price))
            self._price = one.ticks
        if rows:
            say("trade", "insert", rows)

    def _tell_books(self, reads: Reads, say: Say) -> None:
        drained = self._book.drain_changes()
        if not drained:
            return
        for table, kept in self._books.items():
            if reads(table):
                for action, rows in kept.changes(self._book, drained).items():
                    say(table, action, rows)

    def _tell_quote(self, say: Say) -> None:
        row = quote_row(self._world, self._listing)
        fresh = {name: value for name, value in row.items() if name != "timestamp"}
        if fresh != self._quote:
            self._quote = fresh
            say("quote", "insert", [row])

    def _tell_instrument(self, whole: bool, say: Say) -> None:
        make = instrument_row if whole else moving_row
        now = make(self._world, self._listing)
        row = changed(self._instrument, now, ("symbol",))
        self._instrument = moving_row(self._world, self._listing)
        if row is not None:
            say("instrument", "update", [row])

    def _tell_bins(self, before: int, now: int, reads: Reads, say: Say) -> None:
        for table, word in BINS.items():
            size = MINUTES[word]
            if before // size == now // size or not reads(table):
                continue
            ends = range(before // size * size + size, now + 1, size)
            rows = [bin_at(self._world, self._listing, end, size) for end in ends]
            found = [row for row in rows if row is not None]
            if found:
                say(table, "insert", found)

    def _tell_funding(self, before: int, now: int, say: Say) -> None:
        rules = self._listing.instrument
        if rules.funding_interval and last_funding(rules, now) > before:
            say("funding", "insert", [funding_row(self._world, self._listing, last_funding(rules, now))])


def _is_end(change: Any) -> bool:
    return isinstance(change, StatusChanged) and change.status is InstrumentStatus.DELISTED
