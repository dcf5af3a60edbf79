"""How verbs ask the running oms, and how they print figures."""

import asyncio
import getpass
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import typer

from jtrader.domain.errors import BadInput

T = TypeVar("T")


def ask_oms(method: str, result: type[T], params: Mapping[str, Any] | None = None) -> T:
    """The answer of one RPC method. Raises BadInput without an address, Unavailable where no oms answers."""
    return _ask("oms_rpc_uri", method, result, params)


def ask_strategies(
    method: str, result: type[T], params: Mapping[str, Any] | None = None, timeout: float | None = None
) -> T:
    """The same of the strategy host."""
    return _ask("strategies_rpc_uri", method, result, params, timeout)


def _ask(
    address: str, method: str, result: type[T], params: Mapping[str, Any] | None, timeout: float | None = None
) -> T:
    from jtrader.app.settings import load_settings
    from jtrader.bus.rpc import RpcClient

    uri = load_settings().need(address)

    async def ask() -> T:
        client = RpcClient(uri)
        try:
            return await client.call(method, result, params, timeout)
        finally:
            await client.close()

    return asyncio.run(ask())


def operator() -> str:
    """Who types: the operating system's user."""
    return getpass.getuser()


def amount(name: str, text: str) -> Decimal:
    """Raises BadInput for what is no finite decimal number."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise BadInput(f"{name} '{text}' is not a decimal number, for example 0.25")
    return value


def choice(name: str, text: str, allowed: Sequence[str]) -> str:
    """Raises BadInput for what is not among the allowed words."""
    if text not in allowed:
        raise BadInput(f"{name} '{text}' is not one of {', '.join(allowed)}")
    return text


def show(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], as_json: bool, empty: str) -> None:
    """Rows as JSON with all fields, or as a table of `columns`; figures to the right. `empty` where there are none."""
    if as_json:
        typer.echo(json.dumps(list(rows), indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    if not rows:
        typer.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right" if _is_figure(rows[0].get(column)) else "left")
    for row in rows:
        table.add_row(*("" if row.get(column) is None else str(row[column]) for column in columns))
    Console(highlight=False).print(table)


def _is_figure(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True
