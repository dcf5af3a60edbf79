"""The command line: one module a verb, each with `register(app)`. Heavy imports stay inside the commands."""

import signal
import sys

VERBS: tuple[str, ...] = (
    "account",
    "airflow",
    "bench",
    "crawl",
    "demo",
    "doctor",
    "instruments",
    "kill",
    "limits",
    "lineage",
    "orders",
    "parents",
    "pnl",
    "positions",
    "promote",
    "reconcile",
    "simulate",
    "status",
    "strategies",
    "trade",
    "train",
    "up",
    "why",
)

CTRL_C = 130
"""The exit code that typer makes of a KeyboardInterrupt."""


def main() -> None:
    """Runs one verb. Exit code 2 for bad input, 1 for any other failure that has a name, 130 for Ctrl-C, also one that
    comes while everything is still being imported."""
    try:
        _run()
    except KeyboardInterrupt:
        _leave()
    except SystemExit as end:
        if end.code == CTRL_C:
            _leave()
        raise
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # what is left is the interpreter's own end


def _run() -> None:
    import importlib

    import typer

    from jtrader.domain.errors import BadInput, JtraderError
    from jtrader.domain.money import use_exact_context

    app = typer.Typer(
        name="jtrader",
        help="A quant desk: crawl, train, promote, trade, reconcile.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
        rich_markup_mode="markdown",
    )
    use_exact_context()
    for verb in VERBS:
        importlib.import_module(f"jtrader.app.cli.{verb}").register(app)
    try:
        app()
    except JtraderError as error:
        sys.stderr.write(f"jtrader: {error}\n")
        sys.exit(2 if isinstance(error, BadInput) else 1)


def _leave() -> None:
    sys.stderr.write("jtrader: stopped by Ctrl-C; nothing is half-written, run it again to go on\n")
    sys.exit(CTRL_C)
