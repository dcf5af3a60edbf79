"""Instruments in a dictionary."""

from collections.abc import Sequence

from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument


class MemoryInstrumentStore:
    """InstrumentStore in memory."""

    def __init__(self) -> None:
        self._known: dict[InstrumentId, Instrument] = {}

    def save(self, instruments: Sequence[Instrument]) -> None:
        self._known.update({i.id: i for i in instruments})

    def load(self) -> Sequence[Instrument]:
        return [self._known[name] for name in sorted(self._known)]
