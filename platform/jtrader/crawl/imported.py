"""Rows that were read from files, as a source to crawl: what is stored already is not taken from them."""

import bisect
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Trade
from jtrader.domain.times import DAY

PAGE = 20_000


class ImportedCandles:
    """CandleSource of one instrument, a day a page. `candles` as they stand in the file, in its order."""

    def __init__(self, candles: Sequence[Candle], market_time: int) -> None:
        self._days: dict[int, list[Candle]] = {}
        for candle in candles:
            self._days.setdefault(candle.ts // DAY, []).append(candle)
        self._market_time = market_time

    def candles(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Candle]:  # noqa: ARG002
        for day in sorted(day for day in self._days if day >= start // DAY):
            if page := [candle for candle in self._days[day] if start <= candle.ts < end]:
                return page
        return []

    def market_time(self) -> int:
        return self._market_time


class ImportedTrades:
    """TradeSource of one instrument; a page holds whole moments. `rows` have the fields `ts`, `trade_id`, `price`,
    `quantity`, `side`, ascending by time and number; they may lie in a file: only what is asked for is looked at."""

    def __init__(self, instrument: InstrumentId, rows: NDArray[np.void]) -> None:
        self._instrument = instrument
        self._rows = rows

    def trades(self, instrument: InstrumentId, start: int, end: int) -> Sequence[Trade]:  # noqa: ARG002
        times = self._rows["ts"]
        first, last = bisect.bisect_left(times, start), bisect.bisect_left(times, end)
        if last - first > PAGE:
            last = bisect.bisect_right(times, times[first + PAGE - 1])
        return self._page(first, last)

    def trades_from(self, instrument: InstrumentId, trade_id: int) -> Sequence[Trade]:  # noqa: ARG002
        first = bisect.bisect_left(self._rows["trade_id"], trade_id)
        return self._page(first, first + PAGE)

    def _page(self, first: int, last: int) -> list[Trade]:
        return [Trade(self._instrument, *row) for row in self._rows[first:last].tolist()]
