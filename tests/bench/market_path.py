"""The whole path of a tick: a sender process → feed → bus → 8 strategies in 2 processes, and what it takes.

    python tests/bench/market_path.py 10000 60        # ticks a second, seconds

A tick is one trade or best quote in a frame of its own, as Binance sends it; its number is the sender's monotonic clock
at sending, so that each callback knows how old it is. `measure` starts the processes and returns the figures.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from array import array
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.processes import Child, cpu_seconds, free_port

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
HOSTS, STRATEGIES = 2, 4
SLICE = 0.001
"""Seconds between two bursts of the sender."""
ENDS = 50
WARM, LAST = b"1", b"3"
"""Prices that mark what is not measured, and the end."""

TRADE = b'{"e":"trade","E":1680652700455,"T":1680652700452,"s":"%b","t":%d,"p":"%b","q":"0.002","X":"MARKET","m":true}'
QUOTE = (
    b'{"e":"bookTicker","u":%d,"s":"%b","b":"%b","B":"%d","a":"1000000","A":"6.887","T":1680652700430,'
    b'"E":1680652700435}'
)


def measure(rate: int, seconds: float, transport: str = "ipc", seed: int = 1) -> dict[str, Any]:
    """Sends `rate` ticks a second for `seconds`; `seed` chooses the instrument of each. Latency (ms) over all callbacks
    of all strategies; CPU as a share of a core; `lost` counts callbacks that never came."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        bus = f"ipc://{folder}/bus" if transport == "ipc" else f"tcp://127.0.0.1:{free_port()}"
        port = free_port()
        count = int(rate * seconds)

        sender = Child(running, __file__, "sender", port, rate, count, seed)
        feed = Child(running, __file__, "feed", port, bus)
        hosts = [Child(running, __file__, "host", bus, count) for _ in range(HOSTS)]
        for host in hosts:
            host.line()
        sender.tell("go")
        sent = json.loads(sender.line())
        heard = [json.loads(host.line()) for host in hosts]
        feed.tell("end")
        return _figures(rate, seconds, sent, json.loads(feed.line()), heard)


def _figures(
    rate: int, seconds: float, sent: dict[str, Any], feed: dict[str, Any], heard: list[dict[str, Any]]
) -> dict[str, Any]:
    took = array("q")
    for host in heard:
        file = Path(host["file"])
        took.frombytes(file.read_bytes())
        file.unlink()
    ordered = sorted(took)
    wanted = HOSTS * STRATEGIES * int(rate * seconds)
    return {
        "rate": rate,
        "sent_per_s": round(sent["count"] / sent["seconds"]),
        "callbacks": len(ordered),
        "wanted": wanted,
        "lost": wanted - len(ordered),
        "bus_missed": sum(host["missed"] for host in heard),
        "p50_ms": ordered[len(ordered) // 2] / 1e6,
        "p99_ms": ordered[len(ordered) * 99 // 100] / 1e6,
        "max_ms": ordered[-1] / 1e6,
        "cpu_feed": round(feed["cpu"] / sent["seconds"], 3),
        "cpu_hosts": [round(host["cpu"] / sent["seconds"], 3) for host in heard],
        "cpu_sender": round(sent["cpu"] / sent["seconds"], 3),
    }


# ---- the sender


async def sender(port: int, rate: int, count: int, seed: int) -> None:
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

    public: list[WSTransport] = []
    symbols = [symbol.encode() for symbol in random.Random(seed).choices(SYMBOLS, k=max(2, count))]

    class Venue(WSListener):
        is_public = False

        def on_ws_connected(self, transport: WSTransport) -> None:
            if self.is_public:
                public.append(transport)

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type is WSMsgType.TEXT:
                transport.send(WSMsgType.TEXT, b'{"result":null,"id":1}')

    def accept(request: WSUpgradeRequest) -> Venue:
        venue = Venue()
        venue.is_public = b"public" in request.path
        return venue

    def tick(number: int, price: bytes) -> None:
        symbol = symbols[number]
        now = time.monotonic_ns()
        message = TRADE % (symbol, now, price) if number % 2 else QUOTE % (now, symbol, price, now)
        public[-1].send(WSMsgType.TEXT, message)

    server = await ws_create_server(accept, "127.0.0.1", port)
    go = asyncio.ensure_future(asyncio.to_thread(sys.stdin.readline))
    while not go.done():
        if public:
            tick(1, WARM)
        await asyncio.sleep(0.02)
    began, used, done = time.monotonic(), cpu_seconds(), 0
    while done < count:
        due = min(count, int((time.monotonic() - began) * rate) + 1)
        for number in range(done, due):
            tick(number, b"2")
        done = due
        await asyncio.sleep(SLICE)
    seconds, used = time.monotonic() - began, cpu_seconds() - used
    print(json.dumps({"count": count, "seconds": seconds, "cpu": used}), flush=True)
    for _ in range(ENDS):
        tick(1, LAST)
        await asyncio.sleep(0.02)
    server.close()


# ---- the feed


async def feed(port: int, bus: str) -> None:
    from jtrader.app.services.feed import FeedService
    from jtrader.app.services.heartbeat import Heartbeat
    from jtrader.bus.market import MarketPublisher
    from jtrader.domain.ids import Market, instrument_id
    from jtrader.exchange.binance.feed import BinanceFeed

    market = Market("binance_usdm")
    names = [instrument_id(market, symbol) for symbol in SYMBOLS]
    source = BinanceFeed(market, names, f"http://127.0.0.1:{port}")
    publisher = MarketPublisher(bus, epoch=1)
    with tempfile.TemporaryDirectory() as folder:
        service = asyncio.ensure_future(FeedService([source], publisher, Heartbeat(Path(folder), "feed")).run())
        used = cpu_seconds()
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps({"cpu": cpu_seconds() - used}), flush=True)
        service.cancel()
        await asyncio.gather(service, return_exceptions=True)
    await source.close()
    publisher.close()


# ---- the strategies


class Strategy:
    """Notes the age of each tick that is measured."""

    def __init__(self, count: int) -> None:
        self.took = array("q", bytes(8 * count))
        self.count = 0

    def on_tick(self, number: int) -> None:
        self.took[self.count] = time.monotonic_ns() - number
        self.count += 1


async def host(bus: str, count: int) -> None:
    from jtrader.bus.market import MarketSubscriber
    from jtrader.domain.ids import instrument_id

    names = [instrument_id("binance_usdm", symbol) for symbol in SYMBOLS]
    subscriber = MarketSubscriber(bus, names, ["trade", "quote"])
    strategies = [Strategy(count) for _ in range(STRATEGIES)]
    listening = asyncio.ensure_future(_listen(subscriber, [strategy.on_tick for strategy in strategies]))
    missed, used = await listening
    with tempfile.NamedTemporaryFile(delete=False) as file:
        for strategy in strategies:
            file.write(strategy.took[: strategy.count].tobytes())
    print(json.dumps({"file": file.name, "missed": missed, "cpu": used}), flush=True)
    subscriber.close()


async def _listen(subscriber: Any, callbacks: list[Callable[[int], None]]) -> tuple[int, float]:
    """Until the last tick: messages missed on the bus, and the CPU seconds of the measured ones."""
    missed, used, ends = 0, 0.0, 0
    async for batch in subscriber:
        if ends >= ENDS // 2:  # a single one could overtake what stands in the messages of other topics
            return missed, cpu_seconds() - used
        missed += abs(batch.missed)
        is_trade = batch.kind == "trade"
        for event in batch.events:
            price = event.price if is_trade else event.bid
            if price == 2.0:
                number = event.trade_id if is_trade else int(event.bid_quantity)
                for callback in callbacks:
                    callback(number)
            elif price == 3.0:
                ends += 1
            elif not used:
                used = cpu_seconds()
                print("ready", flush=True)
    raise AssertionError("the bus ended")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["sender", port, rate, count, seed]:
            asyncio.run(sender(int(port), int(rate), int(count), int(seed)))
        case ["feed", port, bus]:
            asyncio.run(feed(int(port), bus))
        case ["host", bus, count]:
            asyncio.run(host(bus, int(count)))
        case [rate, seconds, *transport]:
            print(json.dumps(measure(int(rate), float(seconds), *transport), indent=1))
