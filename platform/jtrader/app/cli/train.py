"""`jtrader train`: the declared models, on Spark, into the registry."""

from typing import Annotated

import typer

HELP = """Train the declared models on the stored candles, judge them out of sample, register them as challengers.

A model's rival (gates.beats) is trained with it. The same candles, code and declaration make no second version.

Examples:

    jtrader train

    jtrader train direction --days 14

    jtrader train --snapshot 3f1c2a9be04d

    jtrader train --end 2026-01-15T12:00:00Z --json
"""


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def train(
        models: Annotated[list[str] | None, typer.Argument(help="Names of declared models; default: all.")] = None,
        days: Annotated[int | None, typer.Option(min=1, max=3650, help="How many days before the end.")] = None,
        end: Annotated[
            str | None, typer.Option(help="ISO time of the range's end; default: the newest stored minute.")
        ] = None,
        snapshot: Annotated[
            str | None, typer.Option(help="Id of pinned candles (see jtrader crawl snapshot), instead of a range.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    ) -> None:
        import msgspec

        from jtrader.app.jobs.retrain import train as run
        from jtrader.app.training.result import approval_text, summary

        result = run(models, days, end, tell=lambda line: typer.echo(line, err=True), snapshot=snapshot)
        if as_json:
            typer.echo(msgspec.json.format(msgspec.json.encode(result), indent=1).decode())
        else:
            typer.echo(approval_text(result))
            typer.echo(f"\n{summary(result)}")
