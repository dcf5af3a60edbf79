"""All paper accounts of the oms behind one subscription of the bus."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from jtrader.app.services.oms.paper import PaperAccount
from jtrader.app.services.oms.trade_line import LOOK_SECONDS
from jtrader.bus.market import Batch, MarketSubscriber
from jtrader.domain.ids import AccountId

KINDS = ("trade", "depth", "quote", "mark", "funding", "trading", "status")


class Closable(Protocol):
    def close(self) -> None: ...


class PaperDesk:
    """All paper accounts of the oms."""

    def __init__(
        self,
        accounts: Sequence[PaperAccount],
        market_data: str,
        market_time: int,
        recorded: Closable | None = None,
    ) -> None:
        """`recorded` is closed once no account reads any more."""
        self._recorded = recorded
        self._accounts = accounts
        self._market_data = market_data
        self._market_time = market_time

    def troubles(self) -> dict[AccountId, list[str]]:
        """Of the accounts whose feed can't be trusted now."""
        return {one.broker.account: one.troubles for one in self._accounts if one.troubles}

    def lost_trades(self) -> int:
        """Holes among the trades, met by orders that rested, that the recorder could not fill."""
        return sum(one.lost_trades for one in self._accounts)

    async def run(self) -> None:
        """Until cancelled. Raises Unavailable where an account can't be written down."""
        names = {name for account in self._accounts for name in account.instruments}
        followers = {name: [one for one in self._accounts if name in one.instruments] for name in names}
        subscriber = MarketSubscriber(self._market_data, sorted(names), KINDS, conflate=True)
        try:
            for account in self._accounts:
                await account.look_back()
                await account.catch_up(self._market_time)
            async for batches in _at_least_every(LOOK_SECONDS, subscriber.rounds()):
                for batch in batches:
                    for account in followers[batch.instrument]:
                        await account.take(batch)
                for account in self._accounts:
                    await account.look_back()
                    account.settle()
        finally:
            subscriber.close()

    async def close(self) -> None:
        for account in self._accounts:
            await account.close()
        if self._recorded is not None:
            self._recorded.close()


async def _at_least_every(seconds: float, rounds: AsyncIterator[list[Batch]]) -> AsyncIterator[list[Batch]]:
    """The rounds, and an empty one where none comes for so long."""
    coming = asyncio.ensure_future(anext(rounds))
    try:
        while True:
            await asyncio.wait([coming], timeout=seconds)
            if not coming.done():
                yield []
                continue
            yield coming.result()
            coming = asyncio.ensure_future(anext(rounds))
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
