"""ports.MarketFeed on HTX's four markets against the simulator: the same trades as ccxt.pro's, books equal to REST's,
closed minutes, marks; a lost book message, and a broken line."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from fixtures.simulator import HUOBI, Simulator, StartSimulator
from fixtures.wire import Wire
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.market import Candle, Depth, FeedStatus, Mark, Quote, Trade
from jtrader.domain.order_book import OrderBook
from jtrader.domain.times import MINUTE
from jtrader.exchange.common import connection
from jtrader.exchange.huobi.feed import HuobiFeed
from jtrader.exchange.huobi.rest import HuobiRest
from jtrader.exchange.localnet import local_session

FIRST = {
    "huobi_spot": ("btcusdt", "BTC/USDT", "market.btcusdt.mbp.150"),
    "huobi_linear": ("BTC-USDT", "BTC/USDT:USDT", "market.BTC-USDT.depth.size_150.high_freq"),
    "huobi_swap": ("BTC-USD", "BTC/USD:BTC", "market.BTC-USD.depth.size_150.high_freq"),
    "huobi_future": ("BTC261225", "BTC/USD:BTC-261225", "market.BTC261225.depth.size_150.high_freq"),
}
CCXT_TYPES = {
    "huobi_spot": {"spot": True, "linear": False, "inverse": False},
    "huobi_linear": {"spot": False, "linear": True, "inverse": False},
    "huobi_swap": {"spot": False, "linear": False, "inverse": True},
    "huobi_future": {"spot": False, "linear": False, "inverse": True},
}


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    simulator = start_simulator(instruments=HUOBI)
    simulator.run_for(60)
    return simulator


class Listened:
    """A feed and what it told."""

    def __init__(self, market: str, uri: str, simulator: Simulator) -> None:
        self.name = InstrumentId(f"{market}:{FIRST[market][0]}")
        self.rest = HuobiRest(market, simulator.uri)
        self.feed = HuobiFeed(Market(market), [self.name], uri, candles=self.rest, marks=self.rest)
        self.told: list[Any] = []
        self.book = OrderBook(self.name)

    async def listen(self) -> None:
        async for events in self.feed.events():
            self.told += events
            for event in events:
                if isinstance(event, Depth):
                    self.book.apply(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]

    async def until(self, condition: Callable[[], Any], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def listening(market: str, simulator: Simulator, uri: str = "") -> AsyncIterator[Listened]:
    made = Listened(market, uri or simulator.uri, simulator)
    task = asyncio.create_task(made.listen())
    try:
        await made.until(lambda: made.feed.is_up and made.book.is_known)
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await made.feed.close()
        await asyncio.to_thread(made.rest.close)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(90):
            await work()

    asyncio.run(within())


def levels_of(simulator: Simulator, name: InstrumentId) -> tuple[list[Any], list[Any]]:
    """The first twenty levels of each side as REST has them now."""
    market, symbol = split_instrument_id(name)
    host = "api.huobi.pro" if market == "huobi_spot" else "api.hbdm.vn"
    path = {"huobi_linear": "/linear-swap-ex/market/depth", "huobi_swap": "/swap-ex/market/depth"}.get(market)
    named = {"contract_code": symbol} if path else {"symbol": symbol}
    tick = simulator.get(host, path or "/market/depth", type="step0", **named)["tick"]
    return [tuple(row) for row in tick["bids"][:20]], [tuple(row) for row in tick["asks"][:20]]


@pytest.mark.parametrize("market", list(FIRST))
def test_the_same_market_is_told_as_ccxt_and_rest_tell(venue: Simulator, market: str) -> None:
    async def work() -> None:
        from ccxt.pro.htx import htx

        session = local_session(venue.uri)
        options = {"fetchMarkets": {"types": CCXT_TYPES[market]}, "tradesLimit": 100_000}
        oracle = htx({"session": session, "newUpdates": True, "options": options})
        theirs: list[Any] = []

        async def watch() -> None:
            while True:
                theirs.extend(await oracle.watch_trades(FIRST[market][1]))

        async with listening(market, venue) as at:
            await oracle.load_markets()
            watching = asyncio.create_task(watch())
            try:
                await at.until(lambda: len(theirs) > 0)
                begun = len(at.of(Trade))
                first = theirs[-1]["timestamp"] * 1_000_000
                await asyncio.to_thread(venue.run_for, 130)
                await asyncio.sleep(0.5)
                shown = await asyncio.to_thread(levels_of, venue, at.name)
                await at.until(lambda: at.of(Mark) or market == "huobi_spot")
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                await oracle.close()
                await session.close()
            ours = {(t.ts, t.price, t.quantity, t.side) for t in at.of(Trade)[begun:] if t.ts > first}
            expected = {
                (t["timestamp"] * 1_000_000, t["price"], t["amount"], 1 if t["side"] == "buy" else -1)
                for t in theirs
                if t["timestamp"] * 1_000_000 > first
            }
            assert len(ours) > 10
            assert ours == expected
            assert at.feed.missed_trades == 0
            assert (list(at.book.bids.levels())[:20], list(at.book.asks.levels())[:20]) == shown
            assert not at.book.is_crossed
            quotes = at.of(Quote)
            assert len(quotes) > 10
            assert (quotes[-1].bid, quotes[-1].ask) == (shown[0][0][0], shown[1][0][0])
            candles = {c.ts: c for c in at.of(Candle)}
            assert candles
            start, end = min(candles), max(candles) + MINUTE
            rows = await asyncio.to_thread(at.rest.candles, at.name, start, end)
            assert {c.ts: c for c in rows} == candles

    run(work)


@pytest.mark.parametrize("market", ["huobi_spot", "huobi_swap"])
def test_a_lost_book_message_brings_a_new_snapshot(venue: Simulator, market: str) -> None:
    async def work() -> None:
        async with listening(market, venue) as at:
            rule = {"match": {"topic": FIRST[market][2], "skip": 2, "times": 1}, "action": {"kind": "drop"}}
            async with faults(venue, {"seed": 1, "rules": [rule]}):
                await asyncio.to_thread(venue.run_for, 20)
                assert at.feed.books is not None
                await at.until(lambda: at.feed.books.gaps == 1 and at.feed.books[at.name].is_live)  # type: ignore[union-attr]
            await asyncio.to_thread(venue.run_for, 20)
            await asyncio.sleep(0.5)
            shown = await asyncio.to_thread(levels_of, venue, at.name)
            assert sum(depth.snapshot for depth in at.of(Depth)) == 2
            assert (list(at.book.bids.levels())[:20], list(at.book.asks.levels())[:20]) == shown

    run(work)


@contextlib.asynccontextmanager
async def faults(simulator: Simulator, script: dict[str, Any]) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=simulator.uri) as http:
        answer = await http.post("/sim/faults", json=script)
        assert answer.status_code == 200, answer.text
        yield
        await http.delete("/sim/faults")


def test_a_broken_line_is_a_new_epoch_with_its_missing_minutes(
    venue: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_LONGEST_WAIT", 0.5)

    async def work() -> None:
        async with Wire(venue.uri) as wire, listening("huobi_linear", venue, wire.uri) as at:
            await asyncio.to_thread(venue.run_for, 70)
            await at.until(lambda: at.of(Candle))
            wire.is_down = True
            wire.cut()
            await at.until(lambda: not at.feed.is_up)
            await asyncio.to_thread(venue.run_for, 180)
            wire.is_down = False
            await at.until(lambda: at.feed.is_up and at.book.is_known)
            await asyncio.to_thread(venue.run_for, 90)
            await at.until(lambda: len(at.of(Candle)) >= 4)
            minutes = [c.ts for c in at.of(Candle)]
            assert minutes == list(range(minutes[0], minutes[-1] + MINUTE, MINUTE))
            assert at.feed.epoch == 2
            assert [s.state for s in at.of(FeedStatus)] == ["up", "down", "up"]
            assert at.feed.repaired > 0

    run(work)


@pytest.mark.parametrize(
    ("market", "instruments", "says"),
    [
        ("bitmex", ["bitmex:XBTUSD"], "no HTX market 'bitmex'"),
        ("huobi_spot", ["huobi_swap:BTC-USD"], "is not of huobi_spot"),
        ("huobi_spot", [], "at least one instrument"),
    ],
)
def test_a_feed_of_nothing_is_refused(market: str, instruments: list[str], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        HuobiFeed(Market(market), [InstrumentId(name) for name in instruments])
