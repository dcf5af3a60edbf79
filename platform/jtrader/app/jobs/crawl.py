"""The crawl of market data, as the DAG and the command line run it: dated, idempotent, resumable."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.data import MARKETS, markets_of, open_sources, open_stores
from jtrader.crawl.instrument import Progress
from jtrader.crawl.plan import request
from jtrader.crawl.result import CrawlResult
from jtrader.crawl.run import crawl
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import Market
from jtrader.domain.instrument import Instrument
from jtrader.domain.money import use_exact_context
from jtrader.domain.times import iso, parse_time
from jtrader.ports.market_data import InstrumentSource
from jtrader.ports.stores import InstrumentStore


def crawl_market_data(
    instruments: Sequence[str] | None = None,
    days: int | None = None,
    end: str | None = None,
    settings: Settings | None = None,
    progress: Progress = lambda instrument, done, total: None,  # noqa: ARG005
) -> CrawlResult:
    """Stores the 1-minute candles of `days` days up to `end` (ISO time; default: the newest closed minute).

    What is not given comes from the settings. Instruments are looked up at the venue first and refreshed in the
    store. Raises BadInput, Unavailable, Broken; candles that were stored before a failure are whole and stay.
    """
    use_exact_context()
    settings = settings or load_settings()
    names = list(instruments or settings.crawl_instruments)
    began = time.monotonic()
    until = parse_time(end) if end else None
    markets = markets_of(names)
    with open_stores(settings) as stores, open_sources(settings, markets) as sources:
        _check_known(names, _refresh(sources, stores.instruments))
        newest = min(source.market_time() for source in sources.values())
        wanted = request(names, days or settings.crawl_days, until, newest)
        result = crawl(wanted, sources, stores.candles, progress)
    return msgspec.structs.replace(result, seconds=round(time.monotonic() - began, 3))


def known_instruments(
    markets: Sequence[Market] = MARKETS, refresh: bool = False, settings: Settings | None = None
) -> Sequence[Instrument]:
    """The stored instruments of the markets, by id; asks a market that has none yet, all of them with `refresh`."""
    use_exact_context()
    settings = settings or load_settings()
    with open_stores(settings) as stores:
        stored = {instrument.market for instrument in stores.instruments.load()}
        to_ask = [market for market in markets if refresh or market not in stored]
        if to_ask:
            with open_sources(settings, to_ask) as sources:
                _refresh(sources, stores.instruments)
        return [instrument for instrument in stores.instruments.load() if instrument.market in markets]


def summary(result: CrawlResult, link: str | None = None) -> str:
    """One line of what a crawl changed, with where to look."""
    line = (
        f"candles {iso(result.start)} to {iso(result.end)}: {result.stored:,} stored ({result.new:,} new in "
        f"{result.pages:,} pages), {result.gaps:,} gaps, {result.quarantined:,} quarantined, {result.seconds:.1f} s"
    )
    return f"{line}; see {link}" if link else line


def announcement(result: CrawlResult) -> dict[str, Any]:
    """What the asset event tells those who wait for candles."""
    return {
        "instruments": [row.instrument for row in result.instruments],
        "start": iso(result.start),
        "end": iso(result.end),
        "rows": result.stored,
        "new": result.new,
        "gaps": result.gaps,
    }


def _refresh(sources: Mapping[Market, InstrumentSource], store: InstrumentStore) -> list[Instrument]:
    found = [instrument for source in sources.values() for instrument in source.instruments()]
    store.save(found)
    return found


def _check_known(names: Sequence[str], offered: Sequence[Instrument]) -> None:
    known = {instrument.id for instrument in offered}
    unknown = [name for name in names if name not in known]
    if unknown:
        some = ", ".join(sorted(known)[:6])
        raise BadInput(
            f"unknown instrument {', '.join(unknown)}: the venue offers {len(known):,}, for example {some}; "
            "'jtrader instruments --refresh' lists them"
        )
