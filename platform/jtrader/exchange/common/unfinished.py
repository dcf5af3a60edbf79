"""Orders that may still live: after a reconnect their state is asked for."""

import logging
from collections.abc import Iterable

from jtrader.domain.ids import ClientOrderId, InstrumentId
from jtrader.domain.order import VenueOrder
from jtrader.exchange.common.reports import OrderReader, Report
from jtrader.ports.broker import OrderNotFound

log = logging.getLogger(__name__)


class UnfinishedOrders:
    """Those that were sent or told of, each until its final state is `note`d."""

    def __init__(self, reader: OrderReader) -> None:
        self._reader = reader
        self._orders: dict[ClientOrderId, InstrumentId] = {}

    def __contains__(self, client_order_id: ClientOrderId | None) -> bool:
        return client_order_id in self._orders

    def watch(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        """An order that is on its way: its state is asked for after a reconnect until it is final."""
        self._orders[client_order_id] = instrument

    def forget(self, client_order_id: ClientOrderId) -> None:
        """An order that the venue has certainly not taken, or that has ended."""
        self._orders.pop(client_order_id, None)

    def note(self, reports: Iterable[Report]) -> None:
        """Orders among what is told: those that live are watched, those that have ended forgotten."""
        for report in reports:
            if isinstance(report, VenueOrder) and report.client_order_id is not None:
                if report.status.is_terminal:
                    self.forget(report.client_order_id)
                else:
                    self.watch(report.instrument, report.client_order_id)

    async def states(self, only: InstrumentId | None = None) -> list[VenueOrder]:
        """As the venue tells them now, of one instrument or all; one that it doesn't know is forgotten. Raises
        BrokerError."""
        found = []
        for client_order_id, instrument in list(self._orders.items()):
            if only is not None and instrument != only:
                continue
            try:
                found.append(await self._reader.order(instrument, client_order_id))
            except OrderNotFound:
                log.warning("order %s is not known to the venue after a reconnect", client_order_id)
                self.forget(client_order_id)  # should it arrive yet, the stream tells of it
        return found
