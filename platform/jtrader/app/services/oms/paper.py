"""Paper accounts in the oms: the bus's events move their venues; what happens there is on disk before it is told."""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Protocol

from jtrader.bus.market import Batch, MarketSubscriber
from jtrader.domain.errors import JtraderError
from jtrader.domain.ids import AccountId, InstrumentId
from jtrader.domain.market import Funding
from jtrader.domain.times import MINUTE, iso
from jtrader.store.paper.file import PaperFile
from jtrader.venue.account import Account
from jtrader.venue.paper import PaperMarket
from jtrader.venue.paper_broker import PaperBroker
from jtrader.venue.units import ATOM, atoms

KINDS = ("trade", "depth", "quote", "mark", "funding", "trading", "status")
RATE_TRIES, RATE_SECONDS = 4, 1.0
"""How often, and how far apart, the venue is asked for a rate that it doesn't tell yet."""

log = logging.getLogger(__name__)


class VenueHistory(Protocol):
    """What the venue's REST tells of the past."""

    async def funding(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Funding]:
        """Settled rates, start ≤ ts < end, ascending."""
        ...

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        """Raises BadInput where the venue doesn't tell it any more."""
        ...

    async def close(self) -> None: ...


class PaperAccount:
    """One account, which has its market to itself: what it takes is there for every other account too, and no two of
    ours ever trade with each other, as neither would leave a trace in the market that the feed tells of."""

    def __init__(
        self,
        market: PaperMarket,
        wallet: Account,
        file: PaperFile,
        history: VenueHistory,
        rate_seconds: float = RATE_SECONDS,
    ) -> None:
        """`file` holds the account already."""
        self.market = market
        self._wallet = wallet
        self._file = file
        self._history = history
        self._rate_seconds = rate_seconds
        self._standstill = asyncio.Lock()
        self.broker = PaperBroker(
            AccountId(wallet.name), market, wallet, self.settle, self._standstill, time.monotonic_ns
        )

    @property
    def instruments(self) -> list[InstrumentId]:
        return [listing.instrument.id for listing in self.market.venue.listings.values()]

    @property
    def troubles(self) -> list[str]:
        """Why instruments can't be traded now."""
        wall, trust = time.monotonic_ns(), self.market.trust
        return [why for symbol in self.market.venue.listings if (why := trust.why_not(symbol, wall))]

    async def take(self, batch: Batch) -> None:
        """Applies what the feed told; nothing of it is told on before `settle`."""
        self.market.trust.word(time.monotonic_ns())
        if batch.missed and batch.kind == "depth":
            self.market.lost(batch.instrument)
        for event in batch.events:
            if self.market.funding_due(event.ts):
                await self.catch_up(event.ts)
            self.market.apply(event)

    def settle(self) -> None:
        """What has happened is written down, then told."""
        happened = self.market.drain()
        if happened or self.market.minutes:
            self._file.save(self.market, self._wallet, happened, durable=bool(happened))
        self.broker.tell(happened)

    async def catch_up(self, now: int) -> None:
        """Settles each funding instant up to `now` that was not settled yet, at the rates that the venue settled at.
        Nothing can be ordered meanwhile, so that the positions are those of the instant."""
        async with self._standstill:
            for symbol, instant in self.market.funding_due(now):
                await self._settle_funding(symbol, instant, now)
        self.settle()

    async def close(self) -> None:
        await self._history.close()
        self._file.close()

    async def _settle_funding(self, symbol: str, first: int, now: int) -> None:
        """Where the venue tells no rate in time, the one that it predicted last is taken for the first instant."""
        known = self.market.known
        name = self.market.venue.listings[symbol].instrument.id
        rows: Sequence[Funding] = ()
        if self._wallet.net_lots(symbol):
            rows = await self._rates(name, first, now)
        for row in rows:
            instant = row.ts - row.ts % MINUTE
            mark = await self._mark(name, instant) if now - instant > MINUTE else None
            self.market.settle_funding(symbol, instant, round(row.rate * ATOM), mark)
        self.market.settle_funding(symbol, first, known.predicted.get(symbol, 0))

    async def _rates(self, name: InstrumentId, first: int, now: int) -> Sequence[Funding]:
        for turn in range(RATE_TRIES):
            if turn:
                await asyncio.sleep(self._rate_seconds)
            try:
                if rows := await self._history.funding(name, first, max(now, first + MINUTE)):
                    return rows
            except JtraderError as error:
                log.warning("the funding rate of %s at %s: %s", name, iso(first), error)
        log.warning("%s: no settled funding rate of %s is told; the predicted one is taken", name, iso(first))
        return ()

    async def _mark(self, name: InstrumentId, instant: int) -> int | None:
        """None = the newest that is known."""
        try:
            return atoms(await self._history.mark_at(name, instant))
        except JtraderError as error:
            log.warning("%s", error)
            return None


class PaperDesk:
    """All paper accounts of the oms."""

    def __init__(self, accounts: Sequence[PaperAccount], market_data: str, market_time: int) -> None:
        self._accounts = accounts
        self._market_data = market_data
        self._market_time = market_time

    def troubles(self) -> dict[AccountId, list[str]]:
        """Of the accounts whose feed can't be trusted now."""
        return {one.broker.account: one.troubles for one in self._accounts if one.troubles}

    async def run(self) -> None:
        """Until cancelled. Raises Unavailable where an account can't be written down."""
        names = {name for account in self._accounts for name in account.instruments}
        followers = {name: [one for one in self._accounts if name in one.instruments] for name in names}
        subscriber = MarketSubscriber(self._market_data, sorted(names), KINDS, conflate=True)
        try:
            for account in self._accounts:
                await account.catch_up(self._market_time)
            async for batches in subscriber.rounds():
                for batch in batches:
                    for account in followers[batch.instrument]:
                        await account.take(batch)
                for account in self._accounts:
                    account.settle()
        finally:
            subscriber.close()

    async def close(self) -> None:
        for account in self._accounts:
            await account.close()
