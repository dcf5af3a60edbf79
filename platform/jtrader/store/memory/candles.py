"""Candles, their gaps and the quarantine in dictionaries."""

import threading
from collections.abc import Iterator, Sequence

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle
from jtrader.ports.stores import Gap
from jtrader.store.gaps import outside


class MemoryCandleStore:
    """CandleStore in memory; safe to use from several threads."""

    def __init__(self) -> None:
        self._candles: dict[InstrumentId, dict[int, Candle]] = {}
        self._gaps: dict[InstrumentId, list[Gap]] = {}
        self._quarantined: dict[tuple[InstrumentId, int], tuple[Candle, str]] = {}
        self._lock = threading.Lock()

    @property
    def quarantined(self) -> Sequence[tuple[Candle, str]]:
        """What was put aside, with the reasons."""
        with self._lock:
            return tuple(self._quarantined.values())

    def upsert(self, candles: Sequence[Candle]) -> int:
        changed = 0
        with self._lock:
            for candle in {(c.instrument, c.ts): c for c in candles}.values():
                kept = self._candles.setdefault(candle.instrument, {})
                changed += kept.get(candle.ts) != candle
                kept[candle.ts] = candle
        return changed

    def read(self, instrument: InstrumentId, start: int, end: int) -> Iterator[Candle]:
        with self._lock:
            kept = dict(self._candles.get(instrument, {}))
        return iter([kept[ts] for ts in sorted(kept) if start <= ts < end])

    def times(self, instrument: InstrumentId, start: int, end: int) -> Sequence[int]:
        with self._lock:
            return sorted(ts for ts in self._candles.get(instrument, {}) if start <= ts < end)

    def count(self) -> int:
        with self._lock:
            return sum(len(kept) for kept in self._candles.values())

    def quarantine(self, candle: Candle, reason: str) -> None:
        with self._lock:
            self._quarantined[candle.instrument, candle.ts] = (candle, reason)

    def record_gaps(self, instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]) -> None:
        with self._lock:
            kept = outside(self._gaps.get(instrument, ()), start, end)
            self._gaps[instrument] = sorted([*kept, *gaps], key=lambda g: g.start)

    def gaps(self) -> Sequence[Gap]:
        with self._lock:
            return [gap for instrument in sorted(self._gaps) for gap in self._gaps[instrument]]
