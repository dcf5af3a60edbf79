"""Conditional orders of Binance futures: kept apart by the venue until they trigger, then another order with a number
of its own. To us both are one order under one client id.
"""

import contextlib
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from jtrader.domain.errors import Broken
from jtrader.domain.ids import ClientOrderId, InstrumentId, split_instrument_id
from jtrader.domain.order import ChildOrder, OrderStatus, VenueOrder
from jtrader.domain.times import DAY, MILLISECOND, to_millis
from jtrader.exchange.binance.endpoints import AlgoEndpoints
from jtrader.exchange.binance.fields import Row
from jtrader.exchange.binance.forms import algo_form
from jtrader.exchange.binance.rows import ALGO_ID, RowReader, actual_order_id
from jtrader.exchange.binance.session import BinanceSession
from jtrader.ports.broker import OrderNotFound

log = logging.getLogger(__name__)

PAGE = 1_000
WEEK = 7 * DAY
"""The longest span of one query."""
KEPT = 90 * DAY
"""What was sent earlier the venue does not tell any more."""


class AlgoOrders:
    """Those of one account. It remembers what waits and which order each became."""

    def __init__(
        self, session: BinanceSession, at: AlgoEndpoints, order_endpoint: str, rows: RowReader, page: int = PAGE
    ) -> None:
        """`page`: rows that one query of the past asks for, at most the venue's 1,000."""
        self._page = page
        self._settled: set[tuple[InstrumentId, int]] = set()
        self._session = session
        self._at = at
        self._order_endpoint = order_endpoint
        self._rows = rows
        self._known: dict[ClientOrderId, VenueOrder] = {}
        self._became: dict[str, ClientOrderId] = {}

    def knows(self, client_order_id: ClientOrderId) -> bool:
        return client_order_id in self._known

    async def submit(self, order: ChildOrder) -> VenueOrder:
        form = algo_form(order, _symbol(order.instrument))
        answer = await self._session.call(self._at.submit, form, is_order=True, urgent=order.reduce_only)
        return self._remember(self._rows.algo_order({**form, "orderType": form["type"], **answer}), answer)

    async def cancel(self, client_order_id: ClientOrderId) -> None:
        """Raises OrderNotFound where it has triggered or ended."""
        await self._session.call(self._at.cancel, {"clientAlgoId": client_order_id}, is_order=True, urgent=True)

    async def cancel_all(self, instrument: InstrumentId) -> None:
        params = {"symbol": _symbol(instrument)}
        with contextlib.suppress(OrderNotFound):
            await self._session.call(self._at.cancel_all, params, is_order=True, urgent=True)

    async def open_orders(self) -> list[VenueOrder]:
        """Those that wait. What has triggered stands among the other orders."""
        rows = await self._session.call(self._at.open_orders, {})
        found = [self._remember(self._rows.algo_order(row), row) for row in rows]
        return [order for order in found if not order.is_triggered]

    async def order(self, client_order_id: ClientOrderId) -> VenueOrder:
        """Its state, from the order that it became once it has triggered. Raises OrderNotFound."""
        row = await self._session.call(self._at.order, {"clientAlgoId": client_order_id})
        waits = self._remember(self._rows.algo_order(row), row)
        number = actual_order_id(row)
        if not number:
            return waits
        try:
            query = {"symbol": _symbol(waits.instrument), "orderId": number}
            became = self._rows.order(await self._session.call(self._order_endpoint, query))
        except OrderNotFound:  # shown later than the trigger
            log.info("order %s of the triggered %s is not known to the venue yet", number, client_order_id)
            return waits
        return _dressed(became, waits)

    def venue_order_id(self, client_order_id: ClientOrderId) -> str:
        """The number of the order that a conditional one became; empty while it waits."""
        return next((number for number, name in self._became.items() if name == client_order_id), "")

    def streamed(self, message: Mapping[str, Any]) -> VenueOrder | None:
        """ALGO_UPDATE. None once the order that it became tells the rest."""
        row: Row = message.get("o") or {}
        order = self._remember(self._rows.streamed_algo(message), row)
        return None if order.status is OrderStatus.FILLED else order

    def of_order(self, order: VenueOrder) -> VenueOrder:
        """An order as it is told, or as the conditional one that it was."""
        name = self._became.get(order.venue_order_id)
        if name is None and order.client_order_id in self._known:
            name = order.client_order_id
            self._became[order.venue_order_id] = name
        return order if name is None else _dressed(order, self._known[name])

    def name_of(self, venue_order_id: str) -> ClientOrderId | None:
        return self._became.get(venue_order_id)

    async def claim(self, order: VenueOrder) -> None:
        """An order that nobody sent may be what one of ours became, told before its trigger: the venue is asked."""
        for name, waits in list(self._known.items()):
            is_alike = (waits.instrument, waits.side, waits.quantity) == (order.instrument, order.side, order.quantity)
            if is_alike and not waits.status.is_terminal and not self.venue_order_id(name):
                with contextlib.suppress(OrderNotFound):
                    await self.order(name)

    async def learn(self, instrument: InstrumentId, numbers: Iterable[str], until: int) -> None:
        """Which conditional orders sent before `until` (ns) became the orders `numbers`: as far back as the venue keeps
        them, newest first, until all are known. A week in which nothing waits any more is asked for once."""
        unknown = set(numbers)
        weeks = range(until // WEEK, (until - KEPT) // WEEK - 1, -1)
        for week in weeks:
            unknown -= self._became.keys()
            if not unknown:
                return
            if (instrument, week) in self._settled:
                continue
            found = await self._sent_within(instrument, week * WEEK, (week + 1) * WEEK)
            if week < weeks[0] and all(order.status.is_terminal for order in found):
                self._settled.add((instrument, week))

    async def _sent_within(self, instrument: InstrumentId, start: int, end: int) -> list[VenueOrder]:
        """start ≤ sent < end (ns), at most a week. Where an answer is full, its span is read in halves."""
        times = {"startTime": to_millis(start), "endTime": to_millis(end - 1)}
        query = {"symbol": _symbol(instrument), **times, "limit": self._page}
        rows = await self._session.call(self._at.all_orders, query)
        if len(rows) < self._page:
            return [self._remember(self._rows.algo_order(row), row) for row in rows]
        if end - start <= MILLISECOND:
            raise Broken(f"{len(rows)} conditional orders or more within one millisecond: they can't be paged")
        middle = (start + end) // 2 // MILLISECOND * MILLISECOND
        return [*await self._sent_within(instrument, start, middle), *await self._sent_within(instrument, middle, end)]

    def _remember(self, order: VenueOrder, row: Row) -> VenueOrder:
        if order.client_order_id is not None:
            self._known[order.client_order_id] = order
            if number := actual_order_id(row):
                self._became[number] = order.client_order_id
        return order


def _dressed(order: VenueOrder, waits: VenueOrder) -> VenueOrder:
    """The order that a conditional one became, with what only the conditional one says."""
    if order.venue_order_id.startswith(ALGO_ID):
        return order
    return replace(
        order,
        client_order_id=waits.client_order_id,
        type=waits.type,
        price=waits.price,
        trigger_price=waits.trigger_price,
        is_triggered=True,
    )


def _symbol(instrument: InstrumentId) -> str:
    return split_instrument_id(instrument)[1]
