"""An account's past over a scripted venue: no row lost between pages, owners of trades asked for until known."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from jtrader.domain.errors import Broken
from jtrader.domain.ids import AccountId, InstrumentId, Market
from jtrader.domain.times import DAY, MILLISECOND
from jtrader.exchange.binance.endpoints import ENDPOINTS
from jtrader.exchange.binance.history import History
from jtrader.exchange.binance.rows import RowReader
from jtrader.ports.broker import OrderNotFound

USDM = Market("binance_usdm")
PERP = InstrumentId("binance_usdm:BTCUSDT")
NOON = 1_768_478_400_000
"""Milliseconds."""


class Venue:
    """Rows of income by their millisecond, ascending; one trade, whose order is shown only at the second question."""

    def __init__(self, income: tuple[int, ...] = ()) -> None:
        self._income = [income_row(number, millis) for number, millis in enumerate(income)]
        self.looked_up = 0

    async def call(self, method: str, params: Mapping[str, Any], is_order: bool = False, urgent: bool = False) -> Any:
        if method.endswith("Income"):
            rows = [row for row in self._income if params["startTime"] <= int(row["time"]) <= params["endTime"]]
            return rows[: params["limit"]]
        if method.endswith("UserTrades"):
            return [TRADE]
        self.looked_up += 1
        if self.looked_up == 1:
            raise OrderNotFound("Order does not exist.")
        return {"orderId": "7", "clientOrderId": "jt1"}


TRADE = {
    "symbol": "BTCUSDT", "id": "1", "orderId": "7", "price": "50000.1", "qty": "0.01", "commission": "0.25",
    "commissionAsset": "USDT", "time": str(NOON), "realizedPnl": "0", "buyer": True, "maker": False,
}  # fmt: skip


def income_row(number: int, millis: int) -> dict[str, str]:
    kind = ("COMMISSION", "REALIZED_PNL", "FUNDING_FEE")[number % 3]
    return {"incomeType": kind, "tranId": str(number), "asset": "USDT", "income": "-0.1", "time": str(millis)}


def history(venue: Venue) -> History:
    return History(venue, ENDPOINTS[USDM], RowReader(AccountId("alpha"), USDM), page=3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "offsets",
    [(0,), (0, 1, 2), (0, 0, 1, 1), (0, 1, 1, 2, 2, 3), (0, 0, 1, 1, 2, 2, 3), (5, 5, 6, 6, 7, 7, 8, 8)],
)
def test_every_ledger_row_is_read_once_though_pages_end_within_a_millisecond(offsets: tuple[int, ...]) -> None:
    venue = Venue(tuple(NOON + offset for offset in offsets))
    start = NOON * MILLISECOND
    entries = asyncio.run(history(venue).income(start, start + DAY))
    assert [(entry.ts - start) // MILLISECOND for entry in entries] == list(offsets)
    assert len({entry.entry_id for entry in entries}) == len(offsets)


def test_a_millisecond_that_fills_a_page_is_refused_as_nobody_knows_what_follows() -> None:
    with pytest.raises(Broken, match="can't be paged"):
        asyncio.run(history(Venue((NOON,) * 3)).income(NOON * MILLISECOND, NOON * MILLISECOND + DAY))


def test_the_order_of_a_trade_is_looked_up_until_the_venue_shows_it() -> None:
    venue = Venue()
    past = history(venue)
    start = NOON * MILLISECOND

    async def read() -> list[str | None]:
        return [fill.client_order_id for fill in await past.fills(PERP, start, start + DAY)]

    assert [asyncio.run(read()) for _ in range(3)] == [[None], ["jt1"], ["jt1"]]
    assert venue.looked_up == 2
