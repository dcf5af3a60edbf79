"""JupyterHub: research for people, with read-only access to the desk's data.

Under root each person gets a system user of their own below `hub/homes`; an ordinary user has a hub for themselves.
Everybody signs in with the shared password of `secrets/hub_password`; under root `admin` has a password of their own,
`secrets/hub_admin`."""

import getpass
import json
import os
import pwd
import shutil
import sys
from pathlib import Path
from typing import Any

from jtrader.app.settings import CHECKOUT
from jtrader.app.stack import http
from jtrader.app.stack.home import write_private
from jtrader.app.stack.service import Service
from jtrader.app.stack.site import MARK, PROGRAMS, Site
from jtrader.domain.errors import BadInput

PROXY = CHECKOUT / ".ci" / "node" / "node_modules" / ".bin" / "configurable-http-proxy"
API_USER = "jtrader"
"""The hub's service whose token is in `secrets/hub_token`."""


def command(site: Site) -> list[str]:
    return [sys.executable, "-m", "jupyterhub", f"--config={site.home.run / 'jupyterhub_config.json'}"]


def prepare(site: Site) -> None:
    if not PROXY.exists() or shutil.which("node", path=site.environment["PATH"]) is None:
        raise BadInput("JupyterHub's proxy or Node is missing; run 'make setup'")
    site.home.folder("hub", "homes")
    write_private(site.home.run / "jupyterhub_config.json", json.dumps(configuration(site), indent=1))


def configuration(site: Site) -> dict[str, Any]:
    secrets, ports = site.secrets, site.ports
    scopes = ["admin:users", "admin:servers", "access:servers", "tokens", "read:hub"]
    return {
        "JupyterHub": {
            "bind_url": site.url("hub"),
            "hub_ip": "127.0.0.1",
            "hub_port": ports["hub_internal"],
            "db_url": site.postgres("hub").replace("postgresql://", "postgresql+psycopg2://", 1),
            "upgrade_db": True,
            "cookie_secret": secrets.password("hub_cookie", 64),
            "cleanup_servers": True,
            "authenticator_class": "jtrader.app.stack.hub_login.LocalSharedPassword",
            "spawner_class": "jupyterhub.spawner.LocalProcessSpawner",
            "services": [{"name": API_USER, "api_token": secrets.password("hub_token", 64)}],
            "load_roles": [{"name": API_USER, "services": [API_USER], "scopes": scopes}],
        },
        "ConfigurableHTTPProxy": {
            "command": [str(PROXY)],
            "api_url": f"http://127.0.0.1:{ports['hub_proxy']}",
            "auth_token": secrets.password("hub_proxy_token", 64),
            "pid_file": str(site.home.run / "hub-proxy.pid"),
        },
        "Spawner": {
            "cmd": [str(PROGRAMS / "jupyterhub-singleuser")],
            "ip": "127.0.0.1",
            "default_url": "/lab",
            "start_timeout": 90,
            "env_keep": ["LANG", "LC_ALL", "TZ"],
            "environment": notebook_environment(site),
            **({} if os.geteuid() == 0 else {"notebook_dir": str(_own_notebooks(site))}),
        },
        "SharedPasswordAuthenticator": {"user_password": secrets.password("hub_password")},
        **_who_may_enter(site),
    }


def notebook_environment(site: Site) -> dict[str, str]:
    """Read-only addresses; no key of a venue, no password of a service."""
    return {
        "PATH": site.environment["PATH"],
        "PYTHONPATH": site.environment["PYTHONPATH"],
        "JTRADER_HOME": str(site.home.root),
        "JTRADER_POSTGRES_URI": site.postgres("jtrader", "analyst"),
        "JTRADER_MONGO_URI": site.mongo_for("analyst"),
        "JTRADER_MLFLOW_URI": site.address("mlflow_uri"),
        MARK: str(site.home.root),
    }


def _own_notebooks(site: Site) -> Path:
    shipped = CHECKOUT / "notebooks"
    return shipped if shipped.exists() else site.home.root


def _who_may_enter(site: Site) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {"LocalSharedPassword": {"allowed_users": [getpass.getuser()]}}
    homes = site.home.root / "hub" / "homes"
    others = [user.pw_name for user in pwd.getpwall() if not user.pw_dir.startswith(str(homes))]
    return {
        "LocalSharedPassword": {
            "allow_all": True,
            "blocked_users": others,
            "admin_users": ["admin"],
            "admin_password": site.secrets.password("hub_admin", 48),
            "create_system_users": True,
            "add_user_cmd": ["useradd", "--create-home", f"--base-dir={homes}", "--shell=/usr/sbin/nologin"],
        }
    }


def healthy(site: Site, pid: int) -> str | None:  # noqa: ARG001
    return http.trouble(f"{site.url('hub')}/hub/health")


SERVICE = Service(
    name="jupyterhub",
    group="tools",
    command=command,
    healthy=healthy,
    needs=("databases",),
    ports=("hub", "hub_internal", "hub_proxy"),
    address="hub_uri",
    prepare=prepare,
)
