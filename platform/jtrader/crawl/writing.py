"""Writing behind the fetching: while a batch is being stored, the next pages are asked for."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

Row = TypeVar("Row")

BATCH = 4_000
"""Rows. The store answers once a batch is safe, however large it is: few large ones cost it least."""


class Behind(Generic[Row]):
    """`write` gets the rows in order, in batches, from one thread. Left as a context, everything is written; what a
    write raised is raised by the next call, at the latest then."""

    def __init__(self, write: Callable[[Sequence[Row]], None], batch: int = BATCH) -> None:
        self._write = write
        self._batch = batch
        self._waiting: list[Row] = []
        self._running: Future[None] | None = None
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="crawl-writer")

    def add(self, rows: Sequence[Row]) -> None:
        self._waiting += rows
        if len(self._waiting) >= self._batch:
            self._send()

    def finish(self) -> None:
        """Returns once everything is written."""
        if self._waiting:
            self._send()
        self._await()

    def __enter__(self) -> "Behind[Row]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.finish()
        finally:
            self._pool.shutdown()

    def _send(self) -> None:
        self._await()
        rows, self._waiting = self._waiting, []
        self._running = self._pool.submit(self._write, rows)

    def _await(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.result()
