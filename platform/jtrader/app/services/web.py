"""The page's process: one reader of Postgres, one watch of the services, NiceGUI on loopback."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI
from nicegui import app as pages
from nicegui import ui

from jtrader.app.services.heartbeat import Heartbeat, read_health
from jtrader.app.settings import Settings, load_settings
from jtrader.app.stack import Stack
from jtrader.app.stack.status import ServiceStatus
from jtrader.domain.errors import BadInput, JtraderError, Unavailable
from jtrader.domain.money import use_exact_context
from jtrader.report.dashboards import load
from jtrader.store.postgres.connection import connect
from jtrader.store.postgres.reader import PostgresReader
from jtrader.web.controllers import DeskController
from jtrader.web.models import Service
from jtrader.web.views.dashboards import add_dashboards
from jtrader.web.views.page import add_page

REFRESH_SECONDS = 1.0
SERVICES_SECONDS = 5.0
LAG_WORTH_SAYING = 100
LOOPBACK = ("127.0.0.1", "localhost")
LINKS = {"Airflow": "airflow_uri", "MLflow": "mlflow_uri", "JupyterHub": "hub_uri"}

log = logging.getLogger(__name__)


class ServicesWatch:
    """The services' health, asked anew at most every few seconds: each answer costs a request a service."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._home = stack.home.root
        self._services: Sequence[Service] = ()
        self._asked = float("-inf")

    def __call__(self) -> Sequence[Service]:
        if time.monotonic() - self._asked > SERVICES_SECONDS:
            self._asked = time.monotonic()
            try:
                self._services = [_row(status, self._home) for status in self._stack.status(memory=False)]
            except Unavailable as error:
                self._services = [Service(name="stack", state="unknown", detail=str(error))]
        return self._services


def _row(status: ServiceStatus, home: Path) -> Service:
    state = "healthy" if status.healthy else status.state
    detail = status.trouble or _told_by(home, status.service)
    return Service(name=status.service, state=state, pid=status.pid, url=status.url or "", detail=detail)


def _told_by(home: Path, service: str) -> str:
    """What a healthy service of ours has to say: why its read model or its model stands still."""
    health = read_health(home, service)
    if health is None or not health.is_fresh:
        return ""
    lag = int(health.detail.get("projection_lag", 0))
    behind = f"{lag} events are not in Postgres yet" if lag > LAG_WORTH_SAYING else ""
    return str(health.detail.get("projection_failure") or "") or behind


def build(settings: Settings) -> FastAPI:
    """The web application: `/` the page, `/api/health` for the supervisor."""
    reader = PostgresReader(connect(settings.need("postgres_uri"), "jtrader-web"))
    controller = DeskController(reader, ServicesWatch(Stack(settings)))
    heartbeat = Heartbeat(settings.root, "web")

    async def refresh() -> None:
        await controller.refresh()
        heartbeat.beat(True, trouble=controller.desk.trouble)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await refresh()
        yield

    api = FastAPI(title="jtrader", lifespan=lifespan)

    @api.get("/api/health")
    def health() -> dict[str, str | bool]:
        return {"ok": True, "trouble": controller.desk.trouble}

    pages.timer(REFRESH_SECONDS, refresh)
    dashboards = load()
    own = {dashboard.title: f"/dashboards/{dashboard.key}" for dashboard in dashboards}
    add_page(controller, own | {name: settings.need(uri) for name, uri in LINKS.items() if getattr(settings, uri)})
    add_dashboards(dashboards, controller.query)
    ui.run_with(api, title="jtrader")
    return api


def main() -> None:
    use_exact_context()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = load_settings()
    with _listen(settings.need("web_uri")) as door:
        _serve(build(settings), door)


def _listen(uri: str) -> socket.socket:
    """Raises BadInput for an address that other machines could reach: the page asks nobody who they are."""
    where = urlsplit(uri)
    if where.hostname not in LOOPBACK:
        raise BadInput(f"web_uri {uri} is not on this machine's loopback; write http://127.0.0.1:PORT")
    try:
        return socket.create_server((where.hostname, where.port or 80))
    except OSError as error:
        raise Unavailable(
            f"{uri} can't be opened ({os.strerror(error.errno or 0)}): end what holds it, or set JTRADER_WEB_URI"
        ) from error


def _serve(application: FastAPI, door: socket.socket) -> None:
    """Until SIGTERM or Ctrl-C."""
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning"))

    def stop(_: int, __: FrameType | None) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    server.run(sockets=[door])


if __name__ == "__main__":
    try:
        main()
    except JtraderError as error:
        sys.stderr.write(f"web: {error}\n")
        sys.exit(1)
