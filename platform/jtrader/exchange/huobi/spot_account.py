"""What an HTX spot account holds and what happened to it: balances, own trades, deposits, withdrawals, transfers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jtrader.domain.account import AccountMode, Balance, VenueEntry, VenuePosition
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import ClientOrderId, InstrumentId, split_instrument_id
from jtrader.domain.money import ZERO
from jtrader.domain.order import Fill
from jtrader.domain.times import DAY, MILLISECOND
from jtrader.exchange.huobi.known import KnownOrders
from jtrader.exchange.huobi.paging import all_pages, in_windows
from jtrader.exchange.huobi.rows import Row, row_field
from jtrader.exchange.huobi.session import HuobiSession
from jtrader.exchange.huobi.spot_orders import SpotOrders
from jtrader.exchange.huobi.spot_rows import SpotRows

BALANCE = "spotPrivateGetV1AccountAccountsAccountIdBalance"
MATCHES = "spotPrivateGetV1OrderMatchresults"
LEDGER = "spotPrivateGetV2AccountLedger"
MOVEMENTS = "spotPrivateGetV1QueryDepositWithdraw"
LEDGER_WINDOW = 10 * DAY
PAGE = 500
MOVEMENTS_PAGE = 100


class SpotAccount:
    """Reading of one spot account. Ranges are start ≤ ts < end in ns; answers ascend by time."""

    def __init__(
        self,
        session: HuobiSession,
        rows: SpotRows,
        orders: SpotOrders,
        known: KnownOrders,
        instrument: InstrumentId,
        page: int = PAGE,
    ) -> None:
        """`instrument`: any, whose market tells the time."""
        self._instrument = instrument
        self._page = min(page, PAGE)
        self._session = session
        self._rows = rows
        self._orders = orders
        self._known = known

    async def balances(self) -> list[Balance]:
        """Assets that hold anything."""
        data = await self._session.data(BALANCE, {"account-id": await self._orders.account_id()})
        return [balance for balance in self._rows.balances(row_field(data, "list")) if balance.total != ZERO]

    async def positions(self) -> Sequence[VenuePosition]:
        return []

    async def account_mode(self) -> AccountMode:
        """Spot has no such choices."""
        return AccountMode(account=self._rows.account)

    async def mark_at(self, instrument: InstrumentId, ts: int) -> str:  # noqa: ARG002
        raise BadInput(f"{instrument} is spot: it has no mark price")

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> list[Fill]:
        _, symbol = split_instrument_id(instrument)

        async def read(first: int, last: int) -> Sequence[Row]:
            return await self._matches({"symbol": symbol, "start-time": first, "end-time": last})

        rows = await in_windows(read, start, end, await self._session.market_time(instrument))
        found = {str(row["id"]): row for row in rows}
        within = [row for row in found.values() if start <= int(row_field(row, "created-at")) * MILLISECOND < end]
        ids = await self._known.look_up({str(row_field(row, "order-id")) for row in within}, self._client_ids)
        return sorted((self._rows.fill(row, ids) for row in within), key=lambda fill: (fill.ts, int(fill.trade_id)))

    async def entries(self, start: int, end: int) -> list[VenueEntry]:
        """Deposits and withdrawals, and the ledger's rows that no trade tells: transfers above all."""
        entries = [self._rows.deposit(row) for row in await self._movements("deposit")]
        entries += [self._rows.withdrawal(row) for row in await self._movements("withdraw")]
        now = await self._session.market_time(self._instrument)
        rows = await in_windows(self._ledger, start, end, now, LEDGER_WINDOW)
        entries += [self._rows.ledger(row) for row in rows]
        found = {entry.entry_id: entry for entry in entries if entry is not None and start <= entry.ts < end}
        return sorted(found.values(), key=lambda entry: entry.ts)

    async def _client_ids(self, order_ids: Iterable[str]) -> dict[str, ClientOrderId | None]:
        return {order_id: await self._orders.client_id(order_id) for order_id in order_ids}

    async def _matches(self, query: Mapping[str, Any]) -> Sequence[Row]:
        async def ask(cursor: str | None) -> Sequence[Row]:
            after = {"from": cursor, "direct": "next"} if cursor else {}
            rows: Sequence[Row] = await self._session.data(MATCHES, {**query, "size": self._page, **after})
            return rows

        return await all_pages(ask, self._page, lambda row: row["id"])

    async def _movements(self, kind: str) -> Sequence[Row]:
        async def ask(cursor: str | None) -> Sequence[Row]:
            query = {"type": kind, "direct": "next", "from": cursor or "0", "size": MOVEMENTS_PAGE}
            rows: Sequence[Row] = await self._session.data(MOVEMENTS, query)
            return rows

        return await all_pages(ask, MOVEMENTS_PAGE, lambda row: row["id"])

    async def _ledger(self, first: int, last: int) -> Sequence[Row]:
        query = {"accountId": await self._orders.account_id(), "startTime": first, "endTime": last, "limit": self._page}
        rows: list[Row] = []
        more: dict[str, Any] = {}
        while True:
            answer = await self._session.answer(LEDGER, {**query, **more})
            rows += answer.get("data") or ()
            if not answer.get("nextId"):
                return rows
            more = {"fromId": answer["nextId"]}
