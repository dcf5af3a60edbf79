"""`jtrader why`: the story behind a fill, in sentences."""

import json
from typing import Annotated

import typer

HELP = """Tell why a fill happened: who wanted it, what the model said and saw, and what it had learnt from.

Examples:

    jtrader why last

    jtrader why binance_usdm:BTCUSDT#1234567

    jtrader why 1234567 --json
"""


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def why(
        fill: Annotated[str, typer.Argument(help="market:SYMBOL#trade id, a trade id, or 'last'.")],
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON, features included.")] = False,
    ) -> None:
        import msgspec

        from jtrader.app.jobs.lineage import find_lineage

        found = find_lineage(fill)
        if as_json:
            typer.echo(json.dumps(msgspec.to_builtins(found), indent=2))
        else:
            typer.echo("\n".join(found.story()))
