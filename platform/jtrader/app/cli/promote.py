"""`jtrader promote`: moves the champion."""

from typing import Annotated

import typer

HELP = """Make a version the champion that the trader serves; the old champion becomes `previous`.

Only a version whose gate passed; a refused one with --override-by and --override-reason, for sim and paper accounts.
Rolling back is promoting the older version again.

Examples:

    jtrader promote direction

    jtrader promote direction --version 3 --json

    jtrader promote direction --override-by ann --override-reason "rehearsal of the swap"
"""


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def promote(
        model: Annotated[str, typer.Argument(help="Name of the registered model.")],
        version: Annotated[str | None, typer.Option(help="Default: the challenger.")] = None,
        override_by: Annotated[str, typer.Option(help="Who overrides the gate.")] = "",
        override_reason: Annotated[str, typer.Option(help="Why; it stays in the lineage.")] = "",
        as_json: Annotated[bool, typer.Option("--json", help="Print what changed as JSON.")] = False,
    ) -> None:
        import msgspec

        from jtrader.app.jobs.retrain import promote as run
        from jtrader.app.jobs.retrain import promotion_summary
        from jtrader.app.settings import load_settings
        from jtrader.learn.promotion import Override

        wanted = override_by or override_reason
        override = Override(by=override_by, reason=override_reason) if wanted else None
        settings = load_settings()
        made = run(model, version, override, settings)
        typer.echo(msgspec.json.encode(made).decode() if as_json else promotion_summary(made, settings.mlflow_uri))
