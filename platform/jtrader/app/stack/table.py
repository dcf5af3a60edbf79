"""The services of the stack, and what is started for what."""

from collections.abc import Iterable, Sequence

from jtrader.app.stack import airflow, databases, hub, mlflow, mongod, postgres, trader
from jtrader.app.stack.service import Service
from jtrader.domain.errors import BadInput

SERVICES: tuple[Service, ...] = (
    postgres.SERVICE,
    mongod.SERVICE,
    databases.SERVICE,
    mlflow.SERVICE,
    *airflow.SERVICES,
    hub.SERVICE,
    *trader.SERVICES,
)


def select(names: Iterable[str], external: frozenset[str], table: Sequence[Service] = SERVICES) -> list[Service]:
    """The named services with all they need, in an order that respects the needs; those whose address was set from
    outside are left out. Raises BadInput for an unknown name."""
    known = {service.name: service for service in table}
    chosen: dict[str, Service] = {}

    def add(name: str) -> None:
        if name not in known:
            raise BadInput(f"unknown service '{name}'; there are: {', '.join(known)}")
        service = known[name]
        if name in chosen or service.address in external:
            return
        for need in service.needs:
            add(need)
        chosen[name] = service

    for name in names:
        add(name)
    return list(chosen.values())


def waves(services: Sequence[Service], table: Sequence[Service] = SERVICES) -> list[list[Service]]:
    """Groups that can be stopped together: no service stops before those that need it, directly or not."""
    left = {service.name: service for service in services}
    result = []
    while left:
        wanted = {need for service in left.values() for need in all_needs(service, table)}
        wave = [service for name, service in left.items() if name not in wanted]
        result.append(wave)
        for service in wave:
            del left[service.name]
    return result


def all_needs(service: Service, table: Sequence[Service] = SERVICES) -> list[str]:
    """Names of what it needs and of what these need, first things first."""
    known = {each.name: each for each in table}
    found: list[str] = []
    for need in service.needs:
        found += [name for name in (*all_needs(known[need], table), need) if name not in found]
    return found
