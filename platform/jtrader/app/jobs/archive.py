"""Import of a venue's archive files: a crawl whose source is the file."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.crawling import open_places, prover, witnesses
from jtrader.crawl.candles import CandleCrawl
from jtrader.crawl.imported import ImportedCandles, ImportedTrades
from jtrader.crawl.result import CrawlResult, Progress, Tally
from jtrader.crawl.run import run_all
from jtrader.crawl.trades import TradeCrawl
from jtrader.crawl.work import Places
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, instrument_id
from jtrader.domain.market import Candle
from jtrader.domain.times import Span
from jtrader.exchange.archive.binance import ArchiveName, ArchiveRows, name_of, read_rows
from jtrader.exchange.archive.sorting import trades_by_time


def import_archive(
    files: Sequence[Path],
    market: str | None = None,
    settings: Settings | None = None,
    progress: Progress = lambda what, done, total: None,  # noqa: ARG005
) -> CrawlResult:
    """Stores what is missing of Binance's archive files, one after the other; what they lack becomes gaps. `market`
    where no folder tells it. Raises BadInput that names file and row, Unavailable; files before that one are stored.

    Aggregated trades are stored as one trade each, under the number of their first. Numbers that a file of trades lacks
    are `lost` until the venue itself was asked.
    """
    settings = settings or load_settings()
    if not files:
        raise BadInput("no file to import: name at least one, for example spot/BTCUSDT-1m-2025-05.zip")
    names = [name_of(file, market) for file in files]
    if lacking := [str(name.file) for name in names if not name.file.is_file()]:
        raise BadInput(f"{', '.join(lacking)}: there is no such file")
    began = time.monotonic()
    with open_places(settings) as places:
        done = [_import_file(name, places, settings, progress) for name in names]
    return CrawlResult(
        start=min(one.start for one in done),
        end=max(one.end for one in done),
        instruments=tuple(row for one in done for row in one.instruments),
        seconds=round(time.monotonic() - began, 3),
    )


def _import_file(name: ArchiveName, places: Places, settings: Settings, progress: Progress) -> CrawlResult:
    instrument, span = instrument_id(name.market, name.symbol), name.span
    if name.kind == "1m":
        tally, witness = Tally("candles", instrument, span, progress), witnesses(settings, places, {})(instrument)
        source = ImportedCandles(_candles(instrument, read_rows(name)), span.end)
        crawl = CandleCrawl(instrument, span, source, places.candles, tally, _far_after(span), witness)
        return run_all([crawl], span)
    settings.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=settings.root) as scratch:  # a month's trades may be larger than the memory
        trades = ImportedTrades(instrument, trades_by_time(name, scratch))
        by_number = prover(places, lambda name: trades, tells_absence=False)  # noqa: ARG005
        prove = by_number(instrument) if name.kind == "trades" else None
        tally = Tally("trades", instrument, span, progress)
        return run_all(
            [TradeCrawl(instrument, span, trades, places.trades, places.trade_ledger, tally, prove, tells_all=True)],
            span,
        )


def _far_after(span: Span) -> int:
    """The archive is of the past: nothing of it may still come."""
    return 2 * span.end


def _candles(instrument: InstrumentId, found: ArchiveRows) -> list[Candle]:
    """COIN-M tells contracts as volume, and base where the others tell quote."""
    volume = "quote_volume" if found.name.market == "binance_coinm" else "volume"
    columns = [found.numbers[name].tolist() for name in ("open", "high", "low", "close", volume)]
    return [Candle(instrument, *row) for row in zip(found.ts.tolist(), *columns, strict=True)]
