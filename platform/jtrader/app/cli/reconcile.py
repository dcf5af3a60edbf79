"""`jtrader reconcile`: a trading day against the venue."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jtrader.app.jobs.reconcile import Reconciled

HELP = """Compare a trading day of our books with the venue's, line by line, and store the statement.

Running it again gives the same rows; what came in late gives the statement's next version. Exit code 1 with breaks.

Examples:

    jtrader reconcile

    jtrader reconcile 2026-01-15 --account alpha

    jtrader reconcile 2026-01-15 --json
"""


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def reconcile(
        date: Annotated[str | None, typer.Argument(help="The UTC day; default: the last that is over.")] = None,
        account: Annotated[list[str] | None, typer.Option("--account", "-a", help="May be repeated.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    ) -> None:
        from jtrader.app.jobs.reconcile import reconcile_day, report

        result = reconcile_day(date, account)
        if as_json:
            typer.echo(json.dumps(report(result), indent=2))
        else:
            _print(result)
        if result.breaks:
            raise typer.Exit(1)


def _print(result: "Reconciled") -> None:
    from rich.console import Console
    from rich.table import Table

    from jtrader.domain.money import plain

    table = Table("account", "statement", "version", "fills", "lines matched", "P&L, ours", "P&L, the venue's")
    for one in result.statements:
        gains = [
            ", ".join(f"{plain(gain)} {asset}" for asset, gain in gain_of.items())
            for gain_of in (one.pnl_ledger, one.pnl_venue)
        ]
        table.add_row(one.account, one.verdict, str(one.version), str(one.fills), str(one.matched), *gains)
    console = Console()
    if not result.statements:
        console.print(f"{result.date}: no account was open, nothing to reconcile")
        return
    console.print(f"Trading day {result.date}")
    console.print(table)
    for one in result.statements:
        for found in one.breaks:
            console.print(f"{one.account} {found.kind.value} {found.what}: {found.detail}", markup=False)
