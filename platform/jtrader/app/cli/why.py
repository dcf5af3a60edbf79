"""`jtrader why`: the story behind a fill, an order or a refusal, in sentences."""

import json
from typing import Annotated

import typer

HELP = """Tell why a fill happened: who wanted it, what the model said and saw, and what it had learnt from.

Of an order (also a refused one) or a parent order, by its id: all that happened to it, in plain words, from the journal
on this machine; the oms need not run.

Examples:

    jtrader why last

    jtrader why binance_usdm:BTCUSDT#1234567

    jtrader why 1234567 --json

    jtrader why jt1mxk2v9-4
"""


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def why(
        name: Annotated[
            str, typer.Argument(help="market:SYMBOL#trade id, a trade id, 'last'; or the id of an order or parent.")
        ],
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON, features included.")] = False,
    ) -> None:
        import msgspec

        from jtrader.app.jobs.lineage import find_lineage
        from jtrader.app.jobs.timeline import find_timeline
        from jtrader.report.timeline import lines

        if story := find_timeline(name):
            typer.echo(json.dumps(msgspec.to_builtins(story), indent=2) if as_json else "\n".join(lines(story)))
            return
        found = find_lineage(name)
        if as_json:
            typer.echo(json.dumps(msgspec.to_builtins(found), indent=2))
        else:
            typer.echo("\n".join(found.story()))
