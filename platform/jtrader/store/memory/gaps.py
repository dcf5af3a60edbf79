"""Recorded holes in a dictionary."""

from collections.abc import Sequence

from jtrader.domain.ids import InstrumentId
from jtrader.ports.stores import Gap
from jtrader.store.gaps import outside


class MemoryGaps:
    def __init__(self) -> None:
        self._gaps: dict[InstrumentId, list[Gap]] = {}

    def record(self, instrument: InstrumentId, start: int, end: int, gaps: Sequence[Gap]) -> None:
        kept = outside(self._gaps.get(instrument, ()), start, end)
        self._gaps[instrument] = sorted([*kept, *gaps], key=lambda g: g.start)

    def all(self) -> list[Gap]:
        return [gap for instrument in sorted(self._gaps) for gap in self._gaps[instrument]]
