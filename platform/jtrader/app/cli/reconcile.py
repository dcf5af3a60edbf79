"""`jtrader reconcile`: a trading day against the venue; breaks are explained, and books corrected, by named people."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from jtrader.app.jobs.reconcile import Reconciled

HELP = """Compare a trading day of our books with the venue's, line by line, and store the statement.

Running it again gives the same rows; what came in late gives the statement's next version. A page and a CSV of each
statement are written below statements/. Exit code 1 with breaks that nobody has explained.

Examples:

    jtrader reconcile

    jtrader reconcile 2026-01-15 --account alpha

    jtrader reconcile 2026-01-15 --json

    jtrader reconcile ack 2026-01-15 3f2a91c0 --account alpha --reason "the venue busted the trade"

    jtrader reconcile adjust USDT -1.25 --account alpha --at 2026-01-15T12:00:00Z --reason "charged outside the API"
"""

ACK = """Say what a break was. It stays in the statement with your name and reason, and no longer pages anybody.

The id, which each break's line shows, stands for its figures: where they change, it has to be explained anew.

Example:

    jtrader reconcile ack 2026-01-15 3f2a91c0 --account alpha --reason "the venue busted the trade"
"""

ADJUST = """Correct an account's books by an amount, with a posting of its own: nothing is edited.

The day that it is dated to gets its next version at the next reconciliation.

Example:

    jtrader reconcile adjust USDT -1.25 --account alpha --at 2026-01-15T12:00:00Z --reason "charged outside the API"
"""


class DayFirst(TyperGroup):
    """`jtrader reconcile 2026-01-15` is `jtrader reconcile day 2026-01-15`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["day", *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    group = typer.Typer(help=HELP, cls=DayFirst)
    group.command("day", help=HELP)(_day)
    group.command("ack", help=ACK)(_ack)
    group.command("adjust", help=ADJUST, context_settings={"ignore_unknown_options": True})(_adjust)
    app.add_typer(group, name="reconcile")


def _day(
    date: Annotated[str | None, typer.Argument(help="The UTC day; default: the last that is over.")] = None,
    account: Annotated[list[str] | None, typer.Option("--account", "-a", help="May be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    from jtrader.app.jobs.reconcile import reconcile_day, report

    result = reconcile_day(date, account)
    if as_json:
        typer.echo(json.dumps(report(result), indent=2))
    else:
        _print(result)
    if result.unexplained:
        raise typer.Exit(1)


def _ack(
    date: Annotated[str, typer.Argument(help="The statement's day.")],
    break_id: Annotated[str, typer.Argument(help="As the break's line shows it.")],
    account: Annotated[str, typer.Option(help="The account, as in the settings.")],
    reason: Annotated[str, typer.Option(help="What it was; journaled with your name.")],
) -> None:
    from jtrader.app.cli.asking import ask_oms, operator

    given = {"account": account, "date": date, "break_id": break_id, "actor": operator(), "reason": reason}
    ask_oms("acknowledge_break", type(None), given)
    typer.echo(f"acknowledged; 'jtrader reconcile {date} --account {account}' shows it")


def _adjust(
    asset: Annotated[str, typer.Argument(help="For example USDT.")],
    quantity: Annotated[str, typer.Argument(metavar="AMOUNT", help="Signed: what the wallet has more.")],
    account: Annotated[str, typer.Option(help="The account, as in the settings.")],
    reason: Annotated[str, typer.Option(help="Why; journaled with your name.")],
    at: Annotated[str | None, typer.Option(help="Market time it counts from; default now.")] = None,
) -> None:
    from jtrader.app.cli.asking import amount, ask_oms, operator
    from jtrader.domain.times import parse_time

    given = {"account": account, "asset": asset, "amount": amount("amount", quantity), "actor": operator()}
    ask_oms("adjust", type(None), given | {"reason": reason, "at": None if at is None else parse_time(at)})
    typer.echo(f"posted; 'jtrader reconcile --account {account}' compares again")


def _print(result: "Reconciled") -> None:
    from rich.console import Console
    from rich.table import Table

    from jtrader.domain.money import plain

    table = Table("account", "statement", "version", "fills", "lines matched", "P&L, ours", "P&L, the venue's")
    for one in result.statements:
        gains = [
            ", ".join(f"{plain(gain)} {asset}" for asset, gain in gain_of.items())
            for gain_of in (one.pnl_ledger, one.pnl_venue)
        ]
        table.add_row(one.account, one.verdict, str(one.version), str(one.fills), str(one.matched), *gains)
    console = Console()
    if not result.statements:
        console.print(f"{result.date}: no account was open, nothing to reconcile")
        return
    console.print(f"Trading day {result.date}")
    console.print(table)
    for one in result.statements:
        for found in one.breaks:
            words = result.explained.get((one.account, found.id))
            known = f" [acknowledged by {words}]" if words else ""
            line = f"{one.account} {found.id} {found.kind.value} {found.what}: {found.detail}{known}"
            console.print(line, markup=False)
    if result.unexplained:
        console.print("explain one with: jtrader reconcile ack DATE ID --account NAME --reason …", markup=False)
    for path in result.files:
        if path.suffix == ".html":
            console.print(f"written: {path}", markup=False, soft_wrap=True)
