"""`jtrader strategies`: what runs, and starting, stopping and changing it."""

import json
from typing import Annotated, Any

import typer

HELP = """Show the strategies of the running desk, start and stop them, and change their parameters.

Examples:

    jtrader strategies list

    jtrader strategies params trend

    jtrader strategies set trend fast=5 slow=30 --reason "calmer market"
"""

LIST = """Show each strategy: running, stopping, stopped (by a person) or failed (by itself), and why.

Examples:

    jtrader strategies list

    jtrader strategies list --json
"""

START = """Start a stopped or failed strategy with what it remembers, warmed up on the newest minutes.

Examples:

    jtrader strategies start trend --reason "the feed is back"
"""

STOP = """Stop a strategy; it stays stopped over restarts until somebody starts it.

keep leaves its orders and positions; cancel cancels its orders, those that only reduce stay; flatten cancels all of
them and closes its positions at the market. Without --then its on_stop in the settings decides.

Examples:

    jtrader strategies stop trend --reason "maintenance of the venue"

    jtrader strategies stop maker --then flatten --reason "the spread is gone"
"""

SET = """Change parameters while it runs: checked as at the start, all or none. They outlive restarts.

Examples:

    jtrader strategies set trend fast=5 slow=30 --reason "calmer market"

    jtrader strategies set maker notional=250.50 --reason "half size"
"""

PARAMS = """Show the parameters in force.

Examples:

    jtrader strategies params trend

    jtrader strategies params trend --json
"""

COLUMNS = ("name", "rule", "state", "accounts", "instruments", "reason")
START_SECONDS = 60.0
Reason = Annotated[str, typer.Option(help="Why; it is kept with your name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help=HELP, no_args_is_help=True)
    group.command("list", help=LIST)(_list)
    group.command("start", help=START)(_start)
    group.command("stop", help=STOP)(_stop)
    group.command("set", help=SET)(_set)
    group.command("params", help=PARAMS)(_params)
    app.add_typer(group, name="strategies")


def _list(as_json: AsJson = False) -> None:
    import msgspec

    from jtrader.app.cli.asking import ask_strategies, show
    from jtrader.app.services.strategies.rpc import StrategyLine

    rows = [msgspec.to_builtins(line) for line in ask_strategies("strategies", list[StrategyLine])]
    if not as_json:
        rows = [row | {name: ", ".join(row[name]) for name in ("accounts", "instruments")} for row in rows]
    show(rows, COLUMNS, as_json, "no [[strategies]] in the settings")


def _start(name: Annotated[str, typer.Argument(help="As in the settings.")], reason: Reason) -> None:
    _done("start_strategy", {"name": name, "reason": reason})


def _stop(
    name: Annotated[str, typer.Argument(help="As in the settings.")],
    reason: Reason,
    then: Annotated[str | None, typer.Option(help="keep, cancel or flatten.")] = None,
) -> None:
    from jtrader.app.cli.asking import choice

    on_stop = None if then is None else choice("--then", then, ("keep", "cancel", "flatten"))
    _done("stop_strategy", {"name": name, "reason": reason, "on_stop": on_stop})


def _set(
    name: Annotated[str, typer.Argument(help="As in the settings.")],
    params: Annotated[list[str], typer.Argument(help="param=value …")],
    reason: Reason,
) -> None:
    from jtrader.app.cli.asking import ask_strategies, operator

    given = {"name": name, "params": dict(map(_pair, params)), "actor": operator(), "reason": reason}
    _tell(ask_strategies("set_strategy", dict[str, Any], given))


def _params(name: Annotated[str, typer.Argument(help="As in the settings.")], as_json: AsJson = False) -> None:
    from jtrader.app.cli.asking import ask_strategies

    found = ask_strategies("strategy_params", dict[str, Any], {"name": name})
    typer.echo(json.dumps(found, indent=2)) if as_json else _tell(found)


def _done(method: str, given: dict[str, Any]) -> None:
    from jtrader.app.cli.asking import ask_strategies, operator
    from jtrader.app.services.strategies.rpc import StrategyLine

    line = ask_strategies(method, StrategyLine, given | {"actor": operator()}, START_SECONDS)
    typer.echo(f"{line.name} is {line.state}{f': {line.reason}' if line.reason else ''}")


def _pair(text: str) -> tuple[str, Any]:
    """`fast=5` → ("fast", 5): whole numbers and yes or no as such, other numbers as text. Raises BadInput."""
    from jtrader.domain.errors import BadInput

    name, is_pair, value = text.partition("=")
    if not (is_pair and name and value):
        raise BadInput(f"'{text}' is not param=value, for example fast=5")
    try:
        read = json.loads(value)
    except ValueError:
        return name, value
    return name, value if isinstance(read, float) else read


def _tell(params: dict[str, Any]) -> None:
    for name, value in params.items():
        typer.echo(f"{name} = {value}")
