"""The stack as a whole: up, down, status."""

import fcntl
import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from jtrader.app.settings import Settings
from jtrader.app.stack import processes
from jtrader.app.stack.home import Home, write_private
from jtrader.app.stack.ports import assign_ports, recorded_ports, refuse_taken
from jtrader.app.stack.service import Service, wait_until
from jtrader.app.stack.site import Site, our_endpoints
from jtrader.app.stack.starting import Progress, Report, start_all
from jtrader.app.stack.status import ServiceStatus, statuses
from jtrader.app.stack.supervisor import Supervisor, configuration
from jtrader.app.stack.table import SERVICES, select, waves
from jtrader.domain.errors import BadInput, Broken, Unavailable


def silent(progress: Progress) -> None:
    """Reports to nobody."""


class Stack:
    """The services of one home. Every method may be called again: what is done already is not done twice."""

    def __init__(self, settings: Settings, table: Sequence[Service] = SERVICES) -> None:
        self._settings = settings
        self._table = table
        self.home = Home(settings.root)
        ours = our_endpoints(self.home)
        addresses = {service.address for service in table if service.address}
        self._external = frozenset(
            name for name in addresses if getattr(settings, name) and settings.need(name) != ours.get(name)
        )
        self._supervisor = Supervisor(self.home)

    def up(self, report: Report = silent, services: Iterable[str] | None = None) -> Site:
        """Starts the named services (if None all that have work) with what they need, and waits until they are healthy.
        Raises BadInput (a port is taken, a folder can't be written), Unavailable (a service does not become healthy);
        then, and on Ctrl-C, what this call started is stopped again."""
        wanted = select(self._with_work(report) if services is None else services, self._external, self._table)
        self.home.make()
        with self._alone():
            fresh = not self._supervisor.is_up()
            site = self._begin(report) if fresh else self.site()
            running = self._running()
            missing = [service for service in wanted if service.name not in running]
            refuse_taken(site.ports, [port for service in missing for port in service.ports])
            try:
                self._launch(site, fresh)
                start_all(site, self._supervisor, wanted, report)
            except BaseException:
                if fresh:
                    self._end_all(report)
                else:
                    self._stop(missing, report)
                raise
        return site

    def start(self, *names: str, report: Report = silent) -> None:
        """Starts some more services of a stack that is up."""
        self.up(report, names)

    def stop(self, *names: str, report: Report = silent) -> None:
        """Stops some services, those that need others first; the rest goes on."""
        chosen = [service for service in self._table if service.name in names]
        if unknown := set(names) - {service.name for service in chosen}:
            raise BadInput(f"unknown services: {', '.join(sorted(unknown))}")
        with self._alone():
            self._stop(chosen, report)

    def down(self, report: Report = silent) -> list[str]:
        """Stops everything that belongs to this home, whoever runs it now. Returns the orphans that had to be ended, as
        `pid 42 (command)`. Raises Broken if a process can't be ended."""
        if not self.home.run.exists():
            return []
        with self._alone():
            return self._end_all(report)

    def status(self, *, memory: bool = True) -> list[ServiceStatus]:
        """One row a service, in the table's order."""
        programs = self._supervisor.programs() if self._supervisor.is_up() else {}
        services = [service for service in self._table if service.command is not None]
        return statuses(self.site(), services, programs, memory=memory)

    def supervisor_pid(self) -> int | None:
        """The root of the stack's process tree; None while it is down."""
        return self._supervisor.pid() if self._supervisor.is_up() else None

    def site(self) -> Site:
        """As it was last started. Raises Unavailable if it never was."""
        ports = recorded_ports(self.home.ports)
        if ports is None:
            raise Unavailable(f"there is no stack at {self.home.root}; start it with 'make up'")
        return Site(self._settings, ports, self._external)

    def new_site(self) -> Site:
        """As it is about to be started: chooses the ports."""
        return Site(self._settings, assign_ports(self._settings.stack.base_port, self.home.ports), self._external)

    def _with_work(self, report: Report) -> list[str]:
        idle = {service.name: service.idle(self._settings) for service in self._table}
        for name, reason in idle.items():
            if reason:
                report(Progress(name, "idle", 0.0, reason))
        return [name for name, reason in idle.items() if reason is None]

    def _begin(self, report: Report) -> Site:
        """Before a new supervisor: ends what an earlier one left behind, and chooses the ports."""
        self._end_orphans(report)
        return self.new_site()

    def _launch(self, site: Site, fresh: bool) -> None:
        text = configuration(site, [s for s in self._table if s.address is None or s.address not in self._external])
        if fresh:
            write_private(self.home.endpoints, json.dumps(site.endpoints(), indent=1))
            self._supervisor.launch(site, text)
            processes.record(self.home, "supervisord", self._supervisor.pid())
        elif text != self.home.supervisor_config.read_text():
            raise BadInput("the stack runs with other settings than these; run 'make down' first")

    def _running(self) -> set[str]:
        if not self._supervisor.is_up():
            return set()
        return {name for name, program in self._supervisor.programs().items() if program.pid}

    def _stop(self, services: Sequence[Service], report: Report) -> None:
        running = self._running()
        for wave in waves([service for service in services if service.name in running], self._table):
            with ThreadPoolExecutor(max_workers=len(wave)) as pool:
                list(pool.map(lambda service: self._stop_one(service, report), wave))

    def _stop_one(self, service: Service, report: Report) -> None:
        report(Progress(service.name, "stopping", 0.0))
        self._supervisor.stop(service.name)
        report(Progress(service.name, "stopped", 0.0))

    def _end_all(self, report: Report) -> list[str]:
        if self._supervisor.is_up():
            self._stop(self._table, report)
            daemon = processes.recorded(self.home).get("supervisord")
            self._supervisor.shutdown()
            if daemon is not None:
                wait_until(lambda: not processes.is_alive(daemon), 20, "supervisord: end", Event(), poll=0.02)
        ended = self._end_orphans(report)
        for file in (self.home.endpoints, self.home.supervisor_socket):
            file.unlink(missing_ok=True)
        return ended

    def _end_orphans(self, report: Report) -> list[str]:
        orphans = processes.of_stack(self.home)
        names = [processes.describe(process) for process in orphans]
        for name in names:
            report(Progress(name, "orphan", 0.0))
        processes.end(orphans)
        if left := processes.of_stack(self.home):
            raise Broken("these processes can't be ended: " + ", ".join(processes.describe(each) for each in left))
        for record in self.home.pids.glob("*"):
            record.unlink()
        return names

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One `up` or `down` a home at a time."""
        with (self.home.run / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadInput(f"another 'up' or 'down' is at work on {self.home.root}; wait for it") from None
            yield
