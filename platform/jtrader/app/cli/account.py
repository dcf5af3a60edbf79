"""`jtrader account`: what is known of the accounts on their venues."""

import json
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    verb = typer.Typer(help="Accounts on their venues.", no_args_is_help=True)
    verb.command("probe")(_probe)
    app.add_typer(verb, name="account")


def _probe(
    name: Annotated[str, typer.Argument(help="The account, as in the settings.")],
    instrument: Annotated[str, typer.Argument(help="market:SYMBOL, something cheap and liquid.")],
    trade: Annotated[
        bool, typer.Option("--trade", help="Buy the smallest quantity and sell it again: proves fills.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
) -> None:
    """Prove on a venue that is reached by ccxt's unified methods what live trading needs: orders are placed far from
    the market and cancelled again.

        jtrader account probe okx_main okx_spot:BTC-USDT --trade
    """
    import msgspec

    from jtrader.app.jobs.probe import probe_account

    proof = probe_account(name, instrument, trade)
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(proof)))
    else:
        for point in ("lookup_by_client_id", "open_orders", "conditional_orders", "fills_since"):
            told = "proven" if getattr(proof, point) else f"not proven: {proof.why.get(point, '')}"
            typer.echo(f"{point.replace('_', ' ')}: {told}")
    raise typer.Exit(0 if proof.is_whole else 1)
