"""HTX's public REST through ccxt: instruments, candles, trades, funding, open interest, marks, market time.

Synchronous outside and safe to call from several threads; one throttled ccxt client inside. HTX pages its candles by
time, its funding by page or time, and keeps no more than the last 2,000 public trades.
https://huobiapi.github.io/docs/spot/v1/en, …/usdt_swap/v1/en, …/coin_margined_swap/v1/en, …/dm/v1/en
"""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jtrader.domain.errors import BadInput, Broken, JtraderError
from jtrader.domain.ids import InstrumentId, Market, VenueSymbol, split_instrument_id
from jtrader.domain.instrument import Instrument, InstrumentStatus
from jtrader.domain.market import Candle, Funding, Mark, OpenInterest, Trade
from jtrader.domain.times import DAY, MINUTE, SECOND, from_millis, to_millis
from jtrader.exchange.common.listing import offered
from jtrader.exchange.common.public import PATIENCE_SECONDS, Closing
from jtrader.exchange.huobi.endpoints import PUBLIC
from jtrader.exchange.huobi.listing import FUTURE, LINEAR, SPOT, Element, elements_of, instrument, is_of, symbol_of
from jtrader.exchange.huobi.public import public_client
from jtrader.exchange.huobi.public_rows import candle, flat_trades, millis, open_interest, rate, trade

log = logging.getLogger(__name__)

MOST_TRADES = 2_000
MOST_HOURS = 200
"""Hours of open interest that the venue tells."""
FUNDING_PAGE = {LINEAR: 100}
_FUNDING_PAGE = 50
PROBES = {SPOT: "btcusdt"}
"""Always traded, so that its ticker tells the market's time; elsewhere the first that is listed does."""


class HuobiRest(Closing):
    """CandleSource, TradeSource, FundingSource, OpenInterestSource and InstrumentSource of one HTX market, and marks
    that its streams lack. Close it after use.

    With a `simulator_uri` every request goes there; without one it goes to the real venue.
    """

    def __init__(
        self,
        market: str,
        simulator_uri: str | None = None,
        patience: float = PATIENCE_SECONDS,
        pause_file: Path | None = None,
    ) -> None:
        """`pause_file` as in `common.public`."""
        if market not in PUBLIC:
            raise BadInput(f"market '{market}' is not one of HTX's: {', '.join(PUBLIC)}")
        self._market = Market(market)
        self._at = PUBLIC[self._market]
        self._client = public_client(market, simulator_uri, patience, pause_file)
        self._rows: dict[VenueSymbol, Mapping[str, Any]] = {}
        self._seen = 0

    def instruments(self) -> Sequence[Instrument]:
        """Everything that this market lists and has not delisted, by id."""
        query = {"business_type": "all"} if self._market == LINEAR else {}
        elements, told = self._elements(), dict[VenueSymbol, Mapping[str, Any]]()

        def read(row: Mapping[str, Any]) -> Instrument | None:
            if not is_of(self._market, row):
                return None
            told[symbol_of(self._market, row)] = row
            one = instrument(self._market, row, elements)
            return one if one.status is not InstrumentStatus.DELISTED else None

        rows = self._data("instruments", self._at.listing, query)
        found = offered(self._market, rows, lambda row: symbol_of(self._market, row), read)
        self._rows = told
        return found

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:
        """Where a page is empty the daily candles tell on which day there are some again."""
        symbol, end = self._symbol(instrument), self._closed_by(end)
        start = -(-start // MINUTE) * MINUTE
        while start < end:
            last = min(end, start + self._at.page * MINUTE) - MINUTE
            if page := self._klines(instrument, symbol, "1min", start, last):
                return page
            start = self._next_traded(instrument, symbol, last + MINUTE, end)
        return []

    def _klines(
        self, instrument: InstrumentId, symbol: VenueSymbol, period: str, first: int, last: int
    ) -> list[Candle]:
        """Those that begin in [first, last], ascending."""
        query = {self._at.symbol: symbol, "period": period, "from": first // SECOND, "to": last // SECOND}
        if self._market == SPOT:
            query["size"] = self._at.page  # on contracts the venue would then look at nothing else
        rows = self._data(f"candles of {instrument}", self._at.klines, query)
        found = sorted((candle(instrument, row) for row in rows), key=lambda one: one.ts)
        return [one for one in found if first <= one.ts <= last]

    def _next_traded(self, instrument: InstrumentId, symbol: VenueSymbol, start: int, end: int) -> int:
        """From where on in [start, end) there may be minutes, by the daily candles: of a day that isn't whole there may
        be none."""
        if end - start <= DAY:
            return start
        since = start - DAY
        while since < end:
            last = min(end, since + self._at.page * DAY) - SECOND
            days = self._klines(instrument, symbol, "1day", since, last)
            if days:
                return max(start, days[0].ts - DAY)
            since = last + SECOND
        return end - DAY

    def trades(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Trade]:
        """Of the last 2,000 only: the venue tells no older ones."""
        return [one for one in self._last_trades(instrument) if start <= one.ts < end]

    def trades_from(self, instrument: InstrumentId, trade_id: int) -> Sequence[Trade]:
        """Of the last 2,000 only. Spot counts its trades one by one; contracts' numbers have holes."""
        return [one for one in self._last_trades(instrument) if int(one.trade_id) >= trade_id]

    def funding(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Funding]:
        if not self._at.funding_history:
            return []
        symbol, found = self._symbol(instrument), dict[int, Funding]()
        for page in range(1, 1_000):
            rows = self._funding_page(instrument, symbol, page, start, end)
            found.update({one.ts: one for row in rows if (one := rate(instrument, row)).ts < end})
            oldest = min((rate(instrument, row).ts for row in rows), default=0)
            if len(rows) < FUNDING_PAGE.get(self._market, _FUNDING_PAGE) or oldest <= start:
                break
            end = min(end, oldest) if self._market == LINEAR else end
        return [found[ts] for ts in sorted(found) if ts >= start]

    def open_interest(self, instrument: InstrumentId, start: int, end: int) -> Sequence[OpenInterest]:
        """By the hour, of the last 200 hours."""
        symbol = self._symbol(instrument)
        if not self._at.open_interest:
            return []
        query = {"period": "60min", "size": MOST_HOURS, "amount_type": 1, **self._named(symbol)}
        data = self._data(f"open interest of {instrument}", self._at.open_interest, query)
        found = sorted((open_interest(instrument, row) for row in data["tick"]), key=lambda one: one.ts)
        return [one for one in found if start <= one.ts < end]

    def mark(self, instrument: InstrumentId) -> Mark | None:
        """Mark and index price now, with the funding that is predicted; None on spot."""
        symbol = self._symbol(instrument)
        if not self._at.mark:
            return None
        what, named = f"mark of {instrument}", {self._at.symbol: symbol}
        answer = self._ask(what, self._at.mark, {"period": "1min", "size": 1, **named})
        index = self._index(what, symbol)
        try:
            price = float(answer["data"][-1]["close"])
            funding_rate, next_funding = self._predicted(what, symbol)
            ts = max(from_millis(millis(answer, "ts")), from_millis(millis(index, "index_ts")))
            return Mark(instrument, ts, price, float(index["index_price"]), funding_rate, next_funding)
        except (LookupError, TypeError, ValueError) as error:
            raise Broken(f"{what}: {self._market} sent an answer that can't be read ({error!r})") from error

    def market_time(self) -> int:
        answer = self._ask("market time", self._at.merged, {self._at.symbol: self._probe()})
        self._seen = from_millis(millis(answer, "ts"))
        return self._seen

    def _last_trades(self, instrument: InstrumentId) -> list[Trade]:
        symbol = self._symbol(instrument)
        query = {self._at.symbol: symbol, "size": MOST_TRADES}
        rows = flat_trades(self._data(f"trades of {instrument}", self._at.trades, query))
        found = {int(one.trade_id): one for row in rows if (one := trade(instrument, row))}
        return [found[number] for number in sorted(found)]

    def _funding_page(
        self, instrument: InstrumentId, symbol: VenueSymbol, page: int, start: int, end: int
    ) -> Sequence[Mapping[str, Any]]:
        query: dict[str, Any] = {"contract_code": symbol}
        if self._market == LINEAR:
            query |= {"limit": FUNDING_PAGE[LINEAR], "start_time": to_millis(start), "end_time": to_millis(end - 1)}
        else:
            query |= {"page_index": page, "page_size": _FUNDING_PAGE}
        data = self._data(f"funding of {instrument}", self._at.funding_history, query)
        rows: Sequence[Mapping[str, Any]] = data["data"] if isinstance(data, Mapping) else data
        return rows

    def _predicted(self, what: str, symbol: VenueSymbol) -> tuple[float, int]:
        """The rate of the next funding and its time; (0, 0) where there is none."""
        if not self._at.funding:
            return 0.0, 0
        data = self._data(what, self._at.funding, {"contract_code": symbol})
        row = data[0] if isinstance(data, Sequence) else data
        return float(row["funding_rate"] or 0), from_millis(millis(row, "funding_time"))

    def _elements(self) -> dict[str, Element]:
        """None where the venue doesn't tell them."""
        if not self._at.elements:
            return {}
        try:
            return elements_of(self._data("contract elements", self._at.elements, {}))
        except (JtraderError, TypeError) as error:
            log.warning("%s tells no contract elements: %s", self._market, error)
            return {}

    def _named(self, symbol: VenueSymbol) -> dict[str, Any]:
        """How open interest names a contract: dated ones by underlying and kind."""
        if self._market != FUTURE:
            return {"contract_code": symbol, **({"contract_type": "swap"} if self._market == LINEAR else {})}
        row = self._listed(symbol)
        return {"symbol": row["symbol"], "contract_type": row["contract_type"]}

    def _index(self, what: str, symbol: VenueSymbol) -> Mapping[str, Any]:
        """Swaps have an index row each, dated contracts share their coin's."""
        key, name = ("symbol", self._listed(symbol)["symbol"]) if self._market == FUTURE else ("contract_code", symbol)
        query = {} if self._market == FUTURE else {key: name}
        rows: Sequence[Mapping[str, Any]] = self._data(what, self._at.index_price, query)
        try:
            found = [row for row in rows if row.get(key) == name]
        except (TypeError, AttributeError) as error:
            raise Broken(f"{what}: {self._market} sent indices that can't be read ({error!r})") from error
        if not found:
            raise BadInput(f"{what}: {self._market} tells no index of {name}")
        return found[0]

    def _listed(self, symbol: VenueSymbol) -> Mapping[str, Any]:
        if symbol not in self._rows:
            self.instruments()
        if symbol not in self._rows:
            raise BadInput(f"{self._market} lists no {symbol}")
        return self._rows[symbol]

    def _probe(self) -> str:
        if self._market in PROBES:
            return PROBES[self._market]
        if not self._rows:
            self.instruments()
        return next(iter(self._rows))

    def _closed_by(self, end: int) -> int:
        """The end of the last minute that has closed, at most `end`: the venue also serves the minute in progress."""
        if end > self._seen:
            self.market_time()
        return min(end, self._seen) // MINUTE * MINUTE

    def _symbol(self, instrument: InstrumentId) -> VenueSymbol:
        market, symbol = split_instrument_id(instrument)
        if market != self._market:
            raise BadInput(f"{instrument} is not on {self._market}")
        return symbol

    def _data(self, what: str, endpoint: str, query: Mapping[str, Any]) -> Any:
        answer = self._ask(what, endpoint, query)
        if "data" not in answer:
            raise Broken(f"{what}: {self._market} sent an answer without data: {str(answer)[:200]}")
        return answer["data"]

    def _ask(self, what: str, endpoint: str, query: Mapping[str, Any]) -> Any:
        return self._client.ask(what, endpoint, query)
