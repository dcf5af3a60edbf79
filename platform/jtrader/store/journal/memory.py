"""The journal's in-memory twin, for backtests and tests: the same promises, gone with the process."""

from collections.abc import Iterator

from jtrader.domain.events import Event, Sequenced


class MemoryJournal:
    """ports.stores.Journal without a disk."""

    def __init__(self) -> None:
        self._committed: list[Sequenced] = []
        self._pending: list[Sequenced] = []

    @property
    def committed(self) -> int:
        return len(self._committed)

    def append(self, event: Event) -> int:
        seq = len(self._committed) + len(self._pending) + 1
        self._pending.append(Sequenced(seq, event))
        return seq

    def commit(self) -> None:
        self._committed += self._pending
        self._pending = []

    def replay(self, after: int = 0) -> Iterator[Sequenced]:
        return iter(self._committed[after:])

    def close(self) -> None:
        self._pending = []
