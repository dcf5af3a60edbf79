"""The demo's result: `report.json` for checks, a table for people."""

import json
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from jtrader.domain.errors import Broken

MODEL_STRATEGY = "model_signal"


class Report(msgspec.Struct, kw_only=True):
    """Filled as the day goes on. Amounts of money are exact strings per asset."""

    market: str
    seconds: float = 0.0
    peak_rss_mb: int = 0
    candles: dict[str, int] = {}
    model: dict[str, Any] = {}
    trading: dict[str, Any] = {}
    reconciliation: dict[str, Any] = {}
    lineage: dict[str, Any] = {}
    urls: dict[str, str] = {}

    def write(self, file: Path) -> None:
        """Replaces the file whole."""
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(msgspec.to_builtins(self), indent=2) + "\n")
        fresh.replace(file)

    def check(self) -> None:
        """Raises Broken unless the day is clean: no gap, no break, equal profit and loss, and a complete
        lineage where a model traded (a refused one may hold still all hour)."""
        books, fills = self.reconciliation, self.trading.get("fills", 0)
        asked_model = bool(self.trading.get("strategies", {}).get(MODEL_STRATEGY))
        faults = [
            *(["candles have gaps"] if self.candles.get("gaps") else []),
            *([f"{books['breaks']} breaks in the reconciliation"] if books.get("breaks") else []),
            *([f"only {books.get('matched')} rows matched {fills} fills"] if books.get("matched", 0) < fills else []),
            *(["nothing was traded"] if not fills else []),
            *(["P&L of ledger and venue differ"] if books.get("pnl_ledger") != books.get("pnl_venue") else []),
            *([f"lineage lacks {key}" for key, value in self.lineage.items() if asked_model and not value]),
            *(["no fill leads to a model"] if asked_model and not self.lineage else []),
        ]
        if faults:
            raise Broken("the day did not end clean: " + "; ".join(faults))


def print_report(console: Console, report: Report, file: Path, kept: bool) -> None:
    """What happened, where to look, what to do next."""
    table = Table(title="What happened", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column()
    for name, text in _lines(report):
        table.add_row(name, text)
    console.print(table)
    links = Table(
        title="Where to look" if kept else "Where to look with KEEP=1", show_header=False, title_justify="left"
    )
    for name, url in report.urls.items():
        links.add_row(name, url)
    console.print(links)
    look = "open the page above" if kept else "KEEP=1 make demo leaves the services up: look around"
    for step in (
        f"1. {look}, approve a model in Airflow, move an alias in MLflow.",
        "2. make up starts a desk of your own for daily use; make status shows it.",
        "3. source .venv/bin/activate, then jtrader --help lists what else the desk can do.",
    ):
        console.print(step, highlight=False)
    console.print(f"The whole report: {file}", highlight=False)


def _lines(report: Report) -> list[tuple[str, str]]:
    trading, books, model = report.trading, report.reconciliation, report.model
    strategies = ", ".join(f"{name} {count}" for name, count in trading.get("strategies", {}).items())
    return [
        ("Market", report.market),
        ("Candles", f"{report.candles.get('stored', 0):,} stored, {report.candles.get('gaps', 0)} gaps"),
        ("Model", f"{model.get('name')} v{model.get('version')} is {model.get('alias')}; gate {model.get('gate')}"),
        ("Trading", f"{trading.get('ticks', 0):,} ticks, {trading.get('orders')} orders, {trading.get('fills')} fills"),
        ("Fills by strategy", strategies),
        ("Reconciled", f"{books.get('date')}: {books.get('matched')} matched, {books.get('breaks')} breaks"),
        ("P&L (ledger)", _amounts(books.get("pnl_ledger", {}))),
        ("P&L (venue)", _amounts(books.get("pnl_venue", {}))),
        ("One fill's why", " ← ".join(str(value) for value in report.lineage.values())),
        ("Time, memory", f"{report.seconds:.0f} s, peak {report.peak_rss_mb:,} MiB"),
    ]


def _amounts(amounts: dict[str, str]) -> str:
    return ", ".join(f"{value} {asset}" for asset, value in amounts.items())
