"""`jtrader crawl`: candles from the venues into MongoDB."""

from typing import Annotated

import typer

HELP = """Fetch the 1-minute candles that are missing, check them and store them in MongoDB.

Running it again fetches only what is new; a run that was stopped goes on where it was.

Examples:

    jtrader crawl

    jtrader crawl --instrument binance_usdm:BTCUSDT --days 7

    jtrader crawl --days 1 --end 2026-01-15T12:00:00Z --json
"""


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def crawl(
        instrument: Annotated[
            list[str] | None, typer.Option("--instrument", "-i", help="market:SYMBOL, may be repeated.")
        ] = None,
        days: Annotated[int | None, typer.Option(min=1, max=3650, help="How many days before the end.")] = None,
        end: Annotated[
            str | None, typer.Option(help="ISO time of the range's end; default: the newest closed minute.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    ) -> None:
        from jtrader.app.cli.crawl_view import Bars, figures, print_table
        from jtrader.app.jobs.crawl import crawl_market_data

        with Bars() as bars:
            result = crawl_market_data(instrument, days, end, progress=bars.advance)
        if as_json:
            typer.echo(figures(result))
        else:
            print_table(result)
