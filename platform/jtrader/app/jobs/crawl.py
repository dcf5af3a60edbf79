"""The crawl of market data, as the DAGs and the command line run it: dated, idempotent, resumable."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec

from jtrader.app.jobs.listings import check_known, reach
from jtrader.app.settings import Settings, load_settings
from jtrader.app.wiring.crawling import by_market, open_interest_step, open_places, prover, witnesses
from jtrader.app.wiring.data import markets_of, open_sources
from jtrader.crawl.plan import Kind, kinds_of, plan
from jtrader.crawl.result import CrawlResult, InstrumentResult, Progress
from jtrader.crawl.run import run_all
from jtrader.crawl.work import Work
from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import InstrumentId
from jtrader.domain.money import use_exact_context
from jtrader.domain.times import iso, parse_time


def crawl_market_data(
    instruments: Sequence[str] | None = None,
    days: int | None = None,
    end: str | None = None,
    settings: Settings | None = None,
    progress: Progress = lambda what, done, total: None,  # noqa: ARG005
    *,
    kinds: Sequence[str] | None = None,
    start: str | None = None,
    again: bool = False,
) -> CrawlResult:
    """Stores the rows of the kinds (default: candles) from `start`, or of `days` days, up to `end` (ISO times; default:
    the newest closed minute).

    What is not given comes from the settings. Instruments are looked up at the venue first and refreshed in the
    store. `again` also asks for what was put aside. A market that is away, or has not reached the end, keeps no other
    from being crawled: Unavailable is raised when they are done. Raises BadInput, Broken; what was stored before a
    failure is whole and stays.
    """
    use_exact_context()
    settings = settings or load_settings()
    names = [InstrumentId(name) for name in instruments or settings.crawl_instruments]
    kinds_of(kinds or ())
    began = time.monotonic()
    since, until = (parse_time(text) if text else None for text in (start, end))
    markets = markets_of(names, settings)
    with open_places(settings) as places, open_sources(settings, markets) as sources:
        reached = reach(sources, places.instruments)
        check_known(names, places.instruments.load(), reached.away)
        planned = plan(names, kinds or (), days or settings.crawl_days, since, until, reached.of_all(until))
        witness = witnesses(settings, places, sources)
        work = Work(sources, places, prover(places, by_market(sources)), witness, progress, again, open_interest_step)
        result = run_all([crawl for wanted in planned.requests for crawl in work.of(wanted)], planned.span)
        if Kind.INSTRUMENTS in kinds_of(kinds or ()):
            listed = tuple(_listed(name, places.instruments.history(name)) for name in dict.fromkeys(names))
            result = msgspec.structs.replace(result, instruments=result.instruments + listed)
        reached.raise_away()
        if planned.late:
            raise Unavailable("; ".join(planned.late))
    return msgspec.structs.replace(result, seconds=round(time.monotonic() - began, 3))


def summary(result: CrawlResult, link: str | None = None) -> str:
    """One line of what a crawl changed, with where to look."""
    kinds = ", ".join(dict.fromkeys(row.kind.replace("_", " ") for row in result.instruments)) or "nothing"
    line = (
        f"{kinds} {iso(result.start)} to {iso(result.end)}: {result.stored:,} stored ({result.new:,} new in "
        f"{result.pages:,} pages), {result.gaps:,} gaps, {result.quarantined:,} quarantined, {result.seconds:.1f} s"
    )
    for row in result.instruments:
        line += f"; {row.instrument} {row.kind} not crawled: {row.trouble}" if row.trouble else ""
    return f"{line}; see {link}" if link else line


def announcement(result: CrawlResult) -> dict[str, Any]:
    """What the asset event tells those who wait for candles; of other kinds it tells nothing."""
    candles = [row for row in result.instruments if row.kind == Kind.CANDLES and not row.trouble]
    return {
        "instruments": list(dict.fromkeys(row.instrument for row in candles)),
        "start": iso(result.start),
        "end": iso(result.end),
        "rows": sum(row.stored for row in candles),
        "new": sum(row.new for row in candles),
        "gaps": sum(row.gaps for row in candles),
    }


def news(result: CrawlResult, run_type: str) -> dict[str, Any] | None:
    """The announcement, where retraining is worth its while: candles that a person asked for by hand, new ones of the
    schedule; none of a backfill's days."""
    told = announcement(result)
    is_wanted = told["rows"] if run_type == "manual" else told["new"] and run_type == "scheduled"
    return told if is_wanted else None


def _listed(name: InstrumentId, versions: Sequence[Any]) -> InstrumentResult:
    """Rules as rows: a version each."""
    first = versions[0].valid_from if versions else None
    return InstrumentResult(
        instrument=name, first=first, stored=len(versions), new=0, pages=0, gaps=0, quarantined=0, kind="instruments"
    )
