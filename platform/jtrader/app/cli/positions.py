"""`jtrader positions`: what each strategy holds, and what it made of it."""

from typing import Annotated

import typer

HELP = """Show each strategy's positions at the newest mark. UNASSIGNED is what no strategy of this desk traded.

Examples:

    jtrader positions

    jtrader positions --all --json
"""

COLUMNS = ("account", "strategy", "instrument", "quantity", "cost", "mark", "unrealised", "realised", "fees", "funding")


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def positions(
        everything: Annotated[bool, typer.Option("--all", help="Flat ones too.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        import msgspec

        from jtrader.app.cli.asking import ask_oms, show
        from jtrader.domain.books import PositionState

        found = [p for p in ask_oms("positions", list[PositionState]) if p.quantity or everything]
        show([msgspec.to_builtins(p) for p in found], COLUMNS, as_json, "flat")
