"""The kill latch on disk, read before each send."""

from pathlib import Path

from jtrader.risk.kill import OPEN, Latch, parse_latch


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
