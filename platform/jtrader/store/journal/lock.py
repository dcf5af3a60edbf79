"""One writer a journal: an advisory lock that the kernel drops when its process ends, however it ends."""

import fcntl
import os
from pathlib import Path

from jtrader.domain.errors import Unavailable


class JournalInUse(Unavailable):
    """Another process writes this journal."""


class WriterLock:
    """Held from construction to `release`. The file names the holder's pid. Raises JournalInUse."""

    def __init__(self, folder: Path) -> None:
        file = folder / "writer.lock"
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._descriptor, 32).decode().strip() or "unknown"
            os.close(self._descriptor)
            raise JournalInUse(
                f"the journal {folder} is written by process {holder}; a second oms would trade the same accounts"
                " twice: stop that one first ('make down')"
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        os.close(self._descriptor)
