"""An account's orders as any venue tells them: by our id, or all that are open; conditional ones apart."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from jtrader.domain.errors import Broken
from jtrader.domain.ids import ClientOrderId, InstrumentId
from jtrader.domain.order import OrderStatus, VenueOrder
from jtrader.exchange.ccxt.orders import Reader
from jtrader.exchange.ccxt.paging import Row, by_cursor
from jtrader.exchange.ccxt.session import GenericSession
from jtrader.exchange.ccxt.spoken import CcxtMarket
from jtrader.ports.broker import NotOffered, OrderNotFound


class OrderLookup:
    """`urgent` readings may use the budget's reserve."""

    def __init__(self, session: GenericSession, spoken: CcxtMarket, reader: Reader, page: int) -> None:
        """`page`: rows that are asked for at once."""
        self._session = session
        self._spoken = spoken
        self._reader = reader
        self._page = page

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId, urgent: bool = False) -> VenueOrder:
        """By our id, among the conditional orders where it was one or isn't among the others. Raises OrderNotFound."""
        symbol = await self._session.symbol(instrument)
        sent = self._reader.sent.get(client_order_id)
        ways = ({}, {"trigger": True}) if sent is None or not sent.type.is_conditional else ({"trigger": True},)
        for number, way in enumerate(ways):
            try:
                params = {"clientOrderId": self._spoken.written(client_order_id), **way}
                row = await self._session.ask("fetch_order", "", symbol, params, urgent=urgent)
            except (OrderNotFound, NotOffered):
                if number == len(ways) - 1:
                    raise
                continue
            order = self._reader.order(instrument, row)
            return await self._what_became(order, symbol, row, urgent) if way else order
        raise OrderNotFound(f"order {client_order_id} is not known to {self._spoken.exchange}")

    async def open_orders(self, instrument: InstrumentId, urgent: bool = False) -> list[VenueOrder]:
        """Raises Broken where the venue may have more than it tells."""
        symbol = await self._session.symbol(instrument)
        found: dict[str, VenueOrder] = {}
        for kind in ({}, {"trigger": True}):
            for row in await self._open_rows(symbol, kind, urgent):
                order = self._reader.order(instrument, row)
                found[order.venue_order_id] = order
        return list(found.values())

    async def _what_became(self, order: VenueOrder, symbol: str, row: dict[str, Any], urgent: bool) -> VenueOrder:
        """A conditional order, or the one that it became once it triggered."""
        number = str((row.get("info") or {}).get(self._spoken.became) or "") if self._spoken.became else ""
        if not number or order.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED):
            return order
        self._reader.names[number] = order.client_order_id
        now = await self._session.ask("fetch_order", number, symbol, urgent=urgent)
        return replace(
            self._reader.order(order.instrument, now),
            client_order_id=order.client_order_id,
            type=order.type,
            price=order.price,
            trigger_price=order.trigger_price,
            is_triggered=True,
        )

    async def _open_rows(self, symbol: str, kind: Mapping[str, Any], urgent: bool) -> Sequence[Row]:
        """Conditional orders, or the others."""

        def ask(older: Mapping[str, Any]) -> Awaitable[Sequence[Row]]:
            params = {**kind, **older}
            return self._session.ask("fetch_open_orders", symbol, None, self._page, params, urgent=urgent)

        if self._spoken.cursor:
            return (await by_cursor(ask, self._spoken.cursor)).rows
        rows = await ask({})
        if len(rows) == self._page:
            raise Broken(f"{self._spoken.exchange} tells {self._page} open orders at once; there may be more")
        return rows
