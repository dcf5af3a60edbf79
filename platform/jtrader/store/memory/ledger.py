"""What a crawl knows of one kind of data, in dictionaries."""

import threading
from collections.abc import Sequence
from typing import Generic, TypeVar

import msgspec

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import MarketEvent
from jtrader.domain.times import Span
from jtrader.ports.stores import FOREVER, Aside, Gap
from jtrader.store.fingerprint import fingerprint
from jtrader.store.gaps import united
from jtrader.store.memory.gaps import MemoryGaps

Row = TypeVar("Row", bound=MarketEvent)


class MemoryLedger(Generic[Row]):
    """CrawlLedger in memory; safe to use from several threads."""

    def __init__(self) -> None:
        self._gaps = MemoryGaps()
        self._asked: dict[InstrumentId, list[Span]] = {}
        self._aside: dict[tuple[InstrumentId, int, str], Aside[Row]] = {}
        self._ledger_lock = threading.Lock()

    def asked(self, instrument: InstrumentId) -> Sequence[Span]:
        with self._ledger_lock:
            return list(self._asked.get(instrument, ()))

    def record_asked(self, instrument: InstrumentId, start: int, end: int) -> None:
        with self._ledger_lock:
            self._asked[instrument] = united([*self._asked.get(instrument, ()), Span(start, end)])

    def forget(self, instrument: InstrumentId, before: int) -> None:
        with self._ledger_lock:
            asked = self._asked.get(instrument, ())
            self._asked[instrument] = [Span(max(a, before), b) for a, b in asked if b > before]
            self._gaps.record(instrument, 0, before, [])

    def record_gaps(self, instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]) -> None:
        with self._ledger_lock:
            self._gaps.record(instrument, start, end, gaps)

    def gaps(self, instrument: InstrumentId | None = None, start: int = 0, end: int = FOREVER) -> Sequence[Gap]:
        with self._ledger_lock:
            return self._gaps.between(instrument, start, end)

    def quarantine(self, row: Row, reason: str, asked: InstrumentId | None = None) -> None:
        with self._ledger_lock:
            key = (asked or row.instrument, row.ts, fingerprint(row))
            before = self._aside.get(key)
            self._aside[key] = Aside(row=row, reason=reason, replaced=before.replaced if before else None)

    def aside(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Aside[Row]]:
        with self._ledger_lock:
            return [
                one for (name, ts, _), one in sorted(self._aside.items()) if name == instrument and start <= ts < end
            ]

    def replace(self, good: Sequence[Row]) -> None:
        by_time = {(row.instrument, row.ts): row for row in good}
        with self._ledger_lock:
            for key, one in self._aside.items():
                if key[:2] in by_time:
                    self._aside[key] = msgspec.structs.replace(one, replaced=by_time[key[:2]])
