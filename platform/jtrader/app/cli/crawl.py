"""`jtrader crawl`: what the venues tell of the past into MongoDB, mended, pinned, imported and judged."""

from pathlib import Path
from typing import Annotated

import typer

from jtrader.app.cli import crawl_missing

HELP = """Fetch what is missing of the venues' past, check it and store it in MongoDB.

Running it again fetches only what is new; a run that was stopped goes on where it was.

Examples:

    jtrader crawl

    jtrader crawl --instrument binance_usdm:BTCUSDT --days 7

    jtrader crawl --kind trades --kind funding -i binance_usdm:BTCUSDT --start 2026-01-14 --end 2026-01-15

    jtrader crawl --days 1 --end 2026-01-15T12:00:00Z --json
"""

REPAIR = """Ask once more for everything that was put aside or not answered.

Stored candles that stored trades or other venues deny by now are put aside first. A good answer takes the place of what
was put aside, and its entry in the quarantine says so.

Examples:

    jtrader crawl repair

    jtrader crawl repair -i binance_usdm:BTCUSDT --kind candles --json
"""

SNAPSHOT = """Pin candles: a name for exactly what is stored of a range, kept with its gaps in MongoDB.

Training records the name with each model, and refuses a snapshot whose data changed since. Upkeep removes no candle
that a snapshot holds: unpin what no model needs any more.

Examples:

    jtrader crawl snapshot --days 30

    jtrader crawl snapshot --list

    jtrader crawl snapshot --verify 3f1c2a9be04d

    jtrader crawl snapshot --unpin 3f1c2a9be04d
"""

IMPORT = """Import files of Binance's public archive: klines of one minute, trades, aggTrades; .csv or .zip.

The folders above a file tell its market (spot, futures/um, futures/cm, as in the archive), or --market does. What is
stored already stays as it is.

Examples:

    jtrader crawl import spot/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2025-05.zip

    jtrader crawl import --market binance_usdm BTCUSDT-trades-2025-05-01.csv --json
"""

QUALITY = """Judge the last days: what was expected, what is stored, why the rest is missing, what was put aside.

The figures also go to Postgres, where the dashboard Market data shows them.

Examples:

    jtrader crawl quality

    jtrader crawl quality --days 31 --json
"""

Instruments = Annotated[list[str] | None, typer.Option("--instrument", "-i", help="market:SYMBOL, may be repeated.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", "-k", help="candles (default), trades, funding, open_interest, instruments; repeatable."),
]
Days = Annotated[int | None, typer.Option(min=1, max=3650, help="How many days before the end.")]
Start = Annotated[str | None, typer.Option(help="ISO time of the range's start, instead of --days.")]
End = Annotated[str | None, typer.Option(help="ISO time of the range's end; default: the newest closed minute.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help=HELP, invoke_without_command=True)
    group.callback()(_crawl)
    group.command("repair", help=REPAIR)(_repair)
    group.command("snapshot", help=SNAPSHOT)(_snapshot)
    group.command("import", help=IMPORT)(_import)
    group.command("quality", help=QUALITY)(_quality)
    crawl_missing.register(group)
    app.add_typer(group, name="crawl")


def _crawl(
    context: typer.Context,
    instrument: Instruments = None,
    kind: Kinds = None,
    days: Days = None,
    start: Start = None,
    end: End = None,
    as_json: AsJson = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    from jtrader.app.cli.crawl_view import Bars, figures, print_table
    from jtrader.app.jobs.crawl import crawl_market_data

    with Bars() as bars:
        result = crawl_market_data(instrument, days, end, progress=bars.advance, kinds=kind, start=start)
    if as_json:
        typer.echo(figures(result))
    else:
        print_table(result)


def _repair(instrument: Instruments = None, kind: Kinds = None, as_json: AsJson = False) -> None:
    import msgspec

    from jtrader.app.cli.crawl_view import Bars
    from jtrader.app.jobs.repair import repair_market_data, summary

    with Bars() as bars:
        result = repair_market_data(instrument, kind, progress=bars.advance)
    typer.echo(msgspec.json.encode(result).decode() if as_json else summary(result))


def _snapshot(
    instrument: Instruments = None,
    days: Days = None,
    start: Start = None,
    end: End = None,
    listed: Annotated[bool, typer.Option("--list", help="Show what was pinned before.")] = False,
    verify: Annotated[str | None, typer.Option(help="Compare the snapshot of this id with what is stored.")] = None,
    unpin: Annotated[str | None, typer.Option(help="Forget the snapshot of this id.")] = None,
    as_json: AsJson = False,
) -> None:
    from jtrader.app.jobs import snapshots
    from jtrader.app.settings import load_settings

    settings = load_settings()
    if verify:
        found = [snapshots.verified(verify, settings)]
    elif unpin:
        found = [snapshots.unpinned(unpin, settings)]
    elif listed:
        found = snapshots.newest(settings)
    else:
        found = [snapshots.pin_candles(instrument, days, start, end, settings)]
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        typer.echo("\n".join(snapshots.summary(one) for one in found))


def _import(
    files: Annotated[list[Path], typer.Argument(help="Files as they were downloaded, one or more.")],
    market: Annotated[str | None, typer.Option(help="Where no folder tells it, for example binance_spot.")] = None,
    as_json: AsJson = False,
) -> None:
    from jtrader.app.cli.crawl_view import Bars, figures, print_table
    from jtrader.app.jobs.archive import import_archive

    with Bars() as bars:
        result = import_archive(files, market, progress=bars.advance)
    if as_json:
        typer.echo(figures(result))
    else:
        print_table(result)


def _quality(
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days, the newest included.")] = 7,
    as_json: AsJson = False,
) -> None:
    import json

    from jtrader.app.cli.crawl_view import print_quality
    from jtrader.app.jobs import quality

    rows = quality.judge_days(days)
    if as_json:
        typer.echo(json.dumps([quality.as_json(row) for row in rows], indent=2))
    else:
        print_quality(rows)
        typer.echo(quality.summary(rows))
