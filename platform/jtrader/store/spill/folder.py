"""The segment files of a spill folder, `<number, 12 digits>.spill`: written one after the other, drained in order."""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from jtrader.domain.errors import Unavailable
from jtrader.store.journal.lock import JournalInUse, WriterLock
from jtrader.store.journal.segments import sync_folder
from jtrader.store.spill.frames import Damage, encode_frame, frames
from jtrader.store.ticks.batch import TickBatch

SUFFIX = ".spill"
SEGMENT_BYTES = 16 * 1024 * 1024

log = logging.getLogger(__name__)


class SpillFull(Unavailable):
    """The spill holds as much as it may, or the disk does; what was given was not kept."""


class Spill:
    """Not safe for several threads at once. What `put` has returned from outlives the machine's crash. Opening takes
    the folder's lock, so that two recorders don't drain the same files; raises Unavailable where another has it."""

    def __init__(
        self,
        folder: Path,
        most_bytes: int,
        segment_bytes: int = SEGMENT_BYTES,
        sync: Callable[[Path], None] = sync_folder,
    ) -> None:
        """`sync` makes the names in a folder durable."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._sync = sync
        sync(folder.parent)
        try:
            self._lock = WriterLock(folder)
        except JournalInUse as error:
            raise Unavailable(f"{folder} is another recorder's: stop that one first ('make down')") from error
        self._most = most_bytes
        self._segment_bytes = segment_bytes
        self._sizes = {file: file.stat().st_size for file in sorted(folder.glob(f"*{SUFFIX}"))}
        self._inherited = frozenset(self._sizes)
        self._next = 1 + max((int(file.stem) for file in self._sizes), default=0)
        self._open: Path | None = None
        self.damaged_bytes = 0
        """What could not be read back since the start."""

    @property
    def bytes(self) -> int:
        return sum(self._sizes.values())

    @property
    def is_inheriting(self) -> bool:
        """Whether there is still something from before this opening."""
        return not self._inherited.isdisjoint(self._sizes)

    def put(self, batches: Sequence[TickBatch]) -> None:
        """Raises SpillFull."""
        frame = encode_frame(batches)
        if self.bytes + len(frame) > self._most:
            raise SpillFull(f"{self._folder} holds {self.bytes} of {self._most} bytes: start MongoDB, or allow it more")
        if self._open is None or self._sizes[self._open] >= self._segment_bytes:
            self._open = self._folder / f"{self._next:012d}{SUFFIX}"
            self._next += 1
            self._sizes[self._open] = 0
        before = self._sizes[self._open]
        try:
            with self._open.open("ab") as file:
                file.write(frame)
                file.flush()
                os.fdatasync(file.fileno())
            if not before:
                self._sync(self._folder)
        except OSError as error:
            self._take_back(self._open, before)
            raise SpillFull(f"{self._folder} can't be written ({error.strerror}): make room on the disk") from error
        self._sizes[self._open] = before + len(frame)

    def drain(self, write: Callable[[Sequence[TickBatch]], None]) -> int:
        """Hands the oldest segment to `write` and forgets it; returns how many batches that were, 0 where nothing is
        left. What `write` raises ends it: the segment stays, and comes again the next time."""
        if not self._sizes:
            return 0
        file = next(iter(self._sizes))
        self._open = None if self._open == file else self._open
        damage, drained = Damage(), 0
        for batches in frames(file.read_bytes(), damage):
            write(batches)
            drained += len(batches)
        if damage.bytes:
            log.error("%s: %d bytes could not be read", file, damage.bytes)
            self.damaged_bytes += damage.bytes
        file.unlink()
        del self._sizes[file]
        return drained

    def close(self) -> None:
        self._lock.release()

    def _take_back(self, file: Path, size: int) -> None:
        """Cuts off what a failed write has left, as far as the disk allows: a torn frame is skipped in any case."""
        self._open = None
        try:
            if size:
                os.truncate(file, size)
                return
            del self._sizes[file]
            file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s can't be cut to %d bytes (%s)", file, size, error.strerror)
