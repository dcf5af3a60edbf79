"""A service of the stack, as data."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event

from jtrader.app.settings import Settings
from jtrader.app.stack.site import Site
from jtrader.domain.errors import Unavailable

Command = Callable[[Site], list[str]]
Check = Callable[[Site, int], str | None]
"""(site, pid) → None when healthy, else what is wrong."""
Step = Callable[[Site], None]


def nothing(site: Site) -> None:
    """The step of a service that needs none."""


def always(settings: Settings) -> str | None:  # noqa: ARG001
    """Of a service that has work with any settings."""
    return None


def no_environment(site: Site) -> Mapping[str, str]:  # noqa: ARG001
    return {}


@dataclass(frozen=True)
class Service:
    name: str
    group: str
    """databases, tools or trader."""
    command: Command | None
    """None for a step that runs once instead of a process."""
    healthy: Check
    needs: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    """Names of the ports it listens on."""
    address: str | None = None
    """The Settings name of its address; set from outside, the service is not started."""
    environment: Callable[[Site], Mapping[str, str]] = field(default=no_environment)
    prepare: Step = nothing
    """Runs before the process starts; idempotent."""
    finish: Step = nothing
    """Runs once the process is healthy, before those that need it start; idempotent."""
    idle: Callable[[Settings], str | None] = always
    """Why it has nothing to do with these settings: then it is started only when it is named. None when it has."""
    stop_signal: str = "TERM"
    stop_alone: bool = False
    """The signal goes to the process alone, which ends its children; else to its whole group."""
    stop_seconds: int = 30
    start_seconds: float = 300.0
    """How long it may take to become healthy, on a machine that has much else to do."""


def wait_until(condition: Callable[[], bool], seconds: float, what: str, cancelled: Event, poll: float = 0.1) -> None:
    """Returns once the condition holds. Raises Unavailable after `seconds`, or when `cancelled` is set."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Unavailable(f"{what} did not happen within {seconds:.0f} s")
        if cancelled.wait(poll):
            raise Unavailable(f"waiting was cancelled: {what}")
