"""`jtrader limits`: those in force, and new ones from the settings while the oms runs."""

import json
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    verb = typer.Typer(help="The limits of the running oms.", no_args_is_help=True)
    verb.command("show")(_show)
    verb.command("reload")(_reload)
    app.add_typer(verb, name="limits")


def _show() -> None:
    """Print the limits in force as JSON; times in ns.

    jtrader limits show
    """
    import msgspec

    from jtrader.app.cli.asking import ask_oms
    from jtrader.domain.ids import AccountId
    from jtrader.risk.limits import LimitSet

    typer.echo(json.dumps(msgspec.to_builtins(ask_oms("limits", dict[AccountId, LimitSet])), indent=2))


def _reload(
    reason: Annotated[str, typer.Option(help="Why; journaled with your name.")],
    confirm: Annotated[str, typer.Option(help="The word that the first step gave.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read the settings anew and put their limits in force, all or none. A limit that changes by more than ten times,
    or that is set or unset, needs a second step. Exit code 1 where that is to be confirmed.

        jtrader limits reload --reason "more room for ma_cross"

        jtrader limits reload --reason "more room for ma_cross" --confirm 1f2e3d4c
    """
    import getpass

    import msgspec

    from jtrader.app.cli.asking import ask_oms
    from jtrader.app.services.oms.rpc_limits import LimitsAnswer

    given = {"actor": getpass.getuser(), "reason": reason, "confirm": confirm}
    answer = ask_oms("reload_limits", LimitsAnswer, given)
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(answer), indent=2))
    else:
        for change in answer.changes:
            typer.echo(f"{change}{'   (to be confirmed)' if change in answer.large and not answer.applied else ''}")
        typer.echo("in force" if answer.applied else "nothing is changed")
    if answer.confirm:
        typer.echo(f"large changes: look at them, then add --confirm {answer.confirm}", err=True)
        raise typer.Exit(1)
