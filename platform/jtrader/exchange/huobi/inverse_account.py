"""What an HTX coin-margined account holds and what happened to it: balances, positions, trades, financial records."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from jtrader.domain.account import AccountMode, Balance, MarginMode, VenueEntry, VenuePosition
from jtrader.domain.ids import ClientOrderId, InstrumentId
from jtrader.domain.money import ZERO, amount
from jtrader.domain.order import Fill
from jtrader.domain.times import MILLISECOND
from jtrader.exchange.huobi.inverse_names import InverseNames
from jtrader.exchange.huobi.inverse_orders import InverseOrders
from jtrader.exchange.huobi.inverse_rows import InverseRows, id_of
from jtrader.exchange.huobi.known import KnownOrders
from jtrader.exchange.huobi.listing import SWAP
from jtrader.exchange.huobi.marks import mark_at
from jtrader.exchange.huobi.paging import all_pages, in_windows
from jtrader.exchange.huobi.rows import Row, row_field, rows_of
from jtrader.exchange.huobi.session import HuobiSession

PAGE = 50


class InverseAccount:
    """Reading of one coin-margined account. Ranges are start ≤ ts < end in ns; answers ascend by time."""

    def __init__(
        self,
        session: HuobiSession,
        names: InverseNames,
        rows: InverseRows,
        orders: InverseOrders,
        known: KnownOrders,
        instruments: Sequence[InstrumentId],
        page: int = PAGE,
    ) -> None:
        self._session = session
        self._names = names
        self._rows = rows
        self._orders = orders
        self._known = known
        self._instruments = instruments
        self._page = min(page, PAGE)
        self._ledgers = {names.code(one) if names.market == SWAP else names.coin(one) for one in instruments}

    async def balances(self) -> list[Balance]:
        return [balance for balance in map(self._rows.balance, await self._accounts()) if balance.total != ZERO]

    async def positions(self) -> list[VenuePosition]:
        return self._rows.positions(await self._session.data(self._names.call("PositionInfo"), {}))

    async def account_mode(self) -> AccountMode:
        """Coin-margined contracts know cross margin and two-sided positions only; the leverage is a choice."""
        leverage: dict[InstrumentId, Decimal] = {}
        for row in await self._accounts():
            leverage |= {
                name: amount(str(row_field(row, "lever_rate"))) for name in self._instruments if self._is_of(row, name)
            }
        return AccountMode(
            account=self._rows.account,
            margin_modes=dict.fromkeys(leverage, MarginMode.CROSS),
            leverage=leverage,
        )

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:
        return await mark_at(self._session, instrument, ts)

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> list[Fill]:
        async def read(first: int, last: int) -> Sequence[Row]:
            query = {**self._contract(instrument), "trade_type": 0, "start_time": first, "end_time": last}
            return await self._pages("MatchresultsExact", query, "trades")

        rows = await in_windows(read, start, end, await self._session.market_time(instrument))
        found = {str(row["id"]): row for row in rows}
        within = [row for row in found.values() if start <= int(row_field(row, "create_date")) * MILLISECOND < end]

        async def ask(order_ids: Iterable[str]) -> Mapping[str, ClientOrderId | None]:
            return await self._orders.client_ids(instrument, order_ids)

        ids = await self._known.look_up({id_of(row) for row in within}, ask)
        return sorted((self._rows.fill(row, ids) for row in within), key=lambda f: (f.ts, _match(f.trade_id)))

    async def entries(self, start: int, end: int) -> list[VenueEntry]:
        """Every financial record: of the account's instruments, and of whatever else holds or has held something."""
        now = await self._session.market_time(self._instruments[0])
        self._ledgers |= {self._ledger_of(row) for row in await self._accounts() if self._rows.balance(row).total}
        field = "contract" if self._names.market == SWAP else "symbol"
        found: dict[str, VenueEntry] = {}
        for ledger in sorted(self._ledgers):

            async def read(first: int, last: int, ledger: str = ledger) -> Sequence[Row]:
                query = {field: ledger, "start_time": first, "end_time": last}
                return await self._pages("FinancialRecordExact", query, "financial_record")

            found |= {e.entry_id: e for e in map(self._rows.entry, await in_windows(read, start, end, now))}
        return sorted((e for e in found.values() if start <= e.ts < end), key=lambda e: (e.ts, e.entry_id))

    def _is_of(self, row: Row, name: InstrumentId) -> bool:
        owner = row.get("contract_code") if self._names.market == SWAP else row.get("symbol")
        return owner in (self._names.code(name), self._names.coin(name))

    def _contract(self, instrument: InstrumentId) -> dict[str, str]:
        coin = {} if self._names.market == SWAP else {"symbol": self._names.coin(instrument)}
        return {"contract": self._names.code(instrument), **coin}

    async def _accounts(self) -> Sequence[Row]:
        rows: Sequence[Row] = await self._session.data(self._names.call("AccountInfo"), {})
        return rows

    def _ledger_of(self, row: Row) -> str:
        """Swaps keep a ledger a contract, futures one a coin."""
        return str(row_field(row, "contract_code" if self._names.market == SWAP else "symbol"))

    async def _pages(self, what: str, query: Mapping[str, Any], name: str) -> list[Row]:
        """v3 pages by the last row's `query_id` in pages of its own size: one that brings nothing ends it."""
        method = self._names.call(what, "V3")

        async def ask(cursor: str | None) -> Sequence[Row]:
            after = {"from_id": int(cursor)} if cursor else {}
            params = {**query, "page_size": self._page, **after, "direct": "next"}
            return rows_of(await self._session.data(method, params), name)

        return await all_pages(ask, 1, lambda row: row["query_id"])


def _match(trade_id: str) -> int:
    """`113891764710-773135295142658048-1` → the match's number."""
    return int(trade_id.partition("-")[0])
