"""ports.Broker of one Binance account (USDT-M one-way cross, or spot) over ccxt's signed REST and user stream.

Amounts go out as the exact text of our Decimals and come in from the venue's strings. Orders carry our own client id.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from jtrader.domain.account import Balance, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market, split_instrument_id
from jtrader.domain.money import ZERO, plain
from jtrader.domain.order import ChildOrder, Fill, OrderType, TimeInForce, VenueOrder
from jtrader.domain.times import DAY, from_millis, to_millis
from jtrader.exchange.binance.endpoints import ENDPOINTS, MARK_KLINES, POSITIONS
from jtrader.exchange.binance.history import PAGE, History
from jtrader.exchange.binance.listing import SPOT
from jtrader.exchange.binance.rows import RowReader, row_field
from jtrader.exchange.binance.session import BinanceSession, Keys
from jtrader.exchange.binance.stream import Report, UserStream
from jtrader.ports.broker import BrokerError, OutcomeUnknown

_SHORT_PAST = 3 * DAY
"""Ledger rows that are asked for behind the last one seen: the venue may book a row late."""


class BinanceBroker:
    """Reading and order entry of one account. Use within one event loop; `close` it there."""

    def __init__(
        self,
        account: AccountId,
        market: Market,
        instruments: Sequence[InstrumentId],
        keys: Keys,
        simulator_uri: str | None = None,
        page: int = PAGE,
    ) -> None:
        """`instruments`: what this account trades; fills missed by the stream are looked for there. `page`: rows that
        one query of the past asks for."""
        if market not in ENDPOINTS:
            raise BadInput(f"no Binance market '{market}'; there are {', '.join(ENDPOINTS)}")
        self.account = account
        self.market = market
        self._at = ENDPOINTS[market]
        self._instruments = tuple(instruments)
        self._session = BinanceSession(keys, self._at.stream_type, simulator_uri)
        self._rows = RowReader(account, market)
        self._history = History(self._session, self._at, self._rows, page)
        self._stream = UserStream(self._session, self._rows, self)
        self._last_trade: dict[InstrumentId, int] = {}
        self._since = 0
        self._seen_entries: set[str] = set()

    async def balances(self) -> Sequence[Balance]:
        """Assets that hold anything."""
        answer = await self._session.call(self._at.account, {})
        balances = [self._rows.balance(row) for row in row_field(answer, self._at.balances_field)]
        return [balance for balance in balances if balance.total != ZERO]

    async def positions(self) -> Sequence[VenuePosition]:
        if self.market == SPOT:
            return []
        rows = await self._session.call(POSITIONS, {})
        return [p for p in map(self._rows.position, rows) if p.quantity != ZERO]

    async def open_orders(self) -> Sequence[VenueOrder]:
        rows = await self._session.call(self._at.open_orders, {})
        return sorted(map(self._known, rows), key=lambda order: order.ts)

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Fill]:
        self._symbol(instrument)
        return await self._history.fills(instrument, start, end)

    async def entries(self, start: int, end: int) -> Sequence[VenueEntry]:
        if self.market == SPOT:
            return await self._history.transfers(start, end)
        return await self._history.income(start, end)

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        """The mark price with which the minute at `ts` opens."""
        symbol = self._symbol(instrument)
        if self.market == SPOT:
            raise BadInput(f"{instrument} is spot: it has no mark price")
        query = {"symbol": symbol, "interval": "1m", "startTime": to_millis(ts), "limit": 1}
        rows = await self._session.call(MARK_KLINES, query)
        if not rows or int(rows[0][0]) != to_millis(ts):
            raise BadInput(f"Binance has no mark price of {instrument} at {ts} (ns); is it a full minute in the past?")
        return str(rows[0][1])

    async def submit(self, order: ChildOrder) -> VenueOrder:
        params = self._entry(order)
        self._stream.watch_order(order.instrument, order.client_order_id)
        try:
            return self._known(await self._session.call(self._at.submit, params, is_order=True))
        except BrokerError as error:
            if not isinstance(error, OutcomeUnknown):
                self._stream.forget_order(order.client_order_id)
            raise

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        params = {"symbol": self._symbol(instrument), "origClientOrderId": client_order_id}
        await self._session.call(self._at.cancel, params, is_order=True)

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        params = {"symbol": self._symbol(instrument), "origClientOrderId": client_order_id}
        return self._known(await self._session.call(self._at.order, params))

    async def reports(self) -> AsyncIterator[Report]:
        """Order states, fills, funding and transfers. Raises AccessDenied where the key is refused."""
        self._since = self._since or await self._market_minute()
        async for report in self._stream.reports():
            if isinstance(report, Fill):
                last = self._last_trade.get(report.instrument, -1)
                self._last_trade[report.instrument] = max(last, int(report.trade_id))
            if isinstance(report, VenueOrder):
                self._history.remember(report.venue_order_id, report.client_order_id)
            yield report

    @property
    def is_live(self) -> bool:
        """The private stream stands."""
        return self._stream.live.is_set()

    @property
    def stream_epoch(self) -> int:
        """How many times the private stream has connected."""
        return self._stream.epoch

    async def wait_live(self) -> None:
        """Returns once `reports` has connected: orders sent from then on are reported as they happen."""
        await self._stream.live.wait()

    async def close(self) -> None:
        await self._session.close()

    async def fills_since_last(self) -> list[Fill]:
        """Fills that the stream may have missed: from the last trade seen on, at first from this broker's start."""
        found: list[Fill] = []
        for instrument in self._instruments:
            last = self._last_trade.get(instrument)
            if last is None:
                now = self._since if self.stream_epoch == 1 else await self._market_minute()
                found += await self._history.fills(instrument, self._since, now + DAY)
            else:
                found += await self._history.fills_from(instrument, last + 1)
        return sorted(found, key=lambda fill: fill.ts)

    async def new_entries(self) -> list[VenueEntry]:
        """Ledger rows not yet handed out, from this broker's start on."""
        now = await self._market_minute() + DAY
        entries = await self.entries(max(self._since, now - DAY - _SHORT_PAST), now)
        fresh = [entry for entry in entries if entry.entry_id not in self._seen_entries]
        self._seen_entries.update(entry.entry_id for entry in fresh)
        return fresh

    def _entry(self, order: ChildOrder) -> dict[str, Any]:
        """The order as Binance's form. A spot market order carries no price: that would mean a quote amount."""
        params: dict[str, Any] = {
            "symbol": self._symbol(order.instrument),
            "side": order.side.value.upper(),
            "newClientOrderId": order.client_order_id,
            "newOrderRespType": self._at.answer,
            "quantity": plain(order.quantity),
        }
        if order.reduce_only and self.market != SPOT:
            params["reduceOnly"] = "true"
        if order.type is OrderType.MARKET:
            return {**params, "type": "MARKET"}
        if order.price is None:
            raise BadInput(f"limit order {order.client_order_id} has no price")
        params["price"] = plain(order.price)
        if order.time_in_force is TimeInForce.POST_ONLY and self.market == SPOT:
            return {**params, "type": "LIMIT_MAKER"}
        in_force = "GTX" if order.time_in_force is TimeInForce.POST_ONLY else order.time_in_force.value.upper()
        return {**params, "type": "LIMIT", "timeInForce": in_force}

    def _known(self, row: Any) -> VenueOrder:
        order = self._rows.order(row)
        self._history.remember(order.venue_order_id, order.client_order_id)
        return order

    def _symbol(self, instrument: InstrumentId) -> str:
        market, symbol = split_instrument_id(instrument)
        if market != self.market:
            raise BadInput(f"{instrument} is not on {self.market}, where account {self.account} trades")
        return symbol

    async def _market_minute(self) -> int:
        """Open time (ns) of the minute that the market is in."""
        symbol = self._symbol(self._instruments[0])
        rows = await self._session.call(self._at.klines, {"symbol": symbol, "interval": "1m", "limit": 1})
        return from_millis(int(rows[-1][0]))
