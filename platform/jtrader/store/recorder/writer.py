"""Where batches go: to the store, or to the spill while the store is away, and from there back."""

import logging
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from jtrader.domain.errors import JtraderError
from jtrader.domain.ids import InstrumentId
from jtrader.store.spill.folder import Spill, SpillFull
from jtrader.store.ticks.batch import TickBatch

MOST_BATCHES = 500
"""That are written at a time."""

log = logging.getLogger(__name__)


class Dropped(NamedTuple):
    """Rows of start ≤ ts ≤ end (venue time) that are kept nowhere, perhaps not all of them."""

    kind: str
    instrument: InstrumentId
    start: int
    end: int


class BatchStore(Protocol):
    def write(self, batches: Sequence[TickBatch]) -> None:
        """Idempotent. Raises a JtraderError: some of it may be stored."""
        ...


class BatchWriter:
    """Not safe for several threads at once. `state`:

    - recording: batches go to the store
    - spilling: the store is away, they go to the spill
    - back_filling: the store is back; they go to the spill behind what is still there
    - full: the store is away and the spill has no room; they are dropped (see `take_dropped`)
    """

    def __init__(self, store: BatchStore, spill: Spill) -> None:
        self._store = store
        self._spill = spill
        self.state = "recording" if not spill.bytes else "spilling"
        self.rows = 0
        """Stored since the start."""
        self.spilled_rows = 0
        self.dropped_rows = 0
        self.trouble = ""
        self._dropped: dict[tuple[str, InstrumentId], Dropped] = {}

    @property
    def is_inheriting(self) -> bool:
        """Whether the spill still holds what an earlier process wrote."""
        return self._spill.is_inheriting

    def take_dropped(self) -> list[Dropped]:
        """What was dropped since the last call, by kind and instrument."""
        dropped, self._dropped = list(self._dropped.values()), {}
        return dropped

    @property
    def spilled_bytes(self) -> int:
        return self._spill.bytes

    def hold(self, trouble: str) -> None:
        """The store is known to be away: what comes goes to the spill until `drain` finds it back."""
        self.state, self.trouble = "spilling", trouble

    def write(self, batches: Sequence[TickBatch]) -> None:
        """Returns once every batch is stored, spilled or, with both full, dropped."""
        for first in range(0, len(batches), MOST_BATCHES):
            part = batches[first : first + MOST_BATCHES]
            if self.state != "recording" or not self._try(part):
                self._keep(part)

    def drain(self) -> bool:
        """While something is spilled: brings a segment of it to the store, if that is back. True once none is left."""
        if self.state == "recording":
            return False
        try:
            drained = self._spill.drain(self._store_all)
        except JtraderError as error:
            self.trouble = str(error)
            self.state = "spilling" if self.state == "back_filling" else self.state
            return False
        log.info("the store is back: %d spilled batches written, %d bytes left", drained, self._spill.bytes)
        self.state, self.trouble = ("back_filling" if self._spill.bytes else "recording"), ""
        return self.state == "recording"

    def _try(self, batches: Sequence[TickBatch]) -> bool:
        try:
            self._store_all(batches)
        except JtraderError as error:
            log.warning("spilling: %s", error)
            self.state, self.trouble = "spilling", str(error)
            return False
        return True

    def _store_all(self, batches: Sequence[TickBatch]) -> None:
        self._store.write(batches)
        self.rows += _rows(batches)

    def _keep(self, batches: Sequence[TickBatch]) -> None:
        try:
            self._spill.put(batches)
        except SpillFull as error:
            if self.state != "full":
                log.error("dropping what arrives: %s", error)
            self.state, self.trouble = "full", str(error)
            self.dropped_rows += _rows(batches)
            for batch in batches:
                self._drop(batch)
        else:
            self.state = "spilling" if self.state != "back_filling" else self.state
            self.spilled_rows += _rows(batches)

    def _drop(self, batch: TickBatch) -> None:
        key = batch.kind, batch.instrument
        before = self._dropped.get(key)
        start = batch.start if before is None else min(before.start, batch.start)
        end = batch.end if before is None else max(before.end, batch.end)
        self._dropped[key] = Dropped(*key, start, end)


def _rows(batches: Sequence[TickBatch]) -> int:
    return sum(batch.count for batch in batches)
