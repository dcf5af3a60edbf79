"""The exchange simulator's process: it starts paused at the live window's start and waits to be run."""

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
    server = build_simulator(settings.simulator, port, settings.root / "secrets")
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
