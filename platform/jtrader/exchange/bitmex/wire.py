"""BitMEX's realtime messages → market events. https://www.bitmex.com/app/wsAPI

One message may tell several rows, so it becomes a list of events. What was told before a subscription (the trades of a
partial) is no event; books begin with the partial of their symbol.
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Candle, Depth, Event, Funding, Quote, Trade
from jtrader.domain.times import MINUTE
from jtrader.exchange.bitmex.instrument_state import InstrumentState
from jtrader.exchange.bitmex.levels import LevelIds, SequenceBroken
from jtrader.exchange.bitmex.messages import (
    NAMES,
    BinRow,
    Envelope,
    FundingRow,
    InstrumentRow,
    LevelRow,
    LevelRows,
    QuoteRow,
    Rows,
    TradeRow,
    head,
    rows_of,
)
from jtrader.exchange.bitmex.moments import MomentReader
from jtrader.exchange.common.connection import TopicRefused
from jtrader.exchange.common.freshness import MarketClock

Table = tuple[Callable[[bytes], Any], Callable[[Any], list[Event]]]
"""How a table's messages are decoded, and what its rows become."""

MOST_SEEN = 2_000
"""Trades that are remembered, at least: two connections that overlap tell the same ones."""
_CHANGES = ("insert", "update", "delete")
_ACTIONS = ("partial", *_CHANGES)


class Decoder:
    """Reads one connection's messages in order, for the given symbols.

    A trade is told once, by its id. It keeps the market's `clock`. `broken` are the symbols whose book has to be asked
    for anew, since a row did not fit: nothing is told of them until their next partial; `books` are the ids that stand.
    """

    def __init__(self, instruments: Mapping[VenueSymbol, InstrumentId], clock: MarketClock | None = None) -> None:
        self._instruments: dict[str, InstrumentId] = dict(instruments.items())
        self.books = {symbol: LevelIds() for symbol in self._instruments}
        self._states = {symbol: InstrumentState(name) for symbol, name in self._instruments.items()}
        self._moment = MomentReader().read
        self._envelope = msgspec.json.Decoder(Envelope)
        self._seen: dict[str, None] = {}
        self.clock = clock or MarketClock()
        self._funded: dict[str, int] = {}
        self.broken: set[str] = set()
        books = (rows_of(LevelRow), self._levels)
        self._tables: dict[str, Table] = {
            "trade": (rows_of(TradeRow), self._trades),
            "quote": (rows_of(QuoteRow), self._quotes),
            "orderBookL2": books,
            "orderBookL2_25": books,
            "instrument": (rows_of(InstrumentRow), self._instrument),
            "funding": (rows_of(FundingRow), self._funding),
            "tradeBin1m": (rows_of(BinRow), self._bins),
        }
        self._heads = {head(name, action): table for name, table in self._tables.items() for action in _ACTIONS}
        self.level_rows = msgspec.json.Decoder(LevelRows).decode
        """Reads what `change_of` names."""
        names = ("orderBookL2", "orderBookL2_25")
        self.change_of = {head(name, action): action for name in names for action in _CHANGES}.get
        """`message[NAMES]` → the action of a message that changes a book."""

    def decode(self, message: bytes) -> list[Event]:
        """Raises msgspec.DecodeError or BadInput for what can't be read, TopicRefused where BitMEX refuses an
        instrument, BadInput where it refuses anything else."""
        table = self._heads.get(message[NAMES]) or self._looked_up(message)
        return table[1](table[0](message)) if table is not None else []

    def restart(self) -> None:
        """A new connection: books are told from their partials on."""
        for book in self.books.values():
            book.forget()
        self.broken.clear()

    def _looked_up(self, message: bytes) -> Table | None:
        """Not a row's usual head: a welcome, an answer, a pong, or a row with another order of fields."""
        if message == b"pong":
            return None
        envelope = self._envelope.decode(message)
        if envelope.error:
            raise self._refused(envelope)
        return self._tables.get(envelope.table)

    def _refused(self, envelope: Envelope) -> BadInput:
        """A request names its topics: an unknown or expired symbol is that of one instrument."""
        why = f"BitMEX refused a request on its stream: {envelope.error}"
        args = envelope.request.get("args") if isinstance(envelope.request, dict) else None
        symbols = {str(one).partition(":")[2] for one in args} if isinstance(args, list) else set()
        if len(symbols) == 1 and (symbol := symbols.pop()) in self._instruments and "symbol" in envelope.error.lower():
            return TopicRefused(self._instruments[symbol], f"{why} ({symbol})")
        return BadInput(why)

    def _trades(self, told: Rows[TradeRow]) -> list[Event]:
        if told.action != "insert":
            return []
        instruments, at, seen = self._instruments, self.at, self._seen
        events: list[Event] = []
        for row in told.data:
            name = row.trdMatchID
            if row.symbol in instruments and name not in seen:
                seen[name] = None
                events.append(trade(instruments[row.symbol], row, at(row.timestamp)))
        if len(seen) > 2 * MOST_SEEN:
            self._seen = dict.fromkeys(islice(seen, MOST_SEEN, None))
        return events

    def _quotes(self, told: Rows[QuoteRow]) -> list[Event]:
        events: list[Event] = []
        for row in told.data:
            instrument = self._instruments.get(row.symbol)
            bid, ask, bid_size, ask_size = row.bidPrice, row.askPrice, row.bidSize, row.askSize
            if instrument is None or bid is None or ask is None or bid_size is None or ask_size is None:
                continue
            events.append(Quote(instrument, self.at(row.timestamp), bid, bid_size, ask, ask_size))
        return events

    def changed(self, action: str, rows: list[LevelRow]) -> list[Event]:
        """What rows of `level_rows` tell."""
        return self._levels(Rows(action, rows))

    def _levels(self, told: Rows[LevelRow]) -> list[Event]:
        rows, action = told.data, told.action
        symbol = rows[0].symbol if rows else told.filter.symbol
        if len(rows) > 1:
            for row in rows:
                if row.symbol != symbol:
                    return self._several(told)
        book = self.books.get(symbol)
        if book is None or not (book.is_known or action == "partial"):
            return []
        try:
            bids, asks = book.apply(action, rows)
        except SequenceBroken:
            book.forget()
            self.broken.add(symbol)
            return []
        if action == "partial":
            self.broken.discard(symbol)
        text = rows[0].timestamp if rows else ""
        ts = self.at(text) if text else self.clock.newest
        return [Depth(self._instruments[symbol], ts, tuple(bids), tuple(asks), 0, action == "partial")]

    def _several(self, told: Rows[LevelRow]) -> list[Event]:
        """One message may tell several books."""
        symbols = dict.fromkeys(row.symbol for row in told.data)
        parts = ([row for row in told.data if row.symbol == symbol] for symbol in symbols)
        return [event for part in parts for event in self._levels(Rows(told.action, part))]

    def _instrument(self, told: Rows[InstrumentRow]) -> list[Event]:
        events: list[Event] = []
        for row in told.data:
            state = self._states.get(row.symbol)
            if state is not None:
                events += state.changed(row, self.at(row.timestamp) if row.timestamp else self.clock.newest)
        return events

    def _funding(self, told: Rows[FundingRow]) -> list[Event]:
        """As settled since the first partial: each further one tells the last funding over again."""
        events: list[Event] = []
        for row in told.data:
            if row.symbol not in self._instruments:
                continue
            ts, known = self._moment(row.timestamp), self._funded.get(row.symbol)
            is_new = told.action != "partial" if known is None else ts > known
            self._funded[row.symbol] = max(ts, known or 0)
            if is_new:
                events.append(Funding(self._instruments[row.symbol], ts, row.fundingRate))
        return events

    def _bins(self, told: Rows[BinRow]) -> list[Event]:
        if told.action != "insert":
            return []
        rows = [row for row in told.data if row.symbol in self._instruments]
        found = [candle(self._instruments[row.symbol], row, self.at(row.timestamp)) for row in rows]
        return [one for one in found if one is not None]

    def at(self, text: str) -> int:
        ts, clock = self._moment(text), self.clock
        if ts > clock.newest:
            if ts <= clock.horizon:
                clock.newest = ts
            else:
                clock.leap(ts)
        return ts


def trade(instrument: InstrumentId, row: TradeRow, ts: int) -> Trade:
    return Trade(instrument, ts, row.trdMatchID, row.price, row.size, 1 if row.side == "Buy" else -1)


def candle(instrument: InstrumentId, row: BinRow, end: int) -> Candle | None:
    """The minute that ended at `end`; None for one in which nothing ever stood. BitMEX opens a minute at the close
    before it, which may lie outside what was traded: it is drawn to the nearest price that was."""
    low, high, close = row.low, row.high, row.close
    if low is None or high is None or close is None:
        return None
    opened = min(max(close if row.open is None else row.open, low), high)
    return Candle(instrument, end - MINUTE, opened, high, low, close, row.homeNotional or 0.0)
