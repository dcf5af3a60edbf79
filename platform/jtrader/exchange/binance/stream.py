"""The private stream of one account: what happens to it as reports, across reconnects, without a lasting hole.

After each (re)connect the stream is live first, and then what may have been missed is read over REST: fills from the
last known trade on, the state of every order that was not final, ledger rows. Receivers apply a fill or row once by its
id, so telling something twice does no harm.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from jtrader.domain.errors import Broken
from jtrader.domain.order import Fill, VenueOrder
from jtrader.exchange.binance.algo import AlgoOrders
from jtrader.exchange.binance.rows import RowReader
from jtrader.exchange.binance.session import BinanceSession
from jtrader.exchange.common.asking import until_told
from jtrader.exchange.common.beside import beside
from jtrader.exchange.common.ledger_watch import LEDGER_SECONDS, LedgerWatch
from jtrader.exchange.common.missed import MissedReports
from jtrader.exchange.common.reports import Reader, Report
from jtrader.exchange.common.unfinished import UnfinishedOrders
from jtrader.ports.broker import AccessDenied, BrokerError

log = logging.getLogger(__name__)

KEEPALIVE_SECONDS = 25.0
"""Wall seconds between prolongations of the listen key: one that expired without a word is noticed as fast."""
MOST_UNREADABLE = 10
"""Messages in a row that can't be read before the stream is given up."""


class _Ended:
    """Stands in the queue where the connection ended."""


_Item = Mapping[str, Any] | Report | BaseException
"""The last where following the ledger, or keeping the listen key alive, failed for good."""


class UserStream:
    """Yields reports; `live` is set while connected, `epoch` counts connections. `is_whole`: no fill is missing before
    the one that is told now; not so while what an outage hid has not been read."""

    def __init__(
        self,
        session: BinanceSession,
        rows: RowReader,
        reader: Reader,
        algo: AlgoOrders | None = None,
        keepalive: float = KEEPALIVE_SECONDS,
        ledger_every: float = LEDGER_SECONDS,
    ) -> None:
        self._session = session
        self._rows = rows
        self._algo = algo
        self._keepalive = keepalive
        self._unreadable = 0
        self._queue: asyncio.Queue[_Item | _Ended] = asyncio.Queue()
        self._ended: asyncio.Future[Any] | None = None
        self.unfinished = UnfinishedOrders(reader)
        self._missed = MissedReports(reader, self.unfinished, self._on_end)
        self._ledger = LedgerWatch(reader, self._queue.put_nowait, ledger_every)
        self.live = asyncio.Event()
        self.epoch = 0
        self.is_whole = False

    async def reports(self) -> AsyncIterator[Report]:
        """Raises AccessDenied where the key is refused, Broken where the venue's rows can't be read; all else is tried
        again."""
        async with beside(self._ledger.follow(), self._keep_alive(), on_failure=self._queue.put_nowait):
            try:
                while True:
                    await self._connect()
                    for report in await self._make_good():
                        yield report
                    while not isinstance(item := await self._queue.get(), _Ended):
                        for report in await self._readable(item):
                            yield report
                    self.live.clear()
                    log.warning("user stream ended, connecting again")
            finally:
                self.live.clear()

    async def _connect(self) -> None:
        ended = await until_told(self._open, "the user stream")
        if ended is not self._ended:  # else the connection still stands, and its end is listened for already
            self._ended = ended
            ended.add_done_callback(self._on_connection_end)
        self.epoch += 1
        self.live.set()

    async def _open(self) -> "asyncio.Future[Any]":
        try:
            return await self._session.open_stream(self._queue.put_nowait)
        except AccessDenied:
            raise
        except BrokerError:
            self._session.forget_stream()
            raise

    def _on_connection_end(self, ended: "asyncio.Future[Any]") -> None:
        if not ended.cancelled():
            ended.exception()
        self._on_end()

    def _on_end(self) -> None:
        self._queue.put_nowait(_Ended())

    async def _readable(self, item: _Item) -> list[Report]:
        """A message that can't be read is put aside, and what it may have told is read over REST instead, where the
        same fault is Broken."""
        try:
            reports = await self._read(item)
        except Broken as error:
            self._unreadable += 1
            self.is_whole = False
            if not isinstance(item, Mapping) or self._unreadable > MOST_UNREADABLE:
                raise
            log.error("user stream: %s; reading over REST what it may have told", error)
            self._on_end()
            return []
        self._unreadable = 0
        return reports

    async def _read(self, item: _Item) -> list[Report]:
        if isinstance(item, BaseException):
            raise item
        if not isinstance(item, Mapping):
            return [item]
        kind = item.get("e")
        if kind in ("ORDER_TRADE_UPDATE", "executionReport"):
            reports = await self._named(list(self._rows.streamed(item)))
            self.unfinished.note(reports)
            return reports
        if kind == "ALGO_UPDATE" and self._algo is not None:
            told = self._algo.streamed(item)
            reports = [] if told is None else [told]
            self.unfinished.note(reports)
            return reports
        if kind in ("listenKeyExpired", "eventStreamTerminated"):
            self._start_over()
        elif kind == "balanceUpdate" or (kind == "ACCOUNT_UPDATE" and item.get("a", {}).get("m") != "ORDER"):
            self._ledger.hint()
        return []

    async def _named(self, told: list[VenueOrder | Fill]) -> list[Report]:
        """An order's state and fill under the client id that it was sent with: a triggered one carries the venue's."""
        order = told[-1]
        if self._algo is None or not isinstance(order, VenueOrder):
            return list(told)
        ours = self._algo.of_order(order)
        if ours is order and order.client_order_id not in self.unfinished:
            try:
                await self._algo.claim(order)
            except BrokerError as error:
                log.warning("whether order %s was a conditional one can't be read (%s)", order.venue_order_id, error)
            ours = self._algo.of_order(order)
        fills = [replace(one, client_order_id=ours.client_order_id) for one in told[:-1] if isinstance(one, Fill)]
        return [*fills, ours]

    def _start_over(self) -> None:
        """With a new listen key."""
        self._session.forget_stream()
        self._on_end()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._keepalive)
            if not self.live.is_set():
                continue
            try:
                if not await self._session.keep_stream():
                    log.warning("the listen key has expired; opening the stream anew")
                    self._start_over()
            except AccessDenied:
                raise
            except BrokerError as error:
                log.warning("the listen key can't be prolonged (%s)", error)

    async def _make_good(self) -> Sequence[Report]:
        """What may have happened while the stream was down; ledger rows come after it."""
        self.is_whole = False
        if (found := await self._missed.read()) is None:
            return []
        self.unfinished.note(found)
        self._ledger.hint()
        self.is_whole = True
        return found
