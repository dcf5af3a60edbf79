"""Proves, with smallest orders far from the market, that a venue's unified methods do what trading rests on: looking an
order up by our own id, fills since a time, page by page, and open orders with the conditional ones among them."""

import contextlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol

import msgspec

from jtrader.domain.errors import JtraderError
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, ParentId, StrategyId
from jtrader.domain.instrument import Instrument
from jtrader.domain.order import ChildOrder, Fill, OrderStatus, OrderType, Side, TimeInForce
from jtrader.domain.times import HOUR, MINUTE
from jtrader.ports.broker import Broker, OrderNotFound

FAR = Decimal("0.2")
"""How far from the last price the orders stand, as a fraction of it."""


class Proof(msgspec.Struct, frozen=True):
    """Each point and, where it fell short, why. `fills_since` needs a trade."""

    lookup_by_client_id: bool
    open_orders: bool
    conditional_orders: bool
    fills_since: bool
    why: dict[str, str] = {}

    @property
    def is_whole(self) -> bool:
        return self.lookup_by_client_id and self.open_orders and self.conditional_orders and self.fills_since


class Disproved(JtraderError):
    """The venue answered, but not what it should have."""


class Paging(Broker, Protocol):
    """A broker whose reading of fills can be made to need several pages."""

    async def fills_by_page(
        self, instrument: InstrumentId, start: int, end: int, page: int
    ) -> tuple[Sequence[Fill], int]: ...


class Probe:
    """Of one account and instrument. Orders that it placed are cancelled whatever happens; with `may_trade` the
    smallest quantity is bought and sold again."""

    def __init__(
        self,
        broker: Paging,
        account: AccountId,
        instrument: Instrument,
        last_price: Decimal,
        now: int,
        new_id: Callable[[], ClientOrderId],
        may_trade: bool,
    ) -> None:
        """`now` in market time, ns."""
        self._broker = broker
        self._account = account
        self._instrument = instrument
        self._price = last_price
        self._now = now
        self._new_id = new_id
        self._may_trade = may_trade
        self._why: dict[str, str] = {}
        self._placed: list[ClientOrderId] = []

    async def run(self) -> Proof:
        try:
            resting = self._order(OrderType.LIMIT, self._at(1 - FAR))
            listed = await self._try("open_orders", lambda: self._is_listed(resting))
            found = await self._try("lookup_by_client_id", lambda: self._is_found(resting))
            stop = self._order(OrderType.STOP_LIMIT, self._at(1 + FAR), trigger=self._at(1 + FAR))
            conditional = await self._try("conditional_orders", lambda: self._is_listed(stop))
            conditional = conditional and await self._try("conditional_orders", lambda: self._is_found(stop))
        finally:
            await self._clean_up()
        since = await self._try("fills_since", self._are_fills_told)
        return Proof(found, listed, conditional, since, dict(self._why))

    async def _try(self, point: str, prove: Callable[[], object]) -> bool:
        try:
            await prove()  # type: ignore[misc]
        except JtraderError as error:
            self._why.setdefault(point, str(error) or type(error).__name__)
            return False
        return True

    async def _is_listed(self, order: ChildOrder) -> None:
        self._placed.append(order.client_order_id)
        await self._broker.submit(order)
        listed = {one.client_order_id: one for one in await self._broker.open_orders()}
        if order.client_order_id not in listed:
            raise Disproved(f"the {order.type} order that was placed is not among {len(listed)} open ones")
        if listed[order.client_order_id].type.is_conditional is not order.type.is_conditional:
            raise Disproved(f"the {order.type} order is listed as {listed[order.client_order_id].type}")

    async def _is_found(self, order: ChildOrder) -> None:
        """Alive, and once more after it was cancelled."""
        instrument, name = self._instrument.id, order.client_order_id
        alive = await self._broker.order(instrument, name)
        if (alive.client_order_id, alive.status) != (name, OrderStatus.NEW):
            raise Disproved(f"looked up as {alive.client_order_id}, {alive.status}")
        await self._broker.cancel(instrument, name)
        self._placed.remove(name)
        ended = await self._broker.order(instrument, name)
        if ended.status is not OrderStatus.CANCELED:
            raise Disproved(f"once cancelled it is looked up as {ended.status}")
        with contextlib.suppress(OrderNotFound):
            unknown = await self._broker.order(instrument, self._new_id())
            raise Disproved(f"an id that was never sent finds order {unknown.venue_order_id}")

    async def _are_fills_told(self) -> None:
        if not self._may_trade:
            raise Disproved("nothing may be traded, so that there is no fill to look for")
        orders = [self._order(OrderType.MARKET, None, side=side) for side in (Side.BUY, Side.SELL)]
        for order in orders:
            await self._broker.submit(order)
        ours = {order.client_order_id for order in orders}
        span = (self._instrument.id, self._now - MINUTE, self._now + HOUR)
        told = await self._broker.fills(*span)
        if not ours <= {fill.client_order_id for fill in told}:
            raise Disproved(f"{len(told)} fills are told since the trades, not those of both orders under our ids")
        paged, pages = await self._broker.fills_by_page(*span, page=1)
        if pages < 2 or {fill.trade_id for fill in paged} != {fill.trade_id for fill in told}:
            raise Disproved(f"asked for one by one, {len(paged)} of {len(told)} fills came, in {pages} page(s)")
        last = max(fill.ts for fill in told)
        if any(fill.ts <= last for fill in await self._broker.fills(self._instrument.id, last + 1, last + HOUR)):
            raise Disproved("fills from before the asked time are told")

    async def _clean_up(self) -> None:
        for name in self._placed:
            with contextlib.suppress(JtraderError):
                await self._broker.cancel(self._instrument.id, name)

    def _at(self, factor: Decimal) -> Decimal:
        return self._instrument.price_at(self._instrument.ticks_down(float(self._price * factor)))

    def _order(
        self, kind: OrderType, price: Decimal | None, side: Side = Side.BUY, trigger: Decimal | None = None
    ) -> ChildOrder:
        name = self._new_id()
        least = self._instrument.min_notional / (self._price * (1 - FAR))
        return ChildOrder(
            client_order_id=name,
            parent_id=ParentId(name),
            strategy=StrategyId("probe"),
            account=self._account,
            instrument=self._instrument.id,
            side=side,
            type=kind,
            time_in_force=TimeInForce.GTC,
            quantity=max(self._instrument.min_quantity, self._instrument.quantity_up(least)),
            price=price,
            reduce_only=False,
            ts=self._now,
            trigger_price=trigger,
        )
