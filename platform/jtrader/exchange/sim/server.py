"""The simulator as a process's server: one port, doors by Host header, `/sim/…` for itself."""

import asyncio
from types import TracebackType

from aiohttp import web

from jtrader.domain.errors import Unavailable
from jtrader.exchange.sim.binance.dialect import BinanceDialect
from jtrader.exchange.sim.binance.filters import PRODUCTS, listing_of
from jtrader.exchange.sim.control import ControlDoor
from jtrader.exchange.sim.keys import Keys
from jtrader.exchange.sim.market.market import SimMarket
from jtrader.exchange.sim.runner import Runner
from jtrader.exchange.sim.sockets import Sockets
from jtrader.exchange.sim.world import World

LOOPBACK = "127.0.0.1"


class SimulatorServer:
    """`async with SimulatorServer(market) as server:` serves on `server.uri` until the block ends."""

    def __init__(self, market: SimMarket, port: int = 0) -> None:
        self._port = port
        self._sockets = Sockets()
        counts: dict[str, int] = {}
        listings = {instrument.id: listing_of(instrument) for instrument in market.instruments}
        world = World(market, listings, PRODUCTS)
        self.runner = Runner(world)
        self.keys = Keys(world)
        self._control = ControlDoor(self.runner, self.keys, self._sockets, counts)
        self._dialects = [BinanceDialect(self.runner, self.keys, self._sockets, counts)]
        self._web: web.AppRunner | None = None
        self._loop: asyncio.Task[None] | None = None

    @property
    def uri(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def markets(self) -> set[str]:
        return set(self.runner.world.venues)

    async def wait(self) -> None:
        """Returns when the server is stopped; raises what broke its clock."""
        if self._loop is not None:
            await asyncio.shield(self._loop)

    async def start(self) -> None:
        """Raises Unavailable when the port is taken."""
        app = web.Application(client_max_size=1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._web = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._web.setup()
        site = web.TCPSite(self._web, LOOPBACK, self._port)
        try:
            await site.start()
        except OSError as error:
            await self._web.cleanup()
            raise Unavailable(f"port {self._port} on {LOOPBACK} can't be opened: {error.strerror}") from error
        self._port = self._web.addresses[0][1]
        self._loop = asyncio.create_task(self.runner.loop())

    async def stop(self) -> None:
        self.runner.stop()
        self._sockets.close_all()
        if self._loop is not None:
            await self._loop
        if self._web is not None:
            await self._web.cleanup()

    async def __aenter__(self) -> "SimulatorServer":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/sim/"):
            return await self._control.handle(request)
        host = request.host.partition(":")[0].lower()
        for dialect in self._dialects:
            if host in dialect.hosts:
                return await dialect.handle(request, host)
        return web.json_response({"error": f"no simulated venue answers for host '{host}'"}, status=421)
