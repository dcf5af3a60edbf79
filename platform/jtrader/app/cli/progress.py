"""What a person sees while services start and stop: a line for each that is done, and those at work below."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.status import Status

from jtrader.app.stack.starting import Progress, Report

_DONE = {"healthy": "[green]✓[/] {0} healthy in {1:.1f} s", "stopped": "[green]✓[/] {0} stopped", "orphan": "ended {0}"}


@contextmanager
def told(title: str) -> Iterator[Report]:
    """Gives the function that `Stack` reports to; it may be called from any thread."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    at_work: dict[str, str] = {}
    with Status(title, console=console) as status:
        console.print(title)

        def report(progress: Progress) -> None:
            if progress.stage == "idle":
                console.print(f"  [yellow]–[/] {progress.service} not started: {escape(progress.reason)}")
            elif progress.stage in _DONE:
                at_work.pop(progress.service, None)
                console.print("  " + _DONE[progress.stage].format(progress.service, progress.seconds))
            else:
                at_work[progress.service] = progress.stage
            status.update(", ".join(f"{name} ({stage})" for name, stage in list(at_work.items())) or title)

        yield report
