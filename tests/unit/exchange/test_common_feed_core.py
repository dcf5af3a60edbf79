"""What a feed hands on and what it doesn't: missing minutes beside everything else, times that can't be, instruments
that the venue refuses."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

import pytest

from jtrader.domain.errors import BadInput, Broken, JtraderError, Unavailable
from jtrader.domain.ids import InstrumentId, Market, VenueSymbol
from jtrader.domain.market import Candle, Depth, Event, FeedStatus, Quote, Trade
from jtrader.domain.times import DAY, MILLISECOND, MINUTE, SECOND
from jtrader.exchange.binance.feed import BinanceFeed
from jtrader.exchange.bitmex.feed import BitmexFeed
from jtrader.exchange.common import repair
from jtrader.exchange.common.feed import Feed
from jtrader.exchange.common.feed_core import FeedCore
from jtrader.exchange.common.freshness import MOST_LEAPS, MOST_NS, MarketClock
from jtrader.exchange.huobi.feed import HuobiFeed

BTC, ETH = InstrumentId("binance_spot:BTCUSDT"), InstrumentId("binance_spot:ETHUSDT")
START = 1_768_491_000 * SECOND


def candle(minute: int, name: InstrumentId = BTC, close: float = 1.0) -> Candle:
    return Candle(name, START + minute * MINUTE, 1.0, 1.0, 1.0, close, 1.0)


def quote(ts: int, name: InstrumentId = BTC) -> Quote:
    return Quote(name, ts, 1.0, 1.0, 2.0, 1.0)


class Past:
    """CandleSource that answers once it may; `error` is what it says instead."""

    def __init__(self, error: JtraderError | None = None, holes: Sequence[int] = ()) -> None:
        self.may_answer = asyncio.Event()
        self.error = error
        self.asked: list[tuple[InstrumentId, int, int]] = []
        self._holes = {START + minute * MINUTE for minute in holes}
        self._loop = asyncio.get_running_loop()

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        self.asked.append((instrument, (start - START) // MINUTE, (end - START) // MINUTE))
        asyncio.run_coroutine_threadsafe(self.may_answer.wait(), self._loop).result()
        if self.error is not None:
            raise self.error
        times = [ts for ts in range(start, end, MINUTE) if ts not in self._holes]
        return [Candle(instrument, ts, 1.0, 1.0, 1.0, 1.0, 1.0) for ts in times[:2]]

    def market_time(self) -> int:
        return START


class Told(FeedCore):
    """A feed whose venue is the test."""

    def _work(self) -> Sequence[Coroutine[Any, Any, None]]:
        return []

    def tell(self, *events: Event) -> None:
        for event in events:
            self.clock.saw(event.ts)
            self._take(event)

    def connect(self) -> None:
        self._rise()

    def disconnect(self) -> None:
        self._fall()


class Listened:
    def __init__(self, feed: FeedCore) -> None:
        self.events: list[Event] = []
        self._feed = feed

    async def listen(self) -> None:
        async for events in self._feed.events():
            self.events += events

    def minutes(self, name: InstrumentId = BTC) -> list[int]:
        return [(e.ts - START) // MINUTE for e in self.events if isinstance(e, Candle) and e.instrument == name]

    async def until(self, met: Callable[[], Any]) -> None:
        async with asyncio.timeout(5):
            while not met():
                await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def listening(past: Past) -> AsyncIterator[tuple[Told, Listened]]:
    feed = Told({VenueSymbol("BTCUSDT"): BTC, VenueSymbol("ETHUSDT"): ETH}, past)
    heard = Listened(feed)
    task = asyncio.create_task(heard.listen())
    try:
        feed.connect()
        yield feed, heard
    finally:
        past.may_answer.set()
        await feed.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_only_newer_minutes_of_an_instrument_wait_for_its_missing_ones() -> None:
    async def work() -> None:
        past = Past()
        async with listening(past) as (feed, heard):
            feed.tell(candle(0), candle(4), candle(4, ETH), quote(START + 5 * MINUTE), candle(5))
            await heard.until(lambda: past.asked)
            feed.tell(candle(7), candle(5, ETH))
            await heard.until(lambda: heard.minutes(ETH) == [4, 5])
            assert [e for e in heard.events if isinstance(e, Quote)] == [quote(START + 5 * MINUTE)]
            assert heard.minutes() == [0]
            past.may_answer.set()
            await heard.until(lambda: len(heard.minutes()) == 8)
            assert heard.minutes() == list(range(8))
            assert feed.repaired == 4
            feed.tell(candle(3), candle(7), candle(8))
            await heard.until(lambda: heard.minutes() == list(range(9)))

    asyncio.run(work())


def test_minutes_that_closed_while_a_feed_was_down_come_before_the_next() -> None:
    async def work() -> None:
        past = Past()
        async with listening(past) as (feed, heard):
            feed.tell(candle(0), candle(0, ETH))
            feed.disconnect()
            feed.clock.saw(START + 3 * MINUTE)
            feed.connect()
            await heard.until(lambda: len(past.asked) == 2)
            feed.tell(candle(4))
            past.may_answer.set()
            await heard.until(lambda: heard.minutes() == [0, 1, 2, 3, 4] and heard.minutes(ETH) == [0, 1, 2])

    asyncio.run(work())


@pytest.mark.parametrize(
    "error", [Unavailable("away"), BadInput("unknown symbol"), Broken("another answer"), None], ids=repr
)
def test_minutes_that_cant_be_had_hold_nothing_up(error: JtraderError | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The venue says so, or (None) says nothing for too long."""
    if error is None:
        monkeypatch.setattr(repair, "PATIENCE_SECONDS", 0.05)

    async def work() -> None:
        past = Past(error)
        async with listening(past) as (feed, heard):
            feed.tell(candle(0), candle(4), candle(5))
            if error is not None:
                past.may_answer.set()
            await heard.until(lambda: heard.minutes() == [0, 4, 5])
            feed.tell(quote(START), candle(6))
            await heard.until(lambda: heard.minutes() == [0, 4, 5, 6])

    asyncio.run(work())


def test_minutes_that_the_venue_lacks_and_such_as_cant_be() -> None:
    async def work() -> None:
        past = Past(holes=[2, 3])
        past.may_answer.set()
        async with listening(past) as (feed, heard):
            feed.tell(candle(0), candle(4), candle(5, close=9.0), candle(6))
            await heard.until(lambda: heard.minutes() == [0, 1, 4, 5, 6])
            assert feed.nonsense == 1

    asyncio.run(work())


@pytest.mark.parametrize("ts", [0, -1, 1_768_491_000_000_000 * MILLISECOND, START + DAY + MINUTE, MOST_NS + 1])
def test_a_time_that_cant_be_is_not_handed_on(ts: int) -> None:
    async def work() -> None:
        async with listening(Past()) as (feed, heard):
            feed.tell(quote(START))
            feed.tell(Trade(BTC, ts, 1, 1.0, 1.0, 1), quote(ts), Depth(BTC, ts or -1, (), ()), candle(0))
            feed.tell(quote(START + SECOND))
            await heard.until(lambda: quote(START + SECOND) in heard.events)
            assert [e.ts for e in heard.events if not isinstance(e, FeedStatus)] == [START, START, START + SECOND]
            assert feed.nonsense == 3
            assert feed.market_time == START + SECOND
            assert [e.state for e in heard.events if isinstance(e, FeedStatus) and e.instrument == BTC] == [
                "up",
                "quarantined",
                "up",
            ]

    asyncio.run(work())


def test_a_market_whose_time_jumps_is_believed_in_the_end() -> None:
    clock = MarketClock()
    assert clock.leap(START)
    later = START + 9 * DAY
    assert [clock.leap(later + n) for n in range(MOST_LEAPS)] == [False] * (MOST_LEAPS - 1) + [True]
    assert clock.newest == later + MOST_LEAPS - 1
    for second in range(MOST_LEAPS * 2):  # one that is wrong among many that are right
        clock.saw(later + MINUTE + second)
        assert not clock.leap(later + 9 * DAY)
    assert clock.newest < later + DAY


def test_where_the_market_goes_by_the_wall_the_first_time_is_judged_too() -> None:
    clock = MarketClock(START)
    assert not clock.leap(START + 2 * DAY)
    clock.saw(START - 9 * DAY)
    clock.saw(START)
    assert clock.newest == START


def made(feed: type[Any], name: str, **fields: Any) -> Feed:
    return feed(Market(name.partition(":")[0]), [InstrumentId(name)], "http://127.0.0.1:9", **fields)  # type: ignore[no-any-return]


TRADE = b'{"e":"trade","E":1,"T":%d,"s":"BTCUSDT","t":%d,"p":"1.0","q":"2.0","X":"MARKET","m":true}'
BITMEX = (
    b'{"table":"trade","action":"insert","data":[{"timestamp":"%s","symbol":"XBTUSD","side":"Buy","size":1,'
    b'"price":2.0,"trdMatchID":"%d"}]}'
)
HTX = (
    b'{"ch":"market.BTC-USD.trade.detail","ts":1,"tick":{"data":[{"ts":%d,"id":%d,"price":1.0,"amount":1,'
    b'"direction":"buy"}]}}'
)
NOW, MICROS, LATER = 1_768_491_000_000, 1_768_491_000_000_000, 4_070_908_800_000


@pytest.mark.parametrize(
    ("feed", "frame", "times"),
    [
        (made(BinanceFeed, "binance_usdm:BTCUSDT"), TRADE, (NOW, MICROS, LATER, NOW + 1)),
        (made(HuobiFeed, "huobi_swap:BTC-USD"), HTX, (NOW, MICROS, LATER, NOW + 1)),
        (
            made(BitmexFeed, "bitmex:XBTUSD"),
            BITMEX,
            (b"2026-01-15T15:30:00.000Z", b"2099-01-01T00:00:00.000Z", b"2026-01-15T15:30:00.001Z"),
        ),
    ],
    ids=["binance", "htx", "bitmex"],
)
def test_a_venues_wrong_time_changes_nothing(feed: Feed, frame: bytes, times: tuple[Any, ...]) -> None:
    """As one of microseconds, or of the year 2099."""
    for number, at in enumerate(times):
        feed._on_message(frame % (at, number + 1))
    assert [event.ts for event in feed._batch] == [START, START + MILLISECOND]
    assert feed.nonsense == len(times) - 2
    assert feed.market_time == START + MILLISECOND
