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

from jtrader.domain.account import VenueEntry
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.order import Fill, VenueOrder
from jtrader.domain.times import DAY, HOUR
from jtrader.exchange.common import reports as common
from jtrader.exchange.common.beside import beside
from jtrader.exchange.common.connection import Connection
from jtrader.exchange.common.ledger_watch import LedgerWatch
from jtrader.exchange.common.missed import MissedReports
from jtrader.exchange.common.reports import Report
from jtrader.exchange.common.unfinished import UnfinishedOrders
from jtrader.exchange.huobi.desks import Desk
from jtrader.exchange.huobi.doors import Message
from jtrader.exchange.huobi.errors import STALE
from jtrader.exchange.huobi.held import HeldOrders
from jtrader.ports.broker import AccessDenied, BrokerError

log = logging.getLogger(__name__)

_LONGEST_WAIT = 30.0
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


class Reader(common.Reader, Protocol):
    """What the stream asks over REST (see HuobiBroker)."""

    async def fills_since_last(self, back: int = 0) -> list[Fill]:
        """From `back` ns before the last one on. Raises BrokerError."""
        ...

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


_Item = Message | Report | _Live | _Missed | _Overdue | _Refused | _Unreadable | BaseException
"""The last where following the ledger, or the connection, failed for good."""


class PrivateStream:
    """Yields reports; `live` is set while connected, `epoch` counts connections."""

    def __init__(self, desk: Desk, reader: Reader, simulator_uri: str | None) -> None:
        self._desk = desk
        self._reader = reader
        self._queue: asyncio.Queue[_Item] = asyncio.Queue()
        self.unfinished = UnfinishedOrders(reader)
        self._missed = MissedReports(reader, self.unfinished, lambda: self._queue.put_nowait(_Missed()))
        self._ledger = LedgerWatch(reader, self._queue.put_nowait)
        self._held = HeldOrders()
        self._unanswered = 0
        self._unreadable = 0
        self._clock_set_after: int | None = None
        self._connection = Connection(desk.door.line(), simulator_uri, self._on_message, lambda: None, self._on_down)
        self.live = asyncio.Event()
        self.epoch = 0

    async def reports(self) -> AsyncIterator[Report]:
        """Raises AccessDenied where the key is refused under the venue's own time, Broken where nothing can be read any
        more; all else is tried again."""
        async with beside(self._connection.run(), self._follow_ledger(), on_failure=self._queue.put_nowait):
            try:
                while True:
                    for report in await self._read(await self._queue.get()):
                        yield report
            finally:
                self.live.clear()

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

    async def _read(self, item: _Item) -> Sequence[Report]:
        if isinstance(item, BaseException):
            raise item
        if isinstance(item, _Live) and self._connection.is_up:
            self.epoch += 1
            self._clock_set_after = None
            self.live.set()
        if isinstance(item, _Live | _Missed):
            return await self._make_good()
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
                self._ledger.hint()
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
        self.unfinished.note(told)
        return told

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
            self.unfinished.note(released)
            return [*told, *released]
        self._later(min(0.1 * 2**item.tries, _LONGEST_WAIT), item._replace(tries=item.tries + 1))
        return told

    async def _make_good(self) -> Sequence[Report]:
        """What may have happened while the stream was down; ledger rows come after it."""
        if (found := await self._missed.read()) is None:
            return []
        self._ledger.hint()
        return self._in_order(found)

    def _later(self, wait: float, item: _Item) -> None:
        asyncio.get_running_loop().call_later(wait, self._queue.put_nowait, item)

    async def _follow_ledger(self) -> None:
        await self.live.wait()
        await self._ledger.follow()
