"""ports.Broker of one account at any venue, by ccxt's unified methods and watchers.

What a venue does under them differs: nothing here is to be trusted with money before `probe` has proven it there.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from jtrader.domain.account import AccountMode, Balance, PositionMode, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId
from jtrader.domain.money import ZERO, amount, plain
from jtrader.domain.order import ChildOrder, Fill, OrderStatus, VenueOrder
from jtrader.domain.times import MINUTE, from_millis, to_millis
from jtrader.exchange.ccxt.errors import translate
from jtrader.exchange.ccxt.orders import Reader, arguments
from jtrader.exchange.ccxt.spoken import EXACT, CcxtMarket, load
from jtrader.exchange.common.session import CcxtSession, Keys
from jtrader.ports.broker import AccessDenied, BrokerError, NotOffered, OrderNotFound, OutcomeUnknown

log = logging.getLogger(__name__)

PAGE = 100
REQUEST_LIFE = 5 * MINUTE
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0
Report = VenueOrder | Fill | VenueEntry


class CcxtBroker:
    """Use within one event loop; `close` it there."""

    def __init__(
        self,
        account: AccountId,
        spoken: CcxtMarket,
        instruments: Sequence[InstrumentId],
        keys: Keys,
        simulator_uri: str | None = None,
        page: int = PAGE,
    ) -> None:
        self.account = account
        self.market = spoken.market
        self._spoken = spoken
        self._instruments = tuple(instruments)
        self._page = page
        self._session = CcxtSession(
            load(spoken.exchange),
            keys,
            translate,
            simulator_uri,
            options=spoken.options,
            own_config={**EXACT, "password": keys.password, "newUpdates": True},
        )
        self._reader = Reader(account, spoken)
        self._unfinished: dict[ClientOrderId, InstrumentId] = {}
        self._last_fill: dict[InstrumentId, int] = {}
        self._live = asyncio.Event()

    # ---- reading

    async def balances(self) -> Sequence[Balance]:
        told = await self._ask("fetch_balance")
        found = []
        for asset, total in (told.get("total") or {}).items():
            if total and amount(str(total)) != ZERO:
                free = amount(str((told.get("free") or {}).get(asset) or "0"))
                found.append(Balance(account=self.account, asset=asset, total=amount(str(total)), free=free))
        return found

    async def positions(self) -> Sequence[VenuePosition]:
        if self._spoken.type == "spot":
            return []
        symbols = {await self._symbol(name): name for name in self._instruments}
        rows = await self._ask("fetch_positions", list(symbols))
        markets = self._session.exchange.markets
        found = [
            self._reader.position(symbols[row["symbol"]], row, str(markets[row["symbol"]]["settle"]))
            for row in rows
            if row["symbol"] in symbols
        ]
        return [position for position in found if position.quantity != ZERO]

    async def open_orders(self) -> Sequence[VenueOrder]:
        """Conditional ones are asked for apart."""
        found: dict[str, VenueOrder] = {}
        for name in self._instruments:
            symbol = await self._symbol(name)
            for params in ({}, {"trigger": True}):
                for row in await self._ask("fetch_open_orders", symbol, None, self._page, params):
                    order = self._reader.order(name, row)
                    found[order.venue_order_id] = order
        return sorted(found.values(), key=lambda order: order.ts)

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Fill]:
        """Page by page, each from the last one's time on."""
        symbol = await self._symbol(instrument)
        found: dict[str, Fill] = {}
        since = start
        while True:
            rows = await self._ask("fetch_my_trades", symbol, to_millis(since), self._page)
            page = [self._reader.fill(instrument, row) for row in rows]
            fresh = [fill for fill in page if fill.trade_id not in found]
            found.update((fill.trade_id, fill) for fill in fresh)
            if len(page) < self._page or not fresh or page[-1].ts >= end:
                break
            since = max(fill.ts for fill in page)
        return sorted((f for f in found.values() if start <= f.ts < end), key=lambda f: (f.ts, f.trade_id))

    async def entries(self, start: int, end: int) -> Sequence[VenueEntry]:
        if not self._session.exchange.has.get("fetchLedger"):
            raise NotOffered(f"{self._spoken.exchange}: ccxt reads no ledger there")
        rows = await self._ask("fetch_ledger", None, to_millis(start), self._page)
        found = sorted((self._reader.entry(row) for row in rows), key=lambda entry: entry.ts)
        return [entry for entry in found if start <= entry.ts < end]

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        symbol = await self._symbol(instrument)
        if self._spoken.type == "spot":
            raise BadInput(f"{instrument} is spot: it has no mark price")
        rows = await self._ask("fetch_mark_ohlcv", symbol, "1m", to_millis(ts), 1)
        if not rows or from_millis(int(rows[0][0])) != ts or ts % MINUTE:
            raise BadInput(f"{self._spoken.exchange} has no mark price of {instrument} at {ts} (ns)")
        return plain(amount(str(rows[0][1])))

    async def account_mode(self) -> AccountMode:
        mode = None
        if self._spoken.type != "spot" and self._session.exchange.has.get("fetchPositionMode"):
            told = await self._ask("fetch_position_mode")
            mode = PositionMode.HEDGE if told.get("hedged") else PositionMode.ONE_WAY
        return AccountMode(account=self.account, position_mode=mode)

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        """By our id, among the conditional orders where it was one or isn't among the others."""
        symbol = await self._symbol(instrument)
        sent = self._reader.sent.get(client_order_id)
        ways = ({}, {"trigger": True}) if sent is None or not sent.type.is_conditional else ({"trigger": True},)
        for number, way in enumerate(ways):
            try:
                row = await self._ask(
                    "fetch_order", "", symbol, {"clientOrderId": self._spoken.written(client_order_id), **way}
                )
            except (OrderNotFound, NotOffered):
                if number == len(ways) - 1:
                    raise
                continue
            order = self._reader.order(instrument, row)
            return await self._what_became(order, symbol, row) if way else order
        raise OrderNotFound(f"order {client_order_id} is not known to {self._spoken.exchange}")

    # ---- order entry

    async def submit(self, order: ChildOrder) -> VenueOrder:
        sent = arguments(order, await self._symbol(order.instrument), self._spoken)
        self._reader.sent[order.client_order_id] = order
        self._unfinished[order.client_order_id] = order.instrument
        try:
            row = await self._ask("create_order", *sent, is_order=True)
        except BrokerError as error:
            if not isinstance(error, OutcomeUnknown):
                self._unfinished.pop(order.client_order_id, None)
            raise
        told = {"clientOrderId": sent.params["clientOrderId"], "amount": order.quantity, "side": order.side.value}
        return self._reader.order(order.instrument, {**row, **{k: v for k, v in told.items() if not row.get(k)}})

    async def amend(
        self, instrument: InstrumentId, client_order_id: ClientOrderId, quantity: Decimal, price: Decimal
    ) -> VenueOrder:
        if self._session.exchange.has.get("editOrder") is not True:
            raise NotOffered(
                f"{self._spoken.exchange} changes no order in place: cancel {client_order_id}, send another"
            )
        standing = await self.order(instrument, client_order_id)
        if standing.status.is_terminal:
            raise OrderNotFound(f"order {client_order_id} is {standing.status}: there is nothing to change")
        if standing.type.is_conditional:
            raise NotOffered(f"{self._spoken.exchange}: conditional orders are cancelled and sent anew")
        symbol = await self._symbol(instrument)
        changed = (symbol, "limit", standing.side.value, plain(quantity), plain(price))
        await self._ask("edit_order", standing.venue_order_id, *changed, is_order=True)
        return await self.order(instrument, client_order_id)

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        standing = await self.order(instrument, client_order_id)
        if standing.status.is_terminal:
            raise OrderNotFound(f"order {client_order_id} is {standing.status}")
        symbol = await self._symbol(instrument)
        waits = standing.type.is_conditional and not standing.is_triggered
        params = {"trigger": True} if waits else {}
        await self._ask("cancel_order", standing.venue_order_id, symbol, params, is_order=True, urgent=True)

    async def cancel_all(self, instrument: InstrumentId) -> None:
        """One by one: few venues cancel conditional orders with the others."""
        for order in await self.open_orders():
            if order.instrument == instrument:
                symbol = await self._symbol(instrument)
                waits = order.type.is_conditional and not order.is_triggered
                params = {"trigger": True} if waits else {}
                try:
                    await self._ask("cancel_order", order.venue_order_id, symbol, params, is_order=True, urgent=True)
                except OrderNotFound:
                    log.info("order %s ended meanwhile", order.venue_order_id)

    # ---- the private stream

    async def reports(self) -> AsyncIterator[Report]:
        """Orders and fills by ccxt.pro's watchers; what they may have lost is read over REST after each break."""
        queue: asyncio.Queue[Report | BaseException] = asyncio.Queue()
        tasks = [asyncio.create_task(self._watch(name, queue)) for name in self._instruments]
        try:
            while True:
                item = await queue.get()
                if isinstance(item, BaseException):
                    raise item
                if isinstance(item, VenueOrder) and item.status.is_terminal and item.client_order_id:
                    self._unfinished.pop(item.client_order_id, None)
                if isinstance(item, Fill):
                    self._last_fill[item.instrument] = max(self._last_fill.get(item.instrument, 0), item.ts)
                yield item
        finally:
            self._live.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def request_life(self) -> int:
        """As long as the most patient venue known (HTX): of another one nothing shorter is proven."""
        return REQUEST_LIFE

    @property
    def is_live(self) -> bool:
        return self._live.is_set()

    async def wait_live(self) -> None:
        await self._live.wait()

    async def close(self) -> None:
        await self._session.close()

    async def _watch(self, name: InstrumentId, queue: "asyncio.Queue[Report | BaseException]") -> None:
        wait = _FIRST_WAIT
        while True:
            try:
                symbol = await self._symbol(name)
                await self._ask("fetch_balance")  # a refused key says so here, whatever the watchers make of it
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._hear_orders(name, symbol, queue))
                    if self._session.exchange.has.get("watchMyTrades"):
                        tasks.create_task(self._hear_fills(name, symbol, queue))
                    self._live.set()
                    for report in await self._missed(name):
                        queue.put_nowait(report)
            except AccessDenied as error:
                queue.put_nowait(error)
                return
            except (BrokerError, ExceptionGroup) as error:
                log.warning("%s: the private stream broke (%s); trying again", name, error)
            self._live.clear()
            await asyncio.sleep(random.uniform(wait / 2, wait))
            wait = min(2 * wait, _LONGEST_WAIT)

    async def _hear_orders(
        self, name: InstrumentId, symbol: str, queue: "asyncio.Queue[Report | BaseException]"
    ) -> None:
        while True:
            for row in await self._ask("watch_orders", symbol):
                queue.put_nowait(self._reader.order(name, row))

    async def _hear_fills(
        self, name: InstrumentId, symbol: str, queue: "asyncio.Queue[Report | BaseException]"
    ) -> None:
        """A streamed trade is a hint: what is booked is read over REST, where ccxt's signs and fees are the same as in
        every later reading."""
        told: set[str] = set()
        while True:
            hints = await self._ask("watch_my_trades", symbol)
            since = min(from_millis(int(row["timestamp"])) for row in hints)
            for fill in await self.fills(name, since, 2**62):
                if fill.trade_id not in told:
                    told.add(fill.trade_id)
                    queue.put_nowait(fill)

    async def _missed(self, name: InstrumentId) -> list[Report]:
        """States of orders that may live, and fills since the last one."""
        states: list[Report] = []
        for client_order_id, instrument in list(self._unfinished.items()):
            if instrument == name:
                try:
                    states.append(await self.order(instrument, client_order_id))
                except OrderNotFound:
                    self._unfinished.pop(client_order_id, None)
        since = self._last_fill.get(name)
        fills = [] if since is None else await self.fills(name, since, 2**62)
        return [*fills, *states]

    # ---- inside

    async def _what_became(self, order: VenueOrder, symbol: str, row: dict[str, Any]) -> VenueOrder:
        """A conditional order, or the one that it became once it triggered."""
        number = str((row.get("info") or {}).get(self._spoken.became) or "") if self._spoken.became else ""
        if not number or order.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED):
            return order
        self._reader.names[number] = order.client_order_id
        became = self._reader.order(order.instrument, await self._ask("fetch_order", number, symbol))
        return replace(
            became,
            client_order_id=order.client_order_id,
            type=order.type,
            price=order.price,
            trigger_price=order.trigger_price,
            is_triggered=True,
        )

    async def _symbol(self, instrument: InstrumentId) -> str:
        self._spoken.symbol_of(instrument)
        if not self._session.exchange.markets:
            await self._ask("load_markets")
        return self._spoken.unified(self._session.exchange, instrument)

    async def _ask(self, method: str, *given: Any, is_order: bool = False, urgent: bool = False) -> Any:
        """A unified method. Raises BrokerError."""
        return await self._session.run(lambda: getattr(self._session.exchange, method)(*given), is_order, urgent)
