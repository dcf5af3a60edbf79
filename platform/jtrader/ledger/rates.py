"""What one unit of an asset is worth in the reporting currency: each rate with its source and time."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec

from jtrader.domain.errors import BadInput
from jtrader.domain.money import ONE
from jtrader.domain.times import HOUR


class Rate(msgspec.Struct, frozen=True):
    """`price` per unit of the asset, known at `ts`, from `source` (an instrument, or `par` for the currency itself)."""

    price: Decimal
    source: str
    ts: int


Rates = Callable[[str, int], Rate | None]
"""(asset, time) → the rate then; None = unknown, which is never taken for one."""


class RateTable:
    """Rates from series of prices, one a source. The newest at or before a time counts, up to `max_age` (ns) old."""

    def __init__(self, currency: str, max_age: int = HOUR) -> None:
        self.currency = currency
        self._max_age = max_age
        self._series: dict[str, tuple[str, list[int], list[Decimal]]] = {}

    def add(self, asset: str, source: str, prices: Iterable[tuple[int, Decimal]]) -> None:
        """(time, price) of one unit in the currency. Raises BadInput for a price that is none, or a second source."""
        if asset in self._series and self._series[asset][0] != source:
            raise BadInput(f"{asset} has a rate from {self._series[asset][0]}; {source} can't be a second one")
        rows = sorted(prices)
        for ts, price in rows:
            if not price.is_finite() or price <= 0:
                raise BadInput(f"{source} tells {price} for {asset} at {ts}: no rate")
        self._series[asset] = (source, [ts for ts, _ in rows], [price for _, price in rows])

    def __call__(self, asset: str, ts: int) -> Rate | None:
        if asset == self.currency:
            return Rate(ONE, "par", ts)
        source, times, prices = self._series.get(asset, ("", [], []))
        at = bisect_right(times, ts) - 1
        if at < 0 or ts - times[at] > self._max_age:
            return None
        return Rate(prices[at], source, times[at])
