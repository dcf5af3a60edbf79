"""Crawls of several instruments and kinds side by side, a thread each (the work is waiting for the venue and the
store)."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import Protocol

from jtrader.crawl.result import CrawlResult, InstrumentResult
from jtrader.domain.errors import Unavailable
from jtrader.domain.times import Span

WORKERS = 8


class Crawl(Protocol):
    """One kind of data of one instrument."""

    def run(self, stop: threading.Event) -> InstrumentResult:
        """Ends early, at the end of a page, once `stop` is set. Raises Unavailable, BadInput, Broken."""
        ...


def run_all(crawls: Sequence[Crawl], span: Span) -> CrawlResult:
    """Stores what is missing of the span and records the gaps; a second run fetches nothing.

    A venue that is away doesn't keep the others from being crawled: its Unavailable is raised when they are done.
    BadInput and Broken are raised after all have stopped at the end of a page. What is stored by then is whole and is
    not fetched again.
    """
    stop = threading.Event()
    pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="crawl")
    interrupted = False
    try:
        running = [pool.submit(one.run, stop) for one in crawls]
        away = _away(running)
        if away is not None:
            raise away
        return CrawlResult(start=span.start, end=span.end, instruments=tuple(one.result() for one in running))
    except KeyboardInterrupt:
        interrupted = True
        raise
    finally:
        stop.set()
        # Ctrl-C doesn't wait for a venue that hangs: the threads end when their source and store are closed
        pool.shutdown(wait=not interrupted, cancel_futures=True)


def _away(running: Sequence[Future[InstrumentResult]]) -> Unavailable | None:
    """The first venue or store that did not answer, once all are done. Raises any other failure at once."""
    away: Unavailable | None = None
    for future in as_completed(running):
        try:
            future.result()
        except Unavailable as error:
            away = away or error
    return away
