"""`jtrader orders`: child orders and where they stand; place, cancel and resolve them by hand."""

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

HELP = """List the newest orders of the running oms, refused ones included.

Examples:

    jtrader orders

    jtrader orders --open

    jtrader orders --limit 1000 --json
"""

PLACE = """Send an order of your own through the same risk gate, journal and ledger as a strategy's.

It goes under the strategy 'manual' unless another is named. A repeated command is another order.

Examples:

    jtrader orders place alpha binance_usdm:BTCUSDT buy 0.1 --reason "hedge of the OTC trade"

    jtrader orders place alpha binance_usdm:BTCUSDT sell 0.1 --limit 61000 --reduce-only --reason "take profit"
"""

CANCEL = """Ask the venue to cancel one order, or all that work. It is over when the venue says so.

'jtrader orders --open' shows what still works. Protective stops go with --all, too; 'jtrader kill' keeps them.

Examples:

    jtrader orders cancel jt1mxk2v9-4 --reason "wrong side"

    jtrader orders cancel --all --account alpha --reason "maintenance at eight"
"""

AMEND = """Change the price or the quantity of a resting limit order, through the risk gate.

Where the venue can't change it in place, it is cancelled and what is left goes out anew, under another id. The quantity
is the new total, what has filled included.

Examples:

    jtrader orders amend jt1mxk2v9-4 --price 59900 --reason "nearer to the market"

    jtrader orders amend jt1mxk2v9-4 --quantity 0.05 --reason "half of it"
"""

RESOLVE = """End an order whose fate is unknown by what you found at the venue. Your name and reason are journaled.

Absent: it is neither among the venue's orders nor its trades. Filled: give what the venue's page tells, with its trade
id, so that the venue's own report of the fill is recognised when it comes. Should the order live after all, its fills
are booked, and where the venue still lists it, it is cancelled.

Examples:

    jtrader orders resolve jt1mxk2v9-4 --absent --reason "support ticket 8812: never received"

    jtrader orders resolve jt1mxk2v9-4 --filled 0.2 --price 59400 --trade-id 30021 --fee 5.94 --reason "on their page"
"""

COLUMNS = (
    "time", "account", "strategy", "instrument", "side", "quantity", "price", "filled", "status", "client_order_id",
    "reason",
)  # fmt: skip

OrderId = Annotated[str, typer.Argument(help="Our client order id, as 'jtrader orders' shows it.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help=HELP, invoke_without_command=True)
    group.callback()(_list)
    group.command("place", help=PLACE)(_place)
    group.command("amend", help=AMEND)(_amend)
    group.command("cancel", help=CANCEL)(_cancel)
    group.command("resolve", help=RESOLVE)(_resolve)
    app.add_typer(group, name="orders")


def _list(
    context: typer.Context,
    open_only: Annotated[bool, typer.Option("--open", help="Only those that may still fill.")] = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    if context.invoked_subcommand is not None:
        return
    import msgspec

    from jtrader.app.cli.asking import ask_oms, show
    from jtrader.app.services.oms.rpc import OrderLine
    from jtrader.domain.times import iso

    lines = ask_oms("orders", list[OrderLine], {"open_only": open_only, "limit": limit})
    rows = []
    for line in lines:
        own = {name: value for name, value in msgspec.to_builtins(line).items() if name != "order"}
        rows.append({"time": iso(line.order.ts), **msgspec.to_builtins(line.order), **own})
    show(rows, COLUMNS, as_json, "no open orders" if open_only else "no orders yet")
    for line in lines:
        if line.hint and not as_json:
            typer.echo(f"\n{line.hint}")


def _place(
    account: Account,
    instrument: Symbol,
    side: BuyOrSell,
    quantity: Quantity,
    reason: Reason,
    limit: Annotated[str | None, typer.Option(help="Rest at this price; without, at market.")] = None,
    reduce_only: ReduceOnly = False,
    strategy: Book = "manual",
) -> None:
    from jtrader.app.cli.asking import amount

    parent = submit(
        account,
        instrument,
        side,
        quantity,
        reason,
        strategy,
        "jtrader orders",
        ts=market_now(),
        algorithm="market" if limit is None else "limit",
        limit_price=None if limit is None else amount("limit", limit),
        reduce_only=reduce_only,
    )
    typer.echo(f"accepted; parent {parent}; 'jtrader orders' shows what came of it")


def _cancel(
    reason: Reason,
    order: Annotated[str | None, typer.Argument(help="Our client order id, as 'jtrader orders' shows it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that work.")] = False,
    account: Annotated[str | None, typer.Option(help="With --all: only this account's.")] = None,
) -> None:
    from jtrader.app.cli.asking import ask_oms, operator
    from jtrader.domain.errors import BadInput

    if everything is (order is not None) or (account is not None and not everything):
        raise BadInput("name one order, or say --all, with --account for one account's")
    if everything:
        count = ask_oms("cancel_all", int, {"account": account, "actor": operator(), "reason": reason})
        typer.echo(f"the cancels of {count} orders are on their way; 'jtrader orders --open' shows what still works")
        return
    ask_oms("cancel_order", type(None), {"client_order_id": order, "actor": operator(), "reason": reason})
    typer.echo(f"the cancel of {order} is on its way; 'jtrader orders --open' shows when it is over")


def _amend(
    order: OrderId,
    reason: Reason,
    price: Annotated[str | None, typer.Option(help="The new limit; default as it is.")] = None,
    quantity: Annotated[str | None, typer.Option(help="The new total; default as it is.")] = None,
) -> None:
    from jtrader.app.cli.asking import amount, ask_oms, operator
    from jtrader.domain.errors import BadInput

    if price is None and quantity is None:
        raise BadInput("say what changes: --price, --quantity, or both")
    given: dict[str, Any] = {"client_order_id": order, "actor": operator(), "reason": reason}
    given["price"] = None if price is None else amount("price", price)
    given["quantity"] = None if quantity is None else amount("quantity", quantity)
    ask_oms("amend_order", type(None), given)
    typer.echo(f"the change of {order} is on its way; 'jtrader orders --open' shows what came of it")


def _resolve(
    order: OrderId,
    reason: Reason,
    absent: Annotated[
        bool, typer.Option("--absent", help="The venue has neither the order nor a trade of it.")
    ] = False,
    filled: Annotated[str | None, typer.Option(help="The quantity that it filled.")] = None,
    price: Annotated[str | None, typer.Option(help="At this price.")] = None,
    trade_id: Annotated[str | None, typer.Option(help="The venue's id of the trade.")] = None,
    fee: Annotated[str, typer.Option(help="Paid; below zero = received.")] = "0",
    fee_asset: Annotated[str, typer.Option(help="Asset of the fee; default the settle asset.")] = "",
    time: Annotated[str | None, typer.Option(help="When it traded, ISO 8601; default now.")] = None,
) -> None:
    from jtrader.app.cli.asking import amount, ask_oms, operator
    from jtrader.domain.errors import BadInput
    from jtrader.domain.times import parse_time

    if absent is (filled is not None):
        raise BadInput("say either --absent or --filled QUANTITY")
    given: dict[str, Any] = {"client_order_id": order, "actor": operator(), "reason": reason, "outcome": "absent"}
    if filled is not None:
        if price is None or trade_id is None:
            raise BadInput("--filled needs --price and --trade-id, as the venue's page shows them")
        given |= {"outcome": "filled", "quantity": amount("filled", filled), "price": amount("price", price)}
        given |= {"trade_id": trade_id, "fee": amount("fee", fee), "fee_asset": fee_asset}
        given |= {"ts": 0 if time is None else parse_time(time)}
    ask_oms("resolve_order", type(None), given)
    typer.echo(f"order {order} is resolved as {given['outcome']}")
