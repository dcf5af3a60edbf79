"""One service in the foreground, as a container runs it; or its health, as a container asks for it.

    python -m jtrader.app.stack.run SERVICE [--check]

Addresses of servers elsewhere come from the environment (JTRADER_POSTGRES_URI …); the rest is as in the stack: the same
command, environment, ports and files below JTRADER_HOME."""

import json
import os
import sys
from collections.abc import Sequence

from jtrader.app.settings import load_settings
from jtrader.app.stack.home import write_private
from jtrader.app.stack.service import Service
from jtrader.app.stack.site import Site
from jtrader.app.stack.stack import Stack
from jtrader.app.stack.table import SERVICES, all_needs
from jtrader.domain.errors import BadInput, JtraderError

_CONTAINERS_FIRST = 1
"""The process id of a container's service."""


def main(arguments: Sequence[str]) -> int:
    try:
        name, *flags = arguments
        service = next((each for each in SERVICES if each.name == name and each.command), None)
        if service is None or flags not in ([], ["--check"]):
            raise BadInput(f"'{' '.join(arguments)}': name one service, and --check to ask for its health")
        site = _site()
        return _check(site, service) if flags else _become(site, service)
    except JtraderError as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, BadInput) else 1


def _site() -> Site:
    stack = Stack(load_settings())
    stack.home.make()
    return stack.new_site()


def _become(site: Site, service: Service) -> int:
    """Makes ready what must be, then becomes the service."""
    assert service.command is not None
    write_private(site.home.endpoints, json.dumps(site.endpoints(), indent=1))
    for step in SERVICES:
        if step.command is None and step.name in all_needs(service):
            step.prepare(site)
    service.prepare(site)
    command = service.command(site)
    os.chdir(site.home.root)
    environment = {**os.environ, **site.environment, **service.environment(site)}
    os.execvpe(command[0], command, environment)  # noqa: S606 (no shell is wanted)


def _check(site: Site, service: Service) -> int:
    trouble = service.healthy(site, _CONTAINERS_FIRST)
    sys.stderr.write(f"{trouble or 'healthy'}\n")
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
