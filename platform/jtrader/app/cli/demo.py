"""`jtrader demo`: the main job."""

from pathlib import Path
from typing import Annotated

import typer

HELP = """Run one whole day of the desk on real embedded services, and report what happened.

Examples:

    jtrader demo

    jtrader demo --keep

    jtrader demo --history candles_1m_binance_usdm.parquet
"""


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def demo(
        home: Annotated[Path, typer.Option(help="Where the demo keeps everything it makes.")] = Path("var/demo"),
        history: Annotated[
            Path | None, typer.Option(help="Recorded 1-minute candles (Parquet or Binance's archive CSV).")
        ] = None,
        seed: Annotated[int, typer.Option(help="Seed of the generated market.")] = 7,
        keep: Annotated[bool, typer.Option("--keep", envvar="KEEP", help="Leave the services up.")] = False,
    ) -> None:
        from rich.console import Console

        from jtrader.app.demo.day import run_demo
        from jtrader.app.demo.desk import DemoPlan
        from jtrader.domain.errors import BadInput

        if history is not None and not history.exists():
            raise BadInput(f"--history {history}: there is no such file or folder")
        run_demo(DemoPlan(home=home.absolute(), history=history, seed=seed, keep=keep), Console())
