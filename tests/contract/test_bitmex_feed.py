"""ports.MarketFeed and the public sources of BitMEX against the simulator: live and asked for later, the same market;
and what happens when rows are lost, a topic falls silent, or a contract is halted."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest

from fixtures.simulator import BITMEX, Simulator, StartSimulator
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market
from jtrader.domain.instrument import Product
from jtrader.domain.market import Candle, Depth, FeedStatus, Mark, OpenInterest, Quote, Trade, TradingStatus
from jtrader.domain.order_book import OrderBook
from jtrader.domain.times import DAY, HOUR, MINUTE, SECOND
from jtrader.exchange.bitmex.feed import BitmexFeed
from jtrader.exchange.bitmex.rest import BitmexRest

MARKET = Market("bitmex")
XBTUSD, ETHUSD = InstrumentId("bitmex:XBTUSD"), InstrumentId("bitmex:ETHUSD")


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    simulator = start_simulator(instruments=BITMEX)
    simulator.run_for(60)
    return simulator


@pytest.fixture(scope="module")
def rest(venue: Simulator) -> Iterator[BitmexRest]:
    with BitmexRest(MARKET, venue.uri) as made:
        yield made


class Listener:
    """A feed and all that it told."""

    def __init__(self, feed: BitmexFeed) -> None:
        self.feed = feed
        self.events: list[Any] = []
        self.books = {name: OrderBook(name) for name in feed.states}

    async def listen(self) -> None:
        async for batch in self.feed.events():
            for event in batch:
                self.events.append(event)
                if isinstance(event, Depth):
                    self.books[event.instrument].apply(event)
                    assert not self.books[event.instrument].is_crossed

    def of(self, kind: type[Any], instrument: InstrumentId = XBTUSD) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind) and event.instrument == instrument]

    async def until(self, met: Callable[[], Any], seconds: float = 15) -> None:
        async with asyncio.timeout(seconds):
            while not met():
                self.feed.watch()
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def listening(venue: Simulator, **fields: Any) -> AsyncIterator[Listener]:
    instruments = [InstrumentId(name) for name in BITMEX]
    listener = Listener(BitmexFeed(MARKET, instruments, venue.uri, **fields))
    task = asyncio.create_task(listener.listen())
    try:
        await listener.until(lambda: listener.feed.is_up and all(book.is_known for book in listener.books.values()))
        yield listener
    finally:
        await listener.feed.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(60):
            await work()

    asyncio.run(within())


@contextlib.contextmanager
def faults(venue: Simulator, *rules: dict[str, Any]) -> Iterator[None]:
    with httpx.Client(base_url=venue.uri) as http:
        assert http.post("/sim/faults", json={"seed": 1, "rules": rules}).status_code == 200
        try:
            yield
        finally:
            http.delete("/sim/faults")


def struck(venue: Simulator) -> int:
    """How often the rules in force have acted."""
    with httpx.Client(base_url=venue.uri) as http:
        return sum(int(rule["struck"]) for rule in http.get("/sim/faults").json()["rules"])


def test_the_instruments_are_told_exactly(rest: BitmexRest) -> None:
    told = {one.venue_symbol: one for one in rest.instruments()}
    rows = [
        (i.product, str(i.contract_value), i.settle, str(i.price_tick), str(i.quantity_step), i.funding_interval)
        for i in (told[name.partition(":")[2]] for name in BITMEX)  # type: ignore[index]
    ]
    assert rows == [
        (Product.INVERSE, "1.00000000", "BTC", "0.1", "100", 8 * HOUR),
        (Product.LINEAR, "0.000001", "USDT", "0.1", "100", 8 * HOUR),
        (Product.QUANTO, "0.00000100", "BTC", "0.05", "1", 8 * HOUR),
        (Product.INVERSE, "1.00000000", "BTC", "0.1", "100", 0),
    ]


def test_what_is_told_live_is_what_is_told_later(venue: Simulator, rest: BitmexRest) -> None:
    async def work() -> None:
        async with listening(venue) as at:
            start = await asyncio.to_thread(rest.market_time)
            await asyncio.to_thread(venue.run_for, 130)
            end = venue.now
            await at.until(lambda: at.feed.market_time >= end)
            for name in map(InstrumentId, BITMEX):
                told = [trade for trade in at.of(Trade, name) if trade.ts > start]
                assert told == list(await asyncio.to_thread(rest.trades, name, start + 1, end + 1))
                assert len(told) > 10
                candles = at.of(Candle, name)
                assert candles == list(await asyncio.to_thread(rest.candles, name, start // MINUTE * MINUTE, end))
                assert len(candles) == 2
                assert len(at.of(Quote, name)) > 10
                marks = at.of(Mark, name)
                assert len(marks) > 100
                assert (marks[-1].next_funding > 0) == (name != "bitmex:XBTZ26")
                assert at.of(OpenInterest, name)
            assert at.feed.unreadable == at.feed.nonsense == 0

            rows = await asyncio.to_thread(
                lambda: venue.get("www.bitmex.com", "/api/v1/orderBook/L2", symbol="XBTUSD", depth=0)
            )
            book = at.books[XBTUSD]
            shown = {(row["side"], float(row["price"])): float(row["size"]) for row in rows}
            kept = {("Buy", p): q for p, q in book.bids.levels()} | {("Sell", p): q for p, q in book.asks.levels()}
            assert kept == shown
            quote = at.of(Quote)[-1]
            assert (quote.bid, quote.ask) == (book.bids.best, book.asks.best)

    run(work)


@pytest.mark.parametrize("action", ["insert", "delete", "update"])
def test_a_lost_row_of_the_book_makes_it_come_anew(venue: Simulator, action: str) -> None:
    """BitMEX numbers nothing: the next row that doesn't fit shows the hole, or the best quote does."""

    async def work() -> None:
        async with listening(venue) as at:
            match = {"topic": "orderBookL2:XBTUSD", "text": f'"action":"{action}"', "skip": 20, "times": 40}
            with faults(venue, {"match": match, "action": {"kind": "drop"}}):
                while struck(venue) < 40:  # how many such rows a minute has is the market's affair
                    await asyncio.to_thread(venue.run_for, 20)
                end = venue.now
                await at.until(lambda: at.feed.market_time >= end)
            if action != "update":
                await at.until(lambda: len([d for d in at.of(Depth) if d.snapshot]) > 1)
            assert len([d for d in at.of(Depth, ETHUSD) if d.snapshot]) == 1
            await asyncio.to_thread(venue.run_for, 1)
            row = await asyncio.to_thread(lambda: venue.get("www.bitmex.com", "/api/v1/quote", symbol="XBTUSD")[0])
            book = at.books[XBTUSD]
            await at.until(
                lambda: book.is_known and (book.bids.best, book.asks.best) == (row["bidPrice"], row["askPrice"])
            )

    run(work)


def test_a_cut_connection_is_told_and_missing_minutes_come_from_rest(venue: Simulator, rest: BitmexRest) -> None:
    async def work() -> None:
        async with listening(venue, candles=rest) as at:
            await asyncio.to_thread(venue.run_for, 65)
            await at.until(lambda: at.of(Candle))
            with faults(
                venue,
                {"match": {"path": "/realtime"}, "action": {"kind": "maintenance"}},
            ):
                await at.until(lambda: not at.feed.is_up)
                await asyncio.to_thread(venue.run_for, 185)
            await at.until(lambda: at.feed.is_up, 30)
            await asyncio.to_thread(venue.run_for, 65)
            await at.until(lambda: len(at.of(Candle)) >= 5)
            times = [candle.ts for candle in at.of(Candle)]
            assert times == list(range(times[0], times[0] + len(times) * MINUTE, MINUTE))
            assert at.feed.repaired >= 3
            assert [status.state for status in at.of(FeedStatus)] == ["up", "down", "up"]
            assert at.feed.epoch == 2

    run(work)


def test_a_silent_topic_is_stale_by_market_time(venue: Simulator) -> None:
    async def work() -> None:
        async with listening(venue, stale_after=30 * SECOND) as at:
            await asyncio.to_thread(venue.run_for, 10)
            await at.until(lambda: at.of(Mark))
            with faults(venue, {"match": {"topic": "*:ETHUSD"}, "action": {"kind": "mute"}}):
                await asyncio.to_thread(venue.run_for, 60)
                await at.until(lambda: at.feed.states[ETHUSD] == "stale")
                assert at.feed.states[XBTUSD] == "up"

    run(work)


def test_halts_and_new_rules_are_events(venue: Simulator) -> None:
    async def work() -> None:
        async with listening(venue) as at:
            for change in ({"status": "halted"}, {"status": "trading"}, {"price_tick": "0.5"}, {"price_tick": "0.1"}):
                await asyncio.to_thread(lambda change=change: venue.change("bitmex:XBTUSDT", **change))
            await asyncio.to_thread(venue.run_for, 2)
            name = InstrumentId("bitmex:XBTUSDT")
            await at.until(lambda: len(at.of(TradingStatus, name)) >= 4)
            assert [event.state for event in at.of(TradingStatus, name)] == ["halted", "trading", "rules", "rules"]
            assert at.of(TradingStatus, XBTUSD) == []

    run(work)


def test_pages_of_trades_hold_whole_milliseconds(venue: Simulator) -> None:
    start = venue.now // HOUR * HOUR - HOUR
    with BitmexRest(MARKET, venue.uri) as whole, BitmexRest(MARKET, venue.uri, page=7) as paged:
        expected = list(whole.trades(XBTUSD, start, start + 10 * MINUTE))
        found: list[Trade] = []
        while page := paged.trades(XBTUSD, found[-1].ts + 1 if found else start, start + 10 * MINUTE):
            assert len(page) >= 1
            found += page
            if len(found) > 30:
                break
        assert found == expected[: len(found)]
        assert len({trade.trade_id for trade in found}) == len(found) > 20
        with pytest.raises(BadInput, match="carry no numbers"):
            whole.trades_from(XBTUSD, 1)


def test_funding_and_candles_of_the_past(rest: BitmexRest, venue: Simulator) -> None:
    now = venue.now
    settled = rest.funding(XBTUSD, now - DAY, now)
    assert [row.ts % DAY // HOUR for row in settled] == [20, 4, 12]
    assert rest.funding(InstrumentId("bitmex:XBTZ26"), now - DAY, now) == []
    day = now // DAY * DAY
    candles = rest.candles(XBTUSD, day, day + HOUR)
    assert [candle.ts for candle in candles] == list(range(day, day + HOUR, MINUTE))
    assert rest.candles(XBTUSD, now + DAY, now + 2 * DAY) == []
    assert rest.open_interest(XBTUSD, now - DAY, now) == []
    assert len(rest.open_interest(XBTUSD, now, now + DAY)) == 1
    for wrong in ("binance_usdm:BTCUSDT", "bitmex:NOSUCH"):
        with pytest.raises(BadInput):
            rest.candles(InstrumentId(wrong), day, day + HOUR)
    with pytest.raises(BadInput, match="is not BitMEX's"):
        BitmexRest("binance_spot")
