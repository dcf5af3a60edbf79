"""Orders that a person wishes from the command line: the words they share, and how they are sent."""

from typing import Annotated, Any

import typer

Account = Annotated[str, typer.Argument(help="The account, as in the settings.")]
Symbol = Annotated[str, typer.Argument(help="market:SYMBOL.")]
BuyOrSell = Annotated[str, typer.Argument(help="buy or sell.")]
Quantity = Annotated[str, typer.Argument(help="In the instrument's order units.")]
Reason = Annotated[str, typer.Option(help="Why; it is journaled with your name.")]
ReduceOnly = Annotated[bool, typer.Option("--reduce-only", help="Only take off the position.")]
Book = Annotated[str, typer.Option(help="Whose book it goes to.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many, newest first.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def market_now() -> int:
    """The oms's market time, ns."""
    from jtrader.app.cli.asking import ask_oms

    return int(ask_oms("status", dict[str, Any])["market_time"])


def submit(
    account: str, instrument: str, side: str, quantity: str, reason: str, strategy: str, look: str, **more: Any
) -> str:
    """Sends an intent of the operating system's user and returns its parent id; `more` are fields of Intent, `look` is
    the verb that shows it. Raises BadInput with the oms's own words where it refuses."""
    import uuid

    from jtrader.app.cli.asking import amount, ask_oms, choice, operator
    from jtrader.bus.rpc import RpcTimeout
    from jtrader.domain.errors import BadInput
    from jtrader.domain.ids import AccountId, InstrumentId, ParentId, StrategyId
    from jtrader.domain.order import Intent, Side
    from jtrader.engine.intents import Answer

    intent = Intent(
        parent_id=ParentId(f"by-hand-{uuid.uuid4().hex[:12]}"),
        strategy=StrategyId(strategy),
        account=AccountId(account),
        instrument=InstrumentId(instrument),
        side=Side(choice("side", side, list(Side))),
        quantity=amount("quantity", quantity),
        reason=f"{operator()}: {reason}",
        **more,
    )
    try:
        answer = ask_oms("submit_intent", Answer, {"intent": intent})
    except RpcTimeout as late:
        raise RpcTimeout(f"{late}: it may have been placed; look at '{look}' before you do it again") from late
    if not answer.accepted:
        raise BadInput(f"refused ({answer.code}): {answer.reason}")
    return str(intent.parent_id)
