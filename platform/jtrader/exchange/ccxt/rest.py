"""A venue's public REST by ccxt's unified methods: instruments, candles, trades, funding, open interest, books."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Funding, Level, OpenInterest, Trade
from jtrader.domain.times import MINUTE, from_millis, to_millis
from jtrader.exchange.ccxt.errors import translate
from jtrader.exchange.ccxt.listing import instrument as listed
from jtrader.exchange.ccxt.spoken import EXACT, CcxtMarket, load
from jtrader.exchange.common.books import BookSnapshot
from jtrader.exchange.common.public import PATIENCE_SECONDS, PublicClient

PAGE = 100
"""Rows at most in one answer: what every venue gives."""
BOOK_LEVELS = 50


class CcxtRest:
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
        """Everything that this market lists now, by id."""
        rows = self._client.ask("instruments", "load_markets", (True,))
        mode = int(self._client.exchange.precisionMode)
        found = [listed(self._spoken, row, mode) for row in rows.values() if self._spoken.takes(row)]
        return sorted(found, key=lambda one: one.id)

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        symbol, end = self._symbol(instrument), self._closed_by(instrument, end)
        while start < end:
            since = -(-start // MINUTE) * MINUTE
            rows = self._client.ask(f"candles of {instrument}", "fetch_ohlcv", (symbol, "1m", to_millis(since), PAGE))
            found = [Candle(instrument, from_millis(int(r[0])), *(float(x) for x in r[1:6])) for r in rows]
            page = [one for one in found if start <= one.ts < end]
            if page or (found and found[-1].ts >= end):
                return page
            start = since + PAGE * MINUTE
        return []

    def trades(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Trade]:
        """As far back as the venue's newest page reaches, where it pages by no time."""
        symbol = self._symbol(instrument)
        rows = self._client.ask(f"trades of {instrument}", "fetch_trades", (symbol, to_millis(start), PAGE))
        found = sorted((trade(instrument, row) for row in rows), key=lambda one: one.ts)
        return [one for one in found if start <= one.ts < end]

    def trades_from(self, instrument: InstrumentId, trade_id: int) -> Sequence[Trade]:
        raise BadInput(f"{instrument}: {self._spoken.exchange} is asked for trades by time, not by number ({trade_id})")

    def funding(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Funding]:
        symbol = self._symbol(instrument)
        if not self._offers("fetchFundingRateHistory") or self._spoken.type != "swap":
            return []
        query = (symbol, to_millis(start), PAGE, {"until": to_millis(end)})
        rows = self._client.ask(f"funding of {instrument}", "fetch_funding_rate_history", query)
        found = [Funding(instrument, from_millis(int(row["timestamp"])), float(row["fundingRate"])) for row in rows]
        return [one for one in found if start <= one.ts < end]

    def open_interest(self, instrument: InstrumentId, start: int, end: int) -> Sequence[OpenInterest]:
        symbol = self._symbol(instrument)
        if not self._offers("fetchOpenInterestHistory") or self._spoken.type == "spot":
            return []
        query = (symbol, "5m", to_millis(start), PAGE)
        rows = self._client.ask(f"open interest of {instrument}", "fetch_open_interest_history", query)
        found = [
            OpenInterest(instrument, from_millis(int(row["timestamp"])), float(row["openInterestAmount"]))
            for row in rows
            if row.get("openInterestAmount") is not None
        ]
        return sorted((one for one in found if start <= one.ts < end), key=lambda one: one.ts)

    def book(self, instrument: InstrumentId) -> BookSnapshot:
        symbol = self._symbol(instrument)
        whole = self._client.ask(f"book of {instrument}", "fetch_order_book", (symbol, BOOK_LEVELS))
        ts = from_millis(int(whole["timestamp"])) if whole.get("timestamp") else 0
        return BookSnapshot(ts, levels(whole["bids"]), levels(whole["asks"]), int(whole.get("nonce") or 0))

    def market_time(self) -> int:
        """Of the first instrument's ticker."""
        return self._time_of(self.instruments()[0].id)

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> "CcxtRest":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _symbol(self, instrument: InstrumentId) -> str:
        self._spoken.symbol_of(instrument)
        self._client.ask("instruments", "load_markets", ())
        return self._spoken.unified(self._client.exchange, instrument)

    def _offers(self, feature: str) -> bool:
        return bool(self._client.exchange.has.get(feature))

    def _time_of(self, instrument: InstrumentId) -> int:
        symbol = self._symbol(instrument)
        ticker = self._client.ask("market time", "fetch_ticker", (symbol,))
        self._seen = from_millis(int(ticker["timestamp"]))
        return self._seen

    def _closed_by(self, instrument: InstrumentId, end: int) -> int:
        """The end of the last minute that has closed, at most `end`."""
        if end > self._seen:
            self._time_of(instrument)
        return min(end, self._seen) // MINUTE * MINUTE


def trade(instrument: InstrumentId, row: dict[str, Any]) -> Trade:
    """ccxt's trade; its id as a number where it is one."""
    name = str(row["id"])
    return Trade(
        instrument,
        from_millis(int(row["timestamp"])),
        int(name) if name.isdigit() else name,
        float(row["price"]),
        float(row["amount"]),
        1 if row["side"] == "buy" else -1,
    )


def levels(rows: Sequence[Sequence[Any]], most: int | None = None) -> tuple[Level, ...]:
    return tuple((float(row[0]), float(row[1])) for row in rows[:most])
