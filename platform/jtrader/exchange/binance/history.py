"""Reading an account's past completely: own trades, client ids of orders, ledger rows of futures; paged inside."""

import logging
from collections.abc import Iterable, Iterator, Sequence

from jtrader.domain.account import VenueEntry
from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import ClientOrderId, InstrumentId, split_instrument_id
from jtrader.domain.order import Fill
from jtrader.domain.times import MILLISECOND, to_millis
from jtrader.exchange.binance.algo import AlgoOrders
from jtrader.exchange.binance.endpoints import INCOME_WINDOW, Endpoints
from jtrader.exchange.binance.fields import Row, row_field
from jtrader.exchange.binance.rows import RowReader
from jtrader.exchange.binance.session import BinanceSession
from jtrader.ports.broker import OrderNotFound

log = logging.getLogger(__name__)

PAGE = 1_000
MOST_WINDOWS = 60
"""A range of more queries than this is read by ids (trades), or refused (ledger rows: the venue keeps 90 days)."""


class History:
    """Queries of one account. Ranges are start ≤ ts < end in ns; answers ascend by time."""

    def __init__(
        self,
        session: BinanceSession,
        endpoints: Endpoints,
        rows: RowReader,
        page: int = PAGE,
        algo: AlgoOrders | None = None,
    ) -> None:
        """`page`: rows that one query asks for, at most the venue's 1,000. `algo` knows which orders were conditional
        ones."""
        self._session = session
        self._page = page
        self._at = endpoints
        self._rows = rows
        self._algo = algo
        self._client_ids: dict[str, ClientOrderId | None] = {}

    def remember(self, venue_order_id: str, client_order_id: ClientOrderId | None) -> None:
        """An order's ids as the venue told them, so that its trades need no look-up."""
        self._client_ids[venue_order_id] = client_order_id

    async def fills(self, instrument: InstrumentId, start: int, end: int) -> list[Fill]:
        _, symbol = split_instrument_id(instrument)
        found: dict[int, Row] = {}
        windows = list(_windows(start, end, self._at.trades_window, MOST_WINDOWS))
        if windows:
            for first, last in windows:
                query = {"symbol": symbol, "startTime": to_millis(first), "endTime": to_millis(last - 1)}
                rows = await self._session.call(self._at.trades, {**query, "limit": self._page})
                found.update(_by_id(rows))
                if len(rows) == self._page:
                    found.update(await self._trades_from(symbol, max(_by_id(rows)) + 1, last))
        elif start < end:
            found = await self._trades_from(symbol, 0, end)
        within = [found[key] for key in sorted(found) if start <= int(found[key]["time"]) * MILLISECOND < end]
        return await self._named(instrument, within)

    async def fills_from(self, instrument: InstrumentId, trade_id: int) -> list[Fill]:
        """Own trades with an id ≥ `trade_id`."""
        _, symbol = split_instrument_id(instrument)
        found = await self._trades_from(symbol, trade_id, None)
        return await self._named(instrument, [found[key] for key in sorted(found)])

    async def income(self, start: int, end: int) -> list[VenueEntry]:
        """Every ledger row of a futures account."""
        if start >= end:
            return []
        windows = list(_windows(start, end, INCOME_WINDOW, MOST_WINDOWS))
        if not windows:
            raise BadInput("a ledger of more than a year was asked for; Binance keeps 90 days, ask for those")
        found: dict[str, VenueEntry] = {}
        for first, last in windows:
            found.update(await self._income_window(to_millis(first), to_millis(last - 1)))
        return sorted((e for e in found.values() if start <= e.ts < end), key=lambda e: e.ts)

    async def _trades_from(self, symbol: str, trade_id: int, end: int | None) -> dict[int, Row]:
        """Trades by id from `trade_id` on, until one at or after `end`."""
        found: dict[int, Row] = {}
        while True:
            query = {"symbol": symbol, "fromId": trade_id, "limit": self._page}
            page = _by_id(await self._session.call(self._at.trades, query))
            found.update(page)
            past_end = end is not None and any(int(row["time"]) * MILLISECOND >= end for row in page.values())
            if len(page) < self._page or past_end:
                return found
            trade_id = max(page) + 1

    async def _named(self, instrument: InstrumentId, rows: Sequence[Row]) -> list[Fill]:
        """Trades as fills, with the client ids of their orders."""
        _, symbol = split_instrument_id(instrument)
        unknown = sorted({int(n) for row in rows if (n := str(row_field(row, "orderId"))) not in self._client_ids})
        if unknown and self._algo is not None:
            last = max(int(row["time"]) for row in rows if int(row["orderId"]) in unknown)
            await self._algo.learn(instrument, map(str, unknown), (last + 1) * MILLISECOND)
        await self._look_up(symbol, unknown)
        return [self._rows.fill(row, self._client_ids) for row in rows]

    async def _look_up(self, symbol: str, unknown: Sequence[int]) -> None:
        """Learns the client ids of orders that this process has not seen: in pages, then one by one."""
        if len(unknown) > 1:
            query = {"symbol": symbol, "orderId": unknown[0], "limit": self._page}
            for row in await self._session.call(self._at.all_orders, query):
                self._learn(row)
        for order_id in unknown:
            if str(order_id) not in self._client_ids:
                try:
                    self._learn(await self._session.call(self._at.order, {"symbol": symbol, "orderId": order_id}))
                except OrderNotFound:  # shown later than its trade: looked up again with the next reading
                    log.info("order %s of a trade in %s is not known to the venue yet", order_id, symbol)

    def _learn(self, row: Row) -> None:
        client_id, order_id = row.get("clientOrderId"), str(row_field(row, "orderId"))
        was = self._algo.name_of(order_id) if self._algo is not None else None
        self.remember(order_id, was or (ClientOrderId(client_id) if client_id else None))

    async def _income_window(self, first: int, last: int) -> dict[str, VenueEntry]:
        """Rows with first ≤ time ≤ last (ms). Pages overlap by one millisecond, as several rows share one."""
        found: dict[str, VenueEntry] = {}
        while True:
            rows = await self._session.call(self._at.income, {"startTime": first, "endTime": last, "limit": self._page})
            for row in rows:
                entry = self._rows.entry(row)
                found[entry.entry_id] = entry
            if len(rows) < self._page:
                return found
            newest = max(int(row["time"]) for row in rows)
            if newest == first:
                raise Broken(f"{self._page} ledger rows or more within one millisecond ({first}): they can't be paged")
            first = newest


def _windows(start: int, end: int, width: int, most: int) -> Iterator[tuple[int, int]]:
    """[start, end) in pieces of at most `width`; nothing if that takes more than `most` of them."""
    if end - start <= most * width:
        for first in range(start, end, width):
            yield first, min(first + width, end)


def _by_id(rows: Iterable[Row]) -> dict[int, Row]:
    return {int(row_field(row, "id")): row for row in rows}
