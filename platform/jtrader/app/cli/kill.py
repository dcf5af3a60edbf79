"""`jtrader kill`: stop trading, by level and scope, whether the oms answers or not."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from jtrader.app.jobs.kill import Cancelled
    from jtrader.risk.kill import Kill, Latch

HELP = """Stop trading in a scope, or release it. The latch is on disk before anything else is done; the oms reads it
before each send and obeys it as long as it stands, past any restart.

L1 no new risk: reduce-only orders alone. L2 no orders. L3 cancels all orders, and keeps positions and protective stops.
L4 cancels all orders and closes the positions in slices. L5 takes the keys away: orders are cancelled and the oms ends.
L0 releases the scope and all that is narrower, what risk has latched there included.

From L3 on this command cancels at the venues itself, over a connection of its own, and tells how long it took. Closing
(L4) is done by the oms. Exit code 1 where an order is left.

Examples:

    jtrader kill L3 --reason "prices look wrong"

    jtrader kill L1 --account alpha --strategy ma_cross --reason "drill"

    jtrader kill --status

    jtrader kill L0 --account alpha --reason "feed is back"
"""

LEVELS = {f"L{number}": number for number in range(6)}


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def kill(
        level: Annotated[str | None, typer.Argument(help="L0 to L5.")] = None,
        reason: Annotated[str, typer.Option(help="Why; journaled with your name.")] = "",
        account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
        strategy: Annotated[str | None, typer.Option(help="Only this strategy.")] = None,
        venue: Annotated[str | None, typer.Option(help="Only this market (binance_usdm) or venue (binance).")] = None,
        status: Annotated[bool, typer.Option("--status", help="Show what is stopped.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        import asyncio
        import getpass

        from jtrader.app.jobs.kill import cancel_scope, set_level
        from jtrader.app.services.oms.latch import LatchFile
        from jtrader.app.settings import load_settings
        from jtrader.app.wiring.desk import latch_file
        from jtrader.domain.errors import BadInput
        from jtrader.risk.kill import KillLevel

        settings = load_settings()
        if status or level is None:
            _show(LatchFile(latch_file(settings)).read(), _latched(settings.root), as_json)
            return
        if level.upper() not in LEVELS:
            raise BadInput(f"'{level}' is no kill level; there are {', '.join(LEVELS)}")
        chosen = KillLevel(LEVELS[level.upper()])
        latch = set_level(settings, chosen, reason, getpass.getuser(), account, strategy, venue)
        made = latch.changes[-1]
        typer.echo(f"{_scope(made)} is released" if chosen == 0 else f"{_named(made)} is latched", err=as_json)
        if chosen is KillLevel.FLATTEN:
            typer.echo("the oms closes the positions; 'jtrader positions' shows them", err=as_json)
        done = asyncio.run(cancel_scope(settings, made)) if chosen >= KillLevel.CANCEL_ALL else []
        _tell(done, as_json)
        if any(one.left or one.trouble for one in done):
            raise typer.Exit(1)


def _named(kill: "Kill") -> str:
    return f"kill level {int(kill.level)} ({kill.level.name.lower().replace('_', ' ')}) for {_scope(kill)}"


def _scope(kill: "Kill") -> str:
    parts = (("account", kill.account), ("strategy", kill.strategy), ("venue", kill.venue))
    return ", ".join(f"{what} '{name}'" for what, name in parts if name is not None) or "everything"


def _latched(root: Any) -> dict[str, str]:
    """What risk itself has stopped, as the oms told last."""
    from jtrader.app.services.heartbeat import read_health

    health = read_health(root, "oms")
    return dict(health.detail.get("latched", {})) if health is not None else {}


def _show(latch: "Latch", latched: dict[str, str], as_json: bool) -> None:
    import msgspec

    if as_json:
        typer.echo(json.dumps({"kills": msgspec.to_builtins(latch.kills), "risk": latched}, indent=2))
        return
    for kill in latch.kills:
        typer.echo(f"{_named(kill)} by {kill.actor}: {kill.reason}")
    for where, reason in latched.items():
        typer.echo(f"{where}: {reason}")
    if not latch.kills and not latched:
        typer.echo("nothing is stopped")


def _tell(done: "list[Cancelled]", as_json: bool) -> None:
    import msgspec

    if as_json:
        typer.echo(json.dumps([msgspec.to_builtins(one) for one in done], indent=2))
        return
    for one in done:
        if one.trouble:
            typer.echo(f"account {one.account}: {one.trouble}", err=True)
        if not one.seconds:
            continue
        kept = f", {one.protective} protective kept" if one.protective else ""
        typer.echo(f"account {one.account}: {one.cancelled} orders cancelled{kept} in {one.seconds:.2f} s")
        if one.left:
            typer.echo(f"account {one.account}: STILL OPEN: {', '.join(one.left)}", err=True)
