"""Reading an account's past completely: executions by time, money that moved; paged inside."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from jtrader.domain.account import VenueEntry
from jtrader.domain.ids import InstrumentId, split_instrument_id
from jtrader.domain.order import Fill
from jtrader.domain.times import MILLISECOND, parse_time
from jtrader.exchange.bitmex.moments import spelled
from jtrader.exchange.bitmex.rows import COMPLETED, SUMS, Row, RowReader, row_field, rows_of
from jtrader.exchange.bitmex.session import BitmexSession

PAGE = 500
"""Rows of one query; BitMEX gives 500 executions at most."""
_LAST = parse_time("2100-01-01T00:00:00Z")
"""Later times are not asked for: BitMEX reads four digits of a year."""


class History:
    """Queries of one account. Ranges are start ≤ ts < end in ns; answers ascend by time."""

    def __init__(self, session: BitmexSession, rows: RowReader, page: int = PAGE) -> None:
        self._session = session
        self._rows = rows
        self._page = page

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> list[Fill]:
        _, symbol = split_instrument_id(instrument)
        query = {"symbol": symbol, "filter": _json({"execType": "Trade"})}
        found = [self._rows.fill(row) async for row in self._executions(query, start, end)]
        return [fill for fill in found if start <= fill.ts < end]

    async def entries(self, start: int, end: int) -> list[VenueEntry]:
        """Executions of all contracts, and what came and went."""
        found: dict[str, VenueEntry] = {}
        async for row in self._executions({}, start, end):
            for entry in self._rows.entries(row):
                found[entry.entry_id] = entry
        async for row in self._wallet_rows(start):
            entry = self._rows.moved(row)
            found[entry.entry_id] = entry
        return sorted((e for e in found.values() if start <= e.ts < end), key=lambda e: e.ts)

    async def _executions(self, query: Mapping[str, Any], start: int, end: int) -> AsyncIterator[Row]:
        """Oldest first, so that what happens meanwhile moves no page. BitMEX includes both ends, in milliseconds."""
        first, last = -(-start // MILLISECOND) * MILLISECOND, min(end - 1, _LAST) // MILLISECOND * MILLISECOND
        skip = 0
        while first <= last:
            times = {"startTime": spelled(first), "endTime": spelled(last)}
            page = {"count": self._page, "start": skip, "reverse": False}
            rows = rows_of(await self._session.call("privateGetExecutionTradeHistory", {**query, **times, **page}))
            for row in rows:
                yield row
            if len(rows) < self._page:
                return
            skip += len(rows)

    async def _wallet_rows(self, start: int) -> AsyncIterator[Row]:
        """Newest first, as BitMEX tells them; it takes no times. A row that comes meanwhile pushes another one to the
        next page, where it is seen twice."""
        skip = 0
        while True:
            query = {"currency": "all", "count": self._page, "start": skip}
            rows = rows_of(await self._session.call("privateGetUserWalletHistory", query))
            dated = [row for row in rows if row.get("transactTime")]
            for row in dated:
                if row_field(row, "transactType") not in SUMS and row.get("transactStatus") == COMPLETED:
                    yield row
            if len(rows) < self._page or (dated and parse_time(dated[-1]["transactTime"]) < start):
                return
            skip += len(rows)


def _json(value: Any) -> str:
    """A `filter` is JSON within the query."""
    return msgspec.json.encode(value).decode()
