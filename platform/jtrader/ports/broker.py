"""A venue account as the desk uses it. Async at the rim; the engine never sees it."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from jtrader.domain.account import AccountMode, Balance, VenueEntry, VenuePosition
from jtrader.domain.errors import JtraderError
from jtrader.domain.ids import ClientOrderId, InstrumentId, VenueOrderId
from jtrader.domain.order import ChildOrder, Fill, VenueOrder


class BrokerError(JtraderError):
    """Root of what a venue can answer. `code` is the venue's own, as text."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Reason(StrEnum):
    """Why a venue refused an order or ended it unasked, in one set of words for all venues."""

    POST_ONLY = "post_only"
    """It would have taken, and may only rest: Binance and HTX refuse it, BitMEX cancels it."""
    FILTER = "filter"
    """Price, quantity or notional is off the venue's steps or bounds."""
    FUNDS = "funds"
    """Balance or margin is too small."""
    REDUCE_ONLY = "reduce_only"
    DUPLICATE_ID = "duplicate_id"
    """The client id is taken: proof that an order with it was accepted before."""
    WOULD_TRIGGER = "would_trigger"
    """A conditional order whose trigger price has been passed already."""
    TOO_MANY = "too_many"
    NOT_TRADING = "not_trading"
    OTHER = "other"


class OrderRefusedByVenue(BrokerError):
    """A definite no: the order does not exist at the venue (filters, balance, post-only, bad key …)."""

    def __init__(self, message: str, code: str = "", reason: Reason = Reason.OTHER) -> None:
        super().__init__(message, code)
        self.reason = reason


class OutcomeUnknown(BrokerError):
    """Timeout, 5xx, connection lost: the order may live. Never re-sent before proof of absence. With the reason
    DUPLICATE_ID the venue has an order of this client id: it is to be looked up."""

    def __init__(self, message: str, code: str = "", reason: Reason = Reason.OTHER) -> None:
        super().__init__(message, code)
        self.reason = reason


class OrderNotFound(BrokerError):
    """The venue does not know the order (now)."""


class RetryLater(BrokerError):
    """Nothing happened and nothing will: rate limit or ban; `after` in wall seconds."""

    def __init__(self, message: str, code: str = "", after: float = 1.0) -> None:
        super().__init__(message, code)
        self.after = after


class NotOffered(BrokerError):
    """This venue can't do what was asked (amend on HTX; some trigger prices): the caller must do it another way."""


class AccessDenied(BrokerError):
    """Key, signature or right refused: the venue is halted until a person mends it."""


class Account(Protocol):
    """Reading an account. Times are ns; lists ascend by time and are complete for the range (paged inside)."""

    async def balances(self) -> Sequence[Balance]: ...

    async def positions(self) -> Sequence[VenuePosition]:
        """Non-zero positions; always empty for spot."""
        ...

    async def open_orders(self) -> Sequence[VenueOrder]:
        """All that may still fill or trigger: conditional orders too."""
        ...

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

    async def account_mode(self) -> AccountMode: ...


class Broker(Account, Protocol):
    """Order entry and the private stream, added to the reading side."""

    async def submit(self, order: ChildOrder) -> VenueOrder:
        """Raises OrderRefusedByVenue, OutcomeUnknown, RetryLater, AccessDenied, NotOffered."""
        ...

    async def amend(
        self, instrument: InstrumentId, client_order_id: ClientOrderId, quantity: Decimal, price: Decimal
    ) -> VenueOrder:
        """Changes a resting limit order in place: `quantity` is its new total, filled part included. Raises
        OrderNotFound, OrderRefusedByVenue (the old order still stands), OutcomeUnknown, RetryLater, AccessDenied, and
        NotOffered where the venue would cancel and place anew: that is two orders and the caller's decision."""
        ...

    async def cancel_all(self, instrument: InstrumentId) -> None:
        """Every open order of the instrument, conditional ones too. Raises OutcomeUnknown, RetryLater, AccessDenied."""
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
    def request_life(self) -> int:
        """For how long, in wall ns from its signing on, the venue may still take a request: an order that is absent
        counts as never taken only after that."""
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
    "NotOffered",
    "OrderNotFound",
    "OrderRefusedByVenue",
    "OutcomeUnknown",
    "Reason",
    "RetryLater",
    "VenueOrderId",
]
