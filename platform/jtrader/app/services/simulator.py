"""The exchange simulator's process: a new market stands still at its live window's start and waits to be run, a killed
one goes on where it was. Its state is below `<home>/sim/`; a new market begins once that is gone."""

import asyncio

from jtrader.app.services.heartbeat import Heartbeat
from jtrader.app.services.running import run_service
from jtrader.app.settings import Settings
from jtrader.app.wiring.simulator import build_simulator
from jtrader.domain.times import iso
from jtrader.exchange.localnet import loopback_address
from jtrader.exchange.sim.server import SimulatorServer

BEAT_SECONDS = 1.0


async def serve(settings: Settings) -> None:
    port = int(loopback_address(settings.need("simulator_uri")).rpartition(":")[2])
    server = build_simulator(settings.simulator, port, settings.root / "secrets", settings.root / "sim")
    async with server, asyncio.TaskGroup() as tasks:
        tasks.create_task(_beat(server, Heartbeat(settings.root, "simulator")))
        tasks.create_task(server.wait())


async def _beat(server: SimulatorServer, heartbeat: Heartbeat) -> None:
    while True:
        clock = server.runner.clock
        heartbeat.beat(True, market_time=iso(clock.now), speed=clock.speed, accounts=len(server.keys))
        await asyncio.sleep(BEAT_SECONDS)


if __name__ == "__main__":
    run_service("simulator", serve)
