"""A venue account as the desk uses it. Async at the rim; the engine never sees it."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from jtrader.domain.account import Balance, VenueEntry, VenuePosition
from jtrader.domain.errors import JtraderError
from jtrader.domain.ids import ClientOrderId, InstrumentId, VenueOrderId
from jtrader.domain.order import ChildOrder, Fill, VenueOrder


class BrokerError(JtraderError):
    """Root of what a venue can answer. `code` is the venue's own, as text."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class OrderRefusedByVenue(BrokerError):
    """A definite no: the order does not exist at the venue (filters, balance, post-only, bad key …)."""


class OutcomeUnknown(BrokerError):
    """Timeout, 5xx, connection lost: the order may live. Never re-sent before proof of absence."""


class OrderNotFound(BrokerError):
    """The venue does not know the order (now)."""


class RetryLater(BrokerError):
    """Nothing happened and nothing will: rate limit or ban; `after` in wall seconds."""

    def __init__(self, message: str, code: str = "", after: float = 1.0) -> None:
        super().__init__(message, code)
        self.after = after


class AccessDenied(BrokerError):
    """Key, signature or right refused: the venue is halted until a person mends it."""


class Account(Protocol):
    """Reading an account. Times are ns; lists ascend by time and are complete for the range (paged inside)."""

    async def balances(self) -> Sequence[Balance]: ...

    async def positions(self) -> Sequence[VenuePosition]:
        """Non-zero positions; always empty for spot."""
        ...

    async def open_orders(self) -> Sequence[VenueOrder]: ...

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Fill]:
        """start ≤ ts < end."""
        ...

    async def entries(self, start: int, end: int) -> Sequence[VenueEntry]:
        """The venue's ledger rows, start ≤ ts < end (derivatives: realised P&L, commission, funding, transfers; spot
        has no such ledger on Binance: deposits, withdrawals and transfers only)."""
        ...

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        """The venue's mark price at a minute boundary, as its exact string. Raises BadInput if it has none."""
        ...


class Broker(Account, Protocol):
    """Order entry and the private stream, added to the reading side."""

    async def submit(self, order: ChildOrder) -> VenueOrder:
        """Raises OrderRefusedByVenue, OutcomeUnknown, RetryLater, AccessDenied."""
        ...

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        """Raises OrderNotFound (informational: it may have filled), OutcomeUnknown, RetryLater, AccessDenied."""
        ...

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        """Looks an order up by our id, whatever its state. Raises OrderNotFound."""
        ...

    def reports(self) -> AsyncIterator[VenueOrder | Fill | VenueEntry]:
        """The private stream: order states, fills, funding and transfers as they happen; reconnects by itself. What it
        may have lost is found by `fills` and `entries`."""
        ...

    @property
    def is_live(self) -> bool:
        """The private stream stands: what happens now will be reported."""
        ...

    async def wait_live(self) -> None:
        """Returns once `reports`, which somebody must be iterating, has connected."""
        ...

    async def close(self) -> None: ...


__all__ = [
    "AccessDenied",
    "Account",
    "Broker",
    "BrokerError",
    "OrderNotFound",
    "OrderRefusedByVenue",
    "OutcomeUnknown",
    "RetryLater",
    "VenueOrderId",
]
