"""How much memory the demo takes: the resident sets of its processes, added up every two seconds."""

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

import psutil

EVERY_SECONDS = 2.0
MEBIBYTE = 1 << 20


class PeakMemory:
    """Watches this process and the trees below `roots()` (pids) until stopped. Shared pages count once a process, so
    the figure is an upper bound."""

    def __init__(self, roots: Callable[[], Iterable[int]]) -> None:
        self._roots = roots
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="peak-memory", daemon=True)
        self.peak_mb = 0

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, self._resident() // MEBIBYTE)
            if self._stop.wait(EVERY_SECONDS):
                return

    def _resident(self) -> int:
        seen: dict[int, int] = {}
        for root in (os.getpid(), *self._roots()):
            with suppress(psutil.NoSuchProcess):
                top = psutil.Process(root)
                for process in (top, *top.children(recursive=True)):
                    with suppress(psutil.NoSuchProcess):
                        seen[process.pid] = process.memory_info().rss
        return sum(seen.values())
