"""The private stream of one account: what happens to it as reports, across reconnects, without a lasting hole.

After each (re)connect the stream is live first, and then what may have been missed is read over REST: fills from the
last known trade on, the state of every order that was not final, ledger rows. Receivers apply a fill or row once by its
id, so telling something twice does no harm.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from msgspec.structs import replace

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.errors import Broken
from jtrader.domain.ids import ClientOrderId, InstrumentId
from jtrader.domain.order import Fill, VenueOrder
from jtrader.exchange.binance.algo import AlgoOrders
from jtrader.exchange.binance.rows import RowReader
from jtrader.exchange.binance.session import BinanceSession
from jtrader.ports.broker import AccessDenied, BrokerError, OrderNotFound, RetryLater

log = logging.getLogger(__name__)

Report = VenueOrder | Fill | VenueEntry

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0
KEEPALIVE_SECONDS = 25.0
"""Wall seconds between prolongations of the listen key: one that expired without a word is noticed as fast."""
MOST_UNREADABLE = 10
"""Messages in a row that can't be read before the stream is given up."""
_LEDGER_WAITS = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Wall seconds between looks for a ledger row that the stream has hinted at: the venue books it a little later."""
LEDGER_SECONDS = 60.0
"""Without a hint the ledger is looked at this often: what takes its time (a withdrawal) is told by nothing else."""
_OF_TRADES = (EntryKind.TRADE, EntryKind.FEE)


class _Ended:
    """Stands in the queue where the connection ended."""


class _Failed:
    """Stands in the queue where following the ledger failed for good."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Reader(Protocol):
    """What the stream asks over REST (see BinanceBroker)."""

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder: ...

    async def fills_since_last(self) -> list[Fill]: ...

    async def new_entries(self) -> list[VenueEntry]: ...


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
        self._ledger_every = ledger_every
        self._session = session
        self._rows = rows
        self._reader = reader
        self._algo = algo
        self._keepalive = keepalive
        self._unreadable = 0
        self._unfinished: dict[ClientOrderId, InstrumentId] = {}
        self._queue: asyncio.Queue[Mapping[str, Any] | Report | _Ended | _Failed] = asyncio.Queue()
        self._ledger_hint = asyncio.Event()
        self._ended: asyncio.Future[Any] | None = None
        self._wait_missed = 0.0
        self.live = asyncio.Event()
        self.epoch = 0
        self.is_whole = False

    def watch_order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        """An order that is on its way: its state is asked for after a reconnect until it is final."""
        self._unfinished[client_order_id] = instrument

    def forget_order(self, client_order_id: ClientOrderId) -> None:
        """An order that the venue has certainly not taken."""
        self._unfinished.pop(client_order_id, None)

    async def reports(self) -> AsyncIterator[Report]:
        """Raises AccessDenied where the key is refused, Broken where the venue's rows can't be read; all else is tried
        again."""
        tasks = [asyncio.create_task(self._follow_ledger()), asyncio.create_task(self._keep_alive())]
        for task in tasks:
            task.add_done_callback(self._on_task_end)
        try:
            while True:
                await self._connect()
                for report in await self._missed():
                    yield report
                while not isinstance(item := await self._queue.get(), _Ended):
                    for report in await self._readable(item):
                        yield report
                self.live.clear()
                log.warning("user stream ended, connecting again")
        finally:
            self.live.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _connect(self) -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                ended = await self._session.open_stream(self._queue.put_nowait)
                break
            except AccessDenied:
                raise
            except BrokerError as error:
                log.warning("user stream: %s; trying again", error)
                asked_for = error.after if isinstance(error, RetryLater) else 0.0
            self._session.forget_stream()
            await asyncio.sleep(max(random.uniform(wait / 2, wait), asked_for))
            wait = min(2 * wait, _LONGEST_WAIT)
        if ended is not self._ended:  # else the connection still stands, and its end is listened for already
            self._ended = ended
            ended.add_done_callback(self._on_end)
        self.epoch += 1
        self.live.set()

    def _on_task_end(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._queue.put_nowait(_Failed(error))

    def _on_end(self, ended: "asyncio.Future[Any]") -> None:
        if not ended.cancelled():
            ended.exception()
        self._queue.put_nowait(_Ended())

    async def _readable(self, item: Mapping[str, Any] | Report | _Failed) -> list[Report]:
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
            self._queue.put_nowait(_Ended())
            return []
        self._unreadable = 0
        return reports

    async def _read(self, item: Mapping[str, Any] | Report | _Failed) -> list[Report]:
        if isinstance(item, _Failed):
            raise item.error
        if not isinstance(item, Mapping):
            return [item]
        kind = item.get("e")
        if kind in ("ORDER_TRADE_UPDATE", "executionReport"):
            reports = await self._named(list(self._rows.streamed(item)))
            self._note(reports)
            return reports
        if kind == "ALGO_UPDATE" and self._algo is not None:
            told = self._algo.streamed(item)
            reports = [] if told is None else [told]
            self._note(reports)
            return reports
        if kind in ("listenKeyExpired", "eventStreamTerminated"):
            self._start_over()
        elif kind == "balanceUpdate" or (kind == "ACCOUNT_UPDATE" and item.get("a", {}).get("m") != "ORDER"):
            self._ledger_hint.set()
        return []

    async def _named(self, told: list[VenueOrder | Fill]) -> list[Report]:
        """An order's state and fill under the client id that it was sent with: a triggered one carries the venue's."""
        order = told[-1]
        if self._algo is None or not isinstance(order, VenueOrder):
            return list(told)
        ours = self._algo.of_order(order)
        if ours is order and order.client_order_id not in self._unfinished:
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
        self._queue.put_nowait(_Ended())

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

    def _note(self, reports: list[Report]) -> None:
        for report in reports:
            if isinstance(report, VenueOrder) and report.client_order_id is not None:
                if report.status.is_terminal:
                    self._unfinished.pop(report.client_order_id, None)
                else:
                    self._unfinished[report.client_order_id] = report.instrument

    async def _missed(self) -> list[Report]:
        """What may have happened while the stream was down: fills first, then order states, then ledger rows. States
        are read before fills, so that every fill behind a final state is among them. Where the venue does not answer
        it is asked again later; what the stream tells meanwhile is handed on."""
        self.is_whole = False
        try:
            states = [await self._state(instrument, name) for name, instrument in list(self._unfinished.items())]
            reports: list[Report] = list(await self._reader.fills_since_last())
            reports += [state for state in states if state is not None]
            self._note(reports)
        except AccessDenied:
            raise
        except BrokerError as error:
            self._wait_missed = min(max(2 * self._wait_missed, _FIRST_WAIT), _LONGEST_WAIT)
            wait = max(self._wait_missed, error.after if isinstance(error, RetryLater) else 0.0)
            log.warning("user stream: what was missed can't be read (%s); again in %.1f s", error, wait)
            asyncio.get_running_loop().call_later(wait, self._queue.put_nowait, _Ended())
            return []
        self._wait_missed = 0.0
        self._ledger_hint.set()
        self.is_whole = True
        return reports

    async def _state(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder | None:
        try:
            return await self._reader.order(instrument, client_order_id)
        except OrderNotFound:
            log.warning("order %s is not known to the venue after a reconnect", client_order_id)
            self.forget_order(client_order_id)  # should it arrive yet, the stream tells of it
            return None

    async def _follow_ledger(self) -> None:
        """Puts new ledger rows that are no trades into the queue, soon after the stream hints at one, and now and
        then."""
        while True:
            is_hint = True
            try:
                async with asyncio.timeout(self._ledger_every):
                    await self._ledger_hint.wait()
            except TimeoutError:
                is_hint = False
            self._ledger_hint.clear()
            for wait in _LEDGER_WAITS if is_hint else _LEDGER_WAITS[:1]:
                await asyncio.sleep(wait)
                try:
                    fresh = [entry for entry in await self._reader.new_entries() if entry.kind not in _OF_TRADES]
                except AccessDenied:
                    raise
                except BrokerError as error:
                    log.warning("ledger rows can't be read (%s)", error)
                    continue
                for entry in fresh:
                    self._queue.put_nowait(entry)
                if fresh:
                    break
