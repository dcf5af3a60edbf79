"""The journal on disk."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from jtrader.domain.errors import Broken
from jtrader.domain.events import Event, Sequenced
from jtrader.store.journal.frames import encode_frame
from jtrader.store.journal.lock import WriterLock
from jtrader.store.journal.reader import read_journal
from jtrader.store.journal.segments import mend_tail, segment_files, segment_path, sync_folder

SEGMENT_BYTES = 64 * 1024 * 1024


class FileJournal:
    """ports.stores.Journal below a folder.

    Opening takes the writer's lock (JournalInUse names the holder), cuts a torn commit and makes what is left durable.
    A failed write or fsync is final: the kernel may have dropped the pages, so every later call raises Broken. So is an
    event that JSON has no words for: whoever appended it believes in it already.
    """

    def __init__(
        self, folder: Path, segment_bytes: int = SEGMENT_BYTES, fsync: Callable[[int], None] = os.fdatasync
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sync_folder(folder.parent)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._fsync = fsync
        self._encode = msgspec.json.Encoder().encode_lines
        self._failure: str | None = None
        self._pending: list[Sequenced] = []
        self._lock = WriterLock(folder)
        try:
            files = segment_files(folder)
            self._committed = mend_tail(files[-1][1], files[-1][0]) if files else 0
            self._last = self._committed
            self._file, self._size = self._open(files[-1][1] if files else segment_path(folder, 1))
        except BaseException:
            self._lock.release()
            raise

    @property
    def committed(self) -> int:
        """Number of the last record that is on disk for good."""
        return self._committed

    def append(self, event: Event) -> int:
        if self._failure is not None:
            raise Broken(self._failure)
        self._last += 1
        self._pending.append(Sequenced(self._last, event))
        return self._last

    def commit(self) -> None:
        if self._failure is not None:
            raise Broken(self._failure)
        if not self._pending:
            return
        try:
            frame = encode_frame(self._committed + 1, len(self._pending), self._encode(self._pending))
            if self._size >= self._segment_bytes:
                full = self._file
                self._file, self._size = self._open(segment_path(self._folder, self._committed + 1))
                os.close(full)
            if os.write(self._file, frame) != len(frame):
                raise OSError("the disk took only a part of the commit")
            self._fsync(self._file)
        except (OSError, TypeError, ValueError) as error:
            self._failure = f"the journal {self._folder} can't be written ({error}): stop, mend the disk, start again"
            raise Broken(self._failure) from error
        self._size += len(frame)
        self._committed = self._last
        self._pending = []

    def replay(self, after: int = 0) -> Iterator[Sequenced]:
        return read_journal(self._folder, after)

    def close(self) -> None:
        """Without commit: what was only appended is given up. The lock is free afterwards."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
            self._failure = self._failure or f"the journal {self._folder} is closed"
            self._lock.release()

    def _open(self, path: Path) -> tuple[int, int]:
        """Opens or makes a segment whose name and bytes are durable; returns (descriptor, size)."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.fsync(descriptor)
        sync_folder(self._folder)
        return descriptor, os.fstat(descriptor).st_size
