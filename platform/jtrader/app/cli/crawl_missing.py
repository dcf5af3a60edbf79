"""`jtrader crawl gaps` and `jtrader crawl quarantine`: what is missing and what was put aside."""

from typing import Annotated

import typer

GAPS = """List the recorded holes, each with its cause.

no_trades: proven, nobody traded. venue_has_none: asked, and not told. quarantined: put aside. not_fetched: may still
come. venue_down: asked, no answer, or the feed had no connection. we_were_down: nobody asked. lost: on the way, or left
out by a file. A crawl asks again for the last four, `jtrader crawl repair` for what was put aside, too.

Examples:

    jtrader crawl gaps

    jtrader crawl gaps -i binance_usdm:BTCUSDT --kind candles --start 2026-01-01 --end 2026-02-01

    jtrader crawl gaps --cause venue_down --cause lost --json
"""

QUARANTINE = """List what was put aside, why, and whether a good row has taken its place since.

Examples:

    jtrader crawl quarantine

    jtrader crawl quarantine -i binance_usdm:BTCUSDT --kind trades --start 2026-01-14

    jtrader crawl quarantine --json
"""

Instruments = Annotated[
    list[str] | None,
    typer.Option("--instrument", "-i", help="market:SYMBOL, may be repeated; default: those of the settings."),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", "-k", help="candles, trades, funding, open_interest; repeatable; default: all."),
]
Start = Annotated[str | None, typer.Option(help="ISO time of the range's start; default: everything.")]
End = Annotated[str | None, typer.Option(help="ISO time of the range's end.")]
Causes = Annotated[list[str] | None, typer.Option("--cause", "-c", help="Only gaps of this cause; repeatable.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print all rows as JSON.")]


def register(group: typer.Typer) -> None:
    group.command("gaps", help=GAPS)(_gaps)
    group.command("quarantine", help=QUARANTINE)(_quarantine)


def _gaps(
    instrument: Instruments = None,
    kind: Kinds = None,
    start: Start = None,
    end: End = None,
    cause: Causes = None,
    as_json: AsJson = False,
) -> None:
    from jtrader.app.cli.asking import show
    from jtrader.app.jobs.missing import gaps

    rows = gaps(instrument, kind, start, end, cause or ())
    show(rows, ("instrument", "kind", "start", "end", "minutes", "cause"), as_json, "no gap is recorded there")


def _quarantine(
    instrument: Instruments = None,
    kind: Kinds = None,
    start: Start = None,
    end: End = None,
    as_json: AsJson = False,
) -> None:
    from jtrader.app.cli.asking import show
    from jtrader.app.jobs.missing import quarantine

    rows = quarantine(instrument, kind, start, end)
    show(rows, ("instrument", "kind", "time", "row", "reason", "replaced"), as_json, "nothing was put aside there")
