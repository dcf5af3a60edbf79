"""The market data process: every market's live feed → the bus."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence

from jtrader.app.services.heartbeat import Heartbeat
from jtrader.app.services.running import run_service
from jtrader.app.settings import Settings
from jtrader.app.wiring.trading import LazyCandles, feeds_for
from jtrader.bus.market import MarketPublisher
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth
from jtrader.domain.times import iso
from jtrader.exchange.common.feed_core import FeedCore

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0


class FeedService:
    """Publishes what the feeds bring; without any it is well and idle. A feed that fails for good ends the process."""

    def __init__(self, feeds: Sequence[FeedCore], publisher: MarketPublisher, heartbeat: Heartbeat) -> None:
        self._feeds = feeds
        self._publisher = publisher
        self._heartbeat = heartbeat

    @property
    def counts(self) -> Counter[str]:
        """Events published since the start, by kind."""
        return self._publisher.counts

    @property
    def ticks(self) -> int:
        """All events published since the start."""
        return self.counts.total()

    async def run(self) -> None:
        if not self._feeds:
            log.warning(
                "there is nothing to follow: name instruments in crawl_instruments or [[strategies]], and start again"
            )
        async with asyncio.TaskGroup() as tasks:
            for feed in self._feeds:
                tasks.create_task(self._pump(feed))
            tasks.create_task(self._beat())

    async def _pump(self, feed: FeedCore) -> None:
        async for events in feed.events():
            self._publisher.publish(events)

    async def _beat(self) -> None:
        while True:
            newest = max((feed.market_time for feed in self._feeds), default=0)
            for feed in self._feeds:
                feed.watch(newest)
            self._publisher.beat()
            self._heartbeat.beat(
                all(feed.is_up for feed in self._feeds),
                ticks=self.ticks,
                **self.counts,
                market_time=iso(newest) if newest else "",
                states={name: state for feed in self._feeds for name, state in feed.states.items()},
                connections=sum(feed.epoch for feed in self._feeds),
                missed_trades=sum(feed.missed_trades for feed in self._feeds),
                repaired_candles=sum(feed.repaired for feed in self._feeds),
            )
            await asyncio.sleep(BEAT_SECONDS)


def book_of(feeds: Sequence[FeedCore], instrument: InstrumentId) -> Depth | None:
    """The book that one of the feeds keeps, whole."""
    return next((feed.whole_book(instrument) for feed in feeds if instrument in feed.states), None)


async def serve(settings: Settings) -> None:
    candles = LazyCandles(settings)
    feeds = feeds_for(settings, candles)
    books = (lambda name: book_of(feeds, name)) if settings.feed_books else None
    publisher = MarketPublisher(settings.need("market_data_uri"), int(time.time()), books)
    try:
        await FeedService(feeds, publisher, Heartbeat(settings.root, "feed")).run()
    finally:
        for feed in feeds:
            await feed.close()
        publisher.close()
        candles.close()


if __name__ == "__main__":
    run_service("feed", serve)
