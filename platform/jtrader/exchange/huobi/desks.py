"""What a market's broker is made of: order entry, reading, its private stream, put together for each of the four."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

from jtrader.domain.account import AccountMode, Balance, VenueEntry, VenuePosition
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market
from jtrader.domain.order import ChildOrder, Fill, VenueOrder
from jtrader.exchange.common.reports import Report
from jtrader.exchange.common.session import Keys
from jtrader.exchange.huobi.doors import ContractDoor, Door, Message, SpotDoor
from jtrader.exchange.huobi.ids import OrderIds
from jtrader.exchange.huobi.inverse_account import InverseAccount
from jtrader.exchange.huobi.inverse_names import InverseNames
from jtrader.exchange.huobi.inverse_orders import InverseOrders
from jtrader.exchange.huobi.inverse_rows import InverseRows
from jtrader.exchange.huobi.known import KnownOrders
from jtrader.exchange.huobi.linear_account import LinearAccount
from jtrader.exchange.huobi.linear_orders import LinearOrders
from jtrader.exchange.huobi.linear_rows import LinearRows, became
from jtrader.exchange.huobi.listing import LINEAR, SPOT, SWAP
from jtrader.exchange.huobi.session import HuobiSession
from jtrader.exchange.huobi.spot_account import SpotAccount
from jtrader.exchange.huobi.spot_orders import SpotOrders
from jtrader.exchange.huobi.spot_rows import SpotRows

PAGE = 500
"""Rows that one query asks for at most; each endpoint has its own bound below it."""


class Orders(Protocol):
    async def submit(self, order: ChildOrder) -> VenueOrder: ...

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None: ...

    async def cancel_all(self, instrument: InstrumentId) -> None: ...

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder: ...

    async def open_orders(self) -> list[VenueOrder]: ...


class Reading(Protocol):
    async def balances(self) -> list[Balance]: ...

    async def positions(self) -> Sequence[VenuePosition]: ...

    async def account_mode(self) -> AccountMode: ...

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str: ...

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> list[Fill]: ...

    async def entries(self, start: int, end: int) -> list[VenueEntry]: ...


class Desk(ABC):
    """One account on one market."""

    orders: Orders
    account: Reading
    door: Door
    tells_fills = True
    """The stream tells fills with their fees."""

    @abstractmethod
    async def read(self, message: Message) -> list[Report]:
        """What a message of the stream tells. Raises Broken, BrokerError."""

    @abstractmethod
    def hints_at_ledger(self, message: Message) -> bool:
        """Whether the ledger may have a new row that is of no trade."""


class SpotDesk(Desk):
    def __init__(
        self,
        session: HuobiSession,
        keys: Keys,
        now_ms: Callable[[], int],
        name: AccountId,
        instruments: Sequence[InstrumentId],
        ids: OrderIds,
        page: int,
    ) -> None:
        self._ids = ids
        self.rows = SpotRows(name, ids)
        self.known = KnownOrders()
        self.orders = SpotOrders(session, self.rows, ids, page)
        self.account = SpotAccount(session, self.rows, self.orders, self.known, instruments[0], page)
        self.door = SpotDoor(keys, now_ms)

    async def read(self, message: Message) -> list[Report]:
        topic, data = str(message.get("ch", "")), message.get("data") or {}
        if topic.startswith("orders#"):
            return [self.known.learn(self._ids.learn(self.rows.streamed_order(data)))]
        if topic.startswith("trade.clearing#") and data.get("eventType") == "trade":
            return [self.rows.streamed_fill(data, self.known.client_ids)]
        return []

    def hints_at_ledger(self, message: Message) -> bool:
        data = message.get("data") or {}
        kind = str(data.get("changeType") or "order")
        return str(message.get("ch", "")).startswith("accounts.update") and not kind.startswith("order")


class LinearDesk(Desk):
    """The stream's trades tell no fee, so fills are read over REST when an order tells that it has some."""

    tells_fills = False

    def __init__(
        self,
        session: HuobiSession,
        keys: Keys,
        now_ms: Callable[[], int],
        name: AccountId,
        instruments: Sequence[InstrumentId],
        ids: OrderIds,
        page: int,
    ) -> None:
        self._ids = ids
        self._rows = LinearRows(name, ids)
        self._known = KnownOrders()
        self._linear = LinearOrders(session, self._rows, ids, page)
        self.orders = self._linear
        self.account = LinearAccount(session, self._rows, self._linear, self._known, instruments, page)
        of_all = {"contract_code": "*"}
        topics = [{"topic": "orders", **of_all}, {"topic": "algo_orders", **of_all}, {"topic": "account"}]
        self.door = ContractDoor("wss://api.hbdm.vn/ws/v5/notification", topics, keys, now_ms)

    async def read(self, message: Message) -> list[Report]:
        topic, data = message.get("topic"), message.get("data") or []
        rows = data if isinstance(data, list) else [data]
        if topic == "orders":
            return [await self._order(row) for row in rows]
        if topic == "algo_orders":
            return [order for row in rows if (order := self._trigger(row)) is not None]
        return []

    def hints_at_ledger(self, message: Message) -> bool:
        return message.get("topic") == "account" and not str(message.get("event", "")).startswith("order")

    async def _order(self, row: Message) -> VenueOrder:
        order = self._rows.order(row)
        unknown = order.client_order_id is None and self._ids.may_have_triggered(order.instrument)
        if unknown and await self._linear.claim(str(row["contract_code"])):
            order = self._rows.order(row)
        return self._known.learn(self._ids.learn(order))

    def _trigger(self, row: Message) -> VenueOrder | None:
        """One that became an order is told by that order from then on."""
        order = self._rows.algo(row)
        if order.client_order_id is not None and (order_id := became(row)):
            self._ids.triggered(order.client_order_id, order_id)
            return None
        return self._ids.learn(order)


class InverseDesk(Desk):
    def __init__(
        self,
        session: HuobiSession,
        keys: Keys,
        now_ms: Callable[[], int],
        name: AccountId,
        market: Market,
        instruments: Sequence[InstrumentId],
        ids: OrderIds,
        page: int,
    ) -> None:
        self._ids = ids
        self._names = InverseNames(market)
        self._rows = InverseRows(name, market, ids)
        self._known = KnownOrders()
        self._inverse = InverseOrders(session, self._names, self._rows, ids, instruments, page)
        self.orders = self._inverse
        self.account = InverseAccount(session, self._names, self._rows, self._inverse, self._known, instruments, page)
        url = "wss://api.hbdm.vn/swap-notification" if market == SWAP else "wss://api.hbdm.vn/notification"
        topics = [{"topic": f"{topic}.*"} for topic in ("orders", "trigger_order", "accounts")]
        self.door = ContractDoor(url, topics, keys, now_ms)

    async def read(self, message: Message) -> list[Report]:
        topic = str(message.get("topic", ""))
        if topic.startswith("orders"):
            return await self._order(message)
        if topic.startswith("trigger_order"):
            return [report for row in message.get("data") or () for report in self._trigger(row)]
        return []

    def hints_at_ledger(self, message: Message) -> bool:
        is_account = str(message.get("topic", "")).startswith("accounts")
        return is_account and not str(message.get("event", "")).startswith("order")

    async def _order(self, message: Message) -> list[Report]:
        order = self._rows.order(message)
        unknown = order.client_order_id is None and self._ids.may_have_triggered(order.instrument)
        if unknown and await self._inverse.claim(order.instrument):
            order = self._rows.order(message)
        self._known.learn(self._ids.learn(order))
        return [*self._rows.streamed_fills(message, order), order]

    def _trigger(self, row: Message) -> list[Report]:
        """One that became an order is told by that order from then on."""
        order = self._rows.trigger(row)
        name = order.client_order_id
        if name is not None and order.is_triggered:
            self._ids.triggered(name, str(row["relation_order_id"]))
            return []
        return [self._ids.learn(order)]


def desk_of(
    session: HuobiSession,
    keys: Keys,
    now_ms: Callable[[], int],
    account: AccountId,
    market: Market,
    instruments: Sequence[InstrumentId],
    ids: OrderIds,
    page: int,
) -> Desk:
    if market == SPOT:
        return SpotDesk(session, keys, now_ms, account, instruments, ids, page)
    if market == LINEAR:
        return LinearDesk(session, keys, now_ms, account, instruments, ids, page)
    return InverseDesk(session, keys, now_ms, account, market, instruments, ids, page)
