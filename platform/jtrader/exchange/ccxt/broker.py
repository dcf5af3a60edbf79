"""ports.Broker of one account at any venue, by ccxt's unified methods and watchers.

What a venue does under them differs: nothing here is to be trusted with money before `probe` has proven it there.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path

from jtrader.domain.account import AccountMode, Balance, PositionMode, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId
from jtrader.domain.money import ZERO, amount, plain
from jtrader.domain.order import ChildOrder, Fill, VenueOrder
from jtrader.domain.times import MINUTE, from_millis, to_millis
from jtrader.exchange.ccxt.history import History
from jtrader.exchange.ccxt.lookup import OrderLookup
from jtrader.exchange.ccxt.orders import Reader, arguments
from jtrader.exchange.ccxt.session import GenericSession
from jtrader.exchange.ccxt.spoken import CcxtMarket
from jtrader.exchange.ccxt.stream import PrivateStream
from jtrader.exchange.common.broker import OnPrivateStream
from jtrader.exchange.common.reports import Report
from jtrader.exchange.common.session import Keys
from jtrader.ports.broker import BrokerError, NotOffered, OrderNotFound, OutcomeUnknown

log = logging.getLogger(__name__)

PAGE = 100
REQUEST_LIFE = 5 * MINUTE


class CcxtBroker(OnPrivateStream):
    """Use within one event loop; `close` it there."""

    _stream: PrivateStream

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
        self._history = History(self._session, spoken, self._reader)
        self._lookup = OrderLookup(self._session, spoken, self._reader, page)
        self._stream = PrivateStream(self, self._session, instruments, self._reader)

    # ---- reading

    async def balances(self) -> Sequence[Balance]:
        told = await self._session.ask("fetch_balance")
        found = []
        for asset, total in (told.get("total") or {}).items():
            if total and amount(str(total)) != ZERO:
                free = amount(str((told.get("free") or {}).get(asset) or "0"))
                found.append(Balance(account=self.account, asset=asset, total=amount(str(total)), free=free))
        return found

    async def positions(self) -> Sequence[VenuePosition]:
        if self._spoken.type == "spot":
            return []
        symbols = {await self._session.symbol(name): name for name in self._instruments}
        rows = await self._session.ask("fetch_positions", list(symbols))
        markets = self._session.exchange.markets
        found = [
            self._reader.position(symbols[row["symbol"]], row, str(markets[row["symbol"]]["settle"]))
            for row in rows
            if row["symbol"] in symbols
        ]
        return [position for position in found if position.quantity != ZERO]

    async def open_orders(self) -> Sequence[VenueOrder]:
        """Conditional ones are asked for apart. Raises Broken where the venue may have more than it tells."""
        found = [order for name in self._instruments for order in await self._lookup.open_orders(name)]
        return sorted(found, key=lambda order: order.ts)

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Fill]:
        fills, _ = await self.fills_by_page(instrument, start, end, self._page)
        return fills

    async def fills_by_page(
        self, instrument: InstrumentId, start: int, end: int, page: int
    ) -> tuple[Sequence[Fill], int]:
        """So many trades at once, and how many pages told some."""
        return await self._history.fills(instrument, start, end, page)

    async def entries(self, start: int, end: int) -> Sequence[VenueEntry]:
        return await self._history.entries(start, end, self._page)

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        symbol = await self._session.symbol(instrument)
        if self._spoken.type == "spot":
            raise BadInput(f"{instrument} is spot: it has no mark price")
        rows = await self._session.ask("fetch_mark_ohlcv", symbol, "1m", to_millis(ts), 1)
        if not rows or from_millis(int(rows[0][0])) != ts or ts % MINUTE:
            raise BadInput(f"{self._spoken.exchange} has no mark price of {instrument} at {ts} (ns)")
        return plain(amount(str(rows[0][1])))

    async def account_mode(self) -> AccountMode:
        mode = None
        if self._spoken.type != "spot" and self._session.offers("fetchPositionMode"):
            told = await self._session.ask("fetch_position_mode")
            mode = PositionMode.HEDGE if told.get("hedged") else PositionMode.ONE_WAY
        return AccountMode(account=self.account, position_mode=mode)

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        """By our id, among the conditional orders where it was one or isn't among the others."""
        return await self._lookup.order(instrument, client_order_id)

    # ---- order entry

    async def submit(self, order: ChildOrder) -> VenueOrder:
        sent = arguments(order, await self._session.symbol(order.instrument), self._spoken)
        self._reader.sent[order.client_order_id] = order
        self._stream.unfinished.watch(order.instrument, order.client_order_id)
        try:
            row = await self._session.ask("create_order", *sent, is_order=True, urgent=order.reduce_only)
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
        symbol = await self._session.symbol(instrument)
        changed = (symbol, "limit", standing.side.value, plain(quantity), plain(price))
        await self._session.ask("edit_order", standing.venue_order_id, *changed, is_order=True)
        return await self.order(instrument, client_order_id)

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        standing = await self._lookup.order(instrument, client_order_id, urgent=True)
        if standing.status.is_terminal:
            raise OrderNotFound(f"order {client_order_id} is {standing.status}")
        await self._cancel(standing)

    async def cancel_all(self, instrument: InstrumentId) -> None:
        """One by one: few venues cancel conditional orders with the others."""
        for order in await self._lookup.open_orders(instrument, urgent=True):
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

    async def close(self) -> None:
        await self._session.close()

    # ---- what the stream asks

    async def market_minute(self) -> int:
        """The market's minute now."""
        if self._session.offers("fetchTime"):
            now = await self._session.ask("fetch_time")
        else:
            symbol = await self._session.symbol(self._instruments[0])
            now = (await self._session.ask("fetch_ticker", symbol))["timestamp"]
        return from_millis(int(now)) // MINUTE * MINUTE

    # ---- inside

    async def _cancel(self, order: VenueOrder) -> None:
        symbol = await self._session.symbol(order.instrument)
        waits = order.type.is_conditional and not order.is_triggered
        params = {"trigger": True} if waits else {}
        await self._session.ask("cancel_order", order.venue_order_id, symbol, params, is_order=True, urgent=True)
