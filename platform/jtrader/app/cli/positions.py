"""`jtrader positions`: what each strategy holds, and what it made of it; and who takes what nobody here traded."""

from typing import Annotated, Any

import typer

HELP = """Show each strategy's positions at the newest mark. UNASSIGNED is what no strategy of this desk traded.

Examples:

    jtrader positions

    jtrader positions --all --json
"""

ASSIGN = """Give what is UNASSIGNED (a trade by phone, a liquidation) to a strategy, with its cost at the fill prices.

Until then the instrument takes no new risk on the account. Fees already paid stay with UNASSIGNED. Your name and reason
are journaled.

Examples:

    jtrader positions assign binance_usdm:BTCUSDT --account alpha --to trend --reason "closed by phone"

    jtrader positions assign binance_usdm:BTCUSDT --account alpha --to trend --quantity 0.1 --reason "a third is its"
"""

COLUMNS = ("account", "strategy", "instrument", "quantity", "cost", "mark", "unrealised", "realised", "fees", "funding")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help=HELP, invoke_without_command=True)
    group.callback()(_list)
    group.command("assign", help=ASSIGN)(_assign)
    app.add_typer(group, name="positions")


def _list(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Flat ones too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    import msgspec

    from jtrader.app.cli.asking import ask_oms, show
    from jtrader.domain.books import PositionState

    found = [p for p in ask_oms("positions", list[PositionState]) if p.quantity or everything]
    show([msgspec.to_builtins(p) for p in found], COLUMNS, as_json, "flat")
    if not as_json:
        status = ask_oms("status", dict[str, Any])
        for where, why in (status["narrowed"] | status["failures"]).items():
            typer.echo(f"\n{where} takes no new risk: {why}")


def _assign(
    instrument: Annotated[str, typer.Argument(help="market:SYMBOL.")],
    account: Annotated[str, typer.Option(help="The account, as in the settings.")],
    to: Annotated[str, typer.Option(help="The strategy that takes it.")],
    reason: Annotated[str, typer.Option(help="Why; it is journaled with your name.")],
    quantity: Annotated[str | None, typer.Option(help="How much of it, above zero; default all.")] = None,
) -> None:
    from jtrader.app.cli.asking import amount, ask_oms, operator

    given = {"account": account, "instrument": instrument, "strategy": to, "actor": operator(), "reason": reason}
    ask_oms("assign", type(None), given | {"quantity": None if quantity is None else amount("quantity", quantity)})
    typer.echo(f"assigned to {to}; 'jtrader positions' shows the books")
