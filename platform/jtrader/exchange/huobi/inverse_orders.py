"""Order entry and look-up on HTX's coin-margined swaps and futures.

The venue keeps a long and a short position side by side and wants each order to say which it opens or closes (see
inverse_stance). Trigger orders take no client id: which is ours is remembered (see ids), and one whose answer never
came is known again by its fields.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import ClientOrderId, InstrumentId
from jtrader.domain.money import plain
from jtrader.domain.order import ChildOrder, OrderType, TimeInForce, TriggerBy, VenueOrder
from jtrader.exchange.huobi.errors import trying
from jtrader.exchange.huobi.ids import OrderIds, Sent, venue_integer
from jtrader.exchange.huobi.inverse_names import InverseNames
from jtrader.exchange.huobi.inverse_rows import ID_NAMES, InverseRows, became, id_of
from jtrader.exchange.huobi.inverse_stance import stance_of
from jtrader.exchange.huobi.rows import Row, accepted, acknowledged, rises, rows_of
from jtrader.exchange.huobi.session import HuobiSession
from jtrader.ports.broker import BrokerError, NotOffered, OrderNotFound

PAGE = 50
PAST_DAYS = 90
STYLES = {
    TimeInForce.GTC: "limit",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
    TimeInForce.POST_ONLY: "post_only",
}
AT_MARKET = "optimal_20"
"""What a triggered order without a price takes: up to the twentieth level of the book."""


class InverseOrders:
    """Orders of one coin-margined account. `page`: rows that one query asks for."""

    def __init__(
        self,
        session: HuobiSession,
        names: InverseNames,
        rows: InverseRows,
        ids: OrderIds,
        instruments: Sequence[InstrumentId],
        page: int = PAGE,
    ) -> None:
        self._session = session
        self._names = names
        self._rows = rows
        self._ids = ids
        self._instruments = instruments
        self._page = min(page, PAGE)

    async def submit(self, order: ChildOrder) -> VenueOrder:
        stance = await stance_of(order, self._session, self._names)
        order = replace(order, quantity=stance.quantity)
        params = {
            "contract_code": self._names.code(order.instrument),
            "volume": plain(order.quantity),
            "direction": order.side.value,
            "offset": "close" if stance.is_close else "open",
            "lever_rate": stance.leverage,
        }
        if order.type.is_conditional:
            return await self._submit_trigger(order, params)
        if order.type is OrderType.MARKET:
            params["order_price_type"] = "market"
        elif order.price is None:
            raise BadInput(f"limit order {order.client_order_id} has no price")
        else:
            params |= {"order_price_type": STYLES[order.time_in_force], "price": plain(order.price)}
        params["client_order_id"] = self._ids.sending(order)
        await self._ids.on_disk()
        answer = await self._session.data(self._names.call("Order"), params, is_order=True, urgent=stance.is_close)
        return self._ids.learn(accepted(order, acknowledged(answer, *ID_NAMES)))

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        sent = self._ids.sent(client_order_id)
        if sent is not None and sent.type.is_conditional:
            await self._cancel_trigger(instrument, client_order_id, sent)
        else:
            await self._cancel(instrument, self._named(client_order_id))

    async def cancel_all(self, instrument: InstrumentId) -> None:
        """What can't be cancelled is told once all has been tried."""
        failed: list[BrokerError] = []
        named = self._names.named(instrument)
        for what in ("Cancelall", "TriggerCancelall"):
            with trying(failed):
                await self._session.data(self._names.call(what), named, is_order=True, urgent=True)
        if failed:
            raise failed[0]

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        sent = self._ids.sent(client_order_id)
        if sent is None or not sent.type.is_conditional:
            return await self._plain(instrument, self._named(client_order_id))
        row = await self._trigger(instrument, client_order_id, sent)
        order_id = became(row)
        if not order_id:
            return self._ids.learn(self._rows.trigger(row))
        self._ids.triggered(client_order_id, order_id)
        return await self._plain(instrument, {"order_id": order_id})

    async def open_orders(self) -> list[VenueOrder]:
        """Of the account's instruments, the orders first, then what waits for its trigger price."""
        found: list[VenueOrder] = []
        for instrument in self._instruments:
            found += [self._rows.order(row) for row in await self._pages("Openorders", instrument, {})]
            waiting = await self._open_triggers(instrument)
            self._adopt(instrument, waiting)
            found += [self._rows.trigger(row) for row in waiting]
        return found

    async def client_ids(
        self, instrument: InstrumentId, order_ids: Iterable[str]
    ) -> Mapping[str, ClientOrderId | None]:
        """Ours behind the venue's numbers."""
        found: dict[str, ClientOrderId | None] = {}
        for order_id in order_ids:
            if (known := self._ids.of_venue(order_id)) is not None:
                found[order_id] = known
                continue
            found[order_id] = (await self._plain(instrument, {"order_id": order_id})).client_order_id
            if found[order_id] is None and await self.claim(instrument):
                found[order_id] = self._ids.of_venue(order_id)
        return found

    async def claim(self, instrument: InstrumentId) -> bool:
        """Learns which orders our trigger orders became. Whether anything new was learnt."""
        learnt = False
        rows = await self._past_triggers(instrument)
        self._adopt(instrument, rows)
        for row in rows:
            name, order_id = self._ids.of_venue(id_of(row)), became(row)
            if name is not None and order_id and self._ids.of_venue(order_id) is None:
                self._ids.triggered(name, order_id)
                learnt = True
            elif name is not None:
                self._ids.learn(self._rows.trigger(row))
        return learnt

    async def _submit_trigger(self, order: ChildOrder, params: dict[str, Any]) -> VenueOrder:
        if order.trigger_price is None:
            raise BadInput(f"conditional order {order.client_order_id} has no trigger price")
        if order.trigger_by is not TriggerBy.LAST:
            raise NotOffered(
                f"HTX's coin-margined trigger orders watch the last price, not the {order.trigger_by.value}"
            )
        if order.time_in_force is not TimeInForce.GTC:
            raise NotOffered(f"HTX has no {order.time_in_force.value} order behind a trigger price")
        params |= {
            "trigger_type": "ge" if rises(order.type, order.side) else "le",
            "trigger_price": plain(order.trigger_price),
            "order_price_type": AT_MARKET,
        }
        if order.type in (OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED):
            if order.price is None:
                raise BadInput(f"limit order {order.client_order_id} has no price")
            params |= {"order_price_type": "limit", "order_price": plain(order.price)}
        self._ids.sending(order)
        await self._ids.on_disk()
        answer = await self._session.data(
            self._names.call("TriggerOrder"), params, is_order=True, urgent=order.reduce_only
        )
        order_id = acknowledged(answer, *ID_NAMES)
        self._ids.accepted(order.client_order_id, order_id)
        return accepted(order, order_id)

    async def _cancel(self, instrument: InstrumentId, named: Mapping[str, Any]) -> None:
        params = {**self._names.owner(instrument), **named}
        await self._session.data(self._names.call("Cancel"), params, is_order=True, urgent=True)

    async def _cancel_trigger(self, instrument: InstrumentId, client_order_id: ClientOrderId, sent: Sent) -> None:
        """Before it is triggered, or the order that it became."""
        trigger_id = sent.venue_order_id or id_of(await self._trigger(instrument, client_order_id, sent, urgent=True))
        params = {**self._names.owner(instrument), "order_id": trigger_id}
        try:
            await self._session.data(self._names.call("TriggerCancel"), params, is_order=True, urgent=True)
        except OrderNotFound:
            row = await self._trigger(instrument, client_order_id, sent, urgent=True)
            if not became(row):
                raise
            await self._cancel(instrument, {"order_id": became(row)})

    async def _plain(self, instrument: InstrumentId, named: Mapping[str, Any]) -> VenueOrder:
        rows = await self._session.data(self._names.call("OrderInfo"), {**self._names.owner(instrument), **named})
        if not rows:
            raise OrderNotFound(f"HTX: order {named} is not known")
        return self._ids.learn(self._rows.order(rows[0]))

    def _named(self, client_order_id: ClientOrderId) -> dict[str, Any]:
        """By the venue's number where it is known: it serves our ids for some hours only."""
        order_id = self._ids.number_of(client_order_id)
        return {"order_id": order_id} if order_id else {"client_order_id": venue_integer(client_order_id)}

    async def _trigger(
        self, instrument: InstrumentId, client_order_id: ClientOrderId, sent: Sent, urgent: bool = False
    ) -> Row:
        """Among those that wait, else among those of the past."""
        for read in (self._open_triggers, self._past_triggers):
            rows = await read(instrument, urgent)
            self._adopt(instrument, rows)
            for row in rows:
                if self._ids.of_venue(id_of(row)) == client_order_id:
                    return row
        raise OrderNotFound(f"HTX: trigger order {sent.client_order_id} is not known")

    def _adopt(self, instrument: InstrumentId, rows: Sequence[Row]) -> None:
        """Gives trigger orders that nobody knows to those of ours whose answer never came, by their fields."""
        unclaimed = list(self._ids.unclaimed(instrument))
        for row in rows if unclaimed else ():
            if self._ids.of_venue(id_of(row)) is not None:
                continue
            same = next((sent for sent in unclaimed if self._rows.is_sent(row, sent)), None)
            if same is not None:
                unclaimed.remove(same)
                self._ids.accepted(same.client_order_id, id_of(row))

    async def _open_triggers(self, instrument: InstrumentId, urgent: bool = False) -> list[Row]:
        return await self._pages("TriggerOpenorders", instrument, {}, urgent)

    async def _past_triggers(self, instrument: InstrumentId, urgent: bool = False) -> list[Row]:
        query = {"trade_type": 0, "status": "0", "create_date": PAST_DAYS}
        return await self._pages("TriggerHisorders", instrument, query, urgent)

    async def _pages(
        self, what: str, instrument: InstrumentId, query: Mapping[str, Any], urgent: bool = False
    ) -> list[Row]:
        found: list[Row] = []
        for number in range(1, 1_000):
            params = {**self._names.named(instrument), **query, "page_index": number, "page_size": self._page}
            data = await self._session.data(self._names.call(what), params, urgent=urgent, prompt=urgent)
            rows = rows_of(data, "orders")
            found += rows
            if len(rows) < self._page:
                break
        return found
