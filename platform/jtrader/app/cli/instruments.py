"""`jtrader instruments`: what can be traded, with its exact steps and limits, now and earlier; and admitting one."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jtrader.domain.instrument import Instrument

HELP = """List the instruments with their exact steps, limits and fees, as of now or as of an earlier time.

Examples:

    jtrader instruments

    jtrader instruments --market binance_usdm --refresh

    jtrader instruments --at 2026-01-15T12:00:00Z --json

    jtrader instruments add binance_usdm:BTCUSDT --days 7
"""

ADD = """Admit instruments: a strategy may only have what was admitted.

Stores the rules, fetches the past that is missing, computes every feature on it, and checks that each account of the
market has all its limits set. Running it again checks anew.

Examples:

    jtrader instruments add binance_usdm:BTCUSDT

    jtrader instruments add huobi_swap:BTC-USD bitmex:XBTUSD --days 3 --json
"""


def register(app: typer.Typer) -> None:
    group = typer.Typer(help=HELP, invoke_without_command=True)
    group.callback()(_list)
    group.command("add", help=ADD)(_add)
    app.add_typer(group, name="instruments")


def _list(
    context: typer.Context,
    market: Annotated[str | None, typer.Option(help="Only this market, for example binance_spot.")] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask the venues again.")] = False,
    at: Annotated[str | None, typer.Option(help="ISO time: the rules that were in force then.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    import msgspec

    from jtrader.app.jobs.listings import known_instruments
    from jtrader.app.wiring.data import MARKETS
    from jtrader.domain.errors import BadInput
    from jtrader.domain.ids import Market
    from jtrader.domain.times import parse_time

    if market is not None and market not in MARKETS:
        raise BadInput(f"--market {market} is not known; known: {', '.join(MARKETS)}")
    markets = None if market is None else (Market(market),)
    found = known_instruments(markets, refresh, at=parse_time(at) if at else None)
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(list(found)), indent=2))
    else:
        _print(found)


def _add(
    names: Annotated[list[str], typer.Argument(help="market:SYMBOL, one or more.")],
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="How many days of past; default: as in the settings.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    import msgspec

    from jtrader.app.admission import admit
    from jtrader.app.cli.crawl_view import Bars
    from jtrader.app.settings import load_settings

    settings = load_settings()
    found = []
    for name in names:
        with Bars() as bars:
            found.append(admit(name, settings, days, bars.advance, lambda line: typer.echo(f"  {line}", err=True)))
        typer.echo(f"{name} is admitted", err=True)
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(found), indent=2))


def _print(found: "Sequence[Instrument]") -> None:
    from rich.console import Console
    from rich.table import Column, Table

    from jtrader.domain.money import plain

    columns = ("price_tick", "quantity_step", "min_quantity", "max_quantity", "min_notional", "maker_fee", "taker_fee")
    table = Table(
        Column("instrument", no_wrap=True), "product", "status", *(name.replace("_", " ") for name in columns)
    )
    for instrument in found:
        figures = (plain(getattr(instrument, name)) for name in columns)
        table.add_row(instrument.id, instrument.product, instrument.status, *figures)
    Console().print(table)
