"""`jtrader parents`: parent orders, the algorithms that work them, and who pauses, resumes or cancels them."""

from typing import Annotated, Any

import typer

from jtrader.app.cli.by_hand import (
    Account,
    AsJson,
    Book,
    BuyOrSell,
    Limit,
    Quantity,
    Reason,
    ReduceOnly,
    Symbol,
    market_now,
    submit,
)

HELP = """List the newest parent orders of the running oms: how far they are, their state and why.

Examples:

    jtrader parents

    jtrader parents --open --json

    jtrader parents algorithms
"""

PLACE = """Send an order of your own to be worked by an algorithm, through the same gate and journal as a strategy's.

'jtrader parents algorithms' lists them with their parameters; docs/execution.md tells what each does.

Examples:

    jtrader parents place alpha binance_usdm:BTCUSDT buy 2 --algorithm twap --minutes 60 -p interval=60
    -p style=passive -p cross_after=30 --reason "build the hedge"

    jtrader parents place alpha binance_usdm:BTCUSDT sell 2 --algorithm trailing --reduce-only -p offset=1
    -p offset_type=pct --reason "lock the gain in"
"""

CHANGE = """{what} a parent order. Your name and reason are journaled.

Example:

    jtrader parents {verb} by-hand-1f2e3d4c5b6a --reason "news at 14:00"
"""

COLUMNS = (
    "time", "parent_id", "account", "strategy", "instrument", "side", "quantity", "algorithm", "filled", "working",
    "state", "why",
)  # fmt: skip

Parent = Annotated[str, typer.Argument(help="The parent's id, as 'jtrader parents' shows it.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help=HELP, invoke_without_command=True)
    group.callback()(_list)
    group.command("algorithms", help="List the algorithms and their parameters.")(_algorithms)
    group.command("place", help=PLACE)(_place)
    group.command("pause", help=CHANGE.format(what="Pause", verb="pause"))(_pause)
    group.command("resume", help=CHANGE.format(what="Resume", verb="resume"))(_resume)
    group.command("cancel", help=CHANGE.format(what="Cancel", verb="cancel"))(_cancel)
    app.add_typer(group, name="parents")


def _list(
    context: typer.Context,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    import msgspec

    from jtrader.app.cli.asking import ask_oms, show
    from jtrader.app.services.oms.rpc_parents import ParentLine
    from jtrader.domain.times import iso

    lines = ask_oms("parents", list[ParentLine], {"open_only": open_only, "limit": limit})
    rows = []
    for line in lines:
        stands = {"filled": line.filled, "working": line.working, "state": line.state, "why": line.reason}
        wanted = msgspec.to_builtins(line.intent)
        rows.append({"time": iso(line.intent.ts), **wanted, **stands, "children": line.children})
    show(rows, COLUMNS, as_json, "no open parent orders" if open_only else "no parent orders yet")


def _algorithms(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    from jtrader.app.cli.asking import show
    from jtrader.execution.catalogue import ALGORITHMS
    from jtrader.execution.params import allowed

    rows = [{"algorithm": name, "params": allowed(one.params)} for name, one in ALGORITHMS.items()]
    show(rows, ("algorithm", "params"), as_json, "")


def _place(
    account: Account,
    instrument: Symbol,
    side: BuyOrSell,
    quantity: Quantity,
    algorithm: Annotated[str, typer.Option(help="One of 'jtrader parents algorithms'.")],
    reason: Reason,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="name=value, again for each; commas make a list.")
    ] = None,
    limit: Annotated[str | None, typer.Option(help="Never trade beyond this price.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Length of its window, market time.")] = None,
    start: Annotated[str | None, typer.Option(help="When it begins, ISO 8601; default at once.")] = None,
    completion: Annotated[
        str, typer.Option(help="At its end: best_effort, cancel_remainder or must_complete.")
    ] = "best_effort",
    reduce_only: ReduceOnly = False,
    strategy: Book = "manual",
) -> None:
    from jtrader.app.cli.asking import amount, choice
    from jtrader.domain.order import Completion
    from jtrader.domain.times import MINUTE, parse_time
    from jtrader.execution.catalogue import ALGORITHMS

    now = market_now()
    begins = now if start is None else int(parse_time(start))
    parent = submit(
        account,
        instrument,
        side,
        quantity,
        reason,
        strategy,
        "jtrader parents",
        ts=now,
        algorithm=choice("algorithm", algorithm, list(ALGORITHMS)),
        limit_price=None if limit is None else amount("limit", limit),
        reduce_only=reduce_only,
        params=parse_params(param or []),
        start=begins if start is not None else 0,
        end=None if minutes is None else begins + int(minutes * MINUTE),
        completion=Completion(choice("completion", completion, list(Completion))),
    )
    typer.echo(f"accepted; parent {parent}; 'jtrader parents' shows how far it is")


def parse_params(given: list[str]) -> dict[str, Any]:
    """`["interval=60", "curve=1,2,3"]` → names with texts or lists of texts. Raises BadInput."""
    from jtrader.domain.errors import BadInput

    params: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise BadInput(f"'{text}' is not name=value, for example interval=60")
        if name in params:
            raise BadInput(f"parameter '{name}' is given twice")
        params[name] = value.split(",") if "," in value else value
    return params


def _pause(parent: Parent, reason: Reason) -> None:
    _want(parent, "pause", reason)
    typer.echo(f"{parent} is paused: what rests is being cancelled, stops at the venue stay")


def _resume(parent: Parent, reason: Reason) -> None:
    _want(parent, "run", reason)
    typer.echo(f"{parent} goes on")


def _cancel(parent: Parent, reason: Reason) -> None:
    _want(parent, "cancel", reason)
    typer.echo(f"{parent} is being cancelled; 'jtrader parents --open' shows when it is over")


def _want(parent: str, wish: str, reason: str) -> None:
    from jtrader.app.cli.asking import ask_oms, operator

    given = {"parent_id": parent, "wish": wish, "actor": operator(), "reason": reason}
    ask_oms("want_parent", type(None), given)
