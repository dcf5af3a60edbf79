"""Which dialects the simulator speaks: one class a venue, found by the hosts that it answers for."""

from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from jtrader.exchange.sim.binance.dialect import BinanceDialect
from jtrader.exchange.sim.bitmex.dialect import BitmexDialect
from jtrader.exchange.sim.huobi.dialect import HuobiDialect
from jtrader.exchange.sim.keys import Keys
from jtrader.exchange.sim.runner import Runner
from jtrader.exchange.sim.sockets import Sockets


class Dialect(Protocol):
    """One venue's doors."""

    @property
    def hosts(self) -> frozenset[str]:
        """In lower case, without ports; no other dialect has them."""
        ...

    async def handle(self, request: web.Request, host: str) -> web.StreamResponse: ...

    def close(self) -> None:
        """The server ends: whatever runs beside the requests must end, too."""
        ...


MakeDialect = Callable[[Runner, Keys, Sockets, dict[str, int]], Dialect]
"""From (runner, keys, sockets, counts); `counts["requests"]` grows by each request that the dialect answers."""

DIALECTS: dict[str, MakeDialect] = {"binance": BinanceDialect, "bitmex": BitmexDialect, "huobi": HuobiDialect}
"""By venue."""


def speak(runner: Runner, keys: Keys, sockets: Sockets, counts: dict[str, int]) -> dict[str, Dialect]:
    """The dialects by host, of all venues of which the world has a market."""
    venues = {str(market).partition("_")[0] for market in runner.world.venues}
    spoken = [make(runner, keys, sockets, counts) for venue, make in DIALECTS.items() if venue in venues]
    return {host: dialect for dialect in spoken for host in dialect.hosts}
