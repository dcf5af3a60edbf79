"""Rows that come one an instrument and time, in dictionaries."""

import threading
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import MarketEvent

Row = TypeVar("Row", bound=MarketEvent)


class MemorySeries(Generic[Row]):
    """SeriesStore in memory; safe to use from several threads."""

    def __init__(self) -> None:
        self._rows: dict[InstrumentId, dict[int, Row]] = {}
        self._lock = threading.Lock()

    def upsert(self, rows: Sequence[Row]) -> int:
        changed = 0
        with self._lock:
            for row in {(one.instrument, one.ts): one for one in rows}.values():
                kept = self._rows.setdefault(row.instrument, {})
                changed += kept.get(row.ts) != row
                kept[row.ts] = row
        return changed

    def read(self, instrument: InstrumentId, start: int, end: int) -> Iterator[Row]:
        with self._lock:
            kept = dict(self._rows.get(instrument, {}))
        return iter([kept[ts] for ts in sorted(kept) if start <= ts < end])

    def times(self, instrument: InstrumentId, start: int, end: int) -> Sequence[int]:
        with self._lock:
            return sorted(ts for ts in self._rows.get(instrument, {}) if start <= ts < end)

    def oldest(self, instrument: InstrumentId) -> int | None:
        with self._lock:
            return min(self._rows.get(instrument, {}), default=None)

    def newest(self, instrument: InstrumentId) -> int | None:
        with self._lock:
            return max(self._rows.get(instrument, {}), default=None)

    def has_before(self, instrument: InstrumentId, ts: int) -> bool:
        oldest = self.oldest(instrument)
        return oldest is not None and oldest < ts

    def count(self) -> int:
        with self._lock:
            return sum(len(kept) for kept in self._rows.values())

    def remove(self, instrument: InstrumentId, start: int, end: int) -> int:
        with self._lock:
            kept = self._rows.get(instrument, {})
            gone = [ts for ts in kept if start <= ts < end]
            for ts in gone:
                del kept[ts]
        return len(gone)
