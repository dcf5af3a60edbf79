"""`jtrader pnl`: profit and loss of this moment, per strategy and asset."""

from typing import Annotated

import typer

HELP = """Show profit and loss since the accounts opened, at the newest marks: realised + unrealised + funding − fees.

Examples:

    jtrader pnl

    jtrader pnl --json | jq '.[] | {strategy, asset, pnl}'
"""

COLUMNS = ("account", "strategy", "asset", "pnl", "realised", "unrealised", "funding", "fees")


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def pnl(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
        import msgspec

        from jtrader.app.cli.asking import ask_oms, show
        from jtrader.domain.books import PnlPoint
        from jtrader.domain.money import plain

        points = ask_oms("pnl", list[PnlPoint])
        rows = [
            {**msgspec.to_builtins(p), "pnl": plain(p.realised + p.unrealised + p.funding - p.fees)} for p in points
        ]
        show(rows, COLUMNS, as_json, "nothing has been traded yet")
