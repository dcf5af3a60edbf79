"""Three venues' live feeds under the same faults of the wire: what each tells, and that its book stands again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from fixtures.faults import faults, rule
from fixtures.simulator import Simulator, StartSimulator
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.market import Depth, FeedStatus, Quote, Trade, TradingStatus
from jtrader.domain.order_book import OrderBook
from jtrader.domain.times import SECOND
from jtrader.exchange.binance.feed import BinanceFeed
from jtrader.exchange.binance.rest import BinanceRest
from jtrader.exchange.bitmex.feed import BitmexFeed
from jtrader.exchange.bitmex.rest import BitmexRest
from jtrader.exchange.common import feed_core
from jtrader.exchange.common.feed import Feed
from jtrader.exchange.common.listing import ListingWatch
from jtrader.exchange.common.sane import is_sane
from jtrader.exchange.huobi.feed import HuobiFeed
from jtrader.exchange.huobi.rest import HuobiRest

Levels = tuple[list[tuple[float, float]], list[tuple[float, float]]]
SHOWN = 20
"""Levels of each side that are compared."""


class Wire(NamedTuple):
    """Where a market's streams are, and what it calls them."""

    host: str
    trades: str
    quotes: str
    book: str


WIRES = {
    "binance_usdm:BTCUSDT": Wire("fstream.binance.com", "*@trade", "*@bookTicker", "*@depth*"),
    "bitmex:XBTUSD": Wire("ws.bitmex.com", "trade:*", "quote:*", "orderBookL2:*"),
    "huobi_swap:BTC-USD": Wire("api.hbdm.vn", "*.trade.detail", "*.bbo", "*.depth.*"),
    "huobi_spot:btcusdt": Wire("api.huobi.pro", "*.trade.detail", "*.bbo", "*.mbp.*"),
    "binance_coinm:BTCUSD_PERP": Wire("dstream.binance.com", "*@trade", "*@bookTicker", "*@depth*"),
    "huobi_linear:BTC-USDT": Wire("api.hbdm.vn", "*.trade.detail", "*.bbo", "*.depth.*"),
}
VENUES = list(WIRES)[:3]
GONE = ("binance_usdm:ETHUSDT", "binance_coinm:ETHUSD_PERP", "huobi_linear:ETH-USDT", "huobi_spot:ethusdt")
"""Nobody listens to these; they are delisted here."""
BINANCE_USDM, BITMEX_BTC, HUOBI_SWAP, HUOBI_SPOT, BINANCE_COINM, HUOBI_LINEAR = WIRES


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    simulator = start_simulator(instruments=[*WIRES, *GONE], live_minutes=600)
    simulator.run_for(60)
    return simulator


@pytest.fixture(scope="module")
def rests(venue: Simulator) -> Iterator[dict[str, Any]]:
    made = {
        "binance_usdm": BinanceRest("binance_usdm", venue.uri),
        "binance_coinm": BinanceRest("binance_coinm", venue.uri),
        "bitmex": BitmexRest("bitmex", venue.uri),
        "huobi_swap": HuobiRest("huobi_swap", venue.uri),
        "huobi_spot": HuobiRest("huobi_spot", venue.uri),
        "huobi_linear": HuobiRest("huobi_linear", venue.uri),
    }
    yield made
    for rest in made.values():
        rest.close()


class Listened:
    """A feed, what it told, and the book that a listener makes of it."""

    def __init__(
        self, simulator: Simulator, rests: dict[str, Any], name: str, listing_every: float = 0.0, *others: str
    ) -> None:
        self.simulator = simulator
        self.name = InstrumentId(name)
        self.wire = WIRES[name]
        market = Market(split_instrument_id(self.name)[0])
        self.rest = rests[market]
        listing = ListingWatch(self.rest, [self.name], listing_every) if listing_every else None
        names = [self.name, *map(InstrumentId, others)]
        self.feed: Feed
        if market == "bitmex":
            self.feed = BitmexFeed(market, names, simulator.uri, listing=listing)
        elif market.startswith("binance"):
            self.feed = BinanceFeed(market, names, simulator.uri, books=self.rest, listing=listing)
        else:
            self.feed = HuobiFeed(market, names, simulator.uri, listing=listing)
        self.told: list[Any] = []
        self.book = OrderBook(self.name)
        self.crossed = 0
        self.may_read = asyncio.Event()
        self.may_read.set()

    async def listen(self) -> None:
        async for events in self.feed.events():
            for event in events:
                self.told.append(event)
                if isinstance(event, Depth):
                    self.book.apply(event)
                    self.crossed += self.book.is_crossed
            await self.may_read.wait()

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.of(FeedStatus) if event.instrument == self.name]

    @property
    def snapshots(self) -> int:
        return sum(depth.snapshot for depth in self.of(Depth))

    async def until(self, met: Callable[[], Any], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds):
            while not met():
                self.feed.watch()
                await asyncio.sleep(0.02)

    async def run_for(self, seconds: float) -> None:
        await asyncio.to_thread(self.simulator.run_for, seconds)

    async def is_the_venues_book(self) -> None:
        """The market stands; what the listener holds becomes what REST shows."""
        shown = await asyncio.to_thread(levels_of, self.simulator, self.name)
        with contextlib.suppress(TimeoutError):
            await self.until(lambda: self.levels == shown, 10)
        assert self.levels == shown
        assert self.crossed == 0

    @property
    def levels(self) -> Levels:
        return self.book.bids.top(SHOWN), self.book.asks.top(SHOWN)


def levels_of(simulator: Simulator, name: InstrumentId) -> Levels:
    """As the venue's own REST tells them, best first."""
    market, symbol = split_instrument_id(name)
    if market == "bitmex":
        rows = simulator.get("www.bitmex.com", "/api/v1/orderBook/L2", symbol=symbol, depth=0)
        bids = [(float(r["price"]), float(r["size"])) for r in rows if r["side"] == "Buy"]
        asks = [(float(r["price"]), float(r["size"])) for r in rows if r["side"] == "Sell"]
        return sorted(bids, reverse=True)[:SHOWN], sorted(asks)[:SHOWN]
    if market == "binance_usdm":
        whole = simulator.get("fapi.binance.com", "/fapi/v1/depth", symbol=symbol, limit=100)
    elif market == "huobi_swap":
        path = "/swap-ex/market/depth"
        whole = simulator.get("api.hbdm.vn", path, contract_code=symbol, type="step0")["tick"]
    else:
        whole = simulator.get("api.huobi.pro", "/market/depth", symbol=symbol, type="step0")["tick"]
    bids, asks = ([(float(p), float(q)) for p, q in whole[side]][:SHOWN] for side in ("bids", "asks"))
    return bids, asks


@contextlib.asynccontextmanager
async def listening(
    simulator: Simulator, rests: dict[str, Any], name: str, *others: str, idle: float = 0.0, listing_every: float = 0.0
) -> AsyncIterator[Listened]:
    """`idle`: wall seconds of silence after which a peer has to answer a ping. `others` are followed as well."""
    made = Listened(simulator, rests, name, listing_every, *others)
    for connection in made.feed._connections:
        if idle:
            connection.line = msgspec.structs.replace(connection.line, idle=idle)
    task = asyncio.create_task(made.listen())
    try:
        await made.until(lambda: made.feed.is_up and made.book.is_known)
        yield made
    finally:
        await made.feed.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(60):
            await work()

    asyncio.run(within())


@pytest.mark.parametrize("name", VENUES)
@pytest.mark.parametrize("kind", ["disconnect", "half_open"])
def test_a_lost_connection_is_told_and_begins_anew(
    venue: Simulator, rests: dict[str, Any], name: str, kind: str
) -> None:
    """Reset without a word, or no word at all any more: the watchdog finds that one."""

    async def work() -> None:
        async with listening(venue, rests, name, idle=0.8) as at:
            await at.run_for(5)
            match = {"host": at.wire.host, "times": 1}
            with faults(venue, rule(kind, match, **({"reset": True} if kind == "disconnect" else {}))):
                await at.until(lambda: "down" in at.states)
                await at.until(lambda: at.feed.is_up and at.feed.epoch == 2)
            await at.run_for(5)
            assert at.states == ["up", "down", "up"]
            assert [status.epoch for status in at.of(FeedStatus)] == [1, 1, 2]
            await at.is_the_venues_book()

    run(work)


@pytest.mark.parametrize(
    ("name", "gone"),
    [(BITMEX_BTC, "bitmex:XBTZ20"), (HUOBI_SWAP, "huobi_swap:GONE-USD"), (HUOBI_SPOT, "huobi_spot:goneusdt")],
)
def test_an_instrument_that_the_venue_refuses_is_left_out(
    venue: Simulator, rests: dict[str, Any], name: str, gone: str
) -> None:
    """As one that was delivered: the market's others go on, also after the next reconnect."""

    async def work() -> None:
        async with listening(venue, rests, name, gone) as at:
            await at.until(lambda: at.feed.states[InstrumentId(gone)] == "down")
            with faults(venue, rule("disconnect", {"host": at.wire.host, "times": 1})):
                await at.until(lambda: at.feed.epoch == 2 and at.book.is_known)
            await at.run_for(5)
            assert at.states == ["up", "down", "up"]
            assert at.feed.states == {at.name: "up", gone: "down"}
            assert {event.instrument for event in at.told if not isinstance(event, FeedStatus)} == {at.name}
            await at.is_the_venues_book()

    run(work)


@pytest.mark.parametrize("name", [*VENUES, HUOBI_SPOT])
def test_maintenance_ends_by_itself(venue: Simulator, rests: dict[str, Any], name: str) -> None:
    async def work() -> None:
        async with listening(venue, rests, name) as at:
            with faults(venue, rule("maintenance", {"host": at.wire.host})):
                await at.until(lambda: at.states == ["up", "down"])
                await at.run_for(5)
                assert not at.feed.is_up
            await at.until(lambda: at.feed.is_up and at.book.is_known and at.snapshots == 2)
            await at.run_for(5)
            assert at.states == ["up", "down", "up"]
            await at.is_the_venues_book()

    run(work)


@pytest.mark.parametrize("name", VENUES)
def test_what_comes_late_and_at_once_is_whole_and_in_order(venue: Simulator, rests: dict[str, Any], name: str) -> None:
    async def work() -> None:
        async with listening(venue, rests, name) as at:
            start = venue.now
            with faults(venue, rule("hold", {"host": at.wire.host, "topic": "?*"}, seconds=1, burst=True)):
                await at.run_for(60)
            end = venue.now
            theirs = [t for t in await asyncio.to_thread(at.rest.trades, at.name, start + 1, end + 1) if t.ts <= end]
            await at.until(lambda: [t for t in at.of(Trade) if t.ts > start] == theirs)
            assert len(theirs) >= 3
            assert at.states == ["up"]
            assert at.snapshots == 1
            await at.is_the_venues_book()

    run(work)


@pytest.mark.parametrize(
    ("name", "kind", "text", "snapshots"),
    [
        (HUOBI_SWAP, "reorder", "", 2),
        (HUOBI_SWAP, "duplicate", "", 1),
        (HUOBI_SPOT, "reorder", "", 2),
        (HUOBI_SPOT, "duplicate", "", 1),
        (BITMEX_BTC, "duplicate", '"action":"insert"', 2),
    ],
)
def test_turned_and_doubled_book_messages(
    venue: Simulator, rests: dict[str, Any], name: str, kind: str, text: str, snapshots: int
) -> None:
    """Numbered venues drop what they have; BitMEX's insert of a level that stands shows that the book is wrong."""

    async def work() -> None:
        async with listening(venue, rests, name) as at:
            with faults(venue, rule(kind, {"topic": at.wire.book, "text": text, "skip": 1, "times": 1})):
                await at.run_for(30)
                await at.until(lambda: at.snapshots == snapshots)
            await at.run_for(2)
            await at.is_the_venues_book()
            assert at.states == ["up"]

    run(work)


def test_an_old_snapshot_is_asked_for_again(venue: Simulator, rests: dict[str, Any]) -> None:
    async def work() -> None:
        async with listening(venue, rests, HUOBI_SPOT) as at:
            drift = rule("drift", {"text": '"rep"', "times": 1}, change="set", field="seqNum", value=1)
            old = drift | {"on": "stream"}  # without it a rule about a text alone is about requests
            gap = rule("gap", {"topic": at.wire.book, "skip": 1, "times": 1}, messages=1)
            with faults(venue, old, gap):
                await at.run_for(40)
                await at.until(lambda: at.snapshots == 2)
            await at.run_for(2)
            await at.is_the_venues_book()

    run(work)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        (BITMEX_BTC, "bidPrice", 0),
        (BITMEX_BTC, "askPrice", 0.5),
        (HUOBI_SWAP, "bid", [0, 5]),
        (HUOBI_SWAP, "ask", [0.5, 5]),
        (HUOBI_SPOT, "bid", "NaN"),
    ],
)
def test_a_quote_that_cant_be_is_quarantined(
    venue: Simulator, rests: dict[str, Any], name: str, field: str, value: Any
) -> None:
    async def work() -> None:
        async with listening(venue, rests, name) as at:
            match = {"topic": at.wire.quotes, "skip": 3, "times": 1}
            with faults(venue, rule("drift", match, change="set", field=field, value=value)):
                await at.run_for(40)
                await at.until(lambda: at.states == ["up", "quarantined", "up"])
            assert at.feed.nonsense == 1
            assert all(0 < quote.bid < quote.ask for quote in at.of(Quote))
            await at.is_the_venues_book()

    run(work)


@pytest.mark.parametrize(
    ("name", "text", "drift"),
    [
        (BITMEX_BTC, '"action":"insert".*"side":"Buy"', {"change": "set", "field": "price", "value": 900_000.0}),
        (BITMEX_BTC, '"action":"insert"', {"change": "missing", "field": "size"}),
        (BITMEX_BTC, '"action":"update"', {"change": "missing", "field": "size"}),
        (BITMEX_BTC, '"action":"update"', {"change": "set", "field": "timestamp", "value": "2099-01-01T00:00:00.000Z"}),
        (HUOBI_SWAP, '"event":"update"', {"change": "set", "field": "bids", "value": [[900_000.0, 1]]}),
        (HUOBI_SWAP, '"event":"update"', {"change": "set", "field": "ts", "value": 4_070_908_800_000}),
        (VENUES[0], "depthUpdate", {"change": "set", "field": "T", "value": 1_768_491_000_000_000_000}),
    ],
)
def test_a_book_that_cant_be_is_quarantined_until_the_next_snapshot(
    venue: Simulator, rests: dict[str, Any], name: str, text: str, drift: dict[str, Any]
) -> None:
    async def work() -> None:
        async with listening(venue, rests, name) as at:
            match = {"topic": at.wire.book, "text": text, "skip": 1, "times": 1}
            with faults(venue, rule("drift", match, **drift)):
                await at.run_for(40)
                await at.until(lambda: at.states == ["up", "quarantined", "up"])
            await at.is_the_venues_book()

    run(work)


@pytest.mark.parametrize(("name", "unreadable"), [(BITMEX_BTC, 3), (HUOBI_SWAP, 2), (HUOBI_SPOT, 2)])
def test_drifted_trades_cost_no_more_than_themselves(
    venue: Simulator, rests: dict[str, Any], name: str, unreadable: int
) -> None:
    """One after the other: an unknown field is nothing, a missing one and NaN are put aside; a number as text is read
    where the venue is known to mix the two."""

    async def work() -> None:
        async with listening(venue, rests, name) as at:
            match = {"topic": at.wire.trades, "times": 1, "text": '"insert"|"tick"'}
            drifts = (
                {"change": "extra", "field": "zz", "value": {"new": [1]}},
                {"change": "missing", "field": "price"},
                {"change": "nan", "field": "price"},
                {"change": "text", "field": "price"},
            )
            with faults(venue, *(rule("drift", match, **drift) for drift in drifts)):
                await at.run_for(90)
                await at.until(lambda: at.feed.unreadable == unreadable)
            assert (at.feed.nonsense, len(at.feed.unread)) == (0, unreadable)
            assert all(trade.price > 0 for trade in at.of(Trade))
            assert at.states == ["up"]
            await at.is_the_venues_book()

    run(work)


@pytest.mark.parametrize(
    ("name", "halt"),
    [
        (HUOBI_SPOT, "halted"),
        (HUOBI_SWAP, "halted"),
        (HUOBI_LINEAR, "halted"),
        (BINANCE_USDM, "settling"),  # Binance's futures have no word for a halt
        (BINANCE_COINM, "settling"),
    ],
)
def test_a_halt_and_its_end_are_told(venue: Simulator, rests: dict[str, Any], name: str, halt: str) -> None:
    async def work() -> None:
        async with listening(venue, rests, name, listing_every=0.2) as at:
            await asyncio.sleep(0.6)
            for status, told in (("halted", halt), ("trading", "trading")):
                await asyncio.to_thread(venue.change, at.name, status=status)
                await at.until(lambda wanted=told: [e.state for e in at.of(TradingStatus)][-1:] == [wanted])

    run(work)


@pytest.mark.parametrize("name", GONE)
def test_a_delisting_is_told(venue: Simulator, rests: dict[str, Any], name: str) -> None:
    instrument = InstrumentId(name)
    watch = ListingWatch(rests[split_instrument_id(instrument)[0]], [instrument])
    assert watch.refresh(1) == []
    venue.change(name, status="delisted")
    assert watch.refresh(2) == [TradingStatus(instrument, 2, "delisted")]


@pytest.mark.parametrize(
    ("name", "topic", "text", "drift"),
    [
        (BINANCE_USDM, "*@markPrice*", "", {"change": "missing", "field": "p"}),
        (BINANCE_USDM, "*@markPrice*", "", {"change": "nan", "field": "p"}),
        (BINANCE_USDM, "*@kline_1m", '"x":true', {"change": "set", "field": "c", "value": "-1"}),
        (BINANCE_USDM, "*@depth*", "", {"change": "missing", "field": "a"}),
        (BITMEX_BTC, "instrument:*", "markPrice", {"change": "text", "field": "markPrice"}),
        (BITMEX_BTC, "tradeBin1m:*", '"insert"', {"change": "missing", "field": "timestamp"}),
        (BITMEX_BTC, "orderBookL2:*", '"insert"', {"change": "text", "field": "id"}),
        (BITMEX_BTC, "orderBookL2:*", '"delete"', {"change": "missing", "field": "id"}),
        (HUOBI_SWAP, "*.kline.1min", "", {"change": "missing", "field": "close"}),
        (HUOBI_SWAP, "*.depth.*", '"update"', {"change": "missing", "field": "version"}),
        (HUOBI_SPOT, "*.mbp.*", "", {"change": "missing", "field": "seqNum"}),
    ],
)
def test_drifted_marks_candles_and_books_cost_no_more_than_themselves(
    venue: Simulator, rests: dict[str, Any], name: str, topic: str, text: str, drift: dict[str, Any]
) -> None:
    """Put aside or refused, once; a book that lost a row by it is whole again."""

    async def work() -> None:
        async with listening(venue, rests, name) as at:
            match = {"topic": topic, "text": text, "skip": 1, "times": 1}
            with faults(venue, rule("drift", match, **drift)):
                await at.run_for(150)
                await at.until(lambda: at.feed.unreadable + at.feed.nonsense == 1)
            await at.until(lambda: at.snapshots == 2 or at.wire.book != topic)
            assert at.states == ["up"]
            assert all(is_sane(event) for event in at.told)
            await at.is_the_venues_book()

    run(work)


@pytest.mark.parametrize("name", VENUES)
def test_a_market_that_is_wholly_silent_is_stale_by_what_others_tell(
    venue: Simulator, rests: dict[str, Any], name: str
) -> None:
    other = VENUES[VENUES.index(name) - 1]

    async def work() -> None:
        async with listening(venue, rests, name) as at, listening(venue, rests, other) as others:
            await at.run_for(5)
            with faults(venue, rule("mute", {"host": at.wire.host, "topic": "?*"})):
                await at.run_for(180)
                await others.until(lambda: others.feed.market_time >= venue.now - 20 * SECOND)
                for feed in (at.feed, others.feed):
                    feed.watch(others.feed.market_time)
                assert at.feed.states[at.name] == "stale"
                assert others.feed.is_up
            await at.run_for(5)
            await at.until(lambda: at.states == ["up", "stale", "up"])
            assert at.feed.epoch == 1

    run(work)


def test_one_quiet_topic_makes_its_instrument_stale(venue: Simulator, rests: dict[str, Any]) -> None:
    async def work() -> None:
        async with listening(venue, rests, HUOBI_SWAP) as at:
            await at.run_for(10)
            with faults(venue, rule("mute", {"topic": at.wire.quotes})):
                await at.run_for(140)
                await at.until(lambda: at.feed.states[at.name] == "stale")
            await at.run_for(10)
            await at.until(lambda: at.states == ["up", "stale", "up"])
            assert at.feed.epoch == 1

    run(work)


def test_a_slow_listener_gets_every_trade_and_the_newest_state(
    venue: Simulator, rests: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_core, "MOST_WAITING", 100)

    async def work() -> None:
        async with listening(venue, rests, VENUES[0]) as at:
            await at.run_for(2)
            start = venue.now
            at.may_read.clear()
            await at.run_for(60)
            end = venue.now
            await at.until(lambda: at.feed.market_time >= end - SECOND)
            waiting = len(at.feed._batch)
            at.may_read.set()
            theirs = [t for t in await asyncio.to_thread(at.rest.trades, at.name, start + 1, end + 1) if t.ts <= end]
            await at.until(lambda: [t for t in at.of(Trade) if t.ts > start] == theirs)
            assert at.feed.conflations > 0
            assert waiting < len(theirs) + 200
            await at.is_the_venues_book()

    run(work)
