"""A recorded order book: checked, in ticks and lots, as one row a level that changed.

The file's snapshots and deltas become one sequence of absolute amounts in time order. Deltas that a snapshot holds
already are left out; the others must follow one another without a break, as the venue's numbers prove it: a futures
delta names its predecessor, a spot delta begins right after it. An amount between two lots (Binance's spot books have
some) becomes the nearest, at least one lot: less can't be traded at the simulated venue.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from jtrader.domain.errors import BadInput
from jtrader.domain.instrument import Instrument
from jtrader.domain.times import SECOND, iso
from jtrader.exchange.sim.market.columns import Ints
from jtrader.exchange.sim.market.latent import Floats
from jtrader.exchange.sim.market.rows import BookRows, on_grid

Levels = dict[int, int]
"""Lots by price in ticks."""


class BookTape:
    """Columns `ts` (ns, ascending), `sides` (+1 bid, -1 ask), `ticks`, `lots` (0 = the level is gone), and `resets`:
    True on the first row of a snapshot, which voids all that was known. The first row is one."""

    def __init__(self, instrument: Instrument, part: BookRows) -> None:
        self._part = part
        self._instrument = instrument
        order = _in_order(part)
        ticks, off_tick = on_grid(part.values[0], float(instrument.price_tick))
        self._refuse_values(off_tick)
        whole = on_grid(part.values[1], float(instrument.quantity_step))[0]
        lots = np.where(part.values[1] > 0, np.maximum(whole, 1), 0)
        self.ts: Ints = np.maximum.accumulate(_filled(part.ts[order]))
        self.sides: Ints = np.where(part.bids[order] == 1, 1, -1)
        self.ticks: Ints = ticks[order]
        self.lots: Ints = lots[order]
        snapshot, seq = part.snapshots[order] == 1, part.seq[order]
        self.resets = snapshot & np.concatenate(([True], np.diff(seq) != 0))
        self._ends = np.concatenate((np.diff(seq) != 0, [True]))
        self.start, self.end = int(self.ts[0]), int(self.ts[-1])
        self._mids = self._read_through()

    def mid(self, ts: int) -> float:
        """The middle between best bid and ask in ticks, at the last whole second at or before `ts`."""
        place = min(max(ts // SECOND - self.start // SECOND, 0), self._mids.size - 1)
        return float(self._mids[place])

    def book_at(self, ts: int) -> tuple[dict[int, Levels], int]:
        """The levels by side after every row before `ts`, and the number of those rows."""
        end = int(np.searchsorted(self.ts, ts))
        levels: dict[int, Levels] = {1: {}, -1: {}}
        for reset, side, ticks, lots in self._rows(0, end):
            if reset:
                levels = {1: {}, -1: {}}
            if lots:
                levels[side][ticks] = lots
            else:
                levels[side].pop(ticks, None)
        return levels, end

    def _rows(self, start: int, end: int) -> Iterator[tuple[bool, int, int, int]]:
        part = slice(start, end)
        columns = (self.resets, self.sides, self.ticks, self.lots)
        return zip(*(column[part].tolist() for column in columns), strict=True)

    def _read_through(self) -> Floats:
        """The middle as it stood at each second from the first row's on. Raises BadInput where the book crosses or a
        side is empty after a whole message."""
        first = self.start // SECOND
        mids = np.full(self.end // SECOND - first + 2, np.nan)
        books = {1: _Prices(), -1: _Prices()}
        for (reset, side, ticks, lots), ends, ts in zip(
            self._rows(0, self.ts.size), self._ends.tolist(), self.ts.tolist(), strict=True
        ):
            if reset:
                books = {1: _Prices(), -1: _Prices()}
            books[side].set(ticks, lots)
            if ends:
                bids, asks = books[1].ascending, books[-1].ascending
                if not bids or not asks or bids[-1] >= asks[0]:
                    raise self._crossed(ts, bids, asks)
                mids[-(-ts // SECOND) - first] = (bids[-1] + asks[0]) / 2.0
        return _carried(mids)

    def _crossed(self, ts: int, bids: list[int], asks: list[int]) -> BadInput:
        tick = self._instrument.price_tick
        if not bids or not asks:
            return self._refusal(f"at {iso(ts)} the book has no {'asks' if bids else 'bids'}")
        bid, ask = bids[-1] * tick, asks[0] * tick
        return self._refusal(f"at {iso(ts)} the best bid {bid} is not below the best ask {ask}: a book never crosses")

    def _refusal(self, what: str) -> BadInput:
        return BadInput(f"{self._part.file} ({self._instrument.id}): {what}")

    def _refuse_values(self, off_tick: Ints) -> None:
        part, (price, amount) = self._part, self._part.values
        for name, values, wrong, allowed in (
            ("price", price, ~(np.isfinite(price) & (price > 0)), "above zero"),
            ("amount", amount, ~(np.isfinite(amount) & (amount >= 0)), "of at least zero"),
        ):
            bad = np.flatnonzero(wrong)
            if bad.size:
                raise part.refuse(int(bad[0]), f"{name} {values[bad[0]]} is not a finite number {allowed}")
        if off_tick.size:
            step = self._instrument.price_tick
            raise part.refuse(int(off_tick[0]), f"price {price[off_tick[0]]} is not a multiple of {step}")


class _Prices:
    """The prices of one side at which something stands."""

    __slots__ = ("ascending", "known")

    def __init__(self) -> None:
        self.ascending: list[int] = []
        self.known: set[int] = set()

    def set(self, ticks: int, lots: int) -> None:
        if lots and ticks not in self.known:
            self.known.add(ticks)
            insort(self.ascending, ticks)
        elif not lots and ticks in self.known:
            self.known.remove(ticks)
            del self.ascending[bisect_left(self.ascending, ticks)]


def _in_order(part: BookRows) -> Ints:
    """The indices of the rows to apply, in their order. Raises BadInput for a broken sequence."""
    order = np.argsort(part.seq, kind="stable")
    seq = part.seq[order]
    edges = np.concatenate(([0], np.flatnonzero(np.diff(seq)) + 1, [seq.size]))
    messages = [order[start:end] for start, end in pairwise(edges)]
    first = next((i for i, rows in enumerate(messages) if part.snapshots[rows[0]]), None)
    if first is None:
        raise BadInput(f"{part.file} ({part.instrument}): there is no snapshot; a recorded book begins with one")
    known = int(part.last[messages[first][0]])
    early = [rows for rows in messages[:first] if part.last[rows[0]] > known]
    chosen, reached, after_snapshot = [messages[first]], known, True
    for rows in early + messages[first + 1 :]:
        head = int(rows[0])
        if part.snapshots[head]:
            reached, after_snapshot = int(part.last[head]), True
        elif part.last[head] <= reached:
            continue
        else:
            _refuse_break(part, head, reached, after_snapshot)
            reached, after_snapshot = int(part.last[head]), False
        chosen.append(rows)
    ordered: Ints = np.concatenate(chosen)
    return ordered


def _refuse_break(part: BookRows, head: int, reached: int, after_snapshot: bool) -> None:
    """Right after a snapshot a delta may begin before it; else it follows the delta before it."""
    begins, before = int(part.first[head]), int(part.previous[head])
    follows = begins <= reached + 1 if after_snapshot or before < 0 else before == reached
    if not after_snapshot and before < 0:
        follows = begins == reached + 1
    if not follows:
        raise part.refuse(
            head, f"the update {begins} to {part.last[head]} does not follow {reached}: updates are missing"
        )


def _filled(ts: Ints) -> Ints:
    """A snapshot without a time (below zero) has that of the row after it."""
    known = np.flatnonzero(ts >= 0)
    nearest = known[np.minimum(np.searchsorted(known, np.arange(ts.size)), known.size - 1)]
    filled: Ints = ts[nearest]
    return filled


def _carried(mids: Floats) -> Floats:
    """A second without a message stands where the one before it stood."""
    known = np.maximum.accumulate(np.where(np.isnan(mids), 0, np.arange(mids.size)))
    carried: Floats = mids[known]
    return carried
