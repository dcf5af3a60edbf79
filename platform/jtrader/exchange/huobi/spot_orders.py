"""Order entry and look-up on HTX spot.

A market buy at HTX names the quote amount to spend, not how much to buy; ours names the quantity. So it goes out as an
immediate-or-cancel order at the twentieth ask of the book, which buys exactly the quantity or what there is of it.
Stops that end in a market order are HTX's conditional orders (v2): they tell no direction, the venue takes that from
where the last price stands, so one whose trigger has been passed is refused here. With a price they are stop-limit
orders (v1), which tell their direction. A buying stop at market would again name a quote amount: NotOffered.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import ClientOrderId, InstrumentId, VenueSymbol, split_instrument_id
from jtrader.domain.money import amount, plain
from jtrader.domain.order import ChildOrder, OrderType, Side, TimeInForce, TriggerBy, VenueOrder
from jtrader.exchange.huobi.errors import trying
from jtrader.exchange.huobi.ids import OrderIds
from jtrader.exchange.huobi.paging import all_pages
from jtrader.exchange.huobi.rows import Row, accepted, acknowledged, rises
from jtrader.exchange.huobi.session import HuobiSession
from jtrader.exchange.huobi.spot_rows import SpotRows
from jtrader.ports.broker import (
    AccessDenied,
    BrokerError,
    NotOffered,
    OrderNotFound,
    OrderRefusedByVenue,
    OutcomeUnknown,
    Reason,
)

ACCOUNTS = "spotPrivateGetV1AccountAccounts"
PLACE = "spotPrivatePostV1OrderOrdersPlace"
CANCEL = "spotPrivatePostV1OrderOrdersSubmitCancelClientOrder"
CANCEL_ALL = "spotPrivatePostV1OrderOrdersBatchCancelOpenOrders"
ORDER = "spotPrivateGetV1OrderOrdersGetClientOrder"
ORDER_BY_NUMBER = "spotPrivateGetV1OrderOrdersOrderId"
OPEN = "spotPrivateGetV1OrderOpenOrders"
ALGO_PLACE = "spotPrivatePostV2AlgoOrders"
ALGO_CANCEL = "spotPrivatePostV2AlgoOrdersCancellation"
ALGO_ORDER = "spotPrivateGetV2AlgoOrdersSpecific"
ALGO_OPEN = "spotPrivateGetV2AlgoOrdersOpening"
DEPTH = "spotPublicGetMarketDepth"
MERGED = "spotPublicGetMarketDetailMerged"

PAGE = 500
ALGO_CANCELS = 50
CANCELS = 100
TOO_LATE = ("-1", "0", "6")
"""Answers of a cancel by client id: closed long ago, not known, filled. 5, 7 and 10: (being) cancelled."""
STYLES = {
    TimeInForce.GTC: "limit",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "limit-fok",
    TimeInForce.POST_ONLY: "limit-maker",
}


class SpotOrders:
    """Orders of one spot account. `page`: rows that one query asks for."""

    def __init__(self, session: HuobiSession, rows: SpotRows, ids: OrderIds, page: int = PAGE) -> None:
        self._page = min(page, PAGE)
        self._session = session
        self._rows = rows
        self._ids = ids
        self._account: str | None = None

    async def account_id(self, urgent: bool = False, prompt: bool = False) -> str:
        """The venue's number of the spot account. Raises AccessDenied where the key has none."""
        if self._account is None:
            rows = await self._session.data(ACCOUNTS, {}, urgent=urgent, prompt=prompt)
            found = [str(row["id"]) for row in rows if row.get("type") == "spot"]
            if not found:
                raise AccessDenied("HTX: this key has no spot account")
            self._account = found[0]
        return self._account

    async def submit(self, order: ChildOrder) -> VenueOrder:
        symbol = _symbol(order.instrument)
        if order.type in (OrderType.STOP, OrderType.MARKET_IF_TOUCHED):
            return await self._submit_algo(order, symbol)
        params: dict[str, Any] = {
            "account-id": await self.account_id(prompt=True),
            "symbol": symbol,
            "client-order-id": order.client_order_id,
            "amount": plain(order.quantity),
        }
        if order.type is OrderType.MARKET:
            params |= await self._market(order, symbol)
        else:
            params |= self._limit(order)
        self._ids.sending(order)
        await self._ids.on_disk()
        order_id = acknowledged(await self._session.data(PLACE, params, is_order=True))
        self._ids.accepted(order.client_order_id, order_id)
        return accepted(order, order_id)

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        _symbol(instrument)
        sent = self._ids.sent(client_order_id)
        is_algo = sent is None or sent.type in (OrderType.STOP, OrderType.MARKET_IF_TOUCHED)
        if is_algo and sent is not None and await self._cancel_algo([client_order_id]):
            return
        try:
            state = await self._session.data(CANCEL, {"client-order-id": client_order_id}, is_order=True, urgent=True)
        except OrderNotFound:
            if sent is None and await self._cancel_algo([client_order_id]):
                return
            raise
        if str(state) in TOO_LATE:
            raise OrderNotFound(f"HTX: order {client_order_id} is final already", str(state))

    async def cancel_all(self, instrument: InstrumentId) -> None:
        """What can't be cancelled is told once all has been tried: the venue gives no reasons, so what it failed to
        cancel is looked for among what is open still."""
        symbol = _symbol(instrument)
        failed: list[BrokerError] = []
        with trying(failed):
            await self._cancel_book(symbol)
        with trying(failed):
            rows = await self._open_algos({"symbol": symbol}, urgent=True)
            waiting = [str(row["clientOrderId"]) for row in rows]
            for first in range(0, len(waiting), ALGO_CANCELS):
                if not await self._cancel_algo(waiting[first : first + ALGO_CANCELS]):
                    still = {
                        str(row["clientOrderId"]) for row in await self._open_algos({"symbol": symbol}, urgent=True)
                    }
                    _refuse_left(sorted(still.intersection(waiting[: first + ALGO_CANCELS])))
        if failed:
            raise failed[0]

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        """What it is in the book, where it is there; else what waits for its price."""
        _symbol(instrument)
        number = self._ids.number_of(client_order_id) or self._ids.trigger_of(client_order_id)
        if number:  # our id of an order that is over serves for two hours
            return await self._by_number(number)
        try:
            row = await self._session.data(ORDER, {"clientOrderId": client_order_id})
            if row:
                return self._rows.order(row)
        except OrderNotFound:
            sent = self._ids.sent(client_order_id)
            if sent is not None and not sent.type.is_conditional:
                raise
        return await self._algo(client_order_id)

    async def open_orders(self) -> list[VenueOrder]:
        account = await self.account_id()

        async def ask(cursor: str | None) -> Sequence[Row]:
            after = {"from": cursor, "direct": "next"} if cursor else {}
            rows: Sequence[Row] = await self._session.data(OPEN, {"account-id": account, "size": self._page, **after})
            return rows

        plain_orders = [self._rows.order(row) for row in await all_pages(ask, self._page, lambda row: row["id"])]
        return plain_orders + [self._rows.conditional(row) for row in await self._open_algos({})]

    async def client_id(self, order_id: str) -> ClientOrderId | None:
        """Ours of an order that is known by the venue's number."""
        return (await self._by_number(order_id)).client_order_id

    async def _cancel_book(self, symbol: VenueSymbol) -> None:
        account, has_failed = await self.account_id(urgent=True, prompt=True), False
        while True:
            params = {"account-id": account, "symbol": symbol, "size": CANCELS}
            done = await self._session.data(CANCEL_ALL, params, is_order=True, urgent=True)
            if not isinstance(done, Mapping):
                raise OutcomeUnknown(f"HTX does not tell which orders of {symbol} it cancelled: {done}")
            has_failed = has_failed or int(done.get("failed-count") or 0) > 0
            if not int(done.get("success-count") or 0) or int(done.get("next-id") or -1) < 0:
                break
        if has_failed:
            query = {"account-id": account, "symbol": symbol, "size": PAGE}
            rows = await self._session.data(OPEN, query, urgent=True, prompt=True)
            _refuse_left([str(row["id"]) for row in rows if row.get("state") != "canceling"])

    async def _market(self, order: ChildOrder, symbol: VenueSymbol) -> dict[str, str]:
        if order.side is Side.SELL:
            return {"type": "sell-market"}
        book = await self._session.answer(DEPTH, {"symbol": symbol, "type": "step0", "depth": 20}, prompt=True)
        asks = book["tick"]["asks"]
        if not asks:
            raise OrderRefusedByVenue(f"HTX: nobody sells {symbol}, so a market order can't buy")
        return {"type": "buy-ioc", "price": plain(amount(str(asks[-1][0])))}

    def _limit(self, order: ChildOrder) -> dict[str, str]:
        if order.price is None:
            raise BadInput(f"limit order {order.client_order_id} has no price")
        priced = {"price": plain(order.price)}
        if not order.type.is_conditional:
            return {**priced, "type": f"{order.side.value}-{STYLES[order.time_in_force]}"}
        if order.time_in_force not in (TimeInForce.GTC, TimeInForce.FOK):
            raise NotOffered(f"HTX spot has no {order.time_in_force.value} order behind a trigger price")
        style = "stop-limit-fok" if order.time_in_force is TimeInForce.FOK else "stop-limit"
        trigger = plain(_trigger_price(order))
        operator = "gte" if rises(order.type, order.side) else "lte"
        return {**priced, "type": f"{order.side.value}-{style}", "stop-price": trigger, "operator": operator}

    async def _submit_algo(self, order: ChildOrder, symbol: VenueSymbol) -> VenueOrder:
        trigger = _trigger_price(order)
        if order.side is Side.BUY:
            raise NotOffered("HTX spot buys at market by quote amount, so a buying stop needs a limit price")
        tick = (await self._session.answer(MERGED, {"symbol": symbol}, prompt=True))["tick"]
        last = amount(str(tick["close"]))
        if (trigger <= last) is rises(order.type, order.side):
            raise OrderRefusedByVenue(
                f"HTX: the last price {plain(last)} has passed the trigger price {plain(trigger)} already",
                reason=Reason.WOULD_TRIGGER,
            )
        params = {
            "accountId": int(await self.account_id(prompt=True)),
            "symbol": symbol,
            "orderSide": order.side.value,
            "orderType": "market",
            "orderSize": plain(order.quantity),
            "clientOrderId": order.client_order_id,
            "stopPrice": plain(trigger),
        }
        self._ids.sending(order)
        await self._ids.on_disk()
        await self._session.data(ALGO_PLACE, params, is_order=True, urgent=order.reduce_only)
        return accepted(order, f"algo-{order.client_order_id}")

    async def _cancel_algo(self, names: Sequence[str]) -> bool:
        """Whether all of them still waited."""
        done = await self._session.data(ALGO_CANCEL, {"clientOrderIds": list(names)}, is_order=True, urgent=True)
        return not done.get("rejected")

    async def _algo(self, client_order_id: ClientOrderId) -> VenueOrder:
        row = await self._session.data(ALGO_ORDER, {"clientOrderId": client_order_id})
        if not row:
            raise OrderNotFound(f"HTX: order {client_order_id} is not known")
        if row.get("orderId"):  # triggered: what became of it is told by the order that it put into the book
            return await self._by_number(str(row["orderId"]))
        return self._rows.conditional(row)

    async def _by_number(self, order_id: str) -> VenueOrder:
        return self._rows.order(await self._session.data(ORDER_BY_NUMBER, {"order-id": order_id}))

    async def _open_algos(self, query: dict[str, Any], urgent: bool = False) -> Sequence[Row]:
        rows: list[Row] = []
        more: dict[str, Any] = {}
        while True:
            params = {**query, "limit": self._page, **more}
            answer = await self._session.answer(ALGO_OPEN, params, urgent=urgent, prompt=urgent)
            rows += answer.get("data") or ()
            if not answer.get("nextId"):
                return rows
            more = {"fromId": answer["nextId"]}


def _refuse_left(order_ids: Sequence[str]) -> None:
    if order_ids:
        raise OutcomeUnknown(f"HTX could not cancel {', '.join(order_ids)}")


def _symbol(instrument: InstrumentId) -> VenueSymbol:
    return split_instrument_id(instrument)[1]


def _trigger_price(order: ChildOrder) -> Any:
    if order.trigger_price is None:
        raise BadInput(f"conditional order {order.client_order_id} has no trigger price")
    if order.trigger_by is not TriggerBy.LAST:
        raise NotOffered(f"HTX spot watches the last price, not the {order.trigger_by.value} price")
    return order.trigger_price
