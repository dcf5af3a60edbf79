"""The crawl into MongoDB against ccxt alone: the same pages of the same simulator, the same pauses between requests.

Both keep to the venue's limits, which the simulator enforces, and ask for all instruments side by side. ccxt alone
fetches and parses page after page, stores and checks nothing; our crawl asks a page ahead (`jtrader.crawl.ahead`).
"""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from bench.measure import Job, Row, row
from bench.servers import DATABASE, folder, mongod, simulator
from jtrader.app.jobs.crawl import crawl_market_data
from jtrader.app.settings import load_settings
from jtrader.domain.times import DAY, MINUTE, iso, to_millis
from jtrader.exchange.binance.rest import DIALECTS
from jtrader.exchange.localnet import local_session

INSTRUMENTS = ("binance_usdm:BTCUSDT", "binance_usdm:ETHUSDT", "binance_spot:BTCUSDT", "binance_spot:ETHUSDT")
TYPES = {"binance_usdm": "linear", "binance_spot": "spot"}
DAYS = 30
ROUNDS = 3


def rows(job: Job) -> Iterator[Row]:
    from ccxt.async_support.binance import binance  # noqa: F401  its import takes seconds and is no crawling

    days = job.size(DAYS)
    with simulator(days=days + 1, seed=job.seed) as venue, mongod() as uri, folder() as home:
        end = venue.now // MINUTE * MINUTE
        start = end - days * DAY
        wanted = len(INSTRUMENTS) * days * DAY // MINUTE

        def crawl(number: int) -> int:
            """Into a database of its own, so that each round has everything to do."""
            settings = load_settings(
                home=home, mongo_uri=uri, mongo_database=f"{DATABASE}{number}", simulator_uri=venue.uri
            )
            return crawl_market_data(INSTRUMENTS, days, iso(end), settings).stored

        pairs = []
        for number in range(job.size(ROUNDS)):
            alone = wanted / _seconds(lambda: asyncio.run(_ccxt(venue.uri, start, end)), wanted)
            ours = wanted / _seconds(partial(crawl, number), wanted)
            pairs.append((ours / alone, ours, alone))
    ratio, ours, alone = statistics.median_low(pairs)
    told = f"the middle one of {len(pairs)}: {', '.join(f'{pair[0]:.2f}' for pair in pairs)}"
    note = f"at least 0.7; {ours:,.0f} candles/s stored, ccxt alone fetches {alone:,.0f}; {wanted:,} of each; {told}"
    yield row("crawl.ratio", ratio, "of ccxt alone", 1.0, note)


def _seconds(work: Any, wanted: int) -> float:
    began = time.perf_counter()
    found = work()
    assert found == wanted, f"{found:,} candles of {wanted:,}"
    return time.perf_counter() - began


async def _ccxt(uri: str, start: int, end: int) -> int:
    """How many candles came; the instruments of a market side by side, as our crawl asks for them."""
    markets = dict.fromkeys(name.partition(":")[0] for name in INSTRUMENTS)
    return sum(await asyncio.gather(*(_ccxt_market(uri, market, start, end) for market in markets)))


async def _ccxt_market(uri: str, market: str, start: int, end: int) -> int:
    from ccxt.async_support.binance import binance

    dialect = DIALECTS[market]
    config = {"enableRateLimit": True, "rateLimiterAlgorithm": "rollingWindow", "rateLimit": dialect.pause_ms}
    async with (
        local_session(uri) as session,
        _Closing(
            binance({**config, "session": session, "options": {"fetchMarkets": {"types": [TYPES[market]]}}})
        ) as exchange,
    ):
        await exchange.load_markets()
        ids = [name.partition(":")[2] for name in INSTRUMENTS if name.startswith(market)]
        symbols = [exchange.markets_by_id[one][0]["symbol"] for one in ids]
        return sum(await asyncio.gather(*(_pages(exchange, one, start, end, dialect.page) for one in symbols)))


async def _pages(exchange: Any, symbol: str, start: int, end: int, page: int) -> int:
    found, since, until = 0, to_millis(start), to_millis(end)
    while since < until:
        rows: Sequence[Sequence[float]] = await exchange.fetch_ohlcv(symbol, "1m", since, page)
        kept = [row for row in rows if since <= row[0] < until]
        if not kept:
            return found
        found += len(kept)
        since = int(kept[-1][0]) + 60_000
    return found


class _Closing:
    """ccxt's exchanges want to be closed in their loop."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange

    async def __aenter__(self) -> Any:
        return self._exchange

    async def __aexit__(self, *_: object) -> None:
        await self._exchange.close()
