"""supervisor 4.3: its configuration made from the table of services, and its door, a Unix socket."""

import os
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from threading import Event
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from jtrader.app.stack.home import Home, write_private
from jtrader.app.stack.service import Service, wait_until
from jtrader.app.stack.site import Site
from jtrader.domain.errors import Unavailable

RECORD_THEN_RUN = """
{ read -r old rest < "$0" && ! [ -e /proc/$old ] && kill -s KILL -- -$old; } 2>/dev/null;
read -r line < /proc/$$/stat; echo "$line" > "$0.new"; mv "$0.new" "$0"; exec "$@"
"""
"""What a killed predecessor left of its process group is ended: its workers would hold the port. (While a group has
members its number goes to no other process.) Then the shell's own line of /proc (pid, start time) is written before it
becomes the service: pid and start time stay."""

_ALREADY_STARTED, _NOT_RUNNING = 60, 70


@dataclass(frozen=True)
class Program:
    """What supervisor knows about a service."""

    name: str
    state: str
    pid: int
    started: int
    """Seconds since 1970."""
    now: int
    trouble: str


def configuration(site: Site, services: Iterable[Service]) -> str:
    home = site.home
    sections: dict[str, dict[str, Any]] = {
        "supervisord": {
            "logfile": home.log / "supervisord.log",
            "logfile_maxbytes": "5MB",
            "pidfile": home.run / "supervisord.pid",
            "directory": home.root,
            "childlogdir": home.log,
            "minfds": 1024,
            "umask": "022",
        },
        "unix_http_server": {"file": home.supervisor_socket, "chmod": "0700"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
    }
    if os.geteuid() == 0:
        sections["supervisord"]["user"] = "root"
    for service in services:
        if service.command is not None:
            sections[f"program:{service.name}"] = _program(site, service, service.command(site))
    return "\n".join(_section(name, values) for name, values in sections.items())


def _program(site: Site, service: Service, command: list[str]) -> dict[str, Any]:
    words = ["/bin/sh", "-c", RECORD_THEN_RUN, str(site.home.pids / service.name), *command]
    environment = service.environment(site)  # added to the daemon's own, which is the site's
    return {
        "command": " ".join(_quoted(word) for word in words).replace("\n", " "),
        "environment": ",".join(f"{key}={_quoted(value)}" for key, value in environment.items()),
        "directory": site.home.root,
        "autostart": "false",
        "autorestart": "true",
        "startsecs": 1,
        "startretries": 100000,
        "stopsignal": service.stop_signal,
        "stopwaitsecs": service.stop_seconds,
        "stopasgroup": "false" if service.stop_alone else "true",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": site.home.log_of(service.name),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": 2,
    }


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _section(name: str, values: Mapping[str, Any]) -> str:
    lines = [f"{key} = {value}".replace("%", "%%") for key, value in values.items()]
    return "\n".join([f"[{name}]", *lines, ""])


class Supervisor:
    """One supervisord, found by its socket below home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def is_up(self) -> bool:
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except Unavailable:
            return False

    def launch(self, site: Site, configuration: str) -> None:
        """Starts the daemon with no service running."""
        write_private(self._home.supervisor_config, configuration)
        self._home.supervisor_socket.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._home.supervisor_config)],
            env=site.environment,
            cwd=self._home.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Unavailable(f"supervisord does not start: {(done.stderr or done.stdout).strip()[-600:]}")
        wait_until(self.is_up, 20, "supervisord: answers on its socket", Event(), poll=0.02)

    def pid(self) -> int:
        return int(self._call("getPID"))

    def programs(self) -> dict[str, Program]:
        return {
            info["name"]: Program(
                info["name"], info["statename"], info["pid"], info["start"], info["now"], info["spawnerr"]
            )
            for info in self._call("getAllProcessInfo")
        }

    def start(self, name: str) -> None:
        self._tolerant("startProcess", _ALREADY_STARTED, name)

    def stop(self, name: str) -> None:
        """Returns when the process has ended."""
        self._tolerant("stopProcess", _NOT_RUNNING, name)

    def shutdown(self) -> None:
        self._call("shutdown")

    def _tolerant(self, method: str, code: int, name: str) -> None:
        try:
            self._call(method, name, method == "stopProcess")
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != code:
                raise Unavailable(f"supervisor refuses to {method} {name}: {fault.faultString}") from fault

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(serverurl=f"unix://{self._home.supervisor_socket}")
        try:
            proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, HTTPException, xmlrpc.client.ProtocolError) as error:
            raise Unavailable(f"supervisord does not answer ({error}); start the stack with 'make up'") from error
        finally:
            transport.close()
