"""An account's past at any venue, whole, whichever end of it the venue tells first."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from jtrader.domain.account import VenueEntry
from jtrader.domain.ids import InstrumentId
from jtrader.domain.order import Fill
from jtrader.domain.times import to_millis
from jtrader.exchange.ccxt.orders import Reader
from jtrader.exchange.ccxt.paging import Paged, Row, by_cursor, by_time
from jtrader.exchange.ccxt.session import GenericSession
from jtrader.exchange.ccxt.spoken import CcxtMarket
from jtrader.ports.broker import NotOffered

_OPEN_END = 2**61
"""From here on (ns) an end is none: venues refuse times so far off."""
_Ask = Callable[[int, Mapping[str, Any]], Awaitable[Sequence[Row]]]
"""Of a time (ms) and further parameters."""


class History:
    """Fills and ledger rows between times (ns), the end left out."""

    def __init__(self, session: GenericSession, spoken: CcxtMarket, reader: Reader) -> None:
        self._session = session
        self._spoken = spoken
        self._reader = reader

    async def fills(self, instrument: InstrumentId, start: int, end: int, page: int) -> tuple[list[Fill], int]:
        """`page` trades at once, and how many pages told some."""
        symbol = await self._session.symbol(instrument)
        sized = {self._spoken.limit_param: str(page)} if self._spoken.limit_param else {}
        limit = None if sized else page  # given to ccxt as well it would cut a longer page off

        def ask(since: int, params: Mapping[str, Any]) -> Awaitable[Sequence[Row]]:
            return self._session.ask("fetch_my_trades", symbol, since, limit, {**sized, **params})

        told = await self._past(ask, start, end, page)
        found = [fill for row in told.rows if start <= (fill := self._reader.fill(instrument, row)).ts < end]
        return sorted(found, key=lambda f: (f.ts, f.trade_id)), told.pages

    async def entries(self, start: int, end: int, page: int) -> list[VenueEntry]:
        if not self._session.offers("fetchLedger"):
            raise NotOffered(f"{self._spoken.exchange}: ccxt reads no ledger there")

        def ask(since: int, params: Mapping[str, Any]) -> Awaitable[Sequence[Row]]:
            return self._session.ask("fetch_ledger", None, since, page, dict(params))

        told = await self._past(ask, start, end, page)
        found = [entry for row in told.rows if start <= (entry := self._reader.entry(row)).ts < end]
        return sorted(found, key=lambda entry: entry.ts)

    async def _past(self, ask: _Ask, start: int, end: int, page: int) -> Paged:
        """Rows from before `start` or after `end` may be among them."""
        since, until = to_millis(start), to_millis(end) + 1 if end < _OPEN_END else None
        bounds: dict[str, Any] = {} if until is None else {"until": until}
        if self._spoken.cursor:
            return await by_cursor(lambda older: ask(since, {**bounds, **older}), self._spoken.cursor)
        return await by_time(lambda first, last: ask(first, {"until": last} if last else {}), since, until, page)
