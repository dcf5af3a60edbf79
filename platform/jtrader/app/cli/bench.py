"""`jtrader bench`: runs the checkout's benchmarks and keeps their figures."""

from typing import Annotated

import typer

HELP = """Measure: speed and size of each part, beside what the machine, a library or a peer reaches in the same run.

The figures are merged into `bench/results.json` below the home. Nothing here is a test: a busy machine is slow.

Examples:

    jtrader bench decode

    jtrader bench decode pipeline --seed 7 --json | jq '.[] | {name, value, ratio}'
"""

COLUMNS = ("name", "value", "unit", "limit", "ratio", "note")


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def bench(
        groups: Annotated[list[str] | None, typer.Argument(help="Groups of benchmarks; none = all.")] = None,
        seed: Annotated[int, typer.Option(help="Makes the workload's data.")] = 1,
        seeds: Annotated[int, typer.Option(help="How many seeds a simulation runs.")] = 2_000,
        scale: Annotated[float, typer.Option(help="A share of the full size, for a quick look.")] = 1.0,
        as_json: Annotated[bool, typer.Option("--json", help="The rows as a JSON list on standard output.")] = False,
    ) -> None:
        from jtrader.app.benchmarks import measure, shown
        from jtrader.app.cli.asking import show
        from jtrader.app.settings import load_settings

        rows = measure(load_settings().root, groups or [], seed, seeds, scale)
        show(rows if as_json else shown(rows), COLUMNS, as_json, "nothing was measured")
