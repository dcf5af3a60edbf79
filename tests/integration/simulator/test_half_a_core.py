"""At the demo's speed, with every stream of four instruments read, the simulator stays under half a core."""

import asyncio
import time

import aiohttp

from fixtures.simulator import StartSimulator

SPEED = 60.0
WALL_SECONDS = 8.0
KINDS = ("trade", "bookTicker", "depth@100ms", "kline_1m", "miniTicker")


def test_sixty_market_seconds_a_second_cost_less_than_half_a_core(start_simulator: StartSimulator) -> None:
    simulator = start_simulator(days=31)

    async def read(host: str, streams: list[str]) -> int:
        heard = 0
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{simulator.uri}/ws", headers={"Host": host}) as ws,
        ):
            await ws.send_json({"method": "SUBSCRIBE", "params": streams, "id": 1})
            until = time.monotonic() + WALL_SECONDS
            while time.monotonic() < until:
                await ws.receive(timeout=20)
                heard += 1
        return heard

    async def watch() -> list[int]:
        simulator.run(SPEED)
        names = [f"{symbol}@{kind}" for symbol in ("btcusdt", "ethusdt") for kind in KINDS]
        marks = [f"{symbol}@markPrice@1s" for symbol in ("btcusdt", "ethusdt")]
        return await asyncio.gather(read("stream.binance.com", names), read("fstream.binance.com", names + marks))

    before, started = simulator.stats()["cpu_seconds"], time.monotonic()
    heard = asyncio.run(watch())
    spent, lasted = simulator.stats()["cpu_seconds"] - before, time.monotonic() - started
    assert min(heard) > 500
    assert spent / lasted < 0.5, f"{spent:.2f} s of CPU in {lasted:.2f} s"
