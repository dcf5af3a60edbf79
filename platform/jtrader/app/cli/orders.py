"""`jtrader orders`: child orders and where they stand."""

from typing import Annotated

import typer

HELP = """List the newest orders of the running oms, refused ones included.

Examples:

    jtrader orders

    jtrader orders --open

    jtrader orders --limit 1000 --json
"""

COLUMNS = ("time", "account", "strategy", "instrument", "side", "quantity", "price", "filled", "status", "reason")


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def orders(
        open_only: Annotated[bool, typer.Option("--open", help="Only those that may still fill.")] = False,
        limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        import msgspec

        from jtrader.app.cli.asking import ask_oms, show
        from jtrader.app.services.oms.rpc import OrderLine
        from jtrader.domain.times import iso

        lines = ask_oms("orders", list[OrderLine], {"open_only": open_only, "limit": limit})
        rows = []
        for line in lines:
            own = {name: value for name, value in msgspec.to_builtins(line).items() if name != "order"}
            rows.append({"time": iso(line.order.ts), **msgspec.to_builtins(line.order), **own})
        show(rows, COLUMNS, as_json, "no open orders" if open_only else "no orders yet")
