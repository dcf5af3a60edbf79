"""What a person asks of a running stack: each service's state, health, age, memory and address."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import psutil

from jtrader.app.stack.service import Service
from jtrader.app.stack.site import Site
from jtrader.app.stack.supervisor import Program


class ServiceStatus(msgspec.Struct, frozen=True, kw_only=True):
    service: str
    group: str
    state: str
    """running, starting, failing, stopped, external (its address was set from outside)."""
    pid: int | None
    healthy: bool
    trouble: str | None
    """Why it is not healthy."""
    uptime_seconds: int | None
    memory_mb: float | None
    """Of the process and its descendants; what processes share is counted once (PSS)."""
    url: str | None


_STATES = {"RUNNING": "running", "STARTING": "starting", "BACKOFF": "failing", "FATAL": "failing"}


def statuses(
    site: Site, services: Sequence[Service], programs: dict[str, Program], *, memory: bool = True
) -> list[ServiceStatus]:
    with ThreadPoolExecutor(max_workers=max(1, len(services))) as pool:
        return list(pool.map(lambda service: _status(site, service, programs.get(service.name), memory), services))


def _status(site: Site, service: Service, program: Program | None, memory: bool) -> ServiceStatus:
    url = site.shown_address(service.address) if service.address else None
    if service.address in site.external:
        return ServiceStatus(
            service=service.name,
            group=service.group,
            state="external",
            pid=None,
            healthy=True,
            trouble=None,
            uptime_seconds=None,
            memory_mb=None,
            url=url,
        )
    state = _STATES.get(program.state, "stopped") if program else "stopped"
    running = program is not None and program.pid > 0 and state in ("running", "starting")
    trouble = service.healthy(site, program.pid) if program and running else _why_down(program, state)
    return ServiceStatus(
        service=service.name,
        group=service.group,
        state=state,
        pid=program.pid if program and running else None,
        healthy=trouble is None,
        trouble=trouble,
        uptime_seconds=program.now - program.started if program and running else None,
        memory_mb=memory_mb(program.pid) if program and running and memory else None,
        url=url,
    )


def _why_down(program: Program | None, state: str) -> str:
    return (program.trouble if program and program.trouble else "") or state


def memory_mb(pid: int) -> float:
    """Proportional set size of a process tree, in MB; resident size where the kernel does not tell."""
    total = 0
    try:
        tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return 0.0
    for process in tree:
        try:
            total += process.memory_full_info().pss
        except psutil.AccessDenied:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return round(total / 1e6, 1)
