"""A stretch of consecutive minutes of one instrument as whole-number columns, in ticks and lots."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from jtrader.domain.times import MINUTE
from jtrader.exchange.sim.market.tape import Kline

Ints = npt.NDArray[np.int64]

FIELDS = ("open", "high", "low", "close", "volume", "turnover", "count", "buy_volume", "buy_turnover")
"""The order of a table's rows, and of Kline's fields after `minute_ns`."""


class Stretch:
    """`table` has one row a field (FIELDS) and one column a minute, from minute number `start` (minutes since 1970) on;
    the first trade of the stretch has id `first_id`."""

    def __init__(self, start: int, table: Ints, first_id: int) -> None:
        self.start = start
        self.end = start + table.shape[1]
        self.table = table
        self._ids = first_id + np.concatenate(([0], np.cumsum(table[FIELDS.index("count")])))

    def __contains__(self, minute: int) -> bool:
        return bool(self.start <= minute < self.end)

    def first_id(self, minute: int) -> int:
        """The id of the minute's first trade; at the end of the stretch, the next one's."""
        return int(self._ids[minute - self.start])

    def kline(self, minute: int) -> Kline:
        return Kline(minute * MINUTE, *self.table[:, minute - self.start].tolist())

    def klines(self, start: int, end: int) -> Iterator[Kline]:
        """The minutes of [start, end) that lie in the stretch."""
        first, last = max(start, self.start), min(end, self.end)
        rows = self.table[:, first - self.start : max(last, first) - self.start].T.tolist()
        for minute, row in enumerate(rows, first):
            yield Kline(minute * MINUTE, *row)
