"""`jtrader instruments`: what can be traded, with its exact steps and limits."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jtrader.domain.instrument import Instrument

HELP = """List the instruments with their exact steps, limits and fees.

Examples:

    jtrader instruments

    jtrader instruments --market binance_usdm --refresh

    jtrader instruments --json
"""


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def instruments(
        market: Annotated[str | None, typer.Option(help="Only this market, for example binance_spot.")] = None,
        refresh: Annotated[bool, typer.Option("--refresh", help="Ask the venues again.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        import msgspec

        from jtrader.app.jobs.crawl import known_instruments
        from jtrader.app.wiring.data import MARKETS
        from jtrader.domain.errors import BadInput
        from jtrader.domain.ids import Market

        if market is not None and market not in MARKETS:
            raise BadInput(f"--market {market} is not known; known: {', '.join(MARKETS)}")
        found = known_instruments(MARKETS if market is None else (Market(market),), refresh)
        if as_json:
            typer.echo(json.dumps(msgspec.to_builtins(list(found)), indent=2))
        else:
            _print(found)


def _print(found: "Sequence[Instrument]") -> None:
    from rich.console import Console
    from rich.table import Column, Table

    from jtrader.domain.money import plain

    columns = ("price_tick", "quantity_step", "min_quantity", "max_quantity", "min_notional", "maker_fee", "taker_fee")
    table = Table(Column("instrument", no_wrap=True), "product", *(name.replace("_", " ") for name in columns))
    for instrument in found:
        table.add_row(instrument.id, instrument.product, *(plain(getattr(instrument, name)) for name in columns))
    Console().print(table)
