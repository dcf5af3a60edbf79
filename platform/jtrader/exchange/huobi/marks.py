"""The mark price of a minute in the past, on HTX's three contract markets.

The venue serves the last 2,000 candles of a period only. So a minute of the last day is read from the 1-minute candles;
an older one from the finest period that reaches back to it and has a candle beginning there (the cut does, daily).
"""

from collections.abc import Mapping

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, split_instrument_id
from jtrader.domain.times import DAY, HOUR, MINUTE, SECOND, iso
from jtrader.exchange.huobi.endpoints import PUBLIC
from jtrader.exchange.huobi.session import HuobiSession

MOST_CANDLES = 2_000
PERIODS: Mapping[str, int] = {
    "1min": MINUTE,
    "5min": 5 * MINUTE,
    "15min": 15 * MINUTE,
    "30min": 30 * MINUTE,
    "60min": HOUR,
    "4hour": 4 * HOUR,
    "1day": DAY,
}


async def mark_at(session: HuobiSession, instrument: InstrumentId, ts: int) -> str:
    """The mark price with which the minute at `ts` opens, as the venue's text. Raises BadInput if it has none."""
    market, symbol = split_instrument_id(instrument)
    at = PUBLIC[market]
    query = {at.symbol: symbol, "size": 1, "period": "1min"}
    newest = await session.data(at.mark, query)
    behind = int(newest[-1]["id"]) * SECOND - ts if newest else -1
    for period, width in PERIODS.items():
        needed = behind // width + 2
        if behind >= 0 and ts % width == 0 and needed <= MOST_CANDLES:
            rows = await session.data(at.mark, {**query, "period": period, "size": needed})
            found = [row for row in rows if int(row["id"]) * SECOND == ts]
            if found:
                return str(found[0]["open"])
    raise BadInput(f"HTX has no mark price of {instrument} at {iso(ts)}; is it a full minute of the last months?")
