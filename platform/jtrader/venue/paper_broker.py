"""ports.Broker of a paper account: a broker in process on a venue that a live feed moves."""

import asyncio
from collections.abc import Callable
from decimal import Decimal

from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId
from jtrader.domain.order import ChildOrder, VenueOrder
from jtrader.ports.broker import OrderRefusedByVenue, Reason
from jtrader.venue.account import Account
from jtrader.venue.broker import MarkAt, VenueBroker
from jtrader.venue.paper import PaperMarket


class PaperBroker(VenueBroker):
    """No order is taken while the feed can't be trusted. `standstill` is held while funding is settled: requests wait
    meanwhile. `wall` tells wall time in ns."""

    def __init__(
        self,
        account: AccountId,
        market: PaperMarket,
        wallet: Account,
        settled: Callable[[], None],
        standstill: asyncio.Lock,
        wall: Callable[[], int],
        mark_at: MarkAt | None = None,
    ) -> None:
        super().__init__(account, market.venue, wallet, lambda: market.now, mark_at, settled)
        self._market = market
        self._standstill = standstill
        self._wall = wall

    async def submit(self, order: ChildOrder) -> VenueOrder:
        async with self._standstill:
            self._check_feed(order.instrument)
            return await super().submit(order)

    async def amend(
        self, instrument: InstrumentId, client_order_id: ClientOrderId, quantity: Decimal, price: Decimal
    ) -> VenueOrder:
        async with self._standstill:
            self._check_feed(instrument)
            return await super().amend(instrument, client_order_id, quantity, price)

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        async with self._standstill:
            await super().cancel(instrument, client_order_id)

    async def cancel_all(self, instrument: InstrumentId) -> None:
        async with self._standstill:
            await super().cancel_all(instrument)

    def _check_feed(self, instrument: InstrumentId) -> None:
        why = self._market.trust.why_not(self._listing(instrument).symbol, self._wall())
        if why:
            raise OrderRefusedByVenue(f"{why}: paper orders fill at live prices only", "feed", Reason.NOT_TRADING)
