"""How a crawl is shown: bars on standard error while it runs, then a table or JSON on standard output."""

import json
from types import TracebackType

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from jtrader.app.jobs.crawl import summary
from jtrader.crawl.result import CrawlResult
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import iso


class Bars:
    """One bar an instrument, in minutes of the range."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._bars: dict[InstrumentId, TaskID] = {}

    def advance(self, instrument: InstrumentId, done: int, total: int) -> None:
        if instrument not in self._bars:
            self._progress.start()
            self._bars[instrument] = self._progress.add_task(instrument, total=total)
        self._progress.update(self._bars[instrument], completed=done)

    def __enter__(self) -> "Bars":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._progress.stop()


def figures(result: CrawlResult) -> str:
    """The result as JSON: totals, and one object an instrument."""
    totals = {name: getattr(result, name) for name in ("stored", "new", "pages", "gaps", "quarantined", "seconds")}
    rows = msgspec.to_builtins(result.instruments)
    return json.dumps({"start": iso(result.start), "end": iso(result.end), **totals, "instruments": rows}, indent=2)


def print_table(result: CrawlResult) -> None:
    table = Table(Column("instrument", no_wrap=True), "from", "stored", "new", "pages", "gaps", "quarantined")
    for row in result.instruments:
        figures = (row.stored, row.new, row.pages, row.gaps, row.quarantined)
        table.add_row(row.instrument, iso(row.first) if row.first else "–", *(f"{figure:,}" for figure in figures))
    console = Console()
    console.print(table)
    console.print(summary(result))
