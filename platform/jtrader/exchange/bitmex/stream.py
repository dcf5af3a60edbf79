"""The private stream of one account: orders, fills, funding and transfers as reports, across reconnects without a hole.

It is read here and not through ccxt.pro, whose client turns numbers into floats and never tells a refused key. One
table says it all: each row of `execution` holds the whole state of its order. After each (re)connect the stream is live
first, then what may have been missed is read over REST. Receivers apply a fill or row once by its id.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import msgspec

from jtrader.domain.account import VenueEntry
from jtrader.domain.errors import Broken
from jtrader.domain.order import Fill, VenueOrder
from jtrader.exchange.bitmex.feed import URL
from jtrader.exchange.bitmex.handshake import Handshake, Message
from jtrader.exchange.bitmex.rows import COMPLETED, SUMS, Row, RowReader
from jtrader.exchange.common.asking import AskedAgain
from jtrader.exchange.common.connection import Connection, Line
from jtrader.exchange.common.missed import MissedReports
from jtrader.exchange.common.reports import Reader, Report
from jtrader.exchange.common.unfinished import UnfinishedOrders
from jtrader.ports.broker import AccessDenied

log = logging.getLogger(__name__)

MOST_UNREADABLE = 10
"""Messages in a row that can't be read before the stream is given up."""
_NO_STATE = ("CancelReject", "AmendReject")
"""Executions that say that a request failed; the order's state is not in them."""
_OF_ORDERS = (
    "New",
    "Trade",
    "Canceled",
    "Replaced",
    "Restated",
    "Rejected",
    "TriggeredOrActivatedBySystem",
    "Suspended",
)
"""Executions that hold the state of an order; the others are of positions: funding, settlement."""


class _Live:
    """Stands in the queue where a connection was subscribed."""


class _Missed:
    """Stands in the queue where fills and states that were missed have to be read."""


class _Ledger:
    """Stands in the queue where ledger rows have to be read."""


class _Unreadable(NamedTuple):
    error: Exception


_Item = Report | _Live | _Missed | _Ledger | _Unreadable | AccessDenied


class PrivateStream:
    """Yields reports; `live` is set while connected, `epoch` counts connections. `is_whole`: no fill is missing before
    the one that is told now; not so while what an outage hid has not been read."""

    def __init__(self, handshake: Handshake, rows: RowReader, reader: Reader, simulator_uri: str | None) -> None:
        self._handshake = handshake
        self._rows = rows
        self._reader = reader
        self._queue: asyncio.Queue[_Item] = asyncio.Queue()
        self._decoder = msgspec.json.Decoder(Message, float_hook=str)
        self.unfinished = UnfinishedOrders(reader)
        self._missed = MissedReports(reader, self.unfinished, lambda: self._queue.put_nowait(_Missed()))
        self._ledger = AskedAgain("private stream: ledger rows", lambda: self._queue.put_nowait(_Ledger()))
        self._unreadable = 0
        self._connection = Connection(
            Line(URL, ping=b"ping"), simulator_uri, self._on_message, lambda: None, self._on_down
        )
        self.live = asyncio.Event()
        self.epoch = 0
        self.is_whole = False

    async def reports(self) -> AsyncIterator[Report]:
        """Raises AccessDenied where the key is refused, Broken where nothing can be read any more; all else is tried
        again."""
        running = asyncio.create_task(self._connection.run())
        try:
            while True:
                for report in await self._read(await self._queue.get()):
                    yield report
        finally:
            self.live.clear()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _read(self, item: _Item) -> Sequence[Report]:
        if isinstance(item, VenueOrder | Fill | VenueEntry):
            self._unreadable = 0
            return [item]
        if isinstance(item, AccessDenied):
            raise item
        if isinstance(item, _Ledger):
            return await self._ledger.ask(self._reader.new_entries) or []
        if isinstance(item, _Unreadable):
            self._put_aside(item)
        if isinstance(item, _Live) and self._connection.is_up:
            self.epoch += 1
            self.live.set()
        return await self._make_good()

    def _on_message(self, raw: bytes) -> None:
        """Everything is read here, so that what can't be read is put into the queue in its place."""
        if raw == b"pong":
            return
        try:
            message = self._decoder.decode(raw)
            if (reply := self._handshake.reply(message)) is not None:
                self._connection.send(reply)
            elif self._handshake.is_done(message):
                self._queue.put_nowait(_Live())
            elif message.table == "transact":
                self._transact(message)
            elif message.table == "execution" and message.action == "insert":
                for row in message.data:
                    for report in self._told(row):
                        self._queue.put_nowait(report)
        except AccessDenied as refusal:
            self._queue.put_nowait(refusal)
        except (msgspec.DecodeError, Broken) as error:
            log.error("private stream: a message can't be read (%s): %r", error, raw[:300])
            self._queue.put_nowait(_Unreadable(error))

    def _put_aside(self, item: _Unreadable) -> None:
        """What the message may have told is read over REST instead, where the same fault is Broken."""
        self._unreadable += 1
        if self._unreadable > MOST_UNREADABLE:
            raise Broken(f"BitMEX's private stream sends what can't be read: {item.error}") from item.error

    def _transact(self, message: Message) -> None:
        """Money moves once it is done: a change of a row that was pending tells no more than that."""
        for row in message.data:
            if row.get("transactType") in SUMS:
                continue
            if message.action == "insert" and row.get("transactStatus") == COMPLETED:
                self._queue.put_nowait(self._rows.moved(row))
            elif message.action in ("insert", "update"):
                self._queue.put_nowait(_Ledger())

    def _told(self, row: Row) -> list[Report]:
        """A trade before the state that it led to: a final state has all its fills before it."""
        kind = row.get("execType")
        if kind in _NO_STATE:
            return []
        if kind not in _OF_ORDERS:
            return list(self._rows.entries(row))
        told: list[Report] = [self._rows.fill(row)] if kind == "Trade" else []
        told.append(self._rows.order(row))
        self.unfinished.note(told)
        return told

    def _on_down(self) -> None:
        self.live.clear()
        log.warning("private stream ended, connecting again")

    async def _make_good(self) -> Sequence[Report]:
        """What may have happened while the stream was down; ledger rows come after it."""
        self.is_whole = False
        if (found := await self._missed.read()) is None:
            return []
        self.unfinished.note(found)
        self.is_whole = True
        self._queue.put_nowait(_Ledger())
        return found
