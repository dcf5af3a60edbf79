"""Which of our orders stands behind a venue's order id: HTX's trades name the order by the venue's id alone."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from jtrader.domain.ids import ClientOrderId
from jtrader.domain.order import VenueOrder
from jtrader.ports.broker import OrderNotFound

log = logging.getLogger(__name__)

LookUp = Callable[[Iterable[str]], Awaitable[Mapping[str, ClientOrderId | None]]]


class KnownOrders:
    """What the venue has told of its order ids; `None` = an order of somebody else."""

    def __init__(self) -> None:
        self.client_ids: dict[str, ClientOrderId | None] = {}

    def learn(self, order: VenueOrder) -> VenueOrder:
        if order.client_order_id is not None or order.venue_order_id not in self.client_ids:
            self.client_ids[order.venue_order_id] = order.client_order_id
        return order

    async def look_up(self, order_ids: Iterable[str], ask: LookUp) -> Mapping[str, ClientOrderId | None]:
        """Asks for the ids that this process has not seen. An order that is shown later than its trade is asked for
        again with the next reading."""
        unknown = sorted(set(order_ids) - self.client_ids.keys())
        try:
            self.client_ids.update(await ask(unknown) if unknown else {})
        except OrderNotFound:
            log.info("an order of trades is not known to the venue yet: one of %s", ", ".join(unknown))
        return self.client_ids
