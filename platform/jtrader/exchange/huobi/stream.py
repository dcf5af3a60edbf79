"""The private stream of one account: what happens to it as reports, across reconnects, without a lasting hole.

After each (re)connect the stream is live first, and then what may have been missed is read over REST: fills from the
last known trade on, the state of every order that was not final, ledger rows. A message that can't be read is put
aside, and what it may have told is read in the same way. An order that tells of more than its fills have shown waits
for them, and they are read over REST where the stream doesn't bring them: a final state is never told before its fills.
Receivers apply a fill or row once by its id, so that one told twice does no harm.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from jtrader.domain.account import EntryKind, VenueEntry
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import ClientOrderId, InstrumentId
from jtrader.domain.order import Fill, VenueOrder
from jtrader.domain.times import DAY, HOUR
from jtrader.exchange.common.connection import Connection
from jtrader.exchange.huobi.desks import Desk
from jtrader.exchange.huobi.doors import Message, Report
from jtrader.exchange.huobi.errors import STALE
from jtrader.exchange.huobi.held import HeldOrders
from jtrader.ports.broker import AccessDenied, BrokerError, OrderNotFound, RetryLater

log = logging.getLogger(__name__)

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0
_LEDGER_WAITS = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Wall seconds between looks for a ledger row that the stream has hinted at: the venue books it a little later."""
_LEDGER_EVERY = 60.0
"""Without a hint the ledger is looked at this often: funding comes without one."""
_FILLS_WAIT = 1.0
"""How long fills may stay behind their order before they are asked for, where the stream tells them."""
_LOOK_BACK = (0, 0, 0, HOUR, DAY, 10 * DAY)
"""How far behind the last fill they are looked for, try by try (ns): some may be older than this process."""
_MOST_TRIES = 12
"""After that (about two minutes) an order is told without them."""
MOST_UNREADABLE = 10
"""Messages in a row that can't be read before the stream is given up."""
_UNREADABLE = (Broken, BadInput, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What reading a message of another shape than the documented one ends in."""
_OF_TRADES = (EntryKind.TRADE, EntryKind.FEE)


class Reader(Protocol):
    """What the stream asks over REST (see HuobiBroker)."""

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder: ...

    async def fills_since_last(self, back: int = 0) -> list[Fill]: ...

    async def new_entries(self) -> list[VenueEntry]: ...

    async def set_clock(self) -> None:
        """Signatures carry the venue's time from then on."""
        ...


class _Live:
    """All topics have been subscribed to."""


class _Missed:
    """What was missed has to be read."""


class _Overdue(NamedTuple):
    """An order's fills have not come."""

    venue_order_id: str
    tries: int


class _Refused(NamedTuple):
    """The key was not accepted: by a wrong clock, or for good."""

    error: BrokerError
    greeting: int


class _Unreadable(NamedTuple):
    """A message that is no JSON object."""

    error: ValueError


class _Failed(NamedTuple):
    error: BaseException


_Item = Message | Report | _Live | _Missed | _Overdue | _Refused | _Unreadable | _Failed


class PrivateStream:
    """Yields reports; `live` is set while connected, `epoch` counts connections."""

    def __init__(self, desk: Desk, reader: Reader, simulator_uri: str | None) -> None:
        self._desk = desk
        self._reader = reader
        self._unfinished: dict[ClientOrderId, InstrumentId] = {}
        self._queue: asyncio.Queue[_Item] = asyncio.Queue()
        self._ledger_hint = asyncio.Event()
        self._held = HeldOrders()
        self._unanswered = 0
        self._unreadable = 0
        self._clock_set_after: int | None = None
        self._wait_missed = 0.0
        self._connection = Connection(desk.door.line(), simulator_uri, self._on_message, lambda: None, self._on_down)
        self.live = asyncio.Event()
        self.epoch = 0

    def watch_order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        """An order that is on its way: its state is asked for after a reconnect until it is final."""
        self._unfinished[client_order_id] = instrument

    def forget_order(self, client_order_id: ClientOrderId) -> None:
        """An order that the venue has certainly not taken."""
        self._unfinished.pop(client_order_id, None)

    async def reports(self) -> AsyncIterator[Report]:
        """Raises AccessDenied where the key is refused under the venue's own time, Broken where nothing can be read any
        more; all else is tried again."""
        tasks = [asyncio.create_task(self._connection.run()), asyncio.create_task(self._follow_ledger())]
        for task in tasks:
            task.add_done_callback(self._on_end)
        try:
            while True:
                for report in await self._read(await self._queue.get()):
                    yield report
        finally:
            self.live.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _on_message(self, raw: bytes) -> None:
        """Answers to the key and to the subscriptions are taken here, all else is put into the queue."""
        try:
            message = self._desk.door.parse(raw)
            answered = self._desk.door.answered(message)
        except ValueError as error:
            self._queue.put_nowait(_Unreadable(error))
            return
        except BrokerError as error:
            if isinstance(error, AccessDenied) or STALE in str(error):
                self._queue.put_nowait(_Refused(error, self._desk.door.greetings))
            log.warning("private stream: %s; starting it over", error)
            raise BadInput(str(error)) from error
        if answered == "auth":
            topics = self._desk.door.subscriptions()
            self._unanswered = len(topics)
            for topic in topics:
                self._connection.send(topic)
        elif answered == "sub":
            self._unanswered -= 1
            if self._unanswered == 0:
                self._queue.put_nowait(_Live())
        else:
            self._queue.put_nowait(message)

    def _on_down(self) -> None:
        self.live.clear()
        log.warning("private stream ended, connecting again")

    def _on_end(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._queue.put_nowait(_Failed(error))

    async def _read(self, item: _Item) -> Sequence[Report]:
        if isinstance(item, _Failed):
            raise item.error
        if isinstance(item, _Live):
            if self._connection.is_up:
                self.epoch += 1
                self._clock_set_after = None
                self.live.set()
            return await self._missed()
        if isinstance(item, _Missed):
            return await self._missed()
        if isinstance(item, _Overdue):
            return await self._overdue(item)
        if isinstance(item, _Refused):
            await self._refused(item)
            return []
        if isinstance(item, VenueOrder | Fill | VenueEntry):
            return [item]
        return self._in_order(await self._told(item))

    async def _refused(self, item: _Refused) -> None:
        """HTX may take a stale timestamp for a wrong key: the key counts as refused once that was so with the venue's
        own time in the signature."""
        set_after = self._clock_set_after
        if isinstance(item.error, AccessDenied) and set_after is not None and item.greeting > set_after:
            raise item.error
        try:
            await self._reader.set_clock()
        except BrokerError as error:
            log.warning("private stream: the venue's time can't be read (%s)", error)
        else:
            self._clock_set_after = self._desk.door.greetings

    async def _told(self, message: Message | _Unreadable) -> list[Report]:
        """A message may need a look at the venue; where that fails, what was missed is read soon. One that can't be
        read is put aside, and what it may have told is read over REST instead, where the same fault is Broken."""
        try:
            if isinstance(message, _Unreadable):
                raise message.error
            if self._desk.hints_at_ledger(message):
                self._ledger_hint.set()
            told = await self._desk.read(message)
        except AccessDenied:
            raise
        except BrokerError as error:
            log.warning("private stream: %s; what it told is read again", error)
            self._later(1.0, _Missed())
            return []
        except _UNREADABLE as error:
            self._unreadable += 1
            if self._unreadable > MOST_UNREADABLE:
                raise Broken(f"HTX's private stream sends what can't be read ({error!r})") from error
            log.error("private stream: %r; reading over REST what it may have told: %.300r", error, message)
            self._queue.put_nowait(_Missed())
            return []
        self._unreadable = 0
        return told

    def _in_order(self, reports: Sequence[Report]) -> list[Report]:
        """Each order behind its fills: one that tells of more is held. Fills that were told are left out."""
        told: list[Report] = []
        for report in reports:
            if isinstance(report, Fill):
                if not self._held.has_seen(report):
                    told += [report, *self._held.saw(report)]
            elif isinstance(report, VenueOrder) and self._held.waits(report):
                self._later(_FILLS_WAIT if self._desk.tells_fills else 0.0, _Overdue(report.venue_order_id, 0))
            else:
                told.append(report)
        self._note(told)
        return told

    def _note(self, reports: Sequence[Report]) -> None:
        for report in reports:
            if isinstance(report, VenueOrder) and report.client_order_id is not None:
                if report.status.is_terminal:
                    self._unfinished.pop(report.client_order_id, None)
                else:
                    self._unfinished[report.client_order_id] = report.instrument

    async def _overdue(self, item: _Overdue) -> Sequence[Report]:
        """Fills that the stream has not brought, over REST; asked for again until they are there."""
        if not self._held.holds(item.venue_order_id):
            return []
        try:
            told = self._in_order(await self._reader.fills_since_last(_LOOK_BACK[min(item.tries, len(_LOOK_BACK) - 1)]))
        except AccessDenied:
            raise
        except BrokerError as error:
            log.warning("fills can't be read (%s)", error)
            told = []
        if not self._held.holds(item.venue_order_id):
            return told
        if item.tries == _MOST_TRIES:
            log.error("order %s tells of fills that the venue doesn't show", item.venue_order_id)
            released = self._held.release(item.venue_order_id)
            self._note(released)
            return [*told, *released]
        self._later(min(0.1 * 2**item.tries, _LONGEST_WAIT), item._replace(tries=item.tries + 1))
        return told

    async def _missed(self) -> Sequence[Report]:
        """What may have happened while the stream was down: fills first, then order states, then ledger rows. States
        are read before fills, so that every fill behind a final state is among them. Where the venue does not answer
        it is asked again later; what the stream tells meanwhile is handed on."""
        try:
            states = [await self._state(instrument, name) for name, instrument in list(self._unfinished.items())]
            fills = await self._reader.fills_since_last()
        except AccessDenied:
            raise
        except BrokerError as error:
            self._wait_missed = min(max(2 * self._wait_missed, _FIRST_WAIT), _LONGEST_WAIT)
            wait = max(self._wait_missed, error.after if isinstance(error, RetryLater) else 0.0)
            log.warning("private stream: what was missed can't be read (%s); again in %.1f s", error, wait)
            self._later(wait, _Missed())
            return []
        self._wait_missed = 0.0
        self._ledger_hint.set()
        return self._in_order([*fills, *(state for state in states if state is not None)])

    async def _state(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder | None:
        try:
            return await self._reader.order(instrument, client_order_id)
        except OrderNotFound:
            log.warning("order %s is not known to the venue after a reconnect", client_order_id)
            self.forget_order(client_order_id)  # should it arrive yet, the stream tells of it
            return None

    def _later(self, wait: float, item: _Item) -> None:
        asyncio.get_running_loop().call_later(wait, self._queue.put_nowait, item)

    async def _follow_ledger(self) -> None:
        """Puts new ledger rows that are no trades into the queue, soon after the stream hints at one."""
        await self.live.wait()
        while True:
            waits: Sequence[float] = _LEDGER_WAITS
            try:
                async with asyncio.timeout(_LEDGER_EVERY):
                    await self._ledger_hint.wait()
            except TimeoutError:
                waits = (0.0,)
            self._ledger_hint.clear()
            for wait in waits:
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
