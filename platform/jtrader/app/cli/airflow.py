"""`jtrader airflow`: Airflow's own command line on the desk's Airflow."""

import os
import sys

import typer


def register(app: typer.Typer) -> None:
    app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(airflow)


def airflow(context: typer.Context) -> None:
    """Run Airflow's own commands on the desk's Airflow, whose database and secrets a plain `airflow` doesn't know.

    Examples: `jtrader airflow dags list` ·
    `jtrader airflow backfill create --dag-id crawl_daily --from-date 2026-01-10 --to-date 2026-01-12` ·
    `jtrader airflow dags unpause crawl_daily`
    """
    from jtrader.app.settings import load_settings
    from jtrader.app.stack import Stack
    from jtrader.app.stack.airflow import environment

    site = Stack(load_settings()).site()
    command = [sys.executable, "-m", "airflow", *context.args]
    os.execve(command[0], command, {**os.environ, **site.environment, **environment(site)})  # noqa: S606 (no shell)
