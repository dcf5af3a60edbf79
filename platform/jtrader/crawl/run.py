"""Crawls of several instruments and kinds side by side, a thread each (the work is waiting for the venue and the
store)."""

import gc
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Protocol

from jtrader.crawl.result import CrawlResult, InstrumentResult, Tally
from jtrader.domain.errors import BadInput, JtraderError, Unavailable
from jtrader.domain.times import Span

WORKERS = 8


class Crawl(Protocol):
    """One kind of data of one instrument."""

    @property
    def tally(self) -> Tally: ...

    def run(self, stop: threading.Event) -> InstrumentResult:
        """Ends early, at the end of a page, once `stop` is set. Raises Unavailable, BadInput, Broken."""
        ...


@contextmanager
def _garbage_of_its_own() -> Iterator[None]:
    """The hundred thousands of rows would have Python walk again and again through all that was loaded before: a sixth
    of the crawl's time with ccxt's tables."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@_garbage_of_its_own()
def run_all(crawls: Sequence[Crawl], span: Span) -> CrawlResult:
    """Stores what is missing of the span and records the gaps; a second run fetches nothing.

    A venue that is away doesn't keep the others from being crawled: its Unavailable is raised when they are done. What
    can't be crawled at all (BadInput) is a row that says why, and raised where that goes for all. Broken is raised
    after all have stopped at the end of a page. What is stored by then is whole and is not fetched again.
    """
    stop = threading.Event()
    pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="crawl")
    interrupted = False
    try:
        running = [pool.submit(one.run, stop) for one in crawls]
        rows = _rows(crawls, running)
        return CrawlResult(start=span.start, end=span.end, instruments=tuple(rows))
    except KeyboardInterrupt:
        interrupted = True
        raise
    finally:
        stop.set()
        # Ctrl-C doesn't wait for a venue that hangs: the threads end when their source and store are closed
        pool.shutdown(wait=not interrupted, cancel_futures=True)


def _rows(crawls: Sequence[Crawl], running: Sequence[Future[InstrumentResult]]) -> list[InstrumentResult]:
    """In order. Raises Unavailable, or the BadInput of all, once all are done; any other failure at once."""
    failed: dict[Future[InstrumentResult], JtraderError] = {}
    for future in as_completed(running):
        try:
            future.result()
        except (Unavailable, BadInput) as error:
            failed[future] = error
    away = [error for error in failed.values() if isinstance(error, Unavailable)]
    if away or (failed and len(failed) == len(running)):
        raise [*away, *(failed[future] for future in running if future in failed)][0]
    return [
        one.tally.result(None, 0, 0, str(failed[future])) if future in failed else future.result()
        for one, future in zip(crawls, running, strict=True)
    ]
