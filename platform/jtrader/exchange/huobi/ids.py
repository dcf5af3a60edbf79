"""Our client order ids at HTX, whose contracts take integers only, and whose coin-M trigger orders take none.

The integer is a pure function of our id. The way back, the venue's own number of each order, and which trigger order is
which, is kept in memory and, with a file, in it: a restart, and any other process on the account, reads it and knows
its orders. A line is on the disk before its order is sent.
"""

import asyncio
import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from jtrader.domain.errors import Broken
from jtrader.domain.ids import ClientOrderId, InstrumentId
from jtrader.domain.order import ChildOrder, OrderType, VenueOrder

log = logging.getLogger(__name__)

_BITS = 63


def venue_integer(client_order_id: ClientOrderId) -> int:
    """1 … 2⁶³ − 1, the same for the same id: 63 bits of its BLAKE2 hash (two of a million ids meet with 5 in 10⁸)."""
    digest = hashlib.blake2b(client_order_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _BITS) or 1


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it was sent, and its `venue_order_id`, once the venue told it: the venue forgets our ids after some
    hours. Of a conditional order: `became`, the id of the order that it put into the book when it was triggered, and
    `ended`, that it will not be triggered any more."""

    client_order_id: ClientOrderId
    instrument: InstrumentId
    type: OrderType
    side: str
    quantity: str
    price: str | None = None
    trigger_price: str | None = None
    reduce_only: bool = False
    venue_order_id: str = ""
    became: str = ""
    ended: bool = False

    @property
    def is_waiting(self) -> bool:
        """A conditional order that may still be triggered, or was and nobody knows what became of it."""
        return self.type.is_conditional and not self.became and not self.ended


class OrderIds:
    """What this account has sent, by this process and by others that share the file."""

    def __init__(self, path: Path | None = None) -> None:
        self._sent: dict[ClientOrderId, Sent] = {}
        self._by_integer: dict[int, ClientOrderId] = {}
        self._by_venue: dict[str, ClientOrderId] = {}
        self._waiting: dict[ClientOrderId, Sent] = {}
        self._path = path
        self._read = 0
        self._file: int | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._catch_up()
            if self._read != path.stat().st_size:
                os.write(self._file, b"\n")  # ends a line that a crash cut off: its order was not sent

    def sending(self, order: ChildOrder) -> int:
        """Notes an order that is about to go out (see `on_disk`); the integer that it goes under. Raises Broken where
        another order has that integer."""
        number = venue_integer(order.client_order_id)
        owner = self.of_integer(number) or order.client_order_id
        if owner != order.client_order_id:
            raise Broken(f"client ids {owner} and {order.client_order_id} have the same integer {number}; use another")
        if owner not in self._sent:
            self._keep(
                Sent(
                    client_order_id=order.client_order_id,
                    instrument=order.instrument,
                    type=order.type,
                    side=order.side.value,
                    quantity=str(order.quantity),
                    price=None if order.price is None else str(order.price),
                    trigger_price=None if order.trigger_price is None else str(order.trigger_price),
                    reduce_only=order.reduce_only,
                )
            )
        return number

    async def on_disk(self) -> None:
        """Returns once all that was noted outlives a loss of power; the loop goes on meanwhile."""
        if self._file is not None:
            await asyncio.to_thread(os.fdatasync, self._file)

    def accepted(self, client_order_id: ClientOrderId, venue_order_id: str) -> None:
        """The venue's number of an order; of a conditional one that under which it waits."""
        sent = self.sent(client_order_id)
        if sent is not None and (sent.venue_order_id != venue_order_id or sent.ended):
            self._keep(msgspec.structs.replace(sent, venue_order_id=venue_order_id, ended=False))

    def learn(self, order: VenueOrder) -> VenueOrder:
        """From whatever the venue tells of an order: its number, or that it will not be triggered any more."""
        sent = self.sent(order.client_order_id) if order.client_order_id is not None else None
        if sent is not None and not sent.type.is_conditional:
            self.accepted(sent.client_order_id, order.venue_order_id)
        elif sent is not None and order.status.is_terminal and not order.is_triggered:
            self.ended(sent.client_order_id)
        return order

    def number_of(self, client_order_id: ClientOrderId) -> str:
        """The venue's number of what stands or stood in the book, empty where it was never told."""
        sent = self.sent(client_order_id)
        if sent is None:
            return ""
        return sent.became if sent.type.is_conditional else sent.venue_order_id

    def trigger_of(self, client_order_id: ClientOrderId) -> str:
        """The venue's number under which a conditional order waits or waited, empty where it was never told."""
        sent = self.sent(client_order_id)
        return sent.venue_order_id if sent is not None and sent.type.is_conditional else ""

    def triggered(self, client_order_id: ClientOrderId, order_id: str) -> None:
        """The order that a conditional order became."""
        sent = self.sent(client_order_id)
        if sent is not None and sent.became != order_id:
            self._keep(msgspec.structs.replace(sent, became=order_id))

    def sent(self, client_order_id: ClientOrderId) -> Sent | None:
        if client_order_id not in self._sent:
            self._catch_up()
        return self._sent.get(client_order_id)

    def of_integer(self, number: object) -> ClientOrderId | None:
        """Our id behind a contract's `client_order_id`, which comes as number or text; None for somebody else's."""
        text = str(number or "")
        if not text.isdigit():
            return None
        if int(text) not in self._by_integer:
            self._catch_up()
        return self._by_integer.get(int(text))

    def of_venue(self, venue_order_id: str) -> ClientOrderId | None:
        """Our id of an order, of a conditional one before and after it was triggered."""
        if venue_order_id not in self._by_venue:
            self._catch_up()
        return self._by_venue.get(venue_order_id)

    def unclaimed(self, instrument: InstrumentId) -> Sequence[Sent]:
        """Conditional orders whose answer never came: the venue may have them under a number that is not known."""
        return [s for s in self._waiting.values() if not s.venue_order_id and s.instrument == instrument]

    def ended(self, client_order_id: ClientOrderId) -> None:
        """A conditional order will not be triggered any more."""
        sent = self.sent(client_order_id)
        if sent is not None and sent.is_waiting:
            self._keep(msgspec.structs.replace(sent, ended=True))

    def may_have_triggered(self, instrument: InstrumentId) -> bool:
        """Some conditional order of ours may stand behind an order that nobody knows."""
        return any(sent.instrument == instrument for sent in self._waiting.values())

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _keep(self, sent: Sent) -> None:
        if self._file is not None:
            os.write(self._file, msgspec.json.encode(sent) + b"\n")
        self._remember(sent)

    def _remember(self, sent: Sent) -> None:
        self._sent[sent.client_order_id] = sent
        self._by_integer[venue_integer(sent.client_order_id)] = sent.client_order_id
        if sent.is_waiting:
            self._waiting[sent.client_order_id] = sent
        else:
            self._waiting.pop(sent.client_order_id, None)
        for venue_order_id in (sent.venue_order_id, sent.became):
            if venue_order_id:
                self._by_venue[venue_order_id] = sent.client_order_id

    def _catch_up(self) -> None:
        """Reads the whole lines that the file has got since."""
        if self._path is None or self._path.stat().st_size <= self._read:
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            whole, _, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + 1 if whole else 0
        for line in whole.splitlines():
            try:
                self._remember(msgspec.json.decode(line, type=Sent))
            except msgspec.DecodeError as error:
                log.warning("%s holds a line that is no order (%s); it is left out", self._path, error)
