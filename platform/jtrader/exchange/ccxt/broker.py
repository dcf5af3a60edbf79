"""ports.Broker of one account at any venue, by ccxt's unified methods and watchers.

What a venue does under them differs: nothing here is to be trusted with money before `probe` has proven it there.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from jtrader.domain.account import AccountMode, Balance, PositionMode, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId
from jtrader.domain.money import ZERO, amount, plain
from jtrader.domain.order import ChildOrder, Fill, OrderStatus, VenueOrder
from jtrader.domain.times import MINUTE, from_millis, to_millis
from jtrader.exchange.ccxt.orders import Reader, arguments
from jtrader.exchange.ccxt.paging import Paged, Row, by_cursor, by_time
from jtrader.exchange.ccxt.session import GenericSession
from jtrader.exchange.ccxt.spoken import CcxtMarket
from jtrader.exchange.ccxt.stream import PrivateStream
from jtrader.exchange.common.reports import Report
from jtrader.exchange.common.session import Keys
from jtrader.ports.broker import BrokerError, NotOffered, OrderNotFound, OutcomeUnknown

log = logging.getLogger(__name__)

PAGE = 100
REQUEST_LIFE = 5 * MINUTE
_OPEN_END = 2**61
"""From here on (ns) an end is none: venues refuse times so far off."""


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
        pause_file: Path | None = None,
    ) -> None:
        """`page`: rows that are asked for at once. `pause_file`: where processes of this machine note that the venue
        wants to be left alone."""
        self.account = account
        self.market = spoken.market
        self._spoken = spoken
        self._instruments = tuple(instruments)
        self._page = page
        self._session = GenericSession(spoken, keys, simulator_uri, pause_file)
        self.budget = self._session.budget
        self._reader = Reader(account, spoken)
        self._stream = PrivateStream(self, instruments, self._reader)

    # ---- reading

    async def balances(self) -> Sequence[Balance]:
        told = await self.ask("fetch_balance")
        found = []
        for asset, total in (told.get("total") or {}).items():
            if total and amount(str(total)) != ZERO:
                free = amount(str((told.get("free") or {}).get(asset) or "0"))
                found.append(Balance(account=self.account, asset=asset, total=amount(str(total)), free=free))
        return found

    async def positions(self) -> Sequence[VenuePosition]:
        if self._spoken.type == "spot":
            return []
        symbols = {await self.symbol(name): name for name in self._instruments}
        rows = await self.ask("fetch_positions", list(symbols))
        markets = self._session.exchange.markets
        found = [
            self._reader.position(symbols[row["symbol"]], row, str(markets[row["symbol"]]["settle"]))
            for row in rows
            if row["symbol"] in symbols
        ]
        return [position for position in found if position.quantity != ZERO]

    async def open_orders(self) -> Sequence[VenueOrder]:
        """Conditional ones are asked for apart. Raises Broken where the venue may have more than it tells."""
        found = [order for name in self._instruments for order in await self._open(name)]
        return sorted(found, key=lambda order: order.ts)

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Fill]:
        fills, _ = await self.fills_by_page(instrument, start, end, self._page)
        return fills

    async def fills_by_page(
        self, instrument: InstrumentId, start: int, end: int, page: int
    ) -> tuple[Sequence[Fill], int]:
        """So many trades at once, and how many pages told some."""
        symbol = await self.symbol(instrument)
        sized = {self._spoken.limit_param: str(page)} if self._spoken.limit_param else {}
        limit = None if sized else page  # given to ccxt as well it would cut a longer page off

        def ask(since: int, params: Mapping[str, Any]) -> Awaitable[Sequence[Row]]:
            return self.ask("fetch_my_trades", symbol, since, limit, {**sized, **params})

        told = await self._past(ask, start, end, page)
        found = [fill for row in told.rows if start <= (fill := self._reader.fill(instrument, row)).ts < end]
        return sorted(found, key=lambda f: (f.ts, f.trade_id)), told.pages

    async def entries(self, start: int, end: int) -> Sequence[VenueEntry]:
        if not self.offers("fetchLedger"):
            raise NotOffered(f"{self._spoken.exchange}: ccxt reads no ledger there")

        def ask(since: int, params: Mapping[str, Any]) -> Awaitable[Sequence[Row]]:
            return self.ask("fetch_ledger", None, since, self._page, dict(params))

        told = await self._past(ask, start, end, self._page)
        found = [entry for row in told.rows if start <= (entry := self._reader.entry(row)).ts < end]
        return sorted(found, key=lambda entry: entry.ts)

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        symbol = await self.symbol(instrument)
        if self._spoken.type == "spot":
            raise BadInput(f"{instrument} is spot: it has no mark price")
        rows = await self.ask("fetch_mark_ohlcv", symbol, "1m", to_millis(ts), 1)
        if not rows or from_millis(int(rows[0][0])) != ts or ts % MINUTE:
            raise BadInput(f"{self._spoken.exchange} has no mark price of {instrument} at {ts} (ns)")
        return plain(amount(str(rows[0][1])))

    async def account_mode(self) -> AccountMode:
        mode = None
        if self._spoken.type != "spot" and self.offers("fetchPositionMode"):
            told = await self.ask("fetch_position_mode")
            mode = PositionMode.HEDGE if told.get("hedged") else PositionMode.ONE_WAY
        return AccountMode(account=self.account, position_mode=mode)

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        """By our id, among the conditional orders where it was one or isn't among the others."""
        return await self._look_up(instrument, client_order_id)

    async def _look_up(
        self, instrument: InstrumentId, client_order_id: ClientOrderId, urgent: bool = False
    ) -> VenueOrder:
        symbol = await self.symbol(instrument)
        sent = self._reader.sent.get(client_order_id)
        ways = ({}, {"trigger": True}) if sent is None or not sent.type.is_conditional else ({"trigger": True},)
        for number, way in enumerate(ways):
            try:
                params = {"clientOrderId": self._spoken.written(client_order_id), **way}
                row = await self.ask("fetch_order", "", symbol, params, urgent=urgent)
            except (OrderNotFound, NotOffered):
                if number == len(ways) - 1:
                    raise
                continue
            order = self._reader.order(instrument, row)
            return await self._what_became(order, symbol, row, urgent) if way else order
        raise OrderNotFound(f"order {client_order_id} is not known to {self._spoken.exchange}")

    # ---- order entry

    async def submit(self, order: ChildOrder) -> VenueOrder:
        sent = arguments(order, await self.symbol(order.instrument), self._spoken)
        self._reader.sent[order.client_order_id] = order
        self._stream.unfinished.watch(order.instrument, order.client_order_id)
        try:
            row = await self.ask("create_order", *sent, is_order=True, urgent=order.reduce_only)
        except BrokerError as error:
            if not isinstance(error, OutcomeUnknown):
                self._stream.unfinished.forget(order.client_order_id)
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
        symbol = await self.symbol(instrument)
        changed = (symbol, "limit", standing.side.value, plain(quantity), plain(price))
        await self.ask("edit_order", standing.venue_order_id, *changed, is_order=True)
        return await self.order(instrument, client_order_id)

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        standing = await self._look_up(instrument, client_order_id, urgent=True)
        if standing.status.is_terminal:
            raise OrderNotFound(f"order {client_order_id} is {standing.status}")
        await self._cancel(standing)

    async def cancel_all(self, instrument: InstrumentId) -> None:
        """One by one: few venues cancel conditional orders with the others."""
        for order in await self._open(instrument, urgent=True):
            try:
                await self._cancel(order)
            except OrderNotFound:
                log.info("order %s ended meanwhile", order.venue_order_id)

    # ---- the private stream

    def reports(self) -> AsyncIterator[Report]:
        """Orders and fills by ccxt.pro's watchers. Raises AccessDenied where the key is refused."""
        return self._stream.reports()

    @property
    def request_life(self) -> int:
        """As long as the most patient venue known (HTX): of another one nothing shorter is proven."""
        return REQUEST_LIFE

    @property
    def is_live(self) -> bool:
        return self._stream.live.is_set()

    async def wait_live(self) -> None:
        await self._stream.live.wait()

    async def close(self) -> None:
        await self._session.close()

    # ---- what the stream asks

    async def symbol(self, instrument: InstrumentId) -> str:
        """ccxt's. Raises BadInput for what the venue doesn't list."""
        self._spoken.symbol_of(instrument)
        if not self._session.exchange.markets:
            await self.ask("load_markets")
        return self._spoken.unified(self._session.exchange, instrument)

    async def market_minute(self) -> int:
        """The market's minute now."""
        if self.offers("fetchTime"):
            now = await self.ask("fetch_time")
        else:
            now = (await self.ask("fetch_ticker", await self.symbol(self._instruments[0])))["timestamp"]
        return from_millis(int(now)) // MINUTE * MINUTE

    async def ask(self, method: str, *given: Any, is_order: bool = False, urgent: bool = False) -> Any:
        """A unified method. Raises BrokerError."""
        return await self._session.run(lambda: getattr(self._session.exchange, method)(*given), is_order, urgent)

    def offers(self, feature: str) -> bool:
        return bool(self._session.exchange.has.get(feature))

    # ---- inside

    async def _what_became(self, order: VenueOrder, symbol: str, row: dict[str, Any], urgent: bool) -> VenueOrder:
        """A conditional order, or the one that it became once it triggered."""
        number = str((row.get("info") or {}).get(self._spoken.became) or "") if self._spoken.became else ""
        if not number or order.status in (OrderStatus.CANCELED, OrderStatus.EXPIRED):
            return order
        self._reader.names[number] = order.client_order_id
        became = self._reader.order(order.instrument, await self.ask("fetch_order", number, symbol, urgent=urgent))
        return replace(
            became,
            client_order_id=order.client_order_id,
            type=order.type,
            price=order.price,
            trigger_price=order.trigger_price,
            is_triggered=True,
        )

    async def _past(
        self, ask: Callable[[int, Mapping[str, Any]], Awaitable[Sequence[Row]]], start: int, end: int, page: int
    ) -> Paged:
        """Rows from before `start` or after `end` may be among them."""
        since, until = to_millis(start), to_millis(end) + 1 if end < _OPEN_END else None
        bounds: dict[str, Any] = {} if until is None else {"until": until}
        if self._spoken.cursor:
            return await by_cursor(lambda older: ask(since, {**bounds, **older}), self._spoken.cursor)
        return await by_time(lambda first, last: ask(first, {"until": last} if last else {}), since, until, page)

    async def _cancel(self, order: VenueOrder) -> None:
        symbol = await self.symbol(order.instrument)
        waits = order.type.is_conditional and not order.is_triggered
        params = {"trigger": True} if waits else {}
        await self.ask("cancel_order", order.venue_order_id, symbol, params, is_order=True, urgent=True)

    async def _open(self, instrument: InstrumentId, urgent: bool = False) -> list[VenueOrder]:
        symbol = await self.symbol(instrument)
        found: dict[str, VenueOrder] = {}
        for kind in ({}, {"trigger": True}):
            for row in await self._open_rows(symbol, kind, urgent):
                order = self._reader.order(instrument, row)
                found[order.venue_order_id] = order
        return list(found.values())

    async def _open_rows(self, symbol: str, kind: Mapping[str, Any], urgent: bool) -> Sequence[Row]:
        """Conditional orders, or the others."""

        def ask(older: Mapping[str, Any]) -> Awaitable[Sequence[Row]]:
            return self.ask("fetch_open_orders", symbol, None, self._page, {**kind, **older}, urgent=urgent)

        if self._spoken.cursor:
            return (await by_cursor(ask, self._spoken.cursor)).rows
        rows = await ask({})
        if len(rows) == self._page:
            raise Broken(f"{self._spoken.exchange} tells {self._page} open orders at once; there may be more")
        return rows
