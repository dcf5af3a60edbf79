"""The stack's ports: fixed offsets from one base, or free ones; and who holds a port that is taken."""

import json
import random
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil

from jtrader.app.stack.home import write_private
from jtrader.domain.errors import BadInput

NAMES = (
    "web",
    "airflow",
    "mlflow",
    "hub",
    "simulator",
    "market_data",
    "oms_rpc",
    "oms_events",
    "postgres",
    "mongo",
    "hub_internal",
    "hub_proxy",
    "strategies_rpc",
)
"""A port's offset from the base is its place in this list."""

DEMO_BASE_PORT = 17400
"""The demo's base: it can run beside a desk on the default ports."""


_LOWEST, _HIGHEST = 20_000, 32_000


def assign_ports(base: int, record: Path) -> dict[str, int]:
    """Ports by name. With base 0 those of `record` are kept if it holds them all, else free ones are chosen; what was
    chosen is written to `record`."""
    if base:
        ports = {name: base + offset for offset, name in enumerate(NAMES)}
    else:
        ports = recorded_ports(record) or _free_ports()
    write_private(record, json.dumps(ports, indent=1))
    return ports


def recorded_ports(record: Path) -> dict[str, int] | None:
    try:
        ports = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return {name: ports[name] for name in NAMES} if set(NAMES) <= set(ports) else None


def _free_ports() -> dict[str, int]:
    """A run of ports that are free now, below those that the kernel gives to outgoing connections."""
    bases = list(range(_LOWEST, _HIGHEST, len(NAMES)))
    random.shuffle(bases)
    for base in bases:
        ports = {name: base + offset for offset, name in enumerate(NAMES)}
        if not any(is_taken(port) for port in ports.values()):
            return ports
    raise BadInput(
        f"no {len(NAMES)} free ports in a row between {_LOWEST} and {_HIGHEST}; set JTRADER_STACK__BASE_PORT"
    )


def is_taken(port: int) -> bool:
    """Whether a server could not listen on 127.0.0.1:port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def holder(port: int) -> str:
    """`pid 42 (nginx -g …)`, as far as this user may see it."""
    for connection in psutil.net_connections(kind="tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            if connection.pid is None:
                return "a process of another user"
            try:
                command = " ".join(psutil.Process(connection.pid).cmdline())
            except psutil.Error:
                command = "?"
            return f"pid {connection.pid} ({command[:160]})"
    return "an unknown process"


def refuse_taken(ports: Mapping[str, int], names: Iterable[str]) -> None:
    """Raises BadInput that names every taken port with the process that holds it."""
    taken = [f"port {ports[name]} ({name}) is held by {holder(ports[name])}" for name in names if is_taken(ports[name])]
    if taken:
        raise BadInput("; ".join(taken) + ". Stop what holds it, or set JTRADER_STACK__BASE_PORT to another number")
