"""Instruments in a dictionary."""

from collections.abc import Sequence

from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument


class MemoryInstrumentStore:
    """InstrumentStore in memory."""

    def __init__(self) -> None:
        self._versions: dict[tuple[InstrumentId, int], Instrument] = {}

    def save(self, versions: Sequence[Instrument]) -> None:
        self._versions.update({(one.id, one.valid_from): one for one in versions})

    def load(self, at: int | None = None) -> Sequence[Instrument]:
        in_force = {
            name: self._versions[name, since] for name, since in sorted(self._versions) if at is None or since <= at
        }
        return list(in_force.values())

    def history(self, instrument: InstrumentId) -> Sequence[Instrument]:
        return [self._versions[key] for key in sorted(self._versions) if key[0] == instrument]
