"""Rows of Binance's public REST → market data. Prices and quantities are JSON strings, taken as floats."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Funding, Level, OpenInterest, Trade
from jtrader.domain.times import from_millis
from jtrader.exchange.common.books import BookSnapshot

Row = Mapping[str, Any]

_BASE = 5
"""The column of `volume`; `other_volume` is the 7th."""


class _Kline(msgspec.Struct, array_like=True, gc=False):
    """The columns of a kline up to what is taken; base or quote volume by market."""

    opened: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    closed: int
    other_volume: float


def candles(name: InstrumentId, page: Sequence[Sequence[Any]], volume: int) -> list[Candle]:
    """As `candle` reads them, but a page at a time, which is faster where its rows are what they mostly are."""
    try:
        klines = msgspec.convert(page, list[_Kline], strict=False)
    except msgspec.ValidationError:
        return [candle(name, row, volume) for row in page]
    if volume == _BASE:
        return [Candle(name, from_millis(k.opened), k.open, k.high, k.low, k.close, k.volume) for k in klines]
    return [Candle(name, from_millis(k.opened), k.open, k.high, k.low, k.close, k.other_volume) for k in klines]


def candle(name: InstrumentId, row: Sequence[Any], volume: int) -> Candle:
    """A kline: open time in ms, then open, high, low, close; `volume` is the column of what was traded in base."""
    opened, high, low, closed = float(row[1]), float(row[2]), float(row[3]), float(row[4])
    return Candle(name, from_millis(int(row[0])), opened, high, low, closed, float(row[volume]))


def trade(name: InstrumentId, row: Row) -> Trade:
    """trades, historicalTrades: under the numbers that the trade stream has."""
    side = -1 if row["isBuyerMaker"] in (True, "true") else 1
    ts = from_millis(int(row["time"]))
    return Trade(name, ts, int(row["id"]), float(row["price"]), float(row["qty"]), side)


def funding(name: InstrumentId, row: Row) -> Funding:
    return Funding(name, from_millis(int(row["fundingTime"])), float(row["fundingRate"]))


def open_interest(name: InstrumentId, row: Row) -> OpenInterest:
    return OpenInterest(name, from_millis(int(row["timestamp"])), float(row["sumOpenInterest"]))


def book(row: Row) -> BookSnapshot:
    """depth; spot tells no time."""
    ts = from_millis(int(row.get("T") or row.get("E") or 0))
    return BookSnapshot(ts, _levels(row["bids"]), _levels(row["asks"]), int(row["lastUpdateId"]))


def _levels(rows: Sequence[Sequence[Any]]) -> tuple[Level, ...]:
    return tuple((float(price), float(quantity)) for price, quantity in rows)
