"""The private stream of one account: orders, fills, funding and transfers as reports, across reconnects without a hole.

It is read here and not through ccxt.pro, whose client turns numbers into floats and never tells a refused key. One
table says it all: each row of `execution` holds the whole state of its order. After each (re)connect the stream is live
first, then what may have been missed is read over REST. Receivers apply a fill or row once by its id.
"""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Protocol

import msgspec

from jtrader.domain.account import VenueEntry
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import ClientOrderId, InstrumentId
from jtrader.domain.order import Fill, VenueOrder
from jtrader.exchange.bitmex.errors import venue_time
from jtrader.exchange.bitmex.feed import URL, command
from jtrader.exchange.bitmex.rows import SUMS, Row, RowReader
from jtrader.exchange.common.connection import Connection, Line
from jtrader.exchange.common.session import Keys
from jtrader.ports.broker import AccessDenied, BrokerError, OrderNotFound, RetryLater

log = logging.getLogger(__name__)

Report = VenueOrder | Fill | VenueEntry

TOPICS = ("execution", "transact")
EXPIRES_AFTER = 10
"""Seconds for which the proof of the key is good."""
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0
_UNAUTHORISED = (401, 403)
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


class Reader(Protocol):
    """What the stream asks over REST (see BitmexBroker)."""

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder: ...

    async def fills_since_last(self) -> list[Fill]: ...

    async def new_entries(self) -> list[VenueEntry]: ...


class Message(msgspec.Struct, gc=False):
    """Rows of a table, or an answer."""

    table: str = ""
    action: str = ""
    data: list[dict[str, Any]] = []
    subscribe: str = ""
    error: str = ""
    status: int = 0


class Greeting:
    """The first messages of each connection: the proof of the key, made when it is sent, and the topics."""

    def __init__(self, keys: Keys, now: Callable[[], int]) -> None:
        """`now`: the venue's wall time in seconds."""
        self._keys = keys
        self._now = now

    def __iter__(self) -> Iterator[bytes]:
        expires = self._now() + EXPIRES_AFTER
        signed = f"GET/realtime{expires}".encode()
        signature = hmac.new(self._keys.secret.encode(), signed, hashlib.sha256).hexdigest()
        yield msgspec.json.encode({"op": "authKeyExpires", "args": [self._keys.key, expires, signature]})
        yield command("subscribe", TOPICS)


class _Live:
    """Stands in the queue where a connection was subscribed."""


class _Missed:
    """Stands in the queue where what was missed has to be read."""


_Item = Report | _Live | _Missed | BaseException


class PrivateStream:
    """Yields reports; `live` is set while connected, `epoch` counts connections."""

    def __init__(
        self, keys: Keys, now: Callable[[], int], rows: RowReader, reader: Reader, simulator_uri: str | None
    ) -> None:
        """`now`: the venue's wall time in seconds."""
        self._rows = rows
        self._reader = reader
        self._unfinished: dict[ClientOrderId, InstrumentId] = {}
        self._queue: asyncio.Queue[_Item] = asyncio.Queue()
        self._decoder = msgspec.json.Decoder(Message, float_hook=str)
        self._wait_missed = 0.0
        line = Line(URL, greeting=Greeting(keys, now), ping=b"ping")
        self._connection = Connection(line, simulator_uri, self._on_message, lambda: None, self._on_down)
        self.live = asyncio.Event()
        self.epoch = 0

    def watch_order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        """An order that is on its way: its state is asked for after a reconnect until it is final."""
        self._unfinished[client_order_id] = instrument

    def forget_order(self, client_order_id: ClientOrderId) -> None:
        """An order that the venue has certainly not taken."""
        self._unfinished.pop(client_order_id, None)

    async def reports(self) -> AsyncIterator[Report]:
        """Raises AccessDenied where the key is refused, Broken for what can't be read; all else is tried again."""
        running = asyncio.create_task(self._connection.run())
        try:
            while True:
                item = await self._queue.get()
                if isinstance(item, BaseException):
                    raise item
                for report in [item] if isinstance(item, VenueOrder | Fill | VenueEntry) else await self._look(item):
                    yield report
        finally:
            self.live.clear()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _look(self, item: _Live | _Missed) -> list[Report]:
        if isinstance(item, _Live) and self._connection.is_up:
            self.epoch += 1
            self.live.set()
        return await self._missed()

    def _on_message(self, raw: bytes) -> None:
        """Everything is read here, so that what can't be read is put into the queue in its place."""
        if raw == b"pong":
            return
        try:
            message = self._decoder.decode(raw)
            if message.error:
                self._refused(message)
            elif message.subscribe == TOPICS[-1]:
                self._queue.put_nowait(_Live())
            elif message.action == "insert":
                for row in message.data:
                    for report in self._told(message.table, row):
                        self._queue.put_nowait(report)
        except (msgspec.DecodeError, Broken) as error:
            log.error("private stream: a message can't be read (%s): %r", error, raw[:300])
            self._queue.put_nowait(
                error if isinstance(error, Broken) else Broken(f"BitMEX's private stream sent no message: {error}")
            )

    def _refused(self, message: Message) -> None:
        """A refused key is final, unless our clock was off; anything else makes the connection start over."""
        text = f"BitMEX's private stream: {message.error}"
        told = venue_time(message.error)
        if message.status in _UNAUTHORISED and told is None:
            self._queue.put_nowait(AccessDenied(text, str(message.status)))
            return
        raise BadInput(text)

    def _told(self, table: str, row: Row) -> list[Report]:
        """A trade before the state that it led to: a final state has all its fills before it."""
        if table == "transact":
            return [] if row.get("transactType") in SUMS else [self._rows.moved(row)]
        if table != "execution" or row.get("execType") in _NO_STATE:
            return []
        kind = row.get("execType")
        if kind not in _OF_ORDERS:
            return list(self._rows.entries(row))
        told: list[Report] = [self._rows.fill(row)] if kind == "Trade" else []
        return [*told, *self._note([self._rows.order(row)])]

    def _note(self, orders: Sequence[VenueOrder]) -> Sequence[VenueOrder]:
        for order in orders:
            if order.client_order_id is None:
                continue
            if order.status.is_terminal:
                self._unfinished.pop(order.client_order_id, None)
            else:
                self._unfinished[order.client_order_id] = order.instrument
        return orders

    def _on_down(self) -> None:
        self.live.clear()
        log.warning("private stream ended, connecting again")

    async def _missed(self) -> list[Report]:
        """What may have happened while the stream was down: fills first, then order states, then ledger rows. States
        are read before fills, so that every fill behind a final state is among them. Where the venue does not answer
        it is asked again later; what the stream tells meanwhile is handed on."""
        try:
            states = [await self._state(instrument, name) for name, instrument in list(self._unfinished.items())]
            fills = await self._reader.fills_since_last()
            entries = await self._reader.new_entries()
        except AccessDenied:
            raise
        except BrokerError as error:
            self._wait_missed = min(max(2 * self._wait_missed, _FIRST_WAIT), _LONGEST_WAIT)
            wait = max(self._wait_missed, error.after if isinstance(error, RetryLater) else 0.0)
            log.warning("private stream: what was missed can't be read (%s); again in %.1f s", error, wait)
            asyncio.get_running_loop().call_later(wait, self._queue.put_nowait, _Missed())
            return []
        self._wait_missed = 0.0
        return [*fills, *self._note([state for state in states if state is not None]), *entries]

    async def _state(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder | None:
        try:
            return await self._reader.order(instrument, client_order_id)
        except OrderNotFound:
            log.warning("order %s is not known to the venue after a reconnect", client_order_id)
            self.forget_order(client_order_id)  # should it arrive yet, the stream tells of it
            return None
