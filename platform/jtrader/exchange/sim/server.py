"""The simulator as a process's server: one port, doors by Host header, `/sim/…` for itself."""

import asyncio
from functools import partial
from pathlib import Path
from types import TracebackType

from aiohttp import web

from jtrader.domain.errors import Unavailable
from jtrader.exchange.sim.control import ControlDoor
from jtrader.exchange.sim.dialects import speak
from jtrader.exchange.sim.faults.door import PATH as FAULTS_PATH
from jtrader.exchange.sim.faults.door import FaultsDoor
from jtrader.exchange.sim.faults.faults import Faults
from jtrader.exchange.sim.faults.race import Race
from jtrader.exchange.sim.faults.requests import RequestFaults
from jtrader.exchange.sim.faults.script import FaultScript
from jtrader.exchange.sim.kept.keeper import Keeper, open_state
from jtrader.exchange.sim.kept.rows import KeptKey
from jtrader.exchange.sim.kept.state_file import StateFile
from jtrader.exchange.sim.keys import Keys
from jtrader.exchange.sim.market.market import SimMarket
from jtrader.exchange.sim.runner import Runner
from jtrader.exchange.sim.sockets import Sockets
from jtrader.exchange.sim.world import World

LOOPBACK = "127.0.0.1"


class SimulatorServer:
    """`async with SimulatorServer(market) as server:` serves on `server.uri` until the block ends.

    With a `home`, the folder of its state, it goes on from what is there. Raises BadInput for another market's state.
    """

    def __init__(
        self, market: SimMarket, port: int = 0, faults: FaultScript | None = None, home: Path | None = None
    ) -> None:
        self._port = port
        self._state = open_state(home, market.plan) if home is not None else None
        self._script = faults
        counts: dict[str, int] = {}
        world = World(market)
        self.runner = Runner(world)
        self.faults = Faults(lambda: world.now)
        self.runner.listen(lambda _: self.faults.look())
        self._request_faults = RequestFaults(self.faults, Race(self.runner))
        self._faults_door = FaultsDoor(self.faults)
        self._sockets = Sockets(self.faults)
        self.keys = Keys(world, self._note_key)
        if self._state is not None:
            self._restore(self._state)
        self._control = ControlDoor(self.runner, self.keys, self._sockets, counts)
        self._dialects = speak(self.runner, self.keys, self._sockets, counts)
        self._web: web.AppRunner | None = None
        self._loop: asyncio.Task[None] | None = None

    def _restore(self, state: StateFile) -> None:
        """Before the dialects, which hold on to the books and accounts that they find."""
        runner = self.runner
        if not state.is_new:
            runner.world.restore(state)
            for key in state.known_keys():
                self.keys.restore(key)
            runner.clock.reached(runner.world.now)
        runner.keeper = Keeper(state, runner.world, runner.clock)

    def _note_key(self, key: KeptKey) -> None:
        if self.runner.keeper is not None:
            self.runner.keeper.note_key(key)
            self.runner.keep()

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
        if self._state is not None and not self._state.is_new and self._state.moment.speed:
            self.runner.run(self._state.moment.speed, self._state.moment.until)
        self.runner.keep()
        self._loop = asyncio.create_task(self.runner.loop())
        if self._script is not None:
            self.faults.load(self._script)

    async def stop(self) -> None:
        self.runner.stop()
        for dialect in set(self._dialects.values()):
            dialect.close()
        self._sockets.close_all()
        if self._loop is not None:
            await self._loop
        if self._web is not None:
            await self._web.cleanup()
        if self._state is not None:
            self._state.close()

    async def __aenter__(self) -> "SimulatorServer":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == FAULTS_PATH:
            return await self._faults_door.handle(request)
        if request.path.startswith("/sim/"):
            return await self._control.handle(request)
        host = request.host.partition(":")[0].lower()
        dialect = self._dialects.get(host)
        if dialect is None:
            return web.json_response({"error": f"no simulated venue answers for host '{host}'"}, status=421)
        return await self._request_faults.answer(request, host, partial(dialect.handle, request, host))
