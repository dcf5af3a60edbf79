"""jtrader's own processes. Each beats `run/health/<name>.json`: healthy while the beat is fresh, ready and its own."""

import sys
from collections.abc import Callable

from jtrader.app.services.heartbeat import read_health
from jtrader.app.settings import Settings
from jtrader.app.stack.service import Check, Service, always
from jtrader.app.stack.site import Site

_RECORDED_BY = frozenset({"crawl_instruments", "recorder"})


def _beat_of(name: str) -> Check:
    def check(site: Site, pid: int) -> str | None:
        health = read_health(site.home.root, name)
        if health is None or health.pid != pid:
            return "no heartbeat yet"
        if not health.is_fresh:
            return "its heartbeat has stopped"
        return None if health.ready else f"not ready: {health.detail or 'it is starting'}"

    return check


def _without_accounts(settings: Settings) -> str | None:
    if settings.accounts:
        return None
    return "no [[accounts]] in the settings"


def _without_market_data(settings: Settings) -> str | None:
    """A desk that only records names what; the instruments that are crawled by default start nothing."""
    if settings.accounts or (settings.crawl_instruments and settings.model_fields_set & _RECORDED_BY):
        return None
    return f"no [[accounts]] and none of {', '.join(sorted(_RECORDED_BY))} in the settings"


def _service(
    name: str,
    ports: tuple[str, ...],
    address: str | None,
    needs: tuple[str, ...],
    idle: Callable[[Settings], str | None] = always,
) -> Service:
    return Service(
        name=name,
        group="trader",
        command=lambda site: [sys.executable, "-m", f"jtrader.app.services.{name}"],  # noqa: ARG005
        healthy=_beat_of(name),
        needs=needs,
        ports=ports,
        address=address,
        idle=idle,
    )


SERVICES = (
    _service("simulator", ("simulator",), "simulator_uri", ()),
    _service("feed", ("market_data",), "market_data_uri", ("simulator", "mongod"), _without_market_data),
    _service("recorder", (), None, ("feed",), _without_market_data),
    _service("oms", ("oms_rpc", "oms_events"), "oms_rpc_uri", ("simulator", "databases", "mongod"), _without_accounts),
    _service(
        "strategies", ("strategies_rpc",), "strategies_rpc_uri", ("feed", "oms", "mlflow", "mongod"), _without_accounts
    ),
    _service("web", ("web",), "web_uri", ("databases",)),
)
