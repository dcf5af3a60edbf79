"""MLflow's tracking server and registry: backend in Postgres, artifacts below home."""

import sys
from collections.abc import Mapping

from jtrader.app.stack import http
from jtrader.app.stack.service import Service
from jtrader.app.stack.site import Site


def command(site: Site) -> list[str]:
    return [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host=127.0.0.1",
        f"--port={site.ports['mlflow']}",
        "--workers=1",
        "--serve-artifacts",
        f"--artifacts-destination={site.home.root / 'mlflow'}",
    ]


def environment(site: Site) -> Mapping[str, str]:
    return {
        "MLFLOW_BACKEND_STORE_URI": site.postgres("mlflow").replace("postgresql://", "postgresql+psycopg2://", 1),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": site.secrets.fernet_key("mlflow_webhook_key"),
    }


def prepare(site: Site) -> None:
    site.home.folder("mlflow")


def healthy(site: Site, pid: int) -> str | None:  # noqa: ARG001
    return http.trouble(f"{site.url('mlflow')}/health")


SERVICE = Service(
    name="mlflow",
    group="tools",
    command=command,
    healthy=healthy,
    needs=("databases",),
    ports=("mlflow",),
    address="mlflow_uri",
    environment=environment,
    prepare=prepare,
)
