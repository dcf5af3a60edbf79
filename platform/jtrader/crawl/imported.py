"""Rows that were read from files, as a source to crawl: what is stored already is not taken from them."""

import bisect
from collections.abc import Sequence

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Trade

PAGE = 20_000


class ImportedCandles:
    """CandleSource of one instrument. `candles` as they stand in the file, in its order."""

    def __init__(self, candles: Sequence[Candle], market_time: int) -> None:
        self._candles = candles
        self._market_time = market_time

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:  # noqa: ARG002
        """All of the range at once: it is in memory anyway."""
        return [candle for candle in self._candles if start <= candle.ts < end]

    def market_time(self) -> int:
        return self._market_time


class ImportedTrades:
    """TradeSource of one instrument, ascending by time and number; a page holds whole moments."""

    def __init__(self, trades: Sequence[Trade]) -> None:
        self._trades = sorted(trades, key=lambda trade: (trade.ts, trade.trade_id))
        self._times = [trade.ts for trade in self._trades]
        self._ids = [trade.trade_id for trade in self._trades if isinstance(trade.trade_id, int)]

    def trades(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Trade]:  # noqa: ARG002
        first, last = bisect.bisect_left(self._times, start), bisect.bisect_left(self._times, end)
        if last - first > PAGE:
            last = bisect.bisect_right(self._times, self._times[first + PAGE - 1])
        return self._trades[first:last]

    def trades_from(self, instrument: InstrumentId, trade_id: int) -> Sequence[Trade]:  # noqa: ARG002
        first = bisect.bisect_left(self._ids, trade_id)
        return self._trades[first : first + PAGE]
