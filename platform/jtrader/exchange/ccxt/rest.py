"""A venue's public REST by ccxt's unified methods: instruments, candles, trades, funding, open interest, books."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Funding, Level, OpenInterest, Trade
from jtrader.domain.times import DAY, MINUTE, from_millis, to_millis
from jtrader.exchange.ccxt.errors import UNREADABLE, translate
from jtrader.exchange.ccxt.listing import instrument as read
from jtrader.exchange.ccxt.spoken import EXACT, CcxtMarket, load
from jtrader.exchange.common.books import BookSnapshot
from jtrader.exchange.common.listing import offered
from jtrader.exchange.common.public import PATIENCE_SECONDS, Closing, PublicClient

PAGE = 100
"""Rows at most in one answer: what every venue gives."""
BOOK_LEVELS = 50


class CcxtRest(Closing):
    """CandleSource, TradeSource, FundingSource, OpenInterestSource, InstrumentSource and SnapshotSource of one market.
    Safe to use from threads; close it after use."""

    def __init__(
        self,
        spoken: CcxtMarket,
        simulator_uri: str | None = None,
        patience: float = PATIENCE_SECONDS,
        pause_file: Path | None = None,
    ) -> None:
        self._spoken = spoken
        config = {**EXACT, "options": spoken.options}
        where = f"{spoken.exchange} ({spoken.type})"
        self._client = PublicClient(
            where, load(spoken.exchange, pro=False), translate, simulator_uri, patience, config, pause_file
        )
        self._seen = 0

    def instruments(self) -> Sequence[Instrument]:
        """Everything that this market lists now, by id; what can't be read is left out and logged. Raises Broken where
        nothing can."""
        rows = self._client.ask("instruments", "load_markets", (True,))
        mode = int(self._client.exchange.precisionMode)
        listed_here = (row for row in rows.values() if self._spoken.takes(row))
        return offered(
            self._spoken.market, listed_here, lambda row: row["id"], lambda row: read(self._spoken, row, mode)
        )

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        """Where a page is empty the daily candles tell on which day there are some again."""
        symbol, end = self._symbol(instrument), self._closed_by(instrument, end)
        while start < end:
            since = -(-start // MINUTE) * MINUTE
            found = self._candles(instrument, symbol, "1m", since)
            page = [one for one in found if start <= one.ts < end]
            if page or (found and found[-1].ts >= end):
                return page
            start = self._next_traded(instrument, symbol, since + PAGE * MINUTE, end)
        return []

    def _candles(self, instrument: InstrumentId, symbol: str, timeframe: str, since: int) -> list[Candle]:
        """A page from `since` on (ns), ascending."""
        query = (symbol, timeframe, to_millis(since), PAGE)
        rows = self._client.ask(f"candles of {instrument}", "fetch_ohlcv", query)
        with told_right(f"candles of {instrument}"):
            return [Candle(instrument, from_millis(int(r[0])), *(float(x) for x in r[1:6])) for r in rows]

    def _next_traded(self, instrument: InstrumentId, symbol: str, start: int, end: int) -> int:
        """From where on in [start, end) there may be minutes; `end` where no day has any."""
        if "1d" not in (self._client.exchange.timeframes or {}):
            return start
        since = (start - DAY) // DAY * DAY
        while since < end:
            days = self._candles(instrument, symbol, "1d", since)
            if later := [day.ts for day in days if day.ts + DAY > start]:
                return max(start, later[0])
            since = max([since + PAGE * DAY, *(day.ts + DAY for day in days)])
        return end

    def trades(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Trade]:
        """As far back as the venue's newest page reaches, where it pages by no time."""
        symbol = self._symbol(instrument)
        rows = self._client.ask(f"trades of {instrument}", "fetch_trades", (symbol, to_millis(start), PAGE))
        with told_right(f"trades of {instrument}"):
            found = sorted((trade(instrument, row) for row in rows), key=lambda one: one.ts)
        return [one for one in found if start <= one.ts < end]

    def trades_from(self, instrument: InstrumentId, trade_id: int) -> Sequence[Trade]:
        raise BadInput(f"{instrument}: {self._spoken.exchange} is asked for trades by time, not by number ({trade_id})")

    def funding(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Funding]:
        """All of it where the venue tells the newest first, else a page."""
        symbol = self._symbol(instrument)
        if not self._offers("fetchFundingRateHistory") or self._spoken.type != "swap":
            return []
        what, found, until = f"funding of {instrument}", dict[int, Funding](), to_millis(end)
        while True:
            query = (symbol, to_millis(start), PAGE, {self._spoken.funding_until: until})
            rows = self._client.ask(what, "fetch_funding_rate_history", query)
            with told_right(what):
                page = [Funding(instrument, from_millis(int(r["timestamp"])), float(r["fundingRate"])) for r in rows]
            fresh = {one.ts: one for one in page if start <= one.ts < end and one.ts not in found}
            if not fresh:
                return [found[ts] for ts in sorted(found)]
            found |= fresh
            until = to_millis(min(found))

    def open_interest(self, instrument: InstrumentId, start: int, end: int) -> Sequence[OpenInterest]:
        symbol = self._symbol(instrument)
        if not self._offers("fetchOpenInterestHistory") or self._spoken.type == "spot":
            return []
        query = (symbol, "5m", to_millis(start), PAGE)
        rows = self._client.ask(f"open interest of {instrument}", "fetch_open_interest_history", query)
        with told_right(f"open interest of {instrument}"):
            found = [
                OpenInterest(instrument, from_millis(int(row["timestamp"])), float(row["openInterestAmount"]))
                for row in rows
                if row.get("openInterestAmount") is not None
            ]
        return sorted((one for one in found if start <= one.ts < end), key=lambda one: one.ts)

    def book(self, instrument: InstrumentId) -> BookSnapshot:
        symbol = self._symbol(instrument)
        whole = self._client.ask(f"book of {instrument}", "fetch_order_book", (symbol, BOOK_LEVELS))
        with told_right(f"book of {instrument}"):
            ts = from_millis(int(whole["timestamp"])) if whole.get("timestamp") else 0
            return BookSnapshot(ts, levels(whole["bids"]), levels(whole["asks"]), int(whole.get("nonce") or 0))

    def market_time(self) -> int:
        """Of the first instrument's ticker."""
        return self._time_of(self.instruments()[0].id)

    def _symbol(self, instrument: InstrumentId) -> str:
        self._spoken.symbol_of(instrument)
        self._client.ask("instruments", "load_markets", ())
        return self._spoken.unified(self._client.exchange, instrument)

    def _offers(self, feature: str) -> bool:
        return bool(self._client.exchange.has.get(feature))

    def _time_of(self, instrument: InstrumentId) -> int:
        symbol = self._symbol(instrument)
        ticker = self._client.ask("market time", "fetch_ticker", (symbol,))
        with told_right("market time"):
            self._seen = from_millis(int(ticker["timestamp"]))
        return self._seen

    def _closed_by(self, instrument: InstrumentId, end: int) -> int:
        """The end of the last minute that has closed, at most `end`."""
        if end > self._seen:
            self._time_of(instrument)
        return min(end, self._seen) // MINUTE * MINUTE


@contextlib.contextmanager
def told_right(what: str) -> Iterator[None]:
    """Raises Broken for what can't be read."""
    try:
        yield
    except UNREADABLE as error:
        raise Broken(f"{what}: the venue's answer can't be read ({error!r})") from error


_SIDES = {"buy": 1, "sell": -1}


def trade(instrument: InstrumentId, row: dict[str, Any]) -> Trade:
    """ccxt's trade; its id as a number where it is one."""
    name = str(row["id"])
    return Trade(
        instrument,
        from_millis(int(row["timestamp"])),
        int(name) if name.isdigit() else name,
        float(row["price"]),
        float(row["amount"]),
        _SIDES[row["side"]],
    )


def levels(rows: Sequence[Sequence[Any]], most: int | None = None) -> tuple[Level, ...]:
    return tuple((float(row[0]), float(row[1])) for row in rows[:most])
