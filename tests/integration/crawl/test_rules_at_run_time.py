"""While the desk runs, a venue's new rules become stored versions: at the start, when told, and now and then."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from fixtures.simulator import BINANCE, HUOBI, Simulator, StartSimulator
from jtrader.app.services.listing_keeper import ListingKeeper
from jtrader.bus.market import MarketSubscriber
from jtrader.bus.publishing import MarketPublisher
from jtrader.domain.errors import Unavailable
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.market import TradingStatus
from jtrader.exchange.binance.rest import BinanceRest
from jtrader.exchange.huobi.rest import HuobiRest
from jtrader.store.memory.instruments import MemoryInstrumentStore

BTC, ETH = InstrumentId(BINANCE[2]), InstrumentId(BINANCE[3])
SPOT = InstrumentId(HUOBI[0])
MARKETS = [split_instrument_id(name)[0] for name in (BTC, SPOT)]


@pytest.fixture(scope="module")
def venue(start_simulator: StartSimulator) -> Simulator:
    return start_simulator(instruments=[BTC, ETH, SPOT], live_minutes=600)


class Desk:
    """A keeper, its store, and the REST of both markets; one that is `away` does not answer."""

    def __init__(self, venue: Simulator, every: float) -> None:
        self.rests: dict[str, BinanceRest | HuobiRest] = {
            "binance_usdm": BinanceRest("binance_usdm", venue.uri),
            "huobi_spot": HuobiRest("huobi_spot", venue.uri),
        }
        self.away: set[str] = set()
        self.store = MemoryInstrumentStore()
        self.keeper = ListingKeeper(self._open, lambda: self.store, MARKETS, every=every, settle=0.05)
        self._feed = MarketPublisher("tcp://127.0.0.1:*")
        self.heard = MarketSubscriber(self._feed.uri, kinds=("trading",))

    async def told(self, change: TradingStatus) -> None:
        """By the bus, again and again, since a subscription takes its time."""
        for _ in range(5):
            self._feed.publish([change])
            await asyncio.sleep(0.1)

    def close(self) -> None:
        self.heard.close()
        self._feed.close()
        for rest in self.rests.values():
            rest.close()

    def _open(self, market: Market) -> BinanceRest | HuobiRest:
        if market in self.away:
            raise Unavailable(f"{market} is away")
        return self.rests[market]

    def versions(self, name: InstrumentId) -> int:
        return len(self.store.history(name))


def kept(venue: Simulator, story: Callable[[Desk], Awaitable[None]], every: float = 600.0, away: str = "") -> None:
    async def work() -> None:
        desk = Desk(venue, every)
        desk.away = {away}
        running = [asyncio.create_task(one) for one in (desk.keeper.run(), desk.keeper.follow(desk.heard))]
        try:
            await story(desk)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await asyncio.to_thread(desk.close)

    asyncio.run(work())


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not met():
            await asyncio.sleep(0.02)


def test_what_the_feed_tells_of_is_read_at_once(venue: Simulator) -> None:
    async def story(desk: Desk) -> None:
        await until(lambda: len(desk.store.load()) == 3)
        await asyncio.to_thread(venue.run_for, 1)
        await asyncio.to_thread(venue.change, BTC, quantity_step="0.002")
        desk.keeper.changed(InstrumentId("bitmex:XBTUSD"))  # not of this desk: nothing happens
        await asyncio.sleep(0.3)
        assert desk.versions(BTC) == 1, "nobody said so, and the next turn is far off"
        await desk.told(TradingStatus(BTC, venue.now, "rules"))
        await until(lambda: desk.versions(BTC) == 2)
        old, new = desk.store.history(BTC)
        assert (old.quantity_step, new.quantity_step) == (Decimal("0.001"), Decimal("0.002"))
        assert new.valid_from > old.valid_from
        assert (desk.versions(ETH), desk.versions(SPOT)) == (1, 1)

    kept(venue, story)


def test_a_market_that_is_away_keeps_no_other_waiting_and_is_asked_again(venue: Simulator) -> None:
    async def story(desk: Desk) -> None:
        await until(lambda: desk.versions(SPOT) == 1 and desk.keeper.failures > 1)
        assert desk.versions(BTC) == 0
        desk.away.clear()
        await until(lambda: desk.versions(BTC) == 1)
        await asyncio.to_thread(venue.run_for, 1)
        await asyncio.to_thread(venue.change, SPOT, status="halted")
        await until(lambda: desk.versions(SPOT) == 2)
        assert desk.keeper.versions == 4

    kept(venue, story, every=0.1, away="binance_usdm")
