"""Binance's live feed on three markets against the simulator: books equal to REST's, and what faults do to them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import cache
from typing import Any

import pytest

from fixtures.faults import faults, rule
from fixtures.simulator import BINANCE, COINM, Simulator, StartSimulator
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.market import Candle, Depth, FeedStatus, Mark, Quote, Trade, TradingStatus
from jtrader.domain.order_book import OrderBook
from jtrader.domain.times import SECOND
from jtrader.exchange.binance.feed import BinanceFeed
from jtrader.exchange.binance.rest import BinanceRest
from jtrader.exchange.common.listing import ListingWatch

TRADED = {
    "binance_spot": ("BTCUSDT", "api.binance.com", "/api/v3"),
    "binance_usdm": ("BTCUSDT", "fapi.binance.com", "/fapi/v1"),
    "binance_coinm": ("BTCUSD_PERP", "dapi.binance.com", "/dapi/v1"),
}


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Iterator[Simulator]:
    simulator = start_simulator(instruments=[BINANCE[0], BINANCE[2], COINM[0]], live_minutes=1_440, intensity=0.2)
    simulator.run_for(60)
    yield simulator
    for market in TRADED:
        rest_of(market, simulator.uri).close()
    rest_of.cache_clear()


@cache
def rest_of(market: str, uri: str) -> BinanceRest:
    """One client a market for the file: making one takes a third of a second."""
    return BinanceRest(market, uri)


class Listened:
    """A feed, what it told, and the book that a listener makes of it."""

    def __init__(self, simulator: Simulator, market: str, listing_every: float | None = None) -> None:
        symbol, self.host, self.path = TRADED[market]
        self.simulator = simulator
        self.name = InstrumentId(f"{market}:{symbol}")
        self.rest = rest_of(market, simulator.uri)
        listing = ListingWatch(self.rest, [self.name], listing_every) if listing_every else None
        self.feed = BinanceFeed(Market(market), [self.name], simulator.uri, self.rest, books=self.rest, listing=listing)
        self.told: list[Any] = []
        self.book = OrderBook(self.name)
        self.crossed = 0

    async def listen(self) -> None:
        async for events in self.feed.events():
            for event in events:
                self.told.append(event)
                if isinstance(event, Depth):
                    self.book.apply(event)
                    self.crossed += self.book.is_crossed
                if isinstance(event, FeedStatus) and event.state != "up":
                    self.book.lose()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.of(FeedStatus)]

    async def until(self, condition: Callable[[], Any], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)

    async def run_for(self, seconds: float, speed: float = 60.0) -> None:
        await asyncio.to_thread(self.simulator.run, speed, self.simulator.now + int(seconds * SECOND))

    async def is_the_venues_book(self) -> None:
        """What the listener holds is what REST shows of the same update."""
        query = {"symbol": split_instrument_id(self.name)[1], "limit": 100}
        for _ in range(10):
            await asyncio.sleep(0.1)
            whole = await asyncio.to_thread(lambda: self.simulator.get(self.host, f"{self.path}/depth", **query))
            if self.book.update_id == whole["lastUpdateId"]:
                break
            await self.run_for(2)
        assert self.book.update_id == whole["lastUpdateId"]
        for side, theirs in (("bids", whole["bids"]), ("asks", whole["asks"])):
            ours = getattr(self.book, side).top(50)
            assert ours == [(float(price), float(quantity)) for price, quantity in theirs[:50]]
        assert self.crossed == 0


@contextlib.asynccontextmanager
async def listening(simulator: Simulator, market: str, **options: Any) -> AsyncIterator[Listened]:
    made = Listened(simulator, market, **options)
    task = asyncio.create_task(made.listen())
    try:
        await made.until(lambda: made.feed.is_up and made.book.is_known)
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await made.feed.close()


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(90):
            await work()

    asyncio.run(within())


@pytest.mark.parametrize("market", list(TRADED))
def test_every_kind_is_told_and_the_book_is_the_venues(venue: Simulator, market: str) -> None:
    async def work() -> None:
        async with listening(venue, market) as at:
            await at.run_for(130)
            await at.until(lambda: len(at.of(Candle)) >= 2)
            await at.is_the_venues_book()
            assert len(at.of(Trade)) > 5
            assert len(at.of(Quote)) > 20
            assert (len(at.of(Mark)) > 100) == (market != "binance_spot")
            assert at.feed.missed_trades == 0
            assert [depth.snapshot for depth in at.of(Depth)].count(True) == 1
            candles = await asyncio.to_thread(at.rest.candles, at.name, at.of(Candle)[0].ts, venue.now)
            assert at.of(Candle) == list(candles)[: len(at.of(Candle))]

    run(work)


@pytest.mark.parametrize("market", list(TRADED))
@pytest.mark.parametrize(
    ("kind", "action"),
    [("gap", {"messages": 3}), ("drop", {}), ("reorder", {}), ("duplicate", {"copies": 2})],
    ids=["a gap", "one lost", "two turned", "one twice"],
)
def test_a_broken_sequence_is_rebuilt(venue: Simulator, market: str, kind: str, action: dict[str, Any]) -> None:
    async def work() -> None:
        async with listening(venue, market) as at:
            match = {"topic": "*@depth*", "skip": 3, "times": 1}
            with faults(venue, rule(kind, match, **action)):
                await at.run_for(10)
            await at.until(lambda: at.book.is_known)
            await at.run_for(2)
            await at.is_the_venues_book()
            snapshots = [depth.snapshot for depth in at.of(Depth)].count(True)
            assert snapshots == (1 if kind == "duplicate" else 2)
            assert at.feed.books is not None
            assert at.feed.books.gaps == (0 if kind == "duplicate" else 1)

    run(work)


def test_snapshots_that_are_too_old_are_fetched_again(venue: Simulator) -> None:
    async def work() -> None:
        old = rule("drift", {"path": "*/depth", "times": 2}, change="set", field="lastUpdateId", value=1)
        gap = rule("gap", {"topic": "*@depth*", "skip": 2, "times": 1}, messages=2)
        async with listening(venue, "binance_usdm") as at:
            with faults(venue, old, gap):
                await at.run_for(10)
                await at.run_for(30, speed=10)
            await at.until(lambda: at.book.is_known)
            await at.is_the_venues_book()

    run(work)


@pytest.mark.parametrize(
    ("topic", "field", "value"),
    [("*@bookTicker", "b", "0.00"), ("*@bookTicker", "a", "0.01"), ("*@bookTicker", "b", "NaN")],
    ids=["zero", "crossed", "NaN"],
)
def test_a_quote_that_cant_be_is_quarantined(venue: Simulator, topic: str, field: str, value: str) -> None:
    async def work() -> None:
        async with listening(venue, "binance_usdm") as at:
            wrong = rule("drift", {"topic": topic, "skip": 5, "times": 1}, change="set", field=field, value=value)
            with faults(venue, wrong):
                await at.run_for(20)
            await at.until(lambda: at.states == ["up", "quarantined", "up"])
            assert at.feed.nonsense == 1
            assert all(0 < quote.bid < quote.ask for quote in at.of(Quote))
            await at.is_the_venues_book()

    run(work)


def test_a_crossed_book_is_quarantined_until_the_next_snapshot(venue: Simulator) -> None:
    async def work() -> None:
        async with listening(venue, "binance_usdm") as at:
            match = {"topic": "*@depth*", "skip": 3, "times": 1}
            crossed = rule("drift", match, change="set", field="b", value=[["900000.0", "1"]])
            with faults(venue, crossed):
                await at.run_for(20)
            await at.until(lambda: at.states == ["up", "quarantined", "up"])
            await at.until(lambda: at.book.is_known)
            await at.is_the_venues_book()

    run(work)


@pytest.mark.parametrize(
    ("change", "unreadable"),
    [
        ({"change": "extra", "field": "zz", "value": {"new": [1]}}, 0),
        ({"change": "missing", "field": "q"}, 1),
        ({"change": "number", "field": "p"}, 0),
        ({"change": "text", "field": "t"}, 0),
        ({"change": "nan", "field": "p"}, 0),
    ],
    ids=["an unknown field", "a field missing", "a string as number", "a number as string", "NaN"],
)
def test_drifted_trades_cost_no_more_than_themselves(venue: Simulator, change: dict[str, Any], unreadable: int) -> None:
    async def work() -> None:
        async with listening(venue, "binance_spot") as at:
            with faults(venue, rule("drift", {"topic": "*@trade", "skip": 2, "times": 1}, **change)):
                await at.run_for(30)
            is_nan = change["change"] == "nan"
            assert (at.feed.unreadable, at.feed.nonsense) == (unreadable, int(is_nan))
            assert len(at.feed.unread) == unreadable
            assert at.feed.missed_trades == unreadable
            assert at.states == ["up"]
            assert all(trade.price > 0 for trade in at.of(Trade))
            assert len(at.of(Trade)) >= 3

    run(work)


def test_one_muted_topic_makes_its_instrument_stale(venue: Simulator) -> None:
    async def work() -> None:
        async with listening(venue, "binance_usdm") as at:
            await at.run_for(30)
            with faults(venue, rule("mute", {"topic": "*@bookTicker"})):
                await at.run_for(180)
                at.feed.watch()
                assert at.feed.states[at.name] == "stale"
                trades = len(at.of(Trade))
                await at.run_for(20)
                assert len(at.of(Trade)) > trades, "the other topics go on"
                at.feed.watch()
                assert at.feed.states[at.name] == "stale"
            await at.run_for(20)
            at.feed.watch()
            await at.until(lambda: at.states == ["up", "stale", "up"])

    run(work)


def test_a_halt_and_new_rules_are_told(venue: Simulator) -> None:
    async def work() -> None:
        async with listening(venue, "binance_spot", listing_every=0.2) as at:
            await asyncio.sleep(0.6)
            for status in ("halted", "trading"):
                await asyncio.to_thread(venue.change, at.name, status=status)
                await at.until(lambda wanted=status: [e.state for e in at.of(TradingStatus)][-1:] == [wanted])
            await asyncio.to_thread(venue.change, at.name, quantity_step="0.002")
            await at.until(lambda: [e.state for e in at.of(TradingStatus)] == ["halted", "trading", "rules"])

    run(work)
