"""`jtrader up`, `jtrader down`: the embedded stack for daily use."""

from pathlib import Path
from typing import Annotated

import typer

Home = Annotated[Path | None, typer.Option(help="Where the stack keeps its files; default $JTRADER_HOME, else var/.")]
Services = Annotated[list[str] | None, typer.Argument(help="Services to start or stop; all if none is named.")]


def register(app: typer.Typer) -> None:
    app.command()(up)
    app.command()(down)


def up(services: Services = None, home: Home = None) -> None:
    """Start the services and wait until they are healthy.

    Examples: `jtrader up` · `jtrader up postgres mongod` · `jtrader up --home ~/desk/var`
    """
    from jtrader.app.cli.progress import told
    from jtrader.app.cli.status import show
    from jtrader.app.settings import load_settings
    from jtrader.app.stack import Stack

    stack = Stack(load_settings(**({"home": home} if home else {})))
    with told(f"Starting the stack below {stack.home.root}") as report:
        stack.up(report, services or None)
    show(stack.status())


def down(services: Services = None, home: Home = None) -> None:
    """Stop the services, and end whatever an earlier, killed supervisor left behind.

    Examples: `jtrader down` · `jtrader down strategies`
    """
    from jtrader.app.cli.progress import told
    from jtrader.app.settings import load_settings
    from jtrader.app.stack import Stack

    stack = Stack(load_settings(**({"home": home} if home else {})))
    with told(f"Stopping the stack below {stack.home.root}") as report:
        if services:
            stack.stop(*services, report=report)
            return
        orphans = stack.down(report)
    typer.echo(f"Ended {len(orphans)} processes without a supervisor." if orphans else "", nl=bool(orphans))
    typer.echo("Nothing of the stack runs any more.")
