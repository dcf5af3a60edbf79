"""Binance's public REST through ccxt: instruments, closed 1-minute candles, trades, funding, open interest, whole
books, market time.

Synchronous outside and safe to call from several threads, so that instruments are fetched side by side.
https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api
https://developers.binance.com/docs/derivatives/coin-margined-futures/market-data/rest-api
https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Funding, OpenInterest, Trade
from jtrader.domain.times import DAY, MINUTE, from_millis, to_millis
from jtrader.exchange.binance import public_rows as rows
from jtrader.exchange.binance.errors import translate
from jtrader.exchange.binance.listing import COINM, SPOT, USDM, instrument, is_offered
from jtrader.exchange.common.books import BookSnapshot
from jtrader.exchange.common.listing import offered
from jtrader.exchange.common.public import PATIENCE_SECONDS, Closing, PublicClient

T = TypeVar("T")

OPEN_INTEREST_KEPT = 29 * DAY
"""The venue tells a month; a day of it is left to clocks that differ."""
BOOK_LEVELS = 1_000


class Dialect(NamedTuple):
    """How one market is asked: ccxt's implicit methods, empty for what it has not. `page` candles, `trade_page` trades
    at most in one answer; `pause_ms` a unit of ccxt's weights; `probe` a symbol that is always traded, whose ticker
    tells the market's time; `volume` the kline's column of base volume."""

    exchange_info: str
    klines: str
    ticker: str
    depth: str
    aggregated: str
    recent: str
    old_trades: str
    page: int
    trade_page: int
    pause_ms: int
    probe: str
    volume: int = 5
    funding: str = ""
    funding_info: str = ""
    open_interest: str = ""


# USDT-M and COIN-M allow 2,400 weights a minute: 1,500 for this client leave room for the trader's. A page of up to
# 499 rows weighs 2, of up to 1,000 rows 5, of up to 1,500 rows 10: the small page gives the most rows a weight. Spot
# allows 6,000 (ccxt: 50 ms a five of them) and any page weighs 2.
DIALECTS: Mapping[Market, Dialect] = {
    USDM: Dialect(
        exchange_info="fapiPublicGetExchangeInfo",
        klines="fapiPublicGetKlines",
        ticker="fapiPublicGetTicker24hr",
        depth="fapiPublicGetDepth",
        aggregated="fapiPublicGetAggTrades",
        recent="fapiPublicGetTrades",
        old_trades="fapiPublicGetHistoricalTrades",
        page=499,
        trade_page=500,
        pause_ms=40,
        probe="BTCUSDT",
        funding="fapiPublicGetFundingRate",
        funding_info="fapiPublicGetFundingInfo",
        open_interest="fapiDataGetOpenInterestHist",
    ),
    COINM: Dialect(
        exchange_info="dapiPublicGetExchangeInfo",
        klines="dapiPublicGetKlines",
        ticker="dapiPublicGetTicker24hr",
        depth="dapiPublicGetDepth",
        aggregated="dapiPublicGetAggTrades",
        recent="dapiPublicGetTrades",
        old_trades="dapiPublicGetHistoricalTrades",
        page=499,
        trade_page=500,
        pause_ms=40,
        probe="BTCUSD_PERP",
        volume=7,
        funding="dapiPublicGetFundingRate",
        funding_info="dapiPublicGetFundingInfo",
        open_interest="dapiDataGetOpenInterestHist",
    ),
    SPOT: Dialect(
        exchange_info="publicGetExchangeInfo",
        klines="publicGetKlines",
        ticker="publicGetTicker24hr",
        depth="publicGetDepth",
        aggregated="publicGetAggTrades",
        recent="publicGetTrades",
        old_trades="publicGetHistoricalTrades",
        page=1000,
        trade_page=1000,
        pause_ms=50,
        probe="BTCUSDT",
    ),
}


class BinanceRest(Closing):
    """CandleSource, TradeSource, FundingSource, OpenInterestSource, InstrumentSource and SnapshotSource of one Binance
    market. Close it after use.

    With a `simulator_uri` every request goes there; without one it goes to the real venue. The venue shows trades older
    than the last 1,000 to those with an `api_key` only; it needs no rights and signs nothing.
    """

    def __init__(
        self,
        market: str,
        simulator_uri: str | None = None,
        patience: float = PATIENCE_SECONDS,
        api_key: str = "",
        pause_file: Path | None = None,
    ) -> None:
        if market not in DIALECTS:
            raise BadInput(f"market '{market}' is not one of Binance's: {', '.join(DIALECTS)}")
        self._market = Market(market)
        self._dialect = DIALECTS[self._market]
        self._has_key = bool(api_key)
        config = {
            "apiKey": api_key,
            "rateLimit": self._dialect.pause_ms,
            # what ccxt's own loading of markets would leave for parse_market
            "options": {"crossMarginPairsData": [], "isolatedMarginPairsData": []},
        }
        self._client = PublicClient(market, _binance, translate, simulator_uri, patience, config, pause_file)
        self._seen = 0
        self._listed: dict[str, Mapping[str, Any]] = {}

    def instruments(self) -> Sequence[Instrument]:
        """Everything that this market lists now, by id; what is halted too."""
        answer = self._client.ask("instruments", self._dialect.exchange_info, {})
        rows_ = answer.get("symbols", ()) if isinstance(answer, dict) else ()
        hours, listed = self._funding_hours(), dict[str, Mapping[str, Any]]()
        parse = self._client.exchange.parse_market

        def read(row: Mapping[str, Any]) -> Instrument | None:
            if not is_offered(self._market, row):
                return None
            symbol = _symbol_of(row)
            listed[symbol] = row
            return instrument(self._market, row, parse(row)["symbol"], hours.get(symbol))

        found = offered(self._market, rows_, _symbol_of, read)
        self._listed = listed
        return found

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        symbol, end = self._symbol(instrument), self._closed_by(end)
        if start >= end:
            return []
        query = {"symbol": symbol, "interval": "1m", **_times(start, end), "limit": self._dialect.page}
        (page,) = self._read(
            f"candles of {instrument}",
            self._dialect.klines,
            query,
            lambda answer: rows.candles(instrument, answer, self._dialect.volume),
            is_list=False,
        )
        return page

    def trades(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Trade]:
        """Under the numbers of the trade stream: the first of the range is found by its time, the rest by numbers."""
        query = {"symbol": self._symbol(instrument), "startTime": -(-start // 1_000_000), "limit": 1}
        found = self._client.ask(f"trades of {instrument}", self._dialect.aggregated, query)
        if not found or from_millis(int(found[0]["T"])) >= end:
            return []
        return [one for one in self.trades_from(instrument, int(found[0]["f"])) if start <= one.ts < end]

    def trades_from(self, instrument: InstrumentId, trade_id: int) -> Sequence[Trade]:
        """Without a key the last 1,000 trades alone are told: BadInput for older ones."""
        what, at = f"trades of {instrument}", self._dialect
        query: dict[str, Any] = {"symbol": self._symbol(instrument), "limit": at.trade_page}
        if self._has_key:
            return self._read(what, at.old_trades, {**query, "fromId": trade_id}, lambda r: rows.trade(instrument, r))
        recent = self._read(what, at.recent, {**query, "limit": 1_000}, lambda r: rows.trade(instrument, r))
        if recent and trade_id < int(recent[0].trade_id):
            raise BadInput(f"{self._market} shows {what} before {recent[0].trade_id} to API keys only; give it one")
        return [one for one in recent if int(one.trade_id) >= trade_id][: at.trade_page]

    def funding(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Funding]:
        symbol = self._symbol(instrument)
        if not self._dialect.funding or start >= end:
            return []
        query = {"symbol": symbol, **_times(start, end), "limit": 1_000}
        return self._read(
            f"funding of {instrument}", self._dialect.funding, query, lambda row: rows.funding(instrument, row)
        )

    def open_interest(self, instrument: InstrumentId, start: int, end: int) -> Sequence[OpenInterest]:
        """Every five minutes, of the last month."""
        symbol = self._symbol(instrument)
        start = max(start, self.market_time() - OPEN_INTEREST_KEPT) if self._dialect.open_interest else end
        if start >= end:
            return []
        query = {**self._open_interest_of(symbol), "period": "5m", **_times(start, end), "limit": 500}
        return self._read(
            f"open interest of {instrument}",
            self._dialect.open_interest,
            query,
            lambda row: rows.open_interest(instrument, row),
        )

    def book(self, instrument: InstrumentId) -> BookSnapshot:
        """The 1,000 best levels a side; raises Unavailable, BadInput, Broken."""
        query = {"symbol": self._symbol(instrument), "limit": BOOK_LEVELS}
        (whole,) = self._read(f"book of {instrument}", self._dialect.depth, query, rows.book, is_list=False)
        return whole

    def market_time(self) -> int:
        if not self._listed:
            self.instruments()
        probe = self._dialect.probe if self._dialect.probe in self._listed else next(iter(sorted(self._listed)))
        ticker = self._client.ask("market time", self._dialect.ticker, {"symbol": probe})
        try:
            self._seen = from_millis(int((ticker[0] if isinstance(ticker, list) else ticker)["closeTime"]))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise Broken(f"{self._market}'s ticker of {probe} tells no time ({error!r})") from error
        return self._seen

    def _funding_hours(self) -> dict[str, Any]:
        """By symbol, of the perpetuals whose funding was set apart from the usual."""
        if not self._dialect.funding_info:
            return {}
        what = f"funding intervals of {self._market}"
        told = self._read(
            what, self._dialect.funding_info, {}, lambda row: (_symbol_of(row), row.get("fundingIntervalHours"))
        )
        return dict(told)

    def _symbol(self, instrument: InstrumentId) -> str:
        market, symbol = split_instrument_id(instrument)
        if market != self._market:
            raise BadInput(f"{instrument} is not on {self._market}")
        return symbol

    def _open_interest_of(self, symbol: str) -> dict[str, str]:
        """COIN-M names the pair and the kind of contract."""
        if self._market != COINM:
            return {"symbol": symbol}
        if symbol not in self._listed:
            raise BadInput(f"{self._market} does not list {symbol}")
        row = self._listed[symbol]
        return {"pair": str(row["pair"]), "contractType": str(row["contractType"])}

    def _closed_by(self, end: int) -> int:
        """The end of the last minute that has closed, at most `end`: the venue also serves the minute in progress."""
        if end > self._seen:
            self.market_time()
        return min(end, self._seen) // MINUTE * MINUTE

    def _read(
        self, what: str, endpoint: str, query: Mapping[str, Any], read: Callable[[Any], T], is_list: bool = True
    ) -> list[T]:
        answer = self._client.ask(what, endpoint, query)
        try:
            return [read(row) for row in (answer if is_list else [answer])]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise Broken(f"{what}: {self._market} sent a row that can't be read ({error!r})") from error


def _binance() -> type[Any]:
    from ccxt.async_support.binance import binance

    return binance  # type: ignore[no-any-return]


def _symbol_of(row: Mapping[str, Any]) -> str:
    return str(row["symbol"])


def _times(start: int, end: int) -> dict[str, int]:
    """[start, end) in ns as the venue's inclusive milliseconds."""
    return {"startTime": -(-start // 1_000_000), "endTime": to_millis(end - 1)}
