"""Replay of a recorded market: its L2 book stands in the venue's book, its trades print, at their recorded times.

What a message tells is the whole amount at a price, so a level is set, not added to: what our own orders took is there
again with the next message about that price, and until then it is gone. A recorded trade takes from what stands at its
price, own orders of ours that rest there or better among it.
"""

from pathlib import Path

import msgspec
import numpy as np

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.order import Side
from jtrader.domain.times import MINUTE, iso
from jtrader.exchange.sim.market.checked_trades import check_trades
from jtrader.exchange.sim.market.columns import Ints
from jtrader.exchange.sim.market.parquet_books import holds_books, read_books
from jtrader.exchange.sim.market.parquet_history import read_parquet
from jtrader.exchange.sim.market.recorded_book import BookTape
from jtrader.exchange.sim.market.rows import BookRows, TradeRows, on_grid
from jtrader.exchange.sim.market.tape import FlowEvent, FlowKind

_SIDES = {1: Side.BUY, -1: Side.SELL}


class TradeColumns(msgspec.Struct, frozen=True):
    """Ascending by id; `sides` is the taker's: +1 bought."""

    ids: Ints
    ts: Ints
    ticks: Ints
    lots: Ints
    sides: Ints


class Replay:
    """One instrument. It can go live at any whole minute in [start, end)."""

    def __init__(self, instrument: Instrument, book: BookRows, trades: list[TradeRows]) -> None:
        self.instrument = instrument
        self.book = BookTape(instrument, book)
        self.trades = _columns(instrument, trades)
        self.start = -(-self.book.start // MINUTE)
        self.end = self.book.end // MINUTE
        if self.end <= self.start:
            raise BadInput(
                f"{book.file} ({instrument.id}): from {iso(self.book.start)} to {iso(self.book.end)} there is no whole "
                "minute; a book that is replayed holds at least one"
            )

    def first_id(self, ts: int) -> int:
        """The id of the first trade at or after `ts`; without one, the last one's successor."""
        place = int(np.searchsorted(self.trades.ts, ts))
        if place < self.trades.ids.size:
            return int(self.trades.ids[place])
        return int(self.trades.ids[-1]) + 1 if place else 1


class ReplayFlow:
    """The LiveFlow of a replay from `start` (ns) on."""

    def __init__(self, replay: Replay, start: int) -> None:
        self._replay = replay
        self._levels, self._row = replay.book.book_at(start)
        self._trade = int(np.searchsorted(replay.trades.ts, start))

    def opening_book(self) -> list[tuple[Side, int, int]]:
        return [
            (_SIDES[sign], ticks, lots)
            for sign, levels in self._levels.items()
            for ticks, lots in sorted(levels.items(), reverse=sign > 0)
        ]

    def advance(self, ts: int, best_bid: int | None, best_ask: int | None) -> list[FlowEvent]:  # noqa: ARG002
        """Recorded events don't depend on what stands in the book."""
        events = self._trades(ts) + self._changes(ts)
        events.sort(key=lambda event: event.ts)
        return events

    def _trades(self, ts: int) -> list[FlowEvent]:
        """A trade comes before the book's change of the same time: the change tells what it left."""
        trades = self._replay.trades
        end = int(np.searchsorted(trades.ts, ts, side="right"))
        part = slice(self._trade, end)
        self._trade = end
        columns = (column[part].tolist() for column in (trades.ts, trades.sides, trades.ticks, trades.lots))
        return [
            FlowEvent(at, FlowKind.PRINT, _SIDES[sign], ticks, lots)
            for at, sign, ticks, lots in zip(*columns, strict=True)
        ]

    def _changes(self, ts: int) -> list[FlowEvent]:
        book = self._replay.book
        end = int(np.searchsorted(book.ts, ts, side="right"))
        part = slice(self._row, end)
        self._row = end
        columns = (column[part].tolist() for column in (book.ts, book.resets, book.sides, book.ticks, book.lots))
        events: list[FlowEvent] = []
        for at, reset, sign, ticks, lots in zip(*columns, strict=True):
            if reset:
                events += self._forget(at)
            if lots:
                self._levels[sign][ticks] = lots
            else:
                self._levels[sign].pop(ticks, None)
            events.append(FlowEvent(at, FlowKind.SET, _SIDES[sign], ticks, lots))
        return events

    def _forget(self, at: int) -> list[FlowEvent]:
        """A snapshot voids every level before it."""
        gone = [
            FlowEvent(at, FlowKind.SET, _SIDES[s], ticks, 0) for s, levels in self._levels.items() for ticks in levels
        ]
        self._levels = {1: {}, -1: {}}
        return gone


def load_replays(path: Path, wanted: dict[InstrumentId, Instrument]) -> dict[InstrumentId, Replay]:
    """The replays of the wanted instruments that have a book in the files. Raises BadInput that names file, row, what
    is wrong and what is allowed."""
    books: dict[InstrumentId, BookRows] = {}
    trades: dict[InstrumentId, list[TradeRows]] = {}
    for file in _files(path):
        if holds_books(file):
            for book in read_books(file):
                if book.instrument in books:
                    raise BadInput(f"{file}: {book.instrument} has a book in {books[book.instrument].file} already")
                books[book.instrument] = book
            continue
        for rows in read_parquet(file):
            if not isinstance(rows, TradeRows):
                raise BadInput(f"{file}: a replay takes books and trades; give candles and funding as history")
            trades.setdefault(rows.instrument, []).append(rows)
    found = {
        instrument: Replay(rules, books[instrument], trades.get(instrument, []))
        for instrument, rules in wanted.items()
        if instrument in books
    }
    if not found:
        held = ", ".join(sorted(books)) or "no book"
        raise BadInput(f"{path}: holds {held}; wanted is at least one of {', '.join(wanted)}")
    return found


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise BadInput(f"replay '{path}' does not exist; name a Parquet file, or a folder of them")
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files:
        raise BadInput(f"replay '{path}' holds no Parquet file")
    return files


def _columns(instrument: Instrument, parts: list[TradeRows]) -> TradeColumns:
    empty = np.zeros(0, dtype=np.int64)
    if not parts:
        return TradeColumns(empty, empty, empty, empty, empty)
    check_trades(instrument, parts)
    ids = np.concatenate([part.ids for part in parts])
    order = np.argsort(ids, kind="stable")
    values = np.concatenate([part.values for part in parts], axis=1)[:, order]
    return TradeColumns(
        ids=ids[order],
        ts=np.maximum.accumulate(np.concatenate([part.ts for part in parts])[order]),
        ticks=on_grid(values[0], float(instrument.price_tick))[0],
        lots=on_grid(values[1], float(instrument.quantity_step))[0],
        sides=np.where(np.concatenate([part.buys for part in parts])[order] == 1, 1, -1),
    )
