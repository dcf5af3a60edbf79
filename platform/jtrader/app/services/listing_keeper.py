"""Keeps the stored rules of the instruments in step with the venues while the desk runs."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from jtrader.app.jobs.listings import ListingSource, refresh
from jtrader.bus.market import MarketSubscriber
from jtrader.domain.errors import JtraderError
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.ports.alerts import Alerts
from jtrader.ports.stores import InstrumentStore

log = logging.getLogger(__name__)

EVERY_SECONDS = 300.0
SETTLE_SECONDS = 2.0
"""After a change was told: one change is often followed by others of the same market."""


class ListingKeeper:
    """`run` reads the rules of each market at its start, every `every` wall seconds, and soon after `changed` has named
    one of its instruments; what differs is stored as new versions, with alerts."""

    def __init__(
        self,
        open_source: Callable[[Market], ListingSource],
        open_store: Callable[[], InstrumentStore],
        markets: Iterable[Market],
        alerts: Alerts | None = None,
        every: float = EVERY_SECONDS,
        settle: float = SETTLE_SECONDS,
    ) -> None:
        """Both are called in a thread, for one market at a time, and may raise JtraderError."""
        self._open_source = open_source
        self._open_store = open_store
        self._markets = tuple(dict.fromkeys(markets))
        self._alerts = alerts
        self._every = every
        self._settle = settle
        self._due: set[Market] = set(self._markets)
        self._told = asyncio.Event()
        self.versions = 0
        """Stored since the start."""
        self.failures = 0

    def changed(self, instrument: InstrumentId) -> None:
        """The feed told of another status or other rules."""
        market = split_instrument_id(instrument)[0]
        if market in self._markets:
            self._due.add(market)
            self._told.set()

    async def follow(self, subscriber: MarketSubscriber) -> None:
        """Hears of changes, of each from the bus's `trading` events."""
        async for batches in subscriber.rounds():
            for batch in batches:
                self.changed(batch.instrument)

    async def run(self) -> None:
        """Until cancelled. A market or store that is away is asked again at its next turn."""
        while True:
            due, self._due = sorted(self._due), set()
            self._told.clear()
            for market in due:
                await asyncio.to_thread(self._refresh, market)
            try:
                async with asyncio.timeout(self._every):
                    await self._told.wait()
                await asyncio.sleep(self._settle)
            except TimeoutError:
                self._due = set(self._markets)

    def _refresh(self, market: Market) -> None:
        try:
            self.versions += len(refresh({market: self._open_source(market)}, self._open_store(), self._alerts))
        except JtraderError as error:
            self.failures += 1
            log.warning("%s: the rules of its instruments are read again later: %s", market, error)
