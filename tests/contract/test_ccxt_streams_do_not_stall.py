"""20,000 messages at about 1,000 a second through ccxt.pro must all arrive: with a wrong pair of ccxt and aiohttp
versions, reading stops without an error after some thousand."""

import asyncio
import time

from fixtures.simulator import StartSimulator
from jtrader.exchange.localnet import local_session

MESSAGES = 20_000
SPEED = 34.0
RATES = (300, 3_000)
"""Messages a second, by the wall, that are still about the thousand at which reading used to stop, also on a busy
machine: slower would be no proof, faster another one (ccxt keeps up with tens of thousands)."""


def test_every_trade_of_a_fast_stream_arrives(start_simulator: StartSimulator) -> None:
    import ccxt.pro as ccxtpro

    simulator = start_simulator(days=1, live_minutes=240, intensity=0.5, instruments=("binance_usdm:BTCUSDT",))

    async def watch() -> tuple[list[int], float]:
        async with local_session(simulator.uri) as session:
            exchange = ccxtpro.binanceusdm({"session": session, "options": {"tradesLimit": 2 * MESSAGES}})
            try:
                await exchange.load_markets()
                waiting = asyncio.ensure_future(exchange.watch_trades("BTC/USDT:USDT"))
                while not any(c.connected.done() for c in exchange.clients.values()):
                    await asyncio.sleep(0.02)
                simulator.run(SPEED)
                ids = [int(trade["id"]) for trade in await waiting]
                started, first = time.monotonic(), len(ids)
                while len(ids) < MESSAGES:
                    news = await asyncio.wait_for(exchange.watch_trades("BTC/USDT:USDT"), 20)
                    ids += [int(trade["id"]) for trade in news]
                return ids, (len(ids) - first) / (time.monotonic() - started)
            finally:
                await exchange.close()

    ids, rate = asyncio.run(watch())
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert RATES[0] < rate < RATES[1], f"{rate:,.0f} messages a second"
