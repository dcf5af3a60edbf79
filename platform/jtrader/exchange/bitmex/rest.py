"""BitMEX's public REST through ccxt: instruments, candles, trades, funding, open interest, market time.

Synchronous outside and safe to call from several threads. Without a key BitMEX allows 30 requests a minute.
https://www.bitmex.com/api/explorer/
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from jtrader.domain.errors import BadInput, Broken
from jtrader.domain.ids import InstrumentId, VenueSymbol, split_instrument_id
from jtrader.domain.instrument import Instrument
from jtrader.domain.market import Candle, Funding, OpenInterest, Trade
from jtrader.domain.times import MILLISECOND, MINUTE
from jtrader.exchange.bitmex.errors import translate
from jtrader.exchange.bitmex.listing import MARKET, instrument, is_offered
from jtrader.exchange.bitmex.messages import BinRow, FundingRow, TradeRow
from jtrader.exchange.bitmex.moments import MomentReader, spelled
from jtrader.exchange.bitmex.wire import candle, trade
from jtrader.exchange.common.listing import offered
from jtrader.exchange.common.public import PATIENCE_SECONDS, Closing, PublicClient

PAGE = 1_000
FUNDING_PAGE = 500
PROBE = "XBTUSD"
"""Always listed, so that its row tells the market's time; where it isn't, the first symbol does."""

Row = TypeVar("Row")


class BitmexRest(Closing):
    """CandleSource, TradeSource, FundingSource, OpenInterestSource and InstrumentSource. Close it after use.

    With a `simulator_uri` every request goes there; without one it goes to the real venue.
    """

    def __init__(
        self,
        market: str,
        simulator_uri: str | None = None,
        patience: float = PATIENCE_SECONDS,
        page: int = PAGE,
        pause_file: Path | None = None,
    ) -> None:
        """`page`: rows that one query asks for, at most the venue's 1,000; `pause_file` as in `common.public`."""
        if market != MARKET:
            raise BadInput(f"market '{market}' is not BitMEX's: {MARKET}")
        self._client = PublicClient(market, _bitmex, translate, simulator_uri, patience, pause_file=pause_file)
        self._page = page
        self._probe = ""
        self._moment = MomentReader().read

    def instruments(self) -> Sequence[Instrument]:
        """Everything that is offered now, by id."""
        rows = self._client.ask("instruments", "publicGetInstrumentActive", {})
        found = offered(
            MARKET, rows, lambda row: str(row["symbol"]), lambda row: instrument(row) if is_offered(row) else None
        )
        symbols = [one.venue_symbol for one in found]
        self._probe = PROBE if PROBE in symbols else symbols[0]
        return found

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        """BitMEX stamps a minute with its end, and serves none that has not ended. A page of minutes before anything
        stood in the book holds no candle, and the next one is asked for."""
        symbol = _symbol(instrument)
        first, last = -(-start // MINUTE) * MINUTE + MINUTE, end // MINUTE * MINUTE + (MINUTE if end % MINUTE else 0)
        while first <= last:
            query = {"binSize": "1m", "partial": False, **_times(first, last), "count": self._page}
            rows = self._rows(f"candles of {instrument}", "publicGetTradeBucketed", symbol, query, BinRow)
            found = [candle(instrument, row, self._moment(row.timestamp)) for row in rows]
            if len(rows) < self._page or any(one is not None for one in found):
                return [one for one in found if one is not None]
            first = self._moment(rows[-1].timestamp) + MINUTE
        return []

    def trades(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Trade]:
        """A page holds whole milliseconds: the next one begins after its last trade."""
        symbol = _symbol(instrument)
        first, last = _millis_up(start), _millis_up(end) - MILLISECOND
        if first > last:
            return []
        found: list[Trade] = []
        for page in self._trade_pages(instrument, symbol, first, last):
            found += page
            whole = [one for one in found if one.ts < found[-1].ts] if len(page) == self._page else found
            if whole:
                return whole
        return found

    def trades_from(self, instrument: InstrumentId, trade_id: int) -> Sequence[Trade]:
        raise BadInput(f"trades of {instrument} carry no numbers on BitMEX: ask for them by time, not from {trade_id}")

    def funding(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Funding]:
        symbol = _symbol(instrument)
        first, last = _millis_up(start), _millis_up(end) - MILLISECOND
        if first > last:
            return []
        query = {**_times(first, last), "count": min(self._page, FUNDING_PAGE)}
        rows = self._rows(f"funding of {instrument}", "publicGetFunding", symbol, query, FundingRow)
        return [Funding(instrument, self._moment(row.timestamp), row.fundingRate) for row in rows]

    def open_interest(self, instrument: InstrumentId, start: int, end: int) -> Sequence[OpenInterest]:
        """BitMEX tells what is open now, nothing of the past."""
        row = self._instrument_row(_symbol(instrument), "openInterest,timestamp")
        now = self._moment(str(row.get("timestamp")))
        if not start <= now < end or row.get("openInterest") is None:
            return []
        return [OpenInterest(instrument, now, float(row["openInterest"]))]

    def market_time(self) -> int:
        if not self._probe:
            self.instruments()
        row = self._instrument_row(VenueSymbol(self._probe), "timestamp")
        return self._moment(str(row.get("timestamp")))

    def _trade_pages(
        self, instrument: InstrumentId, symbol: VenueSymbol, first: int, last: int
    ) -> Iterator[list[Trade]]:
        """Until one is short."""
        skip = 0
        while True:
            query = {**_times(first, last), "count": self._page, "start": skip}
            rows = self._rows(f"trades of {instrument}", "publicGetTrade", symbol, query, TradeRow)
            yield [trade(instrument, row, self._moment(row.timestamp)) for row in rows]
            if len(rows) < self._page:
                return
            skip += len(rows)

    def _instrument_row(self, symbol: VenueSymbol, columns: str) -> Mapping[str, Any]:
        query = {"symbol": symbol, "columns": columns}
        rows = self._client.ask(f"instrument {symbol}", "publicGetInstrument", query)
        if not isinstance(rows, list) or not rows:
            raise BadInput(f"BitMEX does not know '{symbol}'; 'jtrader instruments' lists what it trades")
        row: Mapping[str, Any] = rows[0]
        return row

    def _rows(
        self, what: str, endpoint: str, symbol: VenueSymbol, query: Mapping[str, Any], kind: type[Row]
    ) -> list[Row]:
        answer = self._client.ask(what, endpoint, {"symbol": symbol, **query})
        try:
            return msgspec.convert(answer, list[kind], strict=False)  # type: ignore[valid-type]
        except msgspec.ValidationError as error:
            raise Broken(f"{what}: BitMEX sent a row that can't be read ({error})") from error


def _symbol(instrument: InstrumentId) -> VenueSymbol:
    market, symbol = split_instrument_id(instrument)
    if market != MARKET:
        raise BadInput(f"{instrument} is not on {MARKET}")
    return symbol


def _millis_up(ts: int) -> int:
    return -(-ts // MILLISECOND) * MILLISECOND


def _times(first: int, last: int) -> dict[str, str]:
    """Both ends are included."""
    return {"startTime": spelled(first), "endTime": spelled(last)}


def _bitmex() -> type[Any]:
    """Importing ccxt takes seconds of CPU, once a process."""
    from ccxt.async_support.bitmex import bitmex

    return bitmex  # type: ignore[no-any-return]
