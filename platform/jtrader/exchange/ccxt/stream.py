"""What happens to an account, by ccxt.pro's watchers, each instrument's on its own.

What they may have lost is read over REST after each break.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, Protocol

from jtrader.domain.ids import InstrumentId
from jtrader.domain.order import Fill, VenueOrder
from jtrader.domain.times import from_millis
from jtrader.exchange.ccxt.hearing import subscribing
from jtrader.exchange.ccxt.orders import Reader
from jtrader.exchange.ccxt.session import GenericSession
from jtrader.exchange.common.reports import OrderReader, Report
from jtrader.exchange.common.unfinished import UnfinishedOrders
from jtrader.ports.broker import AccessDenied

log = logging.getLogger(__name__)

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0


class Account(OrderReader, Protocol):
    """What the stream asks of the broker."""

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Fill]: ...

    async def market_minute(self) -> int: ...


class PrivateStream:
    """Yields reports; `live` is set while every instrument is subscribed and what it missed has been read."""

    def __init__(
        self, account: Account, session: GenericSession, instruments: Sequence[InstrumentId], rows: Reader
    ) -> None:
        self._account = account
        self._session = session
        self._instruments = tuple(instruments)
        self._rows = rows
        self._queue: asyncio.Queue[Report | BaseException] = asyncio.Queue()
        self.unfinished = UnfinishedOrders(account)
        self._told: set[tuple[InstrumentId, str, str]] = set()
        self._since = 0
        self._last_fill: dict[InstrumentId, int] = {}
        self._subscribed: set[InstrumentId] = set()
        self.live = asyncio.Event()

    async def reports(self) -> AsyncIterator[Report]:
        """Raises AccessDenied where the key is refused; all else is tried again."""
        tasks = [asyncio.create_task(self._watch(name)) for name in self._instruments]
        try:
            while True:
                item = await self._queue.get()
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, VenueOrder) and item.status.is_terminal and item.client_order_id:
                    self.unfinished.forget(item.client_order_id)
                yield item
        finally:
            self._subscribed.clear()
            self.live.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, name: InstrumentId) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                self._since = self._since or await self._account.market_minute()
                await self._session.ask("fetch_balance")  # a refused key says so here, whatever the watchers make of it
                async with asyncio.TaskGroup() as tasks:
                    await self._subscribe(name, await self._session.symbol(name), tasks)
                    await self._tell_missed(name)
                    self._subscribed.add(name)
                    if self._subscribed.issuperset(self._instruments):
                        self.live.set()
                    wait = _FIRST_WAIT
            except AccessDenied as error:
                self._queue.put_nowait(error)
                return
            except Exception as error:  # ccxt lets anything out of its watchers; the stream goes on
                log.warning("%s: the private stream broke (%r); trying again", name, error)
            self._subscribed.discard(name)
            self.live.clear()
            await asyncio.sleep(random.uniform(wait / 2, wait))
            wait = min(2 * wait, _LONGEST_WAIT)

    async def _subscribe(self, name: InstrumentId, symbol: str, tasks: asyncio.TaskGroup) -> None:
        """Returns once the subscriptions have been sent."""
        hear: list[Callable[[InstrumentId, str], Coroutine[Any, Any, None]]] = [self._hear_orders]
        if self._session.offers("watchMyTrades"):
            hear.append(self._hear_fills)
        sent = [asyncio.Event() for _ in hear]
        for listen, event in zip(hear, sent, strict=True):
            with subscribing(event):
                tasks.create_task(listen(name, symbol))
        for event in sent:
            await event.wait()

    async def _hear_orders(self, name: InstrumentId, symbol: str) -> None:
        while True:
            for row in await self._session.ask("watch_orders", symbol):
                self._queue.put_nowait(self._rows.order(name, row))

    async def _hear_fills(self, name: InstrumentId, symbol: str) -> None:
        """A streamed trade is a hint: what is booked is read over REST, where ccxt's signs and fees are the same as in
        every later reading."""
        while True:
            hints = await self._session.ask("watch_my_trades", symbol)
            self._tell(await self._account.fills(name, min(from_millis(int(row["timestamp"])) for row in hints), 2**62))

    async def _tell_missed(self, name: InstrumentId) -> None:
        """Fills since the last one, before the states of orders that may live: these are read first, so that every fill
        behind a final state is among them."""
        states = await self.unfinished.states(name)
        self._tell(await self._account.fills(name, self._last_fill.get(name, self._since), 2**62))
        for state in states:
            self._queue.put_nowait(state)

    def _tell(self, fills: Sequence[Fill]) -> None:
        """Each once; a trade with oneself is two."""
        for fill in fills:
            key = (fill.instrument, fill.trade_id, fill.venue_order_id)
            if key not in self._told:
                self._told.add(key)
                self._last_fill[fill.instrument] = max(self._last_fill.get(fill.instrument, 0), fill.ts)
                self._queue.put_nowait(fill)
