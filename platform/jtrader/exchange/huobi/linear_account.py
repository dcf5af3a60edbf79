"""What an HTX USDT-M account (v5) holds and what happened to it: balances, positions, own trades, bills, its mode."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from jtrader.domain.account import AccountMode, Balance, MarginMode, PositionMode, VenueEntry, VenuePosition
from jtrader.domain.ids import ClientOrderId, InstrumentId, split_instrument_id
from jtrader.domain.money import ZERO, amount
from jtrader.domain.order import Fill
from jtrader.domain.times import MILLISECOND
from jtrader.exchange.huobi.known import KnownOrders
from jtrader.exchange.huobi.linear_orders import PAGE, LinearOrders
from jtrader.exchange.huobi.linear_rows import LinearRows
from jtrader.exchange.huobi.marks import mark_at
from jtrader.exchange.huobi.paging import all_pages, in_windows
from jtrader.exchange.huobi.rows import Row, row_field, rows_of
from jtrader.exchange.huobi.session import HuobiSession

BALANCE = "contractPrivateGetV5AccountBalance"
POSITIONS = "contractPrivateGetV5TradePositionOpens"
DETAILS = "contractPrivateGetV5TradeOrderDetails"
BILLS = "contractPrivateGetV5AccountBills"
POSITION_MODE = "contractPrivateGetV5PositionMode"
LEVERAGE = "contractPrivateGetV5PositionLever"
ASSET_MODE = "contractPrivateGetV5AccountAssetMode"
POSITION_MODES = {"single_side": PositionMode.ONE_WAY, "dual_side": PositionMode.HEDGE}


class LinearAccount:
    """Reading of one USDT-M account. Ranges are start ≤ ts < end in ns; answers ascend by time."""

    def __init__(
        self,
        session: HuobiSession,
        rows: LinearRows,
        orders: LinearOrders,
        known: KnownOrders,
        instruments: Sequence[InstrumentId],
        page: int = PAGE,
    ) -> None:
        self._session = session
        self._rows = rows
        self._orders = orders
        self._known = known
        self._instruments = instruments
        self._page = min(page, PAGE)

    async def balances(self) -> list[Balance]:
        data = await self._session.data(BALANCE, {})
        return [b for b in map(self._rows.balance, row_field(data, "details")) if b.total != ZERO]

    async def positions(self) -> list[VenuePosition]:
        rows = rows_of(await self._session.data(POSITIONS, {}), "positions")
        return [p for p in map(self._rows.position, rows) if p.quantity != ZERO]

    async def account_mode(self) -> AccountMode:
        sides = row_field(await self._session.data(POSITION_MODE, {}), "position_mode")
        assets = await self._session.data(ASSET_MODE, {})
        modes: dict[InstrumentId, MarginMode] = {}
        leverage: dict[InstrumentId, Decimal] = {}
        for row in rows_of(await self._session.data(LEVERAGE, {"margin_mode": "cross"}), "levers"):
            name = self._rows.instrument(row_field(row, "contract_code"))
            if name in self._instruments and str(row.get("margin_mode", "cross")) == "cross":
                modes[name], leverage[name] = MarginMode.CROSS, amount(str(row_field(row, "lever_rate")))
        return AccountMode(
            account=self._rows.account,
            position_mode=POSITION_MODES.get(str(sides)),
            multi_asset=str(row_field(assets, "assets_mode", "asset_mode")) != "0",
            margin_modes=modes,
            leverage=leverage,
        )

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        return await mark_at(self._session, instrument, ts)

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> list[Fill]:
        _, code = split_instrument_id(instrument)

        async def read(first: int, last: int) -> Sequence[Row]:
            return await self._pages(DETAILS, {"contract_code": code, "start_time": first, "end_time": last})

        rows = await in_windows(read, start, end, await self._session.market_time(instrument))
        found = {str(row["id"]): row for row in rows}
        within = [row for row in found.values() if start <= int(row_field(row, "created_time")) * MILLISECOND < end]

        async def ask(order_ids: Iterable[str]) -> Mapping[str, ClientOrderId | None]:
            return await self._orders.client_ids(code, order_ids)

        ids = await self._known.look_up({str(row_field(row, "order_id")) for row in within}, ask)
        return sorted((self._rows.fill(row, ids) for row in within), key=lambda fill: (fill.ts, int(fill.trade_id)))

    async def entries(self, start: int, end: int) -> list[VenueEntry]:
        """Every ledger row of the account, of all contracts."""

        async def read(first: int, last: int) -> Sequence[Row]:
            return await self._pages(BILLS, {"margin_mode": "cross", "start_time": first, "end_time": last})

        rows = await in_windows(read, start, end, await self._session.market_time(self._instruments[0]))
        found = {entry.entry_id: entry for entry in map(self._rows.entry, rows)}
        return sorted((e for e in found.values() if start <= e.ts < end), key=lambda e: (e.ts, e.entry_id))

    async def _pages(self, method: str, query: Mapping[str, Any]) -> Sequence[Row]:
        async def ask(cursor: str | None) -> Sequence[Row]:
            after = {"from": cursor} if cursor else {}
            return rows_of(
                await self._session.data(method, {**query, **after, "limit": self._page, "direct": "next"}), "rows"
            )

        return await all_pages(ask, self._page, lambda row: row["id"])
