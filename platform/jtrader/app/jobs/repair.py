"""Mending what is stored: everything that was put aside or not answered is asked for once more."""

import time
from collections.abc import Mapping, Sequence

import msgspec

from jtrader.app.jobs.listings import check_known, reach
from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.crawling import by_market, open_interest_step, open_places, prover, witnesses
from jtrader.app.wiring.data import markets_of, open_sources
from jtrader.crawl.plan import CrawlRequest, Kind, kinds_of
from jtrader.crawl.repair import open_holes, recheck
from jtrader.crawl.result import CrawlResult, Progress
from jtrader.crawl.run import Crawl, run_all
from jtrader.crawl.work import Places, Work
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.money import use_exact_context
from jtrader.domain.times import MINUTE, Span

ASKED = (Kind.CANDLES, Kind.TRADES, Kind.FUNDING, Kind.OPEN_INTEREST)


class RepairResult(msgspec.Struct, frozen=True, kw_only=True):
    """`taken` stored candles are denied by trades or other venues and were put aside; `open` holes were asked for
    again, `left` of them are still there and not settled."""

    taken: int
    crawled: CrawlResult
    open: int
    left: int


def repair_market_data(
    instruments: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
    settings: Settings | None = None,
    progress: Progress = lambda what, done, total: None,  # noqa: ARG005
) -> RepairResult:
    """Of the instruments (default: the settings') and kinds (default: all). Raises BadInput, Unavailable, Broken."""
    use_exact_context()
    settings = settings or load_settings()
    names = [InstrumentId(name) for name in dict.fromkeys(instruments or settings.crawl_instruments)]
    chosen = kinds_of(kinds) if kinds else ASKED
    began = time.monotonic()
    with open_places(settings) as places, open_sources(settings, markets_of(names, settings)) as sources:
        reached = reach(sources, places.instruments)
        check_known(names, places.instruments.load(), reached.away)
        newest = {market: ts // MINUTE * MINUTE for market, ts in reached.of_all().items()}
        witness = witnesses(settings, places, sources)
        names = [name for name in names if split_instrument_id(name)[0] in newest]
        checked = names if Kind.CANDLES in chosen else []
        taken = sum(
            recheck(places.candles, name, newest[split_instrument_id(name)[0]], witness(name)) for name in checked
        )
        proofs = prover(places, by_market(sources))
        work = Work(sources, places, proofs, witness, progress, True, open_interest_step)
        wanted = _wanted(places, names, chosen, newest)
        crawls: list[Crawl] = [crawl for one in wanted for crawl in work.of(one)]
        until = max(newest.values())
        done = run_all(crawls, Span(min((one.span.start for one in wanted), default=until), until))
        left = len(_wanted(places, names, chosen, newest))
        reached.raise_away()
    done = msgspec.structs.replace(done, seconds=round(time.monotonic() - began, 3))
    return RepairResult(taken=taken, crawled=done, open=len(wanted), left=left)


def summary(result: RepairResult) -> str:
    done = result.crawled
    return (
        f"{result.open:,} holes asked for again: {done.new:,} rows came, {result.left:,} holes are left; "
        f"{result.taken:,} stored candles were put aside; {done.seconds:.1f} s"
    )


def _wanted(
    places: Places, names: Sequence[InstrumentId], kinds: Sequence[Kind], newest: Mapping[Market, int]
) -> list[CrawlRequest]:
    return [
        CrawlRequest((name,), (kind,), span, newest[split_instrument_id(name)[0]])
        for kind in kinds
        if kind in ASKED
        for name, spans in open_holes(places.ledger(kind).gaps(), names).items()
        for span in spans
    ]
