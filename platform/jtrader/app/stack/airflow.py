"""Airflow 3.3 in four processes: API server, scheduler with LocalExecutor, DAG processor, triggerer."""

import datetime as dt
import sys
from collections.abc import Mapping
from importlib.metadata import version

import psutil

from jtrader.app.settings import CHECKOUT
from jtrader.app.stack import http
from jtrader.app.stack.ports import is_taken
from jtrader.app.stack.service import Check, Command, Service
from jtrader.app.stack.site import Site
from jtrader.app.stack.steps import run_step


def environment(site: Site) -> Mapping[str, str]:
    home = site.home.root / "airflow"
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(site.settings.stack.airflow_parallelism),
        "AIRFLOW__CORE__FERNET_KEY": site.secrets.fernet_key("airflow_fernet_key"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{site.url('airflow')}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__API_AUTH__JWT_SECRET": site.secrets.password("airflow_jwt_secret", 128),
        "AIRFLOW__API__SECRET_KEY": site.secrets.password("airflow_secret_key", 64),
        "AIRFLOW__API__BASE_URL": site.url("airflow"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": site.postgres("airflow").replace(
            "postgresql://", "postgresql+psycopg2://", 1
        ),
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def _command(*words: str) -> Command:
    return lambda site: [sys.executable, "-m", "airflow", *words]  # noqa: ARG005


def api_server(site: Site) -> list[str]:
    return _command("api-server", "--host=127.0.0.1", f"--port={site.ports['airflow']}", "--workers=1")(site)


def migrate(site: Site) -> None:
    """Brings the metadata to this version's schema, once a version and database."""
    stamp = site.home.folder("airflow") / "database-version"
    database = site.postgres("airflow").rpartition("@")[2] if "postgres_uri" in site.external else "embedded"
    wanted = f"airflow {version('apache-airflow')}, {database}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    run_step(site, "airflow-database", _command("db", "migrate")(site), environment(site))
    stamp.write_text(wanted)


def server_healthy(site: Site, pid: int) -> str | None:  # noqa: ARG001
    return http.trouble(f"{site.url('airflow')}/api/v2/version")


def warm_up(site: Site) -> None:
    """The first request to the execution API builds it, which takes long: better now than in the first task."""
    http.get(f"{site.url('airflow')}/execution/health", seconds=60.0)


def _component(name: str) -> Check:
    """Healthy once a heartbeat of this very process is in the database; one from before its start tells nothing."""

    def check(site: Site, pid: int) -> str | None:
        if not is_taken(site.ports["airflow"]):
            return "the API server has not begun to listen"
        health = http.json_of(f"{site.url('airflow')}/api/v2/monitor/health")
        if health is None:
            return "the API server does not answer yet"
        try:
            started = psutil.Process(pid).create_time()
        except psutil.Error:
            return "it has ended"
        state = health[name]
        beat = state[f"latest_{name}_heartbeat"]
        if not beat or dt.datetime.fromisoformat(beat).timestamp() < started:
            return f"no heartbeat of the {name} since its start"
        return None if state["status"] == "healthy" else f"{name} is {state['status']}"

    return check


def no_check(site: Site, pid: int) -> str | None:  # noqa: ARG001
    return None


DATABASE = Service(
    name="airflow-database",
    group="tools",
    command=None,
    healthy=no_check,
    needs=("databases",),
    address="airflow_uri",
    prepare=migrate,
)


def _part(name: str, words: tuple[str, ...], health_key: str) -> Service:
    return Service(
        name=name,
        group="tools",
        command=_command(*words),
        healthy=_component(health_key),
        needs=("airflow-database",),
        address="airflow_uri",
        environment=environment,
    )


SERVICES = (
    DATABASE,
    Service(
        name="airflow-api-server",
        group="tools",
        command=api_server,
        healthy=server_healthy,
        needs=("airflow-database",),
        ports=("airflow",),
        address="airflow_uri",
        environment=environment,
        finish=warm_up,
        stop_seconds=8,  # its work ends at once; what takes longer is Python tidying up
    ),
    _part("airflow-scheduler", ("scheduler", "--skip-serve-logs"), "scheduler"),
    _part("airflow-dag-processor", ("dag-processor",), "dag_processor"),
    _part("airflow-triggerer", ("triggerer", "--skip-serve-logs"), "triggerer"),
)
