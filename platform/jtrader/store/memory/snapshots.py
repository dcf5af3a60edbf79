"""Snapshots in a dictionary."""

from collections.abc import Sequence

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import Span
from jtrader.ports.stores import Snapshot


class MemorySnapshots:
    """SnapshotStore in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, Snapshot] = {}

    def save(self, snapshot: Snapshot) -> Snapshot:
        return self._kept.setdefault(snapshot.id, snapshot)

    def load(self, name: str) -> Snapshot:
        found = [one for one in self._kept.values() if one.id.startswith(name)]
        if len(found) != 1:
            what = "is the start of several snapshots' ids" if found else "is no snapshot"
            raise BadInput(f"'{name}' {what}; 'jtrader crawl snapshot --list' shows them")
        return found[0]

    def newest(self, limit: int = 20) -> Sequence[Snapshot]:
        return sorted(self._kept.values(), key=lambda one: one.created, reverse=True)[:limit]

    def pinned(self) -> Sequence[tuple[InstrumentId, Span]]:
        return [(row.instrument, Span(one.start, one.end)) for one in self._kept.values() for row in one.instruments]

    def forget(self, name: str) -> Snapshot:
        return self._kept.pop(self.load(name).id)
