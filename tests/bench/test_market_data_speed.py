"""What market data costs: CPU per message decoded, CPU per event over the bus. Limits are loose, figures are printed
(`pytest -s`) for the record."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jtrader.bus.market import MarketPublisher, MarketSubscriber
from jtrader.domain.ids import InstrumentId, VenueSymbol
from jtrader.domain.market import Trade
from jtrader.exchange.binance.wire import Decoder

BTC = InstrumentId("binance_usdm:BTCUSDT")
ROUNDS = 20_000
MOST_DECODE_US = 25.0
MOST_BUS_US = 500.0

MESSAGES = {
    "trade": b'{"e":"trade","E":1680652700455,"T":1680652700452,"s":"BTCUSDT","t":%d,"p":"28145.10","q":"0.002",'
    b'"X":"MARKET","m":true}',
    "bookTicker": b'{"e":"bookTicker","u":%d,"s":"BTCUSDT","b":"28145.10","B":"3.868","a":"28145.20","A":"6.887",'
    b'"T":1680652700430,"E":1680652700435}',
    "spot bookTicker": b'{"u":%d,"s":"BTCUSDT","b":"28145.10","B":"3.868","a":"28145.20","A":"6.887"}',
    "markPrice": b'{"e":"markPriceUpdate","E":16806527%05d,"s":"BTCUSDT","p":"28147.27373413","P":"28142.15563565",'
    b'"i":"28159.75642857","r":"0.00002754","T":1680652800000}',
}


def cpu_us(work: Callable[[], int]) -> float:
    """CPU microseconds a message, the best of three."""
    figures = []
    for _ in range(3):
        before = time.process_time()
        count = work()
        figures.append((time.process_time() - before) / count * 1e6)
    return min(figures)


@pytest.mark.parametrize("kind", MESSAGES)
def test_decoding(kind: str) -> None:
    messages = [MESSAGES[kind] % number for number in range(1, ROUNDS + 1)]

    def work() -> int:
        decoder = Decoder({VenueSymbol("BTCUSDT"): BTC})
        decoder.market_time = 1
        decoded = [decoder.decode(message) for message in messages]
        assert None not in decoded
        return len(decoded)

    spent = cpu_us(work)
    print(f"\ndecode {kind}: {spent:.2f} us CPU a message")
    assert spent < MOST_DECODE_US


@pytest.mark.parametrize("batch", [1, 20])
def test_the_bus_at_ten_thousand_a_second(batch: int, tmp_path: Path) -> None:
    """Publisher and subscriber in this process: CPU of both sides, latency from publish to receipt."""
    count = 20_000

    async def work() -> tuple[float, list[float], int]:
        publisher = MarketPublisher(f"ipc://{tmp_path}/bus")
        subscriber = MarketSubscriber(publisher.uri, [BTC], ["trade"])
        batches = subscriber.batches()
        arrival = asyncio.ensure_future(anext(batches))
        while not (await asyncio.wait([arrival], timeout=0.02))[0]:
            publisher.publish([Trade(BTC, 0, 0, 1.0, 1.0, 1)])
        took: list[float] = []
        missed = 0

        async def receive() -> None:
            nonlocal missed
            async for received in batches:
                now = time.perf_counter_ns()
                missed += received.missed
                took.extend((now - event.ts) / 1e6 for event in received.events if event.ts)
                if len(took) >= count:
                    return

        receiving = asyncio.create_task(receive())
        before, begun = time.process_time(), time.perf_counter()
        for number in range(0, count, batch):
            await asyncio.sleep(max(0.0, begun + number / 10_000 - time.perf_counter()))
            now = time.perf_counter_ns()
            publisher.publish([Trade(BTC, now, number + k, 1.0, 1.0, 1) for k in range(batch)])
        await asyncio.wait_for(receiving, 30)
        spent = (time.process_time() - before) / count * 1e6
        subscriber.close()
        publisher.close()
        return spent, sorted(took), missed

    spent, took, missed = asyncio.run(work())
    p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
    print(f"\nbus, {batch} a message: {spent:.1f} us CPU an event, p50 {p50:.2f} ms, p99 {p99:.2f} ms, lost {missed}")
    assert missed == 0
    assert spent < MOST_BUS_US
