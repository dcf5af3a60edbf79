"""Rows of files as a source: days as pages."""

from fixtures.candle_source import BTC, at, candle
from fixtures.crawling import crawl_candles
from jtrader.crawl.imported import ImportedCandles
from jtrader.domain.times import DAY, MINUTE
from jtrader.store.memory.candles import MemoryCandleStore

MINUTES_A_DAY = DAY // MINUTE


def test_a_month_comes_day_by_day_whatever_the_order_of_the_days() -> None:
    """What is held against the candles is then that of a day, too."""
    days = [*range(3, 31), 1, 0]
    rows = [candle(day * MINUTES_A_DAY + minute) for day in days for minute in range(0, MINUTES_A_DAY, 60)]
    source, at_once = ImportedCandles(rows, at(10**6)), []

    class Noting:
        def candles(self, instrument, start, end):
            at_once.append(page := source.candles(instrument, start, end))
            return page

        def market_time(self) -> int:
            return source.market_time()

    store = MemoryCandleStore()
    result = crawl_candles(Noting(), store, 0, 31 * MINUTES_A_DAY)
    assert (result.stored, result.quarantined) == (30 * 24, 0)
    assert max(len({row.ts // DAY for row in page}) for page in at_once) == 1
    assert source.candles(BTC, at(0) + 2 * DAY, at(0) + 3 * DAY) == []
    assert source.candles(BTC, at(0) + 2 * DAY, at(0) + 3 * DAY + MINUTE) == [candle(3 * MINUTES_A_DAY)]
