"""`jtrader doctor`: what is wrong, and what mends it."""

from pathlib import Path
from typing import Annotated

import typer

_MARKS = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "fail": "[red]✗[/]"}


def register(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    home: Annotated[Path | None, typer.Option(help="The stack's home; default $JTRADER_HOME, else var/.")] = None,
    json: Annotated[bool, typer.Option("--json", help="A JSON list on standard output.")] = False,
) -> None:
    """Look for what is wrong with this machine or the stack, and say how to mend it. Exit code 1 if something fails.

    Examples: `jtrader doctor` · `jtrader doctor --json | jq '.[] | select(.level == "fail")'`
    """
    import msgspec
    from rich.console import Console
    from rich.markup import escape

    from jtrader.app.settings import load_settings
    from jtrader.app.stack.doctor import examine

    findings = examine(load_settings(**({"home": home} if home else {})))
    if json:
        typer.echo(msgspec.json.format(msgspec.json.encode(findings), indent=1).decode())
    else:
        console = Console(highlight=False)
        for finding in findings:
            console.print(f"{_MARKS[finding.level]} {finding.check}: {escape(finding.found)}")
            if finding.mend:
                console.print(f"    → {escape(finding.mend)}")
    if any(finding.level == "fail" for finding in findings):
        raise typer.Exit(1)
