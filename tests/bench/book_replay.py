"""One feed process with many books under a long replay, and the memory it takes.

    python tests/bench/book_replay.py 20 4000        # wall seconds, depth messages a second

A sender process serves Binance's frames: updates of 50 order books whose market drifts, with a trade and a best quote
between them. The feed is the service that runs in production; a listener on its bus counts what it tells.
"""

import asyncio
import itertools
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "platform")]

from bench.frames.binance import DEPTH, GONE, LEVEL, MIDDLE, QUOTE, TRADE  # noqa: E402
from bench.frames.moves import Moves, spread_counts, update  # noqa: E402
from bench.frames.venue import START_MS  # noqa: E402
from bench.processes import Child, free_port  # noqa: E402
from jtrader.domain.ids import InstrumentId, Market  # noqa: E402

BOOKS = 50
SNAPSHOT = 1_000
"""Levels a side, as the venue's REST tells."""
SPREAD = (8, 16)
"""Median and mean of a message's levels."""
SLICE = 0.005
MOST_BUFFERED = 1_000_000
"""Bytes that may wait for the feed: the sender doesn't run ahead of it."""
SAMPLE_SECONDS = 0.25
FIRST = MIDDLE + SNAPSHOT


def symbols(count: int) -> list[str]:
    return [f"SYM{number:02}USDT" for number in range(count)]


def measure(seconds: float, rate: int, books: int = BOOKS, seed: int = 1) -> dict[str, Any]:
    """Memory in MB: `thirds` are the highest of the run's first and last third once the books stand."""
    with tempfile.TemporaryDirectory(prefix="jtrader-bench-") as place, ExitStack() as running:
        bus, port = f"ipc://{place}/bus", free_port()

        venue = Child(running, __file__, "sender", port, rate, books, seed)
        feed = Child(running, __file__, "feed", port, bus, books)
        feed.line()
        heard, samples = asyncio.run(_listen(bus, feed.pid, seconds))
        venue.tell("end")
        sent = json.loads(venue.line())
        feed.tell("end")
        told = json.loads(feed.line())
    third = max(1, len(samples) // 3)
    return {
        "rss_mb": max(samples),
        "first_mb": max(samples[:third]),
        "last_mb": max(samples[-third:]),
        "sent": sent["messages"],
        "levels": sent["levels"],
        "heard": heard,
        **told,
    }


async def _listen(bus: str, pid: int, seconds: float) -> tuple[dict[str, int], list[float]]:
    """Depth events that came and messages that were missed, and the feed's memory over the time."""
    from jtrader.bus.market import MarketSubscriber

    heard = {"depth": 0, "missed": 0}
    subscriber = MarketSubscriber(bus, markets=["binance_usdm"])

    async def listen() -> None:
        async for batch in subscriber:
            heard["missed"] += abs(batch.missed)
            heard["depth"] += len(batch.events) if batch.kind == "depth" else 0

    listening = asyncio.create_task(listen())
    feed, samples = psutil.Process(pid), []
    until = time.monotonic() + seconds
    while time.monotonic() < until or not samples:
        await asyncio.sleep(min(SAMPLE_SECONDS, seconds / 4))
        samples.append(feed.memory_info().rss / 1e6)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    subscriber.close()
    return heard, samples


# ---- the sender


class Replay:
    """Frames without end, and how many levels they told."""

    def __init__(self, books: int, seed: int) -> None:
        self.levels = 0
        self.messages = 0
        self._rng = random.Random(seed)
        self._moves = {symbol: Moves(self._rng, FIRST, SNAPSHOT) for symbol in symbols(books)}
        self._counts = spread_counts(self._rng, *SPREAD)
        self._last = dict.fromkeys(self._moves, 1)

    def frames(self) -> Iterator[bytes]:
        rng = self._rng
        sizes = [rng.uniform(0.001, 9) for _ in range(997)]
        size = itertools.cycle(sizes).__next__
        for number in itertools.count(1):
            for symbol, moves in self._moves.items():
                bids, asks = update(moves, next(self._counts), GONE)
                before, now = self._last[symbol], self._last[symbol] + 7
                self._last[symbol] = now
                at, name = START_MS + 100 * number, symbol.encode()
                told = (b",".join(LEVEL % (t / 10, size() if s else 0.0) for t, s in side) for side in (bids, asks))
                yield DEPTH % (at + 10, at, name, before + 1, now, before, *told)
                self.levels += len(bids) + len(asks)
                self.messages += 1
                if number % 2:
                    yield TRADE % (at + 3, at, name, number, FIRST / 10, size(), b"true")
                else:
                    yield QUOTE % (number, name, FIRST / 10, size(), FIRST / 10 + 0.1, size(), at, at)


async def sender(port: int, rate: int, books: int, seed: int) -> None:
    from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

    public: list[WSTransport] = []

    class Venue(WSListener):
        is_public = False

        def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
            if frame.msg_type is WSMsgType.TEXT:
                transport.send(WSMsgType.TEXT, b'{"result":null,"id":1}')
                if self.is_public:
                    public.append(transport)

    def accept(request: WSUpgradeRequest) -> Venue:
        venue = Venue()
        venue.is_public = b"public" in request.path
        return venue

    server = await ws_create_server(accept, "127.0.0.1", port)
    ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.readline))
    replay = Replay(books, seed)
    frames = replay.frames()
    began: float | None = None
    while not ended.done():
        if public:
            began = time.monotonic() if began is None else began
            socket = public[-1].underlying_transport
            while (
                replay.messages < (time.monotonic() - began) * rate
                and socket.get_write_buffer_size() < MOST_BUFFERED
                and not ended.done()
            ):
                for _ in range(20):
                    public[-1].send(WSMsgType.TEXT, next(frames))
        await asyncio.sleep(SLICE)
    print(json.dumps({"messages": replay.messages, "levels": replay.levels}), flush=True)
    server.close()


# ---- the feed


async def feed(port: int, bus: str, books: int) -> None:
    from jtrader.app.services.feed import FeedService, book_of
    from jtrader.app.services.heartbeat import Heartbeat
    from jtrader.bus.market import MarketPublisher
    from jtrader.exchange.binance.feed import BinanceFeed
    from jtrader.exchange.common.books import BookSnapshot

    class Rest:
        """The venue's snapshot, from which the frames go on."""

        def book(self, instrument: InstrumentId) -> BookSnapshot:
            bids = tuple(((FIRST - n) / 10, 1.0) for n in range(1, SNAPSHOT + 1))
            asks = tuple(((FIRST + n) / 10, 1.0) for n in range(1, SNAPSHOT + 1))
            return BookSnapshot(START_MS * 1_000_000, bids, asks, 1)

    market = Market("binance_usdm")
    names = [InstrumentId(f"{market}:{symbol}") for symbol in symbols(books)]
    source = BinanceFeed(market, names, f"http://127.0.0.1:{port}", books=Rest())
    publisher = MarketPublisher(bus, 1, lambda name: book_of([source], name))
    kept = source.books
    assert kept is not None
    with tempfile.TemporaryDirectory(prefix="jtrader-bench-") as folder:
        service = asyncio.ensure_future(FeedService([source], publisher, Heartbeat(Path(folder), "feed")).run())
        while not all(kept[name].is_live for name in names):
            await asyncio.sleep(0.02)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        depth = sum(len(kept[name].book.bids) + len(kept[name].book.asks) for name in names)
        told = {"gaps": kept.gaps, "standing": depth, "state": sorted(set(source.states.values()))}
        print(json.dumps(told), flush=True)
        service.cancel()
        await asyncio.gather(service, return_exceptions=True)
    await source.close()
    publisher.close()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["sender", port, rate, books, seed]:
            asyncio.run(sender(int(port), int(rate), int(books), int(seed)))
        case ["feed", port, bus, books]:
            asyncio.run(feed(int(port), bus, int(books)))
        case [seconds, rate]:
            print(json.dumps(measure(float(seconds), int(rate)), indent=1))
