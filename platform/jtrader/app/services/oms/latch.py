"""The kill latch on disk, read before each send."""

import fcntl
import os
from pathlib import Path

import msgspec

from jtrader.risk.kill import OPEN, Change, Latch, parse_latch


class LatchFile:
    """Reads the file again whenever it has changed. Missing = trading is open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._latch = OPEN

    def read(self) -> Latch:
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if stamp != self._stamp:
                self._latch, self._stamp = parse_latch(self._path.read_bytes()), stamp
        except FileNotFoundError:
            self._latch, self._stamp = OPEN, None
        return self._latch


def change_latch(path: Path, change: Change) -> Latch:
    """Writes the latch with one change more; it is on disk, whole, when this returns. Several may do so at once. What
    a latch that can't be read had stopped is not known any more: its stop of all orders is kept until level 0."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        latch = LatchFile(path).read().changed(change)
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(latch), indent=1))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return latch
