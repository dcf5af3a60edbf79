"""Starts services as soon as what they need is healthy, side by side."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from jtrader.app.stack.logs import last_lines
from jtrader.app.stack.service import Service, wait_until
from jtrader.app.stack.site import Site
from jtrader.app.stack.supervisor import Supervisor
from jtrader.domain.errors import Unavailable

MAX_DEATHS = 3
"""A service that ends this often before it is healthy is given up."""


@dataclass(frozen=True)
class Progress:
    service: str
    stage: str
    """preparing, starting, finishing, healthy, stopping, stopped, orphan, idle."""
    seconds: float
    """Since its work began."""
    reason: str = ""
    """Why it is idle."""


Report = Callable[[Progress], None]


def start_all(site: Site, supervisor: Supervisor, services: Sequence[Service], report: Report) -> None:
    """Returns when all are healthy. The first failure cancels the rest and is raised."""
    futures: dict[str, Future[None]] = {}
    with ThreadPoolExecutor(max_workers=len(services) or 1, thread_name_prefix="start") as pool:
        try:
            for service in services:
                needs = [futures[need] for need in service.needs if need in futures]
                futures[service.name] = pool.submit(_start, site, supervisor, service, needs, report)
            done, _ = wait(futures.values(), return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        except BaseException:
            site.cancelled.set()
            raise


def _start(site: Site, supervisor: Supervisor, service: Service, needs: Sequence[Future[None]], report: Report) -> None:
    wait(needs)
    if site.cancelled.is_set() or any(need.exception() for need in needs):
        raise Unavailable(f"{service.name} was not started: what it needs is missing")
    begin = time.monotonic()

    def tell(stage: str) -> None:
        report(Progress(service.name, stage, time.monotonic() - begin))

    tell("preparing")
    service.prepare(site)
    if service.command is not None:
        tell("starting")
        supervisor.start(service.name)
        _await_health(site, supervisor, service)
    tell("finishing")
    service.finish(site)
    tell("healthy")


def _await_health(site: Site, supervisor: Supervisor, service: Service) -> None:
    seen: set[int] = set()
    trouble: str | None = "it has not begun"

    def settled() -> bool:
        nonlocal trouble
        program = supervisor.programs()[service.name]
        if program.pid:
            seen.add(program.pid)
        if program.state == "FATAL" or len(seen) > MAX_DEATHS:
            raise Unavailable(f"{service.name} ends again and again; {_log_end(site, service)}")
        trouble = service.healthy(site, program.pid) if program.pid else "it has ended"
        return trouble is None

    try:
        wait_until(settled, service.start_seconds, f"{service.name}: health", site.cancelled, poll=0.3)
    except Unavailable as error:
        if site.cancelled.is_set() or len(seen) > MAX_DEATHS:
            raise
        raise Unavailable(
            f"{service.name} is not healthy after {service.start_seconds:.0f} s: {trouble}; {_log_end(site, service)}"
        ) from error


def _log_end(site: Site, service: Service) -> str:
    log = site.home.log_of(service.name)
    return "\n".join([f"the end of {log}:", *(f"    {line}" for line in last_lines(log, 8))])
