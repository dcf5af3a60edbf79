"""Recorded rows as they stand in a file, before they are checked: one `CandleRows` or `TradeRows` a file and symbol."""

from pathlib import Path

import msgspec
import numpy as np

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.exchange.sim.market.columns import Ints
from jtrader.exchange.sim.market.latent import Floats

GRID_TOLERANCE = 1e-4
"""Of a tick or lot: what a float may be off without being another number."""


class CandleRows(msgspec.Struct, frozen=True, kw_only=True):
    """`values` has rows open, high, low, close (quote), volume (base). `taken` has rows turnover (quote), count, bought
    volume (base), bought turnover (quote), where the file tells them. `rows` are the file's row numbers from 1."""

    file: Path
    instrument: InstrumentId
    rows: Ints
    ts: Ints
    values: Floats
    taken: Floats | None = None

    def refuse(self, index: int, what: str) -> BadInput:
        return refusal(self.file, int(self.rows[index]), self.instrument, what)


class TradeRows(msgspec.Struct, frozen=True, kw_only=True):
    """`values` has rows price (quote), amount (base); `buys`: the taker bought."""

    file: Path
    instrument: InstrumentId
    rows: Ints
    ids: Ints
    ts: Ints
    values: Floats
    buys: Ints

    def refuse(self, index: int, what: str) -> BadInput:
        return refusal(self.file, int(self.rows[index]), self.instrument, what)


class RateRows(msgspec.Struct, frozen=True, kw_only=True):
    """Funding: `rates` as fractions of notional, settled at `ts`."""

    file: Path
    instrument: InstrumentId
    rows: Ints
    ts: Ints
    rates: Floats


class BookRows(msgspec.Struct, frozen=True, kw_only=True):
    """`values` has rows price (quote), amount (order units); one row a level. `seq` numbers the messages; `snapshots`
    and `bids` are 0 or 1; `first`, `last`, `previous` are update numbers; -1 stands for none there and in `ts`."""

    file: Path
    instrument: InstrumentId
    rows: Ints
    ts: Ints
    seq: Ints
    snapshots: Ints
    first: Ints
    last: Ints
    previous: Ints
    bids: Ints
    values: Floats

    def refuse(self, index: int, what: str) -> BadInput:
        return refusal(self.file, int(self.rows[index]), self.instrument, what)


Rows = CandleRows | TradeRows | RateRows | BookRows


def refusal(file: Path, row: int, instrument: str, what: str) -> BadInput:
    return BadInput(f"{file}, row {row} ({instrument}): {what}")


def on_grid(values: Floats, step: float) -> tuple[Ints, Ints]:
    """Multiples of `step`, and the indices of the values that are none."""
    scaled = values / step
    nearest = np.rint(scaled)
    return nearest.astype(np.int64), np.flatnonzero(np.abs(scaled - nearest) > GRID_TOLERANCE)
