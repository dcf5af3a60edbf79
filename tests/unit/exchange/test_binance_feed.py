"""The feed's connection life against a scripted venue: subscriptions, up, stale, down, missing minutes."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from aiohttp import WSMsgType, web

from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.market import Candle, FeedStatus, Trade
from jtrader.domain.times import MILLISECOND, MINUTE, SECOND
from jtrader.exchange.binance.feed import BinanceFeed

BTC, ETH = InstrumentId("binance_spot:BTCUSDT"), InstrumentId("binance_spot:ETHUSDT")
START_MS = 1_768_491_000_000


class Venue:
    """Answers subscriptions (unless told to refuse or be silent) and sends what a test says."""

    def __init__(self) -> None:
        self.subscribed: list[tuple[str, list[str]]] = []
        self.answer: dict[str, Any] | None = {"result": None, "id": 1}
        self._sockets: list[web.WebSocketResponse] = []

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        self._sockets.append(line)
        async for message in line:
            if message.type is WSMsgType.TEXT:
                self.subscribed.append((request.headers["Host"] + request.path, json.loads(message.data)["params"]))
                if self.answer is not None:
                    await line.send_json(self.answer)
        return line

    async def send(self, *messages: dict[str, Any]) -> None:
        for message in messages:
            await self._sockets[-1].send_json(message)

    async def hang_up(self) -> None:
        await self._sockets[-1].close()


class Past:
    """CandleSource of every minute from START on; `is_away` refuses."""

    is_away = False

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        if self.is_away:
            raise Unavailable("the venue's REST is away")
        return [Candle(instrument, ts, 1.0, 1.0, 1.0, 1.0, 1.0) for ts in range(start, end - MINUTE + 1, MINUTE)][:2]

    def market_time(self) -> int:
        return 0


def kline(minute: int, symbol: str = "BTCUSDT") -> dict[str, Any]:
    opened = START_MS + minute * 60_000
    k = {"t": opened, "i": "1m", "o": "1", "h": "2", "l": "1", "c": "2", "v": "3", "q": "6", "x": True}
    return {"e": "kline", "E": opened + 60_000, "s": symbol, "k": k}


def trade(number: int, millis: int, symbol: str = "BTCUSDT") -> dict[str, Any]:
    return {"e": "trade", "T": START_MS + millis, "s": symbol, "t": number, "p": "1", "q": "1", "m": True}


class Stage:
    def __init__(self, venue: Venue, feed: BinanceFeed, past: Past) -> None:
        self.venue, self.feed, self.past = venue, feed, past
        self.seen: list[Any] = []

    async def listen(self) -> None:
        async for events in self.feed.events():
            self.seen.extend(events)

    def states(self, instrument: InstrumentId = BTC) -> list[tuple[int, str]]:
        mine = [e for e in self.seen if isinstance(e, FeedStatus) and e.instrument == instrument]
        return [(event.epoch, event.state) for event in mine]

    def closed(self) -> list[int]:
        return [(e.ts // MILLISECOND - START_MS) // 60_000 for e in self.seen if isinstance(e, Candle)]


@contextlib.asynccontextmanager
async def stage(*instruments: InstrumentId) -> AsyncIterator[Stage]:
    venue, past = Venue(), Past()
    app = web.Application()
    app.router.add_get("/{path:.*}", venue.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    uri = f"http://127.0.0.1:{runner.addresses[0][1]}"
    feed = BinanceFeed(Market("binance_spot"), instruments or [BTC], uri, past, stale_after=60 * SECOND)
    made = Stage(venue, feed, past)
    listening = asyncio.create_task(made.listen())
    try:
        yield made
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await feed.close()
        await runner.cleanup()


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def test_it_subscribes_at_the_real_host_and_path() -> None:
    async def work() -> None:
        async with stage(BTC, ETH) as at:
            await until(lambda: at.feed.is_up)
            (where, streams) = at.venue.subscribed[0]
            assert where == "stream.binance.com/ws/0"
            assert set(streams) == {
                f"{s}@{k}" for s in ("btcusdt", "ethusdt") for k in ("trade", "bookTicker", "kline_1m")
            }
            assert at.states(ETH) == [(1, "up")]

    asyncio.run(work())


def test_an_open_socket_without_an_answer_is_not_up() -> None:
    async def work() -> None:
        async with stage() as at:
            at.venue.answer = None
            await until(lambda: len(at.venue.subscribed) == 1)
            await asyncio.sleep(0.1)
            assert not at.feed.is_up
            await at.venue.send(trade(1, 0))
            await until(lambda: at.feed.is_up)

    asyncio.run(work())


def test_a_refused_subscription_is_never_up_and_tried_again() -> None:
    async def work() -> None:
        async with stage() as at:
            at.venue.answer = {"error": {"code": 2, "msg": "Invalid request: unknown stream"}, "id": 1}
            await until(lambda: len(at.venue.subscribed) >= 2)
            assert at.states() == []
            at.venue.answer = {"result": None, "id": 1}
            await until(lambda: at.feed.is_up)

    asyncio.run(work())


def test_a_hung_up_line_is_told_and_comes_back_with_the_next_epoch() -> None:
    async def work() -> None:
        async with stage() as at:
            await until(lambda: at.feed.is_up)
            await at.venue.send(trade(7, 0))
            await until(lambda: any(isinstance(e, Trade) for e in at.seen))
            await at.venue.hang_up()
            await until(lambda: len(at.states()) == 3)
            assert at.states() == [(1, "up"), (1, "down"), (2, "up")]
            await at.venue.send(trade(90, 1_000))
            await until(lambda: sum(isinstance(e, Trade) for e in at.seen) == 2)
            assert at.feed.missed_trades == 0  # nobody could have sent them

    asyncio.run(work())


def test_silence_of_one_instrument_is_stale_by_market_time() -> None:
    async def work() -> None:
        async with stage(BTC, ETH) as at:
            await until(lambda: at.feed.is_up)
            await at.venue.send(trade(1, 0), trade(1, 0, "ETHUSDT"), trade(2, 59_000))
            await until(lambda: len(at.seen) >= 5)
            at.feed.watch()
            assert at.feed.is_up
            await at.venue.send(trade(3, 61_000))
            await until(lambda: len(at.seen) >= 6)
            at.feed.watch()
            assert at.feed.states == {BTC: "up", ETH: "stale"}
            await at.venue.send(trade(2, 61_500, "ETHUSDT"))
            await until(lambda: len([e for e in at.seen if isinstance(e, Trade)]) == 5)
            at.feed.watch()
            await until(lambda: at.states(ETH) == [(1, "up"), (1, "stale"), (1, "up")])

    asyncio.run(work())


def test_a_market_that_is_wholly_silent_is_stale_by_what_others_tell() -> None:
    async def work() -> None:
        async with stage(BTC, ETH) as at:
            await until(lambda: at.feed.is_up)
            await at.venue.send(trade(1, 0), trade(1, 0, "ETHUSDT"))
            await until(lambda: len(at.seen) >= 4)
            told = at.feed.market_time
            at.feed.watch(told + 50 * SECOND)
            assert at.feed.is_up
            at.feed.watch(told + 61 * SECOND)
            assert at.feed.states == {BTC: "stale", ETH: "stale"}

    asyncio.run(work())


def test_a_connection_is_replaced_before_its_day_is_over_and_nobody_notices() -> None:
    async def work() -> None:
        async with stage() as at:
            await until(lambda: at.feed.is_up)
            await at.venue.send(trade(7, 0))
            await until(lambda: at.feed.market_time > 0)
            at.feed.watch()
            await at.venue.send(trade(8, 23 * 3_600_000 + 1_000))
            await until(lambda: sum(isinstance(e, Trade) for e in at.seen) == 2)
            at.feed.watch()
            await until(lambda: at.feed.renewals == 1)
            await at.venue.send(trade(8, 23 * 3_600_000 + 1_000), trade(9, 23 * 3_600_000 + 2_000))
            await until(lambda: sum(isinstance(e, Trade) for e in at.seen) == 3)
            assert len(at.venue.subscribed) == 2
            assert (at.states(), at.feed.missed_trades) == ([(1, "up")], 0)
            at.feed.watch()
            await asyncio.sleep(0.05)
            assert at.feed.renewals == 1

    asyncio.run(work())


def test_missing_minutes_come_first_and_each_once() -> None:
    async def work() -> None:
        async with stage() as at:
            await until(lambda: at.feed.is_up)
            await at.venue.send(kline(0), kline(1), kline(1), kline(6), kline(4), kline(7))
            await until(lambda: 7 in at.closed())
            assert at.closed() == [0, 1, 2, 3, 4, 5, 6, 7]
            assert at.feed.repaired == 4

    asyncio.run(work())


def test_when_rest_is_away_too_the_stream_goes_on() -> None:
    async def work() -> None:
        async with stage() as at:
            await until(lambda: at.feed.is_up)
            at.past.is_away = True
            await at.venue.send(kline(0), kline(5), kline(6))
            await until(lambda: 6 in at.closed())
            assert at.closed() == [0, 5, 6]

    asyncio.run(work())
