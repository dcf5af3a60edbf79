"""ports.Broker of one BitMEX account over ccxt's signed REST and the realtime stream: all contracts, a wallet a coin.

Amounts go out as the exact digits of our Decimals and come in from the venue's text. Orders carry our own client id.
"""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from jtrader.domain.account import AccountMode, Balance, MarginMode, PositionMode, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import AccountId, ClientOrderId, InstrumentId, Market
from jtrader.domain.money import ONE, ZERO, amount
from jtrader.domain.order import ChildOrder, Fill, VenueOrder
from jtrader.domain.times import DAY, MINUTE, iso, parse_time
from jtrader.exchange.bitmex.errors import translate
from jtrader.exchange.bitmex.forms import order_form, whole
from jtrader.exchange.bitmex.handshake import Handshake
from jtrader.exchange.bitmex.history import PAGE, History
from jtrader.exchange.bitmex.listing import MARKET
from jtrader.exchange.bitmex.rows import Row, RowReader, row_field, rows_of
from jtrader.exchange.bitmex.session import EXPIRES_AFTER, PER_MINUTE, BitmexSession, Keys
from jtrader.exchange.bitmex.stream import PrivateStream
from jtrader.exchange.common.broker import StreamBroker
from jtrader.exchange.common.fill_marks import FillMarks
from jtrader.exchange.common.reports import Report
from jtrader.ports.broker import BrokerError, OrderNotFound, OutcomeUnknown

_SHORT_PAST = 3 * DAY
"""Ledger rows that are asked for behind the last one seen: the venue may book a row late."""
_MOST_OPEN = 500
_MULTI_ASSET = "MultiAsset"


class BitmexBroker(StreamBroker):
    """Reading and order entry of one account. Use within one event loop; `close` it there."""

    _stream: PrivateStream

    def __init__(
        self,
        account: AccountId,
        market: Market,
        instruments: Sequence[InstrumentId],
        keys: Keys,
        simulator_uri: str | None = None,
        page: int = PAGE,
        pause_file: Path | None = None,
        per_minute: int = PER_MINUTE,
    ) -> None:
        """`instruments`: what this account trades; fills missed by the stream are looked for there. `page`: rows that
        one query of the past asks for. `pause_file`: where processes that share the key note that the venue wants to be
        left alone. `per_minute`: the requests that the venue grants the key."""
        if market != MARKET:
            raise BadInput(f"no BitMEX market '{market}'; there is {MARKET}")
        super().__init__(account, market, instruments)
        self._session = BitmexSession(keys, simulator_uri, pause_file, per_minute)
        self._rows = RowReader(account)
        self._history = History(self._session, self._rows, page)
        self._stream = PrivateStream(Handshake(keys, self._session.clock), self._rows, self, simulator_uri)
        self._marks = FillMarks()
        self._entries_until = 0

    # ---- reading

    async def balances(self) -> Sequence[Balance]:
        """Coins that hold anything."""
        rows = rows_of(await self._session.call("privateGetUserMargin", {"currency": "all"}))
        return [balance for balance in map(self._rows.balance, rows) if balance.total != ZERO]

    async def positions(self) -> Sequence[VenuePosition]:
        rows = rows_of(await self._session.call("privateGetPosition", {"filter": _json({"isOpen": True})}))
        return [position for position in map(self._rows.position, rows) if position.quantity != ZERO]

    async def open_orders(self) -> Sequence[VenueOrder]:
        found: dict[str, VenueOrder] = {}
        while True:
            query = {"filter": _json({"open": True}), "count": _MOST_OPEN, "start": len(found), "reverse": False}
            rows = rows_of(await self._session.call("privateGetOrder", query))
            found |= {order.venue_order_id: order for order in map(self._rows.order, rows)}
            if len(rows) < _MOST_OPEN:
                return sorted(found.values(), key=lambda order: order.ts)

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Fill]:
        self._symbol(instrument)
        return await self._history.fills(instrument, start, end)

    async def entries(self, start: int, end: int) -> Sequence[VenueEntry]:
        return await self._history.entries(start, end)

    async def account_mode(self) -> AccountMode:
        """BitMEX keeps one position a contract. What was never touched is at cross margin."""
        rows = {row_field(row, "symbol"): row for row in rows_of(await self._session.call("privateGetPosition", {}))}
        assets = await self._session.call("privateGetUserMarginingMode", {})
        modes: dict[InstrumentId, MarginMode] = {}
        leverage: dict[InstrumentId, Decimal] = {}
        for name in self._instruments:
            row = rows.get(self._symbol(name))
            modes[name] = MarginMode.CROSS if row is None or row_field(row, "crossMargin") else MarginMode.ISOLATED
            leverage[name] = await self._most_leverage(name) if row is None else amount(row_field(row, "leverage"))
        return AccountMode(
            account=self.account,
            position_mode=PositionMode.ONE_WAY,
            multi_asset=isinstance(assets, dict) and assets.get("marginingMode") == _MULTI_ASSET,
            margin_modes=modes,
            leverage=leverage,
        )

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        """BitMEX tells the mark of now, nothing of the past: asked within the minute that begins at `ts`."""
        row = await self._instrument_row(instrument, "markPrice,timestamp")
        now = parse_time(row_field(row, "timestamp"))
        if not ts <= now < ts + MINUTE:
            raise BadInput(f"BitMEX tells no mark price of {instrument} at {iso(ts)}: it tells that of now, {iso(now)}")
        return str(row_field(row, "markPrice"))

    # ---- orders

    async def submit(self, order: ChildOrder) -> VenueOrder:
        form = order_form(order, self._symbol(order.instrument))
        self._stream.unfinished.watch(order.instrument, order.client_order_id)
        try:
            answer = await self._session.call("privatePostOrder", form, is_order=True, urgent=order.reduce_only)
        except BrokerError as error:
            if not isinstance(error, OutcomeUnknown):
                self._stream.unfinished.forget(order.client_order_id)
            raise
        return self._rows.order(answer)

    async def amend(
        self, instrument: InstrumentId, client_order_id: ClientOrderId, quantity: Decimal, price: Decimal
    ) -> VenueOrder:
        self._symbol(instrument)
        form = {"origClOrdID": client_order_id, "orderQty": whole(quantity), "price": price}
        return self._rows.order(await self._session.call("privatePutOrder", form, is_order=True))

    async def cancel(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> None:
        """An order that can't be cancelled is told in a row of a good answer."""
        self._symbol(instrument)
        form = {"clOrdID": [client_order_id]}
        for row in rows_of(await self._session.call("privateDeleteOrder", form, is_order=True, urgent=True)):
            if row.get("error"):
                raise translate(BrokerError(str(row["error"])), is_order=True)

    async def cancel_all(self, instrument: InstrumentId) -> None:
        form = {"symbol": self._symbol(instrument)}
        await self._session.call("privateDeleteOrderAll", form, is_order=True, urgent=True)

    async def order(self, instrument: InstrumentId, client_order_id: ClientOrderId) -> VenueOrder:
        query = {"symbol": self._symbol(instrument), "filter": _json({"clOrdID": client_order_id}), "reverse": True}
        rows = rows_of(await self._session.call("privateGetOrder", {**query, "count": 1}))
        if not rows:
            raise OrderNotFound(f"BitMEX knows no order {client_order_id} in {instrument}")
        return self._rows.order(rows[0])

    # ---- the stream

    @property
    def request_life(self) -> int:
        """Until its `api-expires`."""
        return EXPIRES_AFTER

    async def fills_since_last(self) -> list[Fill]:
        """Those at or after the last one before which none is missing: of one millisecond there may be more."""
        found: list[Fill] = []
        for instrument in self._instruments:
            last = self._marks.whole_until(instrument)
            found += await self._history.fills(instrument, self._since if last is None else last, 2**62)
        return sorted(found, key=lambda fill: fill.ts)

    async def new_entries(self) -> list[VenueEntry]:
        """Ledger rows that have not been told, but for those of trades."""
        now = await self._market_time()
        rows = await self._history.entries(max(self._since, self._entries_until - _SHORT_PAST), 2**62)
        self._entries_until = now
        return self._fresh(row for row in rows if not row.reference)

    async def close(self) -> None:
        await self._session.close()

    # ---- inside

    def _heard(self, report: Report) -> None:
        if isinstance(report, Fill):
            self._marks.told(report.instrument, report.ts, self._stream.is_whole)
        if isinstance(report, VenueEntry):
            self._seen_entries.add(report.entry_id)

    async def _market_time(self) -> int:
        """The market's minute now."""
        row = await self._instrument_row(self._instruments[0], "timestamp")
        return parse_time(row_field(row, "timestamp")) // MINUTE * MINUTE

    async def _most_leverage(self, instrument: InstrumentId) -> Decimal:
        return ONE / amount(row_field(await self._instrument_row(instrument, "initMargin"), "initMargin"))

    async def _instrument_row(self, instrument: InstrumentId, columns: str) -> Row:
        query = {"symbol": self._symbol(instrument), "columns": columns}
        rows = rows_of(await self._session.call("publicGetInstrument", query))
        if not rows:
            raise Broken(f"BitMEX does not list {instrument}")
        return rows[0]


def _json(value: Any) -> str:
    """A `filter` is JSON within the query."""
    return msgspec.json.encode(value).decode()
