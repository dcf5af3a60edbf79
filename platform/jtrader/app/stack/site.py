"""All that a service's command line and environment are made of: settings, files, ports, secrets."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

from jtrader.app.settings import CHECKOUT, Settings
from jtrader.app.stack.home import Home
from jtrader.app.stack.secrets import Secrets

PROGRAMS = Path(sys.executable).parent
NATIVE = PROGRAMS.parent / "lib" / "native"
"""Libraries from wheels, where the machine lacks them and its user can't install any."""
READER = "analyst"
"""Who reads the desk's data and writes nothing: notebooks, dashboards."""
MARK = "JTRADER_STACK_HOME"
"""Environment variable that every process of a stack carries; its value is the stack's home."""


@dataclass(frozen=True)
class Site:
    settings: Settings
    ports: Mapping[str, int]
    external: frozenset[str]
    """Addresses (Settings' names) that were set from outside: these services are not ours."""
    cancelled: Event = field(default_factory=Event)
    """Set on Ctrl-C or when a service fails: whatever waits gives up."""

    @cached_property
    def home(self) -> Home:
        return Home(self.settings.root)

    @cached_property
    def secrets(self) -> Secrets:
        return Secrets(self.home.secrets)

    def url(self, port: str) -> str:
        return f"http://127.0.0.1:{self.ports[port]}"

    def postgres(self, database: str, user: str | None = None) -> str:
        """URI of one of our databases. On an external server the tools' databases stand beside the desk's, named after
        it, and belong to the desk's user."""
        if "postgres_uri" in self.external:
            parts = urlsplit(self.settings.need("postgres_uri"))
            desk = parts.path.lstrip("/")
            name = desk if database == "jtrader" else f"{desk}_{database}"
            place = parts.netloc.rpartition("@")[2]
            netloc = ":".join(self.reader) + f"@{place}" if user == READER else parts.netloc
            return parts._replace(path=f"/{name}", scheme="postgresql", netloc=netloc).geturl()
        user = user or database
        password = self.secrets.password(f"postgres_{user}")
        return f"postgresql://{user}:{password}@127.0.0.1:{self.ports['postgres']}/{database}"

    @property
    def reader(self) -> tuple[str, str]:
        """(role, password) of who only reads the desk's database."""
        external = "postgres_uri" in self.external
        desk = urlsplit(self.settings.need("postgres_uri")).path.lstrip("/") if external else ""
        return (f"{desk}_{READER}" if external else READER), self.secrets.password(f"postgres_{READER}")

    def mongo_for(self, user: str) -> str:
        """As `mongo`; an external server knows no other user than the one it was set with."""
        return self.settings.need("mongo_uri") if "mongo_uri" in self.external else self.mongo(user)

    def mongo(self, user: str = "jtrader") -> str:
        password = self.secrets.password(f"mongo_{user}")
        return f"mongodb://{user}:{password}@127.0.0.1:{self.ports['mongo']}/?replicaSet=rs0&authSource=admin"

    def endpoints(self) -> dict[str, str]:
        """What Settings reads from `endpoints.json`: the addresses that are ours."""
        ours = {
            "postgres_uri": self.postgres("jtrader"),
            "mongo_uri": self.mongo(),
            "mlflow_uri": self.url("mlflow"),
            "airflow_uri": self.url("airflow"),
            "hub_uri": self.url("hub"),
            "web_uri": self.url("web"),
            "simulator_uri": self.url("simulator"),
            "market_data_uri": f"tcp://127.0.0.1:{self.ports['market_data']}",
            "oms_rpc_uri": f"tcp://127.0.0.1:{self.ports['oms_rpc']}",
            "oms_events_uri": f"tcp://127.0.0.1:{self.ports['oms_events']}",
            "strategies_rpc_uri": f"tcp://127.0.0.1:{self.ports['strategies_rpc']}",
        }
        return {name: uri for name, uri in ours.items() if name not in self.external}

    def address(self, name: str) -> str:
        """An address by its Settings name, ours or external."""
        return self.settings.need(name) if name in self.external else self.endpoints()[name]

    def shown_address(self, name: str) -> str:
        """An address that may be printed: without user, password and options."""
        parts = urlsplit(self.address(name))
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()

    @cached_property
    def environment(self) -> dict[str, str]:
        """What every service gets: the caller's JTRADER_* settings, and nothing else of the caller's but its locale."""
        passed = {k: v for k, v in os.environ.items() if k.startswith("JTRADER_") or k in ("LANG", "LC_ALL", "TZ")}
        config = {"JTRADER_CONFIG": str(self.settings.config.absolute())} if self.settings.config else {}
        return {
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            **passed,
            **config,
            "HOME": str(Path.home()),
            "PATH": os.pathsep.join((str(PROGRAMS), os.environ.get("PATH", os.defpath))),
            "LD_LIBRARY_PATH": os.pathsep.join(filter(None, (str(NATIVE), os.environ.get("LD_LIBRARY_PATH")))),
            "PYTHONPATH": str(CHECKOUT / "platform"),
            "JTRADER_HOME": str(self.home.root),
            MARK: str(self.home.root),
        }


def our_endpoints(home: Home) -> dict[str, str]:
    """What an earlier start wrote, {} if there is nothing readable."""
    try:
        return dict(json.loads(home.endpoints.read_text()))
    except (FileNotFoundError, ValueError):
        return {}
