"""Binance's public REST through ccxt: instruments, closed 1-minute candles, market time.

Synchronous outside and safe to call from several threads, so that instruments are fetched side by side; one ccxt
client inside, whose throttle counts the venue's request weights over its own minute.
https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api
https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_before_delay, wait_random_exponential

from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle
from jtrader.domain.times import MINUTE, from_millis, to_millis
from jtrader.exchange.binance.listing import SPOT, USDM, instrument, is_offered
from jtrader.exchange.blocking import LoopThread
from jtrader.exchange.localnet import local_session

T = TypeVar("T")

PATIENCE_SECONDS = 60.0
"""How long a job under way waits for a venue that went away."""
GREETING_SECONDS = 15.0
"""How long the first answer may take before the user is told."""
PROBE_SYMBOL = "BTCUSDT"
"""Always traded, so that its ticker tells the market's time; where it isn't offered, the first symbol does."""


class Dialect(NamedTuple):
    """How one market is asked. `page` candles at most in one answer; `pause_ms` a unit of ccxt's weights."""

    exchange_info: str
    klines: str
    ticker: str
    page: int
    pause_ms: int


# USDT-M allows 2,400 weights a minute: 1,500 for this client leave room for the trader's. A page of up to 499 rows
# weighs 2, of up to 1,000 rows 5, of up to 1,500 rows 10: the small page gives the most rows a weight. Spot allows
# 6,000 (ccxt: 50 ms a five of them) and any page weighs 2.
DIALECTS: Mapping[Market, Dialect] = {
    USDM: Dialect("fapiPublicGetExchangeInfo", "fapiPublicGetKlines", "fapiPublicGetTicker24hr", 499, 40),
    SPOT: Dialect("publicGetExchangeInfo", "publicGetKlines", "publicGetTicker24hr", 1000, 50),
}


class BinanceRest:
    """CandleSource and InstrumentSource of one Binance market. Close it after use.

    With a `simulator_uri` every request goes there; without one it goes to the real venue.
    """

    def __init__(self, market: str, simulator_uri: str | None = None, patience: float = PATIENCE_SECONDS) -> None:
        if market not in DIALECTS:
            raise BadInput(f"market '{market}' is not one of Binance's: {', '.join(DIALECTS)}")
        self._market = Market(market)
        self._dialect = DIALECTS[self._market]
        self._where = f"{market} (simulator at {simulator_uri})" if simulator_uri else market
        self._patience = patience
        self._answered = False
        self._seen = 0
        self._probe: str | None = None
        self._session = local_session(simulator_uri) if simulator_uri else None
        self._exchange = _client(self._dialect, self._session)
        self._loop = LoopThread(f"rest-{market}")

    def instruments(self) -> Sequence[Instrument]:
        """Everything that this market offers now, by id."""
        answer = self._ask("instruments", self._dialect.exchange_info, {})
        rows = answer.get("symbols", ()) if isinstance(answer, dict) else ()
        found = [
            instrument(self._market, row, self._exchange.parse_market(row)["symbol"])
            for row in rows
            if is_offered(self._market, row)
        ]
        if not found:
            raise Broken(f"exchangeInfo of {self._market} lists nothing that trades")
        found.sort(key=lambda i: i.id)
        symbols = [i.venue_symbol for i in found]
        self._probe = PROBE_SYMBOL if PROBE_SYMBOL in symbols else symbols[0]
        return found

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        market, symbol = split_instrument_id(instrument)
        if market != self._market:
            raise BadInput(f"{instrument} is not on {self._market}")
        end = self._closed_by(end)
        if start >= end:
            return []
        query = {
            "symbol": symbol,
            "interval": "1m",
            "startTime": to_millis(start),
            "endTime": to_millis(end - 1),
            "limit": self._dialect.page,
        }
        rows = self._ask(f"candles of {instrument}", self._dialect.klines, query)
        try:
            return [_candle(instrument, row) for row in rows]
        except (IndexError, TypeError, ValueError) as error:
            raise Broken(f"candles of {instrument}: {self._market} sent a row that can't be read ({error})") from error

    def market_time(self) -> int:
        if self._probe is None:
            self.instruments()
        ticker = self._ask("market time", self._dialect.ticker, {"symbol": self._probe})
        try:
            self._seen = from_millis(int(ticker["closeTime"]))
        except (KeyError, TypeError, ValueError) as error:
            raise Broken(f"{self._market}'s ticker of {self._probe} tells no time ({error!r})") from error
        return self._seen

    def close(self) -> None:
        self._loop.run(self._close())
        self._loop.stop()

    def __enter__(self) -> "BinanceRest":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _closed_by(self, end: int) -> int:
        """The end of the last minute that has closed, at most `end`: the venue also serves the minute in progress."""
        if end > self._seen:
            self.market_time()
        return min(end, self._seen) // MINUTE * MINUTE

    def _ask(self, what: str, endpoint: str, query: Mapping[str, Any]) -> Any:
        call = getattr(self._exchange, endpoint)

        async def attempt() -> Any:
            return await call(dict(query))

        return self._loop.run(self._patiently(what, attempt))

    async def _patiently(self, what: str, attempt: Callable[[], Awaitable[T]]) -> T:
        from jtrader.exchange.binance.rest_errors import CcxtError, is_temporary, translated

        retrying = AsyncRetrying(
            retry=retry_if_exception(is_temporary),
            stop=stop_before_delay(self._patience if self._answered else min(self._patience, GREETING_SECONDS)),
            wait=self._pause,
            reraise=True,
        )
        try:
            answer: T = await retrying(attempt)
        except CcxtError as error:
            raise translated(error, self._where, what) from error
        self._answered = True
        return answer

    def _pause(self, state: RetryCallState) -> float:
        """Seconds until the next attempt: as long as the venue's Retry-After says, at least a growing random pause."""
        asked = (self._exchange.last_response_headers or {}).get("Retry-After", "")
        at_least = float(asked) if str(asked).isdigit() else 0.0
        return max(at_least, wait_random_exponential(multiplier=0.2, max=5.0)(state))

    async def _close(self) -> None:
        await self._exchange.close()
        if self._session is not None:
            await self._session.close()


def _client(dialect: Dialect, session: Any) -> Any:
    """A ccxt client for public calls. Importing ccxt takes 3 s of CPU, so it happens only here."""
    from ccxt.async_support.binance import binance

    config: dict[str, Any] = {
        "enableRateLimit": True,
        "rateLimit": dialect.pause_ms,
        "rateLimiterAlgorithm": "rollingWindow",
        "timeout": 20_000,
        # what ccxt's own loading of markets would leave for parse_market
        "options": {"crossMarginPairsData": [], "isolatedMarginPairsData": []},
    }
    if session is not None:
        config["session"] = session
    return binance(config)


def _candle(name: InstrumentId, row: Sequence[Any]) -> Candle:
    """A kline row: open time in ms, then open, high, low, close, volume as strings."""
    opened, high, low, closed, volume = (float(row[i]) for i in range(1, 6))
    return Candle(name, from_millis(int(row[0])), opened, high, low, closed, volume)
