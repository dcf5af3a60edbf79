"""Ticks in dictionaries."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, MarketEvent, Trade
from jtrader.domain.order_book import OrderBook
from jtrader.domain.times import HOUR
from jtrader.ports.stores import FOREVER, Contiguity, Gap, IdRange, Tick
from jtrader.store.memory.gaps import MemoryGaps
from jtrader.store.ticks.batch import TickBatch
from jtrader.store.ticks.kinds import KINDS, kind_of
from jtrader.store.ticks.replaying import is_void, meaningful


class MemoryTickStore:
    """TickStore in memory; safe to use from several threads. Nothing has to be compacted here."""

    def __init__(self) -> None:
        self._rows: dict[tuple[type[MarketEvent], InstrumentId], dict[Any, MarketEvent]] = {}
        """By trade id, or by time of receipt."""
        self._absent: dict[InstrumentId, set[int]] = {}
        self._gaps: dict[type[MarketEvent], MemoryGaps] = {}
        self._lock = threading.Lock()

    def append(self, events: Sequence[MarketEvent], received: int = 0) -> None:
        with self._lock:
            for at, event in enumerate(events, start=received):
                kind_of(type(event))
                kept = self._rows.setdefault((type(event), event.instrument), {})
                key = event.trade_id if isinstance(event, Trade) else at
                kept[key] = min(event, kept.get(key, event), key=_telling)

    def write(self, batches: Sequence[TickBatch]) -> None:
        """`append` of what is packed already."""
        for batch in batches:
            kind, table = KINDS[batch.kind], batch.table()
            received = table["received"].tolist() if "received" in table else [0] * batch.count
            for event, at in zip(kind.events(batch.instrument, table), received, strict=True):
                self.append([event], at)

    def read(self, kind: type[Tick], instrument: InstrumentId, start: int, end: int) -> Iterator[Tick]:
        return iter([event for event in self._ordered(kind, instrument) if start <= event.ts < end])

    def replay(self, instrument: InstrumentId, start: int, end: int) -> Iterator[Depth]:
        book, since = OrderBook(instrument), 0
        updates, gaps = self._ordered(Depth, instrument), self._gaps_of(Depth, instrument)
        before = (update for update in updates if update.ts < start)
        for update in meaningful(before, gaps, is_known=False):
            book.apply(update)
            since = update.ts if update.snapshot else since
        is_known = book.is_known and not is_void(gaps, since, start)
        if is_known:
            yield Depth(instrument, start, tuple(book.bids.levels()), tuple(book.asks.levels()), book.update_id, True)
        later = [gap for gap in gaps if gap.start >= start or (not is_known and gap.end > start)]
        yield from meaningful((update for update in updates if start <= update.ts < end), later, is_known)

    def newest(self, kind: type[Tick], instrument: InstrumentId, before: int = FOREVER) -> Tick | None:
        told = (event for event in self._ordered(kind, instrument) if event.ts < before)
        return max(told, key=lambda event: event.ts, default=None)

    def newest_receipt(self, kind: type[MarketEvent], instrument: InstrumentId) -> int:
        with self._lock:
            return max(self._rows.get((kind, instrument), ()), default=0)

    def count(self, kind: type[MarketEvent]) -> int:
        with self._lock:
            return sum(len(rows) for (of, _), rows in self._rows.items() if of is kind)

    def contiguity(self, instrument: InstrumentId, start: int, end: int) -> Contiguity:
        found = [trade.trade_id for trade in self.read(Trade, instrument, start, end)]
        ids = sorted(number for number in found if isinstance(number, int))
        if len(ids) < len(found):
            raise BadInput(f"{instrument}: its trades carry no numbers, so that none can be missing")
        known = {*ids, *self._absent.get(instrument, ())}
        missing: list[IdRange] = []
        for number in range(ids[0], ids[-1]) if ids else ():
            if number in known:
                continue
            if missing and missing[-1].last == number - 1:
                missing[-1] = IdRange(missing[-1].first, number)
            else:
                missing.append(IdRange(number, number))
        return Contiguity(
            instrument=instrument,
            first=ids[0] if ids else None,
            last=ids[-1] if ids else None,
            count=len(ids),
            missing=tuple(missing),
        )

    def record_absent(self, instrument: InstrumentId, absent: Sequence[IdRange]) -> None:
        with self._lock:
            for one in absent:
                self._absent.setdefault(instrument, set()).update(range(one.first, one.last + 1))

    def forget(self, kind: type[MarketEvent], before: int) -> int:
        with self._lock:
            mine = [rows for (of, _), rows in self._rows.items() if of is kind]
            gone = [
                (rows, key) for rows in mine for key, event in rows.items() if event.ts // HOUR * HOUR + HOUR <= before
            ]
            for rows, key in gone:
                del rows[key]
            known, end = self._gaps.setdefault(kind, MemoryGaps()), before // HOUR * HOUR
            for name in {gap.instrument for gap in known.between(None, 0, end)}:
                known.record(name, 0, end, [])
        return len(gone)

    def compact(self, before: int) -> int:  # noqa: ARG002
        return 0

    def record_gaps(
        self, kind: type[MarketEvent], instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]
    ) -> None:
        with self._lock:
            self._gaps.setdefault(kind, MemoryGaps()).record(instrument, start, end, gaps)

    def gaps(self, kind: type[MarketEvent]) -> Sequence[Gap]:
        with self._lock:
            return self._gaps[kind].between() if kind in self._gaps else []

    def _gaps_of(self, kind: type[MarketEvent], instrument: InstrumentId) -> list[Gap]:
        with self._lock:
            return self._gaps[kind].between(instrument) if kind in self._gaps else []

    def _ordered(self, kind: type[Tick], instrument: InstrumentId) -> list[Tick]:
        with self._lock:
            rows = list(self._rows.get((kind, instrument), {}).items())
        if kind is Trade:
            rows.sort(key=lambda row: (row[1].ts, row[0]))
        else:
            rows.sort(key=lambda row: (row[1].ts // HOUR, row[0]))
        return [event for _, event in rows if isinstance(event, kind)]


def _telling(event: MarketEvent) -> tuple[float, ...]:
    """Which of two different tellings of one trade is kept."""
    return (event.ts, event.price, event.quantity, event.side) if isinstance(event, Trade) else ()
