"""`jtrader status`: each service's state, health, age, memory, address."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jtrader.app.stack.status import ServiceStatus


def register(app: typer.Typer) -> None:
    app.command()(status)


def status(
    home: Annotated[Path | None, typer.Option(help="The stack's home; default $JTRADER_HOME, else var/.")] = None,
    json: Annotated[bool, typer.Option("--json", help="A JSON list on standard output.")] = False,
) -> None:
    """Show each service's state, health, age, memory and address. Exit code 1 if none runs, or one is not healthy.

    Examples: `jtrader status` · `jtrader status --json | jq '.[] | select(.healthy | not)'`
    """
    import msgspec

    from jtrader.app.settings import load_settings
    from jtrader.app.stack import Stack

    rows = Stack(load_settings(**({"home": home} if home else {}))).status()
    if json:
        typer.echo(msgspec.json.format(msgspec.json.encode(rows), indent=1).decode())
    else:
        show(rows)
    running = [row for row in rows if row.state != "stopped"]
    if not running or not all(row.healthy for row in running):
        raise typer.Exit(1)


def show(rows: "Sequence[ServiceStatus]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("service", "health", "pid", "up", "memory", "address"):
        right = column in ("pid", "up", "memory")
        table.add_column(column, justify="right" if right else "left", overflow="fold", no_wrap=column == "service")
    for row in rows:
        table.add_row(
            row.service,
            _health(row),
            str(row.pid or ""),
            _age(row.uptime_seconds),
            "" if row.memory_mb is None else f"{row.memory_mb:.0f} MB",
            row.url or "",
        )
    console = Console(highlight=False)
    console.print(table, width=console.width if console.is_terminal else 140)


def _health(row: "ServiceStatus") -> str:
    if row.healthy:
        return "[green]healthy[/]" if row.state == "running" else f"[green]{row.state}[/]"
    return "[dim]stopped[/]" if row.state == "stopped" else f"[red]{row.state}: {row.trouble}[/]"


def _age(seconds: int | None) -> str:
    if seconds is None:
        return ""
    hours, rest = divmod(seconds, 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s" if rest >= 60 else f"{rest} s"
