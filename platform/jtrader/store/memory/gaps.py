"""Recorded holes in a dictionary."""

from collections.abc import Sequence

from jtrader.domain.ids import InstrumentId
from jtrader.ports.stores import FOREVER, Gap
from jtrader.store.gaps import outside


class MemoryGaps:
    def __init__(self) -> None:
        self._gaps: dict[InstrumentId, list[Gap]] = {}

    def record(self, instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]) -> None:
        kept = outside(self._gaps.get(instrument, ()), start, end)
        self._gaps[instrument] = sorted({*kept, *gaps}, key=lambda g: g.start)

    def between(self, instrument: InstrumentId | None = None, start: int = 0, end: int = FOREVER) -> list[Gap]:
        """Those that reach into [start, end), of one instrument or of all, by instrument and time."""
        names = sorted(self._gaps) if instrument is None else [instrument]
        return [gap for name in names for gap in self._gaps.get(name, ()) if gap.start < end and gap.end > start]
