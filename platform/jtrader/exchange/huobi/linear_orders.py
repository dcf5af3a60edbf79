"""Order entry and look-up on HTX USDT-M (v5), cross margin, one-way mode.

A trigger order tells no direction: the venue takes it from where the price stands, so one whose trigger price has been
passed is refused here. It is looked up under the same integer as the order that it becomes.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import ClientOrderId, InstrumentId, VenueSymbol, split_instrument_id
from jtrader.domain.money import amount, plain
from jtrader.domain.order import ChildOrder, OrderType, TimeInForce, TriggerBy, VenueOrder
from jtrader.exchange.huobi.errors import trying
from jtrader.exchange.huobi.ids import OrderIds, venue_integer
from jtrader.exchange.huobi.linear_rows import LinearRows, became
from jtrader.exchange.huobi.paging import all_pages
from jtrader.exchange.huobi.rows import Row, accepted, acknowledged, rises, rows_of
from jtrader.exchange.huobi.session import HuobiSession
from jtrader.ports.broker import BrokerError, OrderNotFound, OrderRefusedByVenue, Reason

PLACE = "contractPrivatePostV5TradeOrder"
CANCEL = "contractPrivatePostV5TradeCancelOrder"
CANCEL_ALL = "contractPrivatePostV5TradeCancelAllOrders"
ORDER = "contractPrivateGetV5TradeOrder"
OPEN = "contractPrivateGetV5TradeOrderOpens"
ALGO_PLACE = "contractPrivatePostV5AlgoOrder"
ALGO_CANCEL = "contractPrivatePostV5AlgoCancelOrders"
ALGO_ORDER = "contractPrivateGetV5AlgoOrder"
ALGO_OPEN = "contractPrivateGetV5AlgoOrderOpens"
ALGO_HISTORY = "contractPrivateGetV5AlgoOrderHistory"
MERGED = "contractPublicGetLinearSwapExMarketDetailMerged"

PAGE = 100
ALGO_CANCELS = 10
CROSS = {"margin_mode": "cross"}
TRIGGER = {"type": "trigger"}


class LinearOrders:
    """Orders of one USDT-M account. `page`: rows that one query asks for."""

    def __init__(self, session: HuobiSession, rows: LinearRows, ids: OrderIds, page: int = PAGE) -> None:
        self._session = session
        self._rows = rows
        self._ids = ids
        self._page = min(page, PAGE)

    async def submit(self, order: ChildOrder) -> VenueOrder:
        code = _code(order.instrument)
        params = {"contract_code": code, "volume": plain(order.quantity), **CROSS, "side": order.side.value}
        if order.reduce_only:
            params["reduce_only"] = 1  # type: ignore[assignment]
        if order.type.is_conditional:
            return await self._submit_trigger(order, code, params)
        params |= _style(order)
        number = self._ids.sending(order)
        await self._ids.on_disk()
        answer = await self._session.data(
            PLACE, {**params, "client_order_id": number}, is_order=True, urgent=order.reduce_only
        )
        return self._ids.learn(accepted(order, acknowledged(answer, "order_id")))

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        code, sent = _code(instrument), self._ids.sent(client_order_id)
        if sent is not None and sent.type.is_conditional and await self._cancel_trigger(code, client_order_id):
            return
        try:
            named = {"contract_code": code, **self._named(client_order_id)}
            await self._session.data(CANCEL, named, is_order=True, urgent=True)
        except OrderNotFound:
            if sent is None and await self._cancel_trigger(code, client_order_id):
                return
            raise

    async def cancel_all(self, instrument: InstrumentId) -> None:
        """What can't be cancelled is told once all has been tried."""
        code = _code(instrument)
        failed: list[BrokerError] = []
        with trying(failed):
            await self._session.data(CANCEL_ALL, {"contract_code": code}, is_order=True, urgent=True)
        waiting: list[str] = []
        with trying(failed):
            rows = await self._open_triggers({"contract_code": code}, urgent=True)
            waiting = [str(row["algo_id"]) for row in rows]
        for first in range(0, len(waiting), ALGO_CANCELS):
            items = [{"contract_code": code, "algo_id": one} for one in waiting[first : first + ALGO_CANCELS]]
            with trying(failed):
                await self._session.data_of_list(ALGO_CANCEL, items, is_order=True, urgent=True)
        if failed:
            raise failed[0]

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        """What it is in the book, where it is there; else what waits for its price."""
        code, sent = _code(instrument), self._ids.sent(client_order_id)
        if sent is None or not sent.type.is_conditional:
            try:
                return await self._plain(code, self._named(client_order_id))
            except OrderNotFound:
                if sent is not None:
                    raise
        return await self._trigger(code, client_order_id)

    async def open_orders(self) -> list[VenueOrder]:
        async def ask(cursor: str | None) -> Sequence[Row]:
            after = {"from": cursor} if cursor else {}
            return rows_of(await self._session.data(OPEN, {"limit": self._page, **after, "direct": "next"}), "orders")

        found = await all_pages(ask, self._page, lambda row: row.get("id") or row["order_id"])
        waiting = await self._open_triggers({})
        return [*map(self._rows.order, found), *map(self._rows.algo, waiting)]

    async def client_ids(self, code: str, order_ids: Iterable[str]) -> Mapping[str, ClientOrderId | None]:
        """Ours behind the venue's numbers."""
        found: dict[str, ClientOrderId | None] = {}
        for order_id in order_ids:
            if (known := self._ids.of_venue(order_id)) is not None:
                found[order_id] = known
                continue
            found[order_id] = (await self._plain(code, {"order_id": order_id})).client_order_id
            if found[order_id] is None and await self.claim(code):
                found[order_id] = self._ids.of_venue(order_id)
        return found

    async def claim(self, code: str) -> bool:
        """Learns which orders our trigger orders became. Whether anything new was learnt."""
        learnt = False
        for row in await self._past_triggers(code):
            name, order_id = self._rows.algo_name(row), became(row)
            if name is not None and order_id and self._ids.of_venue(order_id) is None:
                self._ids.triggered(name, order_id)
                learnt = True
            elif name is not None:
                self._ids.learn(self._rows.algo(row))
        return learnt

    async def _submit_trigger(self, order: ChildOrder, code: VenueSymbol, params: dict[str, Any]) -> VenueOrder:
        if order.trigger_price is None:
            raise BadInput(f"conditional order {order.client_order_id} has no trigger price")
        if order.trigger_by is TriggerBy.LAST:
            await self._refuse_passed(order, code)
        params |= {**_style(order), "trigger_price": plain(order.trigger_price)}
        params["trigger_price_type"] = order.trigger_by.value
        number = self._ids.sending(order)
        await self._ids.on_disk()
        answer = await self._session.data(
            ALGO_PLACE, {**params, "algo_client_order_id": number}, is_order=True, urgent=order.reduce_only
        )
        row = answer[0] if isinstance(answer, list) and answer else answer
        algo_id = acknowledged(row, "algo_id")
        self._ids.accepted(order.client_order_id, algo_id)
        return accepted(order, algo_id)

    async def _refuse_passed(self, order: ChildOrder, code: VenueSymbol) -> None:
        query = {"contract_code": code}
        tick = (await self._session.answer(MERGED, query, urgent=order.reduce_only, prompt=True))["tick"]
        last, trigger = amount(str(tick["close"])), order.trigger_price
        assert trigger is not None
        if (trigger <= last) is rises(order.type, order.side):
            raise OrderRefusedByVenue(
                f"HTX: the last price {plain(last)} has passed the trigger price {plain(trigger)} already",
                reason=Reason.WOULD_TRIGGER,
            )

    async def _plain(self, code: str, named: Mapping[str, Any]) -> VenueOrder:
        row = await self._session.data(ORDER, {"contract_code": code, **CROSS, **named})
        if not row:
            raise OrderNotFound(f"HTX: order {named} is not known")
        return self._ids.learn(self._rows.order(row))

    def _named(self, client_order_id: ClientOrderId) -> dict[str, Any]:
        """By the venue's number where it is known: it serves our ids for some hours only."""
        order_id = self._ids.number_of(client_order_id)
        return {"order_id": order_id} if order_id else {"client_order_id": venue_integer(client_order_id)}

    def _named_trigger(self, client_order_id: ClientOrderId) -> dict[str, Any]:
        algo_id = self._ids.trigger_of(client_order_id)
        return {"algo_id": algo_id} if algo_id else {"algo_client_order_id": venue_integer(client_order_id)}

    async def _trigger(self, code: str, client_order_id: ClientOrderId) -> VenueOrder:
        query = {**TRIGGER, "contract_code": code, **self._named_trigger(client_order_id)}
        rows = rows_of(await self._session.data(ALGO_ORDER, query), "orders")
        if not rows:
            raise OrderNotFound(f"HTX: order {client_order_id} is not known")
        order_id = became(rows[0])
        if not order_id:
            return self._ids.learn(self._rows.algo(rows[0]))
        self._ids.triggered(client_order_id, order_id)
        return await self._plain(code, {"order_id": order_id})

    async def _cancel_trigger(self, code: str, client_order_id: ClientOrderId) -> bool:
        """Whether it still waited."""
        item = {"contract_code": code, **self._named_trigger(client_order_id)}
        try:
            await self._session.data_of_list(ALGO_CANCEL, [item], is_order=True, urgent=True)
        except OrderNotFound:
            return False
        return True

    async def _open_triggers(self, query: Mapping[str, Any], urgent: bool = False) -> Sequence[Row]:
        async def ask(cursor: str | None) -> Sequence[Row]:
            after = {"from": cursor} if cursor else {}
            query_all = {**TRIGGER, **query, "limit": self._page, **after, "direct": "next"}
            data = await self._session.data(ALGO_OPEN, query_all, urgent=urgent, prompt=urgent)
            return rows_of(data, "orders")

        return await all_pages(ask, self._page, lambda row: row["algo_id"])

    async def _past_triggers(self, code: str) -> Sequence[Row]:
        query = {**TRIGGER, **CROSS, "contract_code": code, "limit": PAGE}
        return rows_of(await self._session.data(ALGO_HISTORY, query), "orders")


def _style(order: ChildOrder) -> dict[str, str]:
    has_price = order.type in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
    if not has_price:
        return {"type": "market", "time_in_force": "gtc"}
    if order.price is None:
        raise BadInput(f"limit order {order.client_order_id} has no price")
    if order.time_in_force is TimeInForce.POST_ONLY:
        return {"type": "post_only", "time_in_force": "gtc", "price": plain(order.price)}
    return {"type": "limit", "time_in_force": order.time_in_force.value, "price": plain(order.price)}


def _code(instrument: InstrumentId) -> VenueSymbol:
    return split_instrument_id(instrument)[1]
