"""What a broker's private stream tells, and what it asks the broker over REST."""

from typing import Protocol

from jtrader.domain.account import VenueEntry
from jtrader.domain.ids import ClientOrderId, InstrumentId
from jtrader.domain.order import Fill, VenueOrder

Report = VenueOrder | Fill | VenueEntry


class OrderReader(Protocol):
    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        """Raises OrderNotFound, BrokerError."""
        ...


class EntryReader(Protocol):
    async def new_entries(self) -> list[VenueEntry]:
        """Ledger rows not yet handed out. Raises BrokerError."""
        ...


class Reader(OrderReader, EntryReader, Protocol):
    async def fills_since_last(self) -> list[Fill]:
        """Those that the stream may have missed. Raises BrokerError."""
        ...
