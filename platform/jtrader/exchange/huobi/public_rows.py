"""Rows of HTX's public REST answers → market data. A missing or unreadable field is Broken."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from jtrader.domain.errors import Broken
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, Funding, OpenInterest, Trade
from jtrader.domain.times import SECOND, from_millis

Row = Mapping[str, Any]
T = TypeVar("T")


def _reading(read: Callable[[InstrumentId, Row], T]) -> Callable[[InstrumentId, Row], T]:
    @functools.wraps(read)
    def reading(name: InstrumentId, row: Row) -> T:
        try:
            return read(name, row)
        except (KeyError, TypeError, ValueError) as error:
            raise Broken(f"{read.__name__} of {name}: HTX sent a row that can't be read ({error!r}): {row}") from error

    return reading


@_reading
def candle(name: InstrumentId, row: Row) -> Candle:
    """`id` is the minute's start in seconds, `amount` the volume in base."""
    opened, high, low, closed, volume = (float(row[key]) for key in ("open", "high", "low", "close", "amount"))
    return Candle(name, int(row["id"]) * SECOND, opened, high, low, closed, volume)


@_reading
def trade(name: InstrumentId, row: Row) -> Trade:
    """Spot numbers by `trade-id`, contracts by `id`."""
    number = int(row.get("trade-id") or row["id"])
    side = {"buy": 1, "sell": -1}[row["direction"]]
    return Trade(name, from_millis(int(row["ts"])), number, float(row["price"]), float(row["amount"]), side)


@_reading
def rate(name: InstrumentId, row: Row) -> Funding:
    """A settled rate: `realized_rate` where it is told apart from the one announced."""
    return Funding(name, from_millis(int(row["funding_time"])), float(row.get("realized_rate") or row["funding_rate"]))


@_reading
def open_interest(name: InstrumentId, row: Row) -> OpenInterest:
    """`volume` in contracts (amount_type 1)."""
    return OpenInterest(name, from_millis(int(row["ts"])), float(row["volume"]))


def flat_trades(ticks: Iterable[Row]) -> Iterator[Row]:
    """Each tick holds the trades of one match."""
    for tick in ticks:
        yield from tick["data"]


def millis(row: Row, name: str) -> int:
    try:
        return int(row[name])
    except (KeyError, TypeError, ValueError) as error:
        raise Broken(f"HTX tells no time in '{name}': {str(row)[:200]}") from error
