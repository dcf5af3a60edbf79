"""Recorded trades: checked, in ticks and lots, by whole minutes."""

import numpy as np

from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import Instrument
from jtrader.domain.times import MINUTE
from jtrader.exchange.sim.market.columns import Ints
from jtrader.exchange.sim.market.rows import TradeRows, on_grid
from jtrader.exchange.sim.market.tape import Print


class TradeTape:
    """Trades of the minutes [start, end), ascending by id. The first and the last minute of a recording may be cut off
    and are left out."""

    def __init__(self, instrument: Instrument, parts: list[TradeRows]) -> None:
        check_trades(instrument, parts)
        ids = np.concatenate([part.ids for part in parts])
        order = np.argsort(ids, kind="stable")
        self.first_id = int(ids[order][0])
        self._ts = np.maximum.accumulate(np.concatenate([part.ts for part in parts])[order])
        values = np.concatenate([part.values for part in parts], axis=1)[:, order]
        self._price = on_grid(values[0], float(instrument.price_tick))[0]
        self._lots = on_grid(values[1], float(instrument.quantity_step))[0]
        self._buys = np.concatenate([part.buys for part in parts])[order]
        minutes = self._ts // MINUTE
        self.start, self.end = int(minutes[0]) + 1, int(minutes[-1])
        if self.end <= self.start:
            raise BadInput(
                f"{parts[0].file} ({instrument.id}): no whole minute; trades must span more than two minutes"
            )
        self._edges = np.searchsorted(minutes, np.arange(self.start, self.end + 1))
        self.first_id = int(ids[order][self._edges[0]])

    def __contains__(self, minute: int) -> bool:
        return self.start <= minute < self.end

    def table(self) -> Ints:
        """The rows of `columns.FIELDS`; a minute without a trade stands at the price before it."""
        first, last = self._edges[:-1], self._edges[1:]
        count = last - first
        before = np.maximum(first - 1, 0)
        traded = count > 0
        opens = np.where(traded, self._price[np.minimum(first, self._price.size - 1)], self._price[before])
        closes = self._price[np.maximum(last - 1, 0)]
        highs, lows = opens.copy(), opens.copy()
        whole, starts = slice(0, int(last[-1])), first[traded]
        highs[traded] = np.maximum.reduceat(self._price[whole], starts)
        lows[traded] = np.minimum.reduceat(self._price[whole], starts)
        cost = self._price * self._lots
        sums = (self._lots, cost, self._lots * self._buys, cost * self._buys)
        volume, turnover, bought, bought_for = (self._sum(values) for values in sums)
        return np.stack((opens, highs, lows, closes, volume, turnover, count, bought, bought_for))

    def prints(self, minute: int, first_id: int) -> list[Print]:
        """As recorded; ids count on from `first_id`, so that aggregated or missing ids leave no hole."""
        part = slice(int(self._edges[minute - self.start]), int(self._edges[minute - self.start + 1]))
        columns = (self._ts[part].tolist(), self._price[part].tolist(), self._lots[part].tolist(), self._buys[part])
        return [
            Print(first_id + i, ts, price, lots, bool(buys))
            for i, (ts, price, lots, buys) in enumerate(zip(*columns, strict=True))
        ]

    def _sum(self, values: Ints) -> Ints:
        total: Ints = np.concatenate(([0], np.cumsum(values)))
        sums: Ints = total[self._edges[1:]] - total[self._edges[:-1]]
        return sums


def check_trades(instrument: Instrument, parts: list[TradeRows]) -> None:
    """Raises BadInput for a value that is no trade's, or an id that is there twice."""
    for part in parts:
        _check(part, float(instrument.price_tick), float(instrument.quantity_step))
    ids = np.sort(np.concatenate([part.ids for part in parts]))
    twice = np.flatnonzero(np.diff(ids) == 0)
    if twice.size:
        raise BadInput(f"{parts[0].file} ({instrument.id}): trade id {ids[twice[0]]} is there twice; once is allowed")


def _check(part: TradeRows, tick: float, step: float) -> None:
    for name, values, unit in (("price", part.values[0], tick), ("amount", part.values[1], step)):
        bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
        if bad.size:
            raise part.refuse(int(bad[0]), f"{name} {values[bad[0]]} is not a finite number above zero")
        _, off = on_grid(values, unit)
        if off.size:
            raise part.refuse(int(off[0]), f"{name} {values[off[0]]} is not a multiple of {unit}")
