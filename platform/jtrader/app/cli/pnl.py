"""`jtrader pnl`: profit and loss of this moment, per strategy and asset; and of a day, in one currency."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from jtrader.app.jobs.pnl_day import DayOfAccount

HELP = """Show profit and loss since the accounts opened, at the newest marks: realised + unrealised + funding − fees.

Examples:

    jtrader pnl

    jtrader pnl --json | jq '.[] | {strategy, asset, pnl}'

    jtrader pnl day 2026-01-15 --currency USDT
"""

DAY = """Show a trading day in one currency, from the journal: native amounts, converted at each entry's time and at the
day's end, FX on balances, and what is left over (zero, or the books are wrong). Rates are the spot markets' minutes.
Then each strategy's price P&L by signal and execution (against the minute before the decision), funding and fees; and
what fees in a third coin disposed of. With --lots also the lots that were closed, first in, first out, net of fees.

Examples:

    jtrader pnl day 2026-01-15

    jtrader pnl day 2026-01-15 --lots

    jtrader pnl day 2026-01-15 --account alpha --currency BTC --json
"""

COLUMNS = ("account", "strategy", "asset", "pnl", "realised", "unrealised", "funding", "fees")
LINES = ("account", "line", "asset", "native", "trade_time", "period_end", "source", "rate_time")
COINS = ("asset", "fees", "quantity", "value", "cost", "gain")
LOTS = ("instrument", "opened_by", "closed_by", "quantity", "cost", "proceeds", "gain")
PARTS = ("account", "strategy", "instrument", "asset", "signal", "execution", "funding", "fees", "fills", "unpriced")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help=HELP, invoke_without_command=True)
    group.callback()(_now)
    group.command("day", help=DAY)(_day)
    app.add_typer(group, name="pnl")


def _now(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    if context.invoked_subcommand is not None:
        return
    import msgspec

    from jtrader.app.cli.asking import ask_oms, show
    from jtrader.domain.books import PnlPoint
    from jtrader.domain.money import plain

    points = ask_oms("pnl", list[PnlPoint])
    rows = [{**msgspec.to_builtins(p), "pnl": plain(p.realised + p.unrealised + p.funding - p.fees)} for p in points]
    show(rows, COLUMNS, as_json, "nothing has been traded yet")


def _day(
    date: Annotated[str, typer.Argument(help="The UTC day.")],
    account: Annotated[list[str] | None, typer.Option("--account", "-a", help="May be repeated.")] = None,
    currency: Annotated[str, typer.Option(help="What all is converted to.")] = "USDT",
    lots: Annotated[bool, typer.Option("--lots", help="The lots that were closed, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    import json

    import msgspec

    from jtrader.app.cli.asking import show
    from jtrader.app.jobs.pnl_day import pnl_day
    from jtrader.domain.money import plain

    days = pnl_day(date, currency, account)
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(days), indent=2))
        return
    for day in days:
        report = day.report
        gain = plain(report.closing - report.opening)
        typer.echo(f"{report.account} {date}: {gain} {currency}, residual {plain(report.residual)}")
        if report.unknown:
            typer.echo(f"no rate, left out: {', '.join(report.unknown)}")
        show(_lines(day), LINES, False, "nothing moved")
        show(_parts(day), PARTS, False, "no strategy has traded")
        if day.spent:
            show(_coins(day), COINS, False, "")
        for switch in day.switches:
            typer.echo(f"{switch.before} has run out: {switch.instrument} was charged in {switch.now}")
        if lots:
            show(_disposals(day), LOTS, False, "no lot was closed")


def _lines(day: "DayOfAccount") -> list[dict[str, Any]]:
    from jtrader.domain.money import plain
    from jtrader.domain.times import iso

    return [
        {
            "account": row.account,
            "line": row.line.value,
            "asset": row.asset,
            "native": plain(row.native),
            "trade_time": None if row.trade_time is None else plain(row.trade_time),
            "period_end": None if row.period_end is None else plain(row.period_end),
            "source": row.rate.source if row.rate else "unknown",
            "rate_time": iso(row.rate.ts) if row.rate else "",
        }
        for row in day.report.rows
    ]


def _parts(day: "DayOfAccount") -> list[dict[str, Any]]:
    import msgspec

    from jtrader.domain.money import plain

    return [
        {
            **msgspec.to_builtins(one),
            "signal": plain(one.signal),
            "execution": plain(one.execution),
            "funding": plain(one.funding),
            "fees": ", ".join(f"{plain(fee)} {asset}" for asset, fee in one.fees.items()),
        }
        for one in day.strategies
    ]


def _coins(day: "DayOfAccount") -> list[dict[str, Any]]:
    """Sums per coin; a dash where a rate is unknown."""
    from jtrader.domain.money import ZERO, plain

    rows: list[dict[str, Any]] = []
    for asset in sorted({one.asset for one in day.spent}):
        mine = [one for one in day.spent if one.asset == asset]
        row: dict[str, Any] = {"asset": asset, "fees": len(mine)}
        for name in ("quantity", "value", "cost", "gain"):
            amounts = [getattr(one, name) for one in mine]
            row[name] = "-" if None in amounts else plain(sum(amounts, ZERO))
        rows.append(row)
    return rows


def _disposals(day: "DayOfAccount") -> list[dict[str, Any]]:
    from jtrader.domain.money import plain

    return [
        {
            "instrument": one.instrument,
            "opened_by": one.opened_by,
            "closed_by": one.closed_by,
            "quantity": plain(one.quantity),
            "cost": plain(one.cost),
            "proceeds": plain(one.proceeds),
            "gain": plain(one.gain),
        }
        for one in day.disposals
    ]
