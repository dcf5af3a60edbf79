"""ports.Broker of one Binance account (spot, USDT-M or COIN-M, one-way) over ccxt's signed REST and user stream.

Amounts go out as the exact text of our Decimals and come in from the venue's strings. Orders carry our own client id.
"""

import logging
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from jtrader.domain.account import AccountMode, Balance, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market
from jtrader.domain.money import ZERO, plain
from jtrader.domain.order import ChildOrder, Fill, VenueOrder
from jtrader.domain.times import DAY, MILLISECOND, from_millis, to_millis
from jtrader.exchange.binance.algo import AlgoOrders
from jtrader.exchange.binance.endpoints import ENDPOINTS, Weights
from jtrader.exchange.binance.fields import row_field
from jtrader.exchange.binance.forms import order_form
from jtrader.exchange.binance.history import PAGE, History
from jtrader.exchange.binance.listing import SPOT
from jtrader.exchange.binance.modes import account_mode
from jtrader.exchange.binance.rows import RowReader
from jtrader.exchange.binance.session import RECV_WINDOW_MS, BinanceSession, Keys
from jtrader.exchange.binance.spot_ledger import SpotLedger
from jtrader.exchange.binance.stream import KEEPALIVE_SECONDS, UserStream
from jtrader.exchange.common.broker import StreamBroker
from jtrader.exchange.common.fill_marks import FillMarks
from jtrader.exchange.common.ledger_watch import LEDGER_SECONDS
from jtrader.exchange.common.reports import Report
from jtrader.ports.broker import BrokerError, NotOffered, OrderNotFound, OutcomeUnknown

log = logging.getLogger(__name__)

_SHORT_PAST = 3 * DAY
"""Ledger rows that are asked for behind the last one seen: the venue may book a row late."""


class BinanceBroker(StreamBroker):
    """Reading and order entry of one account. Use within one event loop; `close` it there."""

    _stream: UserStream

    def __init__(
        self,
        account: AccountId,
        market: Market,
        instruments: Sequence[InstrumentId],
        keys: Keys,
        simulator_uri: str | None = None,
        page: int = PAGE,
        pause_file: Path | None = None,
        weights: Weights | None = None,
        keepalive: float = KEEPALIVE_SECONDS,
        ledger_every: float = LEDGER_SECONDS,
    ) -> None:
        """`instruments`: what this account trades; fills missed by the stream are looked for there. `page`: rows that
        one query of the past asks for. `pause_file`: where processes that share an IP address note that the venue
        wants to be left alone. `weights`: the venue's request limits, where it has granted others than the usual.
        `keepalive`: wall seconds between prolongations of the private stream; `ledger_every`: between looks at the
        ledger that nothing has hinted at."""
        if market not in ENDPOINTS:
            raise BadInput(f"no Binance market '{market}'; there are {', '.join(ENDPOINTS)}")
        super().__init__(account, market, instruments)
        self._at = ENDPOINTS[market]
        self._session = BinanceSession(keys, market, simulator_uri, pause_file, weights)
        self._rows = RowReader(account, market)
        self._algo = (
            AlgoOrders(self._session, self._at.algo, self._at.order, self._rows) if self._at.algo is not None else None
        )
        self._history = History(self._session, self._at, self._rows, page, self._algo)
        self._spot_ledger = SpotLedger(self._session, account, page)
        self._stream = UserStream(self._session, self._rows, self, self._algo, keepalive, ledger_every)
        self._marks = FillMarks()
        self._entries_until = 0

    async def balances(self) -> Sequence[Balance]:
        """Assets that hold anything."""
        answer = await self._session.call(self._at.account, {})
        balances = [self._rows.balance(row) for row in row_field(answer, self._at.balances_field)]
        return [balance for balance in balances if balance.total != ZERO]

    async def positions(self) -> Sequence[VenuePosition]:
        if self.market == SPOT:
            return []
        rows = await self._session.call(self._at.positions, {})
        return [p for p in map(self._rows.position, rows) if p.quantity != ZERO]

    async def open_orders(self) -> Sequence[VenueOrder]:
        rows = await self._session.call(self._at.open_orders, {})
        found = [self._known(row) for row in rows]
        if self._algo is not None:
            found += await self._algo.open_orders()
        return sorted(found, key=lambda order: order.ts)

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Fill]:
        self._symbol(instrument)
        return await self._history.fills(instrument, start, end)

    async def entries(self, start: int, end: int) -> Sequence[VenueEntry]:
        if self.market == SPOT:
            return await self._spot_ledger.entries(start, end)
        return await self._history.income(start, end)

    async def account_mode(self) -> AccountMode:
        traded = {self._symbol(name): name for name in self._instruments}
        return await account_mode(self._session, self._at.mode, self._rows, self.account, traded)

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        """The mark price with which the minute at `ts` opens."""
        symbol = self._symbol(instrument)
        if self.market == SPOT:
            raise BadInput(f"{instrument} is spot: it has no mark price")
        query = {"symbol": symbol, "interval": "1m", "startTime": to_millis(ts), "limit": 1}
        rows = await self._session.call(self._at.mark_klines, query)
        if not rows or int(rows[0][0]) != to_millis(ts):
            raise BadInput(f"Binance has no mark price of {instrument} at {ts} (ns); is it a full minute in the past?")
        return str(rows[0][1])

    async def submit(self, order: ChildOrder) -> VenueOrder:
        symbol = self._symbol(order.instrument)
        is_algo = order.type.is_conditional and self._algo is not None
        form = {} if is_algo else order_form(order, symbol, self.market == SPOT, self._at.answer)
        self._stream.unfinished.watch(order.instrument, order.client_order_id)
        try:
            if is_algo and self._algo is not None:
                return await self._algo.submit(order)
            answer = await self._session.call(self._at.submit, form, is_order=True, urgent=order.reduce_only)
            return self._known({**form, **answer})
        except (BrokerError, BadInput) as error:
            if not isinstance(error, OutcomeUnknown):
                self._stream.unfinished.forget(order.client_order_id)
            raise

    async def amend(
        self, instrument: InstrumentId, client_order_id: ClientOrderId, quantity: Decimal, price: Decimal
    ) -> VenueOrder:
        """Spot only lowers a quantity."""
        symbol = self._symbol(instrument)
        standing = await self.order(instrument, client_order_id)
        if standing.status.is_terminal:
            raise OrderNotFound(f"order {client_order_id} is {standing.status}: there is nothing to change")
        if standing.type.is_conditional:
            raise NotOffered(f"Binance changes no conditional order: cancel {client_order_id} and send another")
        params = {"symbol": symbol, "origClientOrderId": client_order_id}
        if self.market == SPOT:
            if price != standing.price or quantity >= standing.quantity:
                raise NotOffered(f"Binance spot only lowers quantities: cancel {client_order_id} and send another")
            params |= {"newClientOrderId": client_order_id, "newQty": plain(quantity)}
            answer = await self._session.call(self._at.amend, params, is_order=True)
            return self._known({**row_field(answer, "amendedOrder"), "transactTime": row_field(answer, "transactTime")})
        params |= {"side": standing.side.value.upper(), "quantity": plain(quantity), "price": plain(price)}
        return self._known(await self._session.call(self._at.amend, params, is_order=True))

    async def cancel_all(self, instrument: InstrumentId) -> None:
        params = {"symbol": self._symbol(instrument)}
        try:
            await self._session.call(self._at.cancel_all, params, is_order=True, urgent=True)
        except OrderNotFound:  # spot's answer where nothing is open
            log.info("nothing was open in %s", instrument)
        finally:
            if self._algo is not None:
                await self._algo.cancel_all(instrument)

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        params = {"symbol": self._symbol(instrument), "origClientOrderId": client_order_id}
        if self._algo is None:
            await self._session.call(self._at.cancel, params, is_order=True, urgent=True)
        elif self._algo.knows(client_order_id):
            await self._cancel_conditional(self._algo, instrument, client_order_id)
        else:
            try:
                await self._session.call(self._at.cancel, params, is_order=True, urgent=True)
            except OrderNotFound:
                await self._cancel_conditional(self._algo, instrument, client_order_id)

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        params = {"symbol": self._symbol(instrument), "origClientOrderId": client_order_id}
        if self._algo is None:
            return self._known(await self._session.call(self._at.order, params))
        if self._algo.knows(client_order_id):
            return await self._algo.order(client_order_id)
        try:
            return self._known(await self._session.call(self._at.order, params))
        except OrderNotFound:
            return await self._algo.order(client_order_id)

    @property
    def request_life(self) -> int:
        """The receive window of signed requests."""
        return RECV_WINDOW_MS * MILLISECOND

    async def close(self) -> None:
        await self._session.close()

    async def fills_since_last(self) -> list[Fill]:
        """Fills that the stream may have missed: from the last trade on before which none is
        missing, at first from this broker's start."""
        found: list[Fill] = []
        for instrument in self._instruments:
            last = self._marks.whole_until(instrument)
            if last is None:
                now = self._since if self.stream_epoch == 1 else await self._market_time()
                found += await self._history.fills(instrument, self._since, now + DAY)
            else:
                found += await self._history.fills_from(instrument, last + 1)
        return sorted(found, key=lambda fill: fill.ts)

    async def new_entries(self) -> list[VenueEntry]:
        """Ledger rows not yet handed out, from this broker's start on."""
        now = await self._market_time()
        entries = await self.entries(max(self._since, self._entries_until - _SHORT_PAST), now + DAY)
        self._entries_until = now
        return self._fresh(entries)

    def _heard(self, report: Report) -> None:
        if isinstance(report, Fill):
            self._marks.told(report.instrument, int(report.trade_id), self._stream.is_whole)
        if isinstance(report, VenueOrder):
            self._history.remember(report.venue_order_id, report.client_order_id)

    async def _cancel_conditional(
        self, algo: AlgoOrders, instrument: InstrumentId, client_order_id: ClientOrderId
    ) -> None:
        """Where it waits; or the order that it became."""
        try:
            await algo.cancel(client_order_id)
        except OrderNotFound:
            await algo.order(client_order_id)
            if not (number := algo.venue_order_id(client_order_id)):
                raise
            params = {"symbol": self._symbol(instrument), "orderId": number}
            await self._session.call(self._at.cancel, params, is_order=True, urgent=True)

    def _known(self, row: Any) -> VenueOrder:
        order = self._rows.order(row)
        if self._algo is not None:
            order = self._algo.of_order(order)
        self._history.remember(order.venue_order_id, order.client_order_id)
        return order

    async def _market_time(self) -> int:
        """Open time (ns) of the minute that the market is in."""
        symbol = self._symbol(self._instruments[0])
        rows = await self._session.call(self._at.klines, {"symbol": symbol, "interval": "1m", "limit": 1})
        return from_millis(int(rows[-1][0]))
