"""A crawl of several instruments side by side, one thread each (the work is waiting for the venue and the store)."""

import threading
from collections.abc import Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from jtrader.crawl.instrument import InstrumentCrawl, Progress
from jtrader.crawl.plan import CrawlRequest, Span
from jtrader.crawl.result import CrawlResult
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.ports.market_data import CandleSource
from jtrader.ports.stores import CandleStore

WORKERS = 8


def crawl(
    request: CrawlRequest,
    sources: Mapping[Market, CandleSource],
    store: CandleStore,
    progress: Progress = lambda instrument, done, total: None,  # noqa: ARG005
) -> CrawlResult:
    """Stores what is missing of the request and records the gaps; a second run fetches nothing.

    Raises the first failure of any instrument (Unavailable, BadInput, Broken), after the others have stopped at the
    end of a page; what is stored by then is whole and is not fetched again.
    """
    span = Span(request.start, request.end)
    if span.start >= span.end:
        raise BadInput("the range of candles is empty: its end must lie after its start")
    stop = threading.Event()
    crawls = [
        InstrumentCrawl(instrument, span, _source(sources, instrument), store, progress, stop)
        for instrument in request.instruments
    ]
    pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="crawl")
    interrupted = False
    try:
        running = [pool.submit(one.run) for one in crawls]
        for future in wait(running, return_when=FIRST_EXCEPTION).done:
            future.result()
        results = tuple(future.result() for future in running)
    except KeyboardInterrupt:
        interrupted = True
        raise
    finally:
        stop.set()
        # Ctrl-C doesn't wait for a venue that hangs: the threads end when their source and store are closed
        pool.shutdown(wait=not interrupted, cancel_futures=True)
    return CrawlResult(start=span.start, end=span.end, instruments=results)


def _source(sources: Mapping[Market, CandleSource], instrument: InstrumentId) -> CandleSource:
    market, _ = split_instrument_id(instrument)
    try:
        return sources[market]
    except KeyError:
        raise BadInput(f"{instrument} is on no market that is connected: {', '.join(sorted(sources))}") from None
