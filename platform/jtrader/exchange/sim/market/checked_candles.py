"""Recorded candles: checked, in ticks and lots, without a gap.

A gap is refused, never filled: what is served as recorded must have been recorded. A volume between two lots (Binance
has some, one in 80,000 spot minutes) becomes the nearest: the simulated venue can't trade less than a lot.
"""

import numpy as np

from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import Instrument
from jtrader.domain.times import MINUTE, iso
from jtrader.exchange.sim.market.columns import Ints
from jtrader.exchange.sim.market.completion import impossible
from jtrader.exchange.sim.market.rows import CandleRows, on_grid

_PRICES = ("open", "high", "low", "close")
_NAMED_GAPS = 5


class CandleTape:
    """Rows open, high, low, close, volume of the minutes [start, end), and what the file tells beyond them: rows
    turnover, count, buy_volume, buy_turnover with −1 where it doesn't."""

    def __init__(self, instrument: Instrument, parts: list[CandleRows]) -> None:
        checked = [_in_steps(instrument, part) for part in parts]
        ts = np.concatenate([part.ts for part in parts])
        order = np.argsort(ts, kind="stable")
        _refuse_gaps(parts, ts[order])
        self.start = int(ts[order][0]) // MINUTE
        self.end = self.start + ts.size
        self.candles: Ints = np.concatenate([candles for candles, _ in checked], axis=1)[:, order]
        self.taken: Ints = np.concatenate([taken for _, taken in checked], axis=1)[:, order]


def _in_steps(instrument: Instrument, part: CandleRows) -> tuple[Ints, Ints]:
    tick, step = float(instrument.price_tick), float(instrument.quantity_step)
    off = np.flatnonzero(part.ts % MINUTE)
    if off.size:
        raise part.refuse(int(off[0]), f"ts {iso(int(part.ts[off[0]]))} is not the start of a minute")
    for name, values in zip((*_PRICES, "volume"), part.values, strict=True):
        bad = np.flatnonzero(~np.isfinite(values) | (values < 0 if name == "volume" else values <= 0))
        if bad.size:
            allowed = "of at least zero" if name == "volume" else "above zero"
            raise part.refuse(int(bad[0]), f"{name} {values[bad[0]]} is not a finite number {allowed}")
    rows = []
    for name, values in zip(_PRICES, part.values[:4], strict=True):
        whole, off = on_grid(values, tick)
        if off.size:
            raise part.refuse(int(off[0]), f"{name} {values[off[0]]} is not a multiple of {tick}")
        rows.append(whole)
    rows.append(on_grid(part.values[4], step)[0])
    candles = np.stack(rows)
    _refuse_disorder(part, candles)
    return candles, _taken(part, tick, step)


def _refuse_disorder(part: CandleRows, candles: Ints) -> None:
    opens, highs, lows, closes, _ = candles
    wrong = np.flatnonzero((lows > np.minimum(opens, closes)) | (highs < np.maximum(opens, closes)))
    if wrong.size:
        values = ", ".join(f"{name} {v}" for name, v in zip(_PRICES, part.values[:4, wrong[0]], strict=True))
        raise part.refuse(int(wrong[0]), f"{values}: open and close must lie within low … high")
    thin = np.flatnonzero(impossible(candles))
    if thin.size:
        volume = part.values[4, thin[0]]
        raise part.refuse(int(thin[0]), f"a volume of {volume} can't have traded at each of open, high, low and close")


def _taken(part: CandleRows, tick: float, step: float) -> Ints:
    if part.taken is None:
        return np.full((4, part.ts.size), -1, dtype=np.int64)
    units = (tick * step, 1.0, step, tick * step)
    rows = [np.rint(values / unit).astype(np.int64) for values, unit in zip(part.taken, units, strict=True)]
    return np.stack(rows)


def _refuse_gaps(parts: list[CandleRows], ts: Ints) -> None:
    steps = np.diff(ts)
    where = ", ".join(str(part.file) for part in parts) + f" ({parts[0].instrument})"
    twice = np.flatnonzero(steps == 0)
    if twice.size:
        raise BadInput(f"{where}: minute {iso(int(ts[twice[0]]))} is there twice; each minute is allowed once")
    gaps = np.flatnonzero(steps != MINUTE)
    if gaps.size:
        named = ", ".join(_gap(int(ts[i]) + MINUTE, int(ts[i + 1]) - MINUTE) for i in gaps[:_NAMED_GAPS])
        more = f" and {gaps.size - _NAMED_GAPS} more gaps" if gaps.size > _NAMED_GAPS else ""
        raise BadInput(
            f"{where}: missing minutes {named}{more}; recorded candles must have no gap, add what is missing"
        )


def _gap(first: int, last: int) -> str:
    return iso(first) if first == last else f"{iso(first)} to {iso(last)}"
