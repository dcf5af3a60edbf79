"""`jtrader lineage`: the links behind a fill."""

import json
from typing import Annotated

import typer

HELP = """Show the links behind a fill: order, signal, model version, data manifest, commit.

Examples:

    jtrader lineage last

    jtrader lineage binance_usdm:BTCUSDT#1234567

    jtrader lineage 1234567 --json
"""


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def lineage(
        fill: Annotated[str, typer.Argument(help="market:SYMBOL#trade id, a trade id, or 'last'.")],
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        from jtrader.app.jobs.lineage import find_lineage

        figures = find_lineage(fill).figures()
        if as_json:
            typer.echo(json.dumps(figures, indent=2))
            return
        for name, value in figures.items():
            typer.echo(f"{name.replace('_', ' '):<14} {value if value is not None else '-'}")
