"""How a crawl is shown: bars on standard error while it runs, then a table or JSON on standard output."""

import json
from collections.abc import Sequence
from types import TracebackType

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from jtrader.app.jobs.crawl import summary
from jtrader.crawl.result import CrawlResult
from jtrader.domain.times import iso
from jtrader.ports.stores import DayQuality


class Bars:
    """One bar a kind and instrument, in minutes of the range."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._bars: dict[str, TaskID] = {}

    def advance(self, what: str, done: int, total: int) -> None:
        if what not in self._bars:
            self._progress.start()
            self._bars[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._bars[what], completed=done)

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


def print_quality(rows: Sequence[DayQuality]) -> None:
    table = Table(
        "date", Column("instrument", no_wrap=True), "kind", "expected", "stored", "coverage", "missing", "aside"
    )
    for row in rows:
        missing = ", ".join(f"{count:,} {cause}" for cause, count in row.gaps.items()) or "–"
        figures = (f"{row.expected:,}", f"{row.stored:,}", f"{row.coverage:.3%}", missing, f"{row.quarantined:,}")
        table.add_row(row.date.isoformat(), row.instrument, row.kind.replace("_", " "), *figures)
    Console().print(table)


def print_table(result: CrawlResult) -> None:
    columns = ("kind", "from", "stored", "new", "pages", "gaps", "quarantined")
    table = Table(Column("instrument", no_wrap=True), *columns)
    for row in result.instruments:
        figures = (row.stored, row.new, row.pages, row.gaps, row.quarantined)
        first = iso(row.first) if row.first else "–"
        table.add_row(row.instrument, row.kind.replace("_", " "), first, *(f"{figure:,}" for figure in figures))
    console = Console()
    console.print(table)
    console.print(summary(result))
