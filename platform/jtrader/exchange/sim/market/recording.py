"""Recorded history of all instruments, read from a file or a folder of files and checked."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import numpy as np

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.instrument import Instrument
from jtrader.domain.times import MINUTE, iso
from jtrader.exchange.sim.market.archive_history import read_archive
from jtrader.exchange.sim.market.checked_candles import CandleTape
from jtrader.exchange.sim.market.checked_trades import TradeTape
from jtrader.exchange.sim.market.columns import FIELDS
from jtrader.exchange.sim.market.funding import UNIT
from jtrader.exchange.sim.market.listing import listed
from jtrader.exchange.sim.market.parquet_history import read_parquet
from jtrader.exchange.sim.market.rows import CandleRows, RateRows, Rows, TradeRows

_READERS = {".parquet": read_parquet, ".csv": read_archive, ".zip": read_archive}
_T = TypeVar("_T", CandleRows, TradeRows, RateRows)


class Recording:
    """One instrument. Candles and trades of the same minute must agree; trades without candles are made into them."""

    def __init__(self, instrument: Instrument, rows: Sequence[Rows]) -> None:
        trades, candles = _only(rows, TradeRows), _only(rows, CandleRows)
        self.trades = TradeTape(instrument, trades) if trades else None
        if candles:
            tape = CandleTape(instrument, candles)
            self.start, self.end, self.candles, self.taken = tape.start, tape.end, tape.candles, tape.taken
        elif self.trades:
            table = self.trades.table()
            self.start, self.end = self.trades.start, self.trades.end
            self.candles, self.taken = table[:5], table[5:]
        else:
            raise BadInput(
                f"{rows[0].file}: funding of {instrument.id} without its candles or trades; add a file of them"
            )
        self.first_id = self.trades.first_id if self.trades and not candles else 1
        self.rates = _rates(_only(rows, RateRows))
        if candles and self.trades:
            self._merge(instrument, self.trades)

    def until(self, minute: int) -> None:
        """Forgets what is recorded from `minute` on."""
        keep = minute - self.start
        self.candles, self.taken, self.end = self.candles[:, :keep], self.taken[:, :keep], minute

    def _merge(self, instrument: Instrument, trades: TradeTape) -> None:
        first, last = max(self.start, trades.start), min(self.end, trades.end)
        if first >= last:
            return
        table = trades.table()[:, first - trades.start : last - trades.start]
        span = slice(first - self.start, last - self.start)
        differs = np.flatnonzero((self.candles[:, span] != table[:5]).any(axis=0))
        if differs.size:
            at = int(differs[0])
            told, summed = (
                dict(zip(FIELDS, part[:5, at].tolist(), strict=False)) for part in (self.candles[:, span], table)
            )
            raise BadInput(
                f"{instrument.id}, minute {iso((first + at) * MINUTE)}: recorded trades give {summed}, the recorded "
                f"candle says {told} (ticks and lots); they must agree, leave one of the files out"
            )
        self.taken = self.taken.copy()
        self.taken[:, span] = table[5:]


def load(path: Path, wanted: Sequence[InstrumentId]) -> dict[InstrumentId, Recording]:
    """The recordings of the wanted instruments that are in the files. Raises BadInput that names file, row, what is
    wrong and what is allowed."""
    parts: dict[InstrumentId, list[Rows]] = defaultdict(list)
    for file in _files(path):
        for rows in _READERS[file.suffix](file):
            parts[rows.instrument].append(rows)
    found = {
        instrument: Recording(listed(instrument), parts[instrument]) for instrument in wanted if instrument in parts
    }
    if not found:
        held = ", ".join(sorted(parts)) or "no rows"
        raise BadInput(f"{path}: holds {held}; wanted is at least one of {', '.join(wanted)}")
    return found


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise BadInput(f"history '{path}' does not exist; name a Parquet or CSV file, or a folder of them")
    files = sorted(f for f in path.rglob("*") if f.suffix in _READERS) if path.is_dir() else [path]
    if not files or files[0].suffix not in _READERS:
        raise BadInput(f"history '{path}' holds no file to read; allowed are {', '.join(_READERS)}")
    return files


def _only(rows: Sequence[Rows], kind: type[_T]) -> list[_T]:
    return [part for part in rows if isinstance(part, kind) and part.ts.size]


def _rates(parts: Sequence[RateRows]) -> dict[int, Decimal]:
    """By instant in ns (recorders stamp some milliseconds late: cut to the minute), rounded to 8 decimals."""
    rates: dict[int, Decimal] = {}
    for part in parts:
        bad = np.flatnonzero(~np.isfinite(part.rates))
        if bad.size:
            raise BadInput(f"{part.file}, row {part.rows[bad[0]]}: rate {part.rates[bad[0]]} is not a finite number")
        instants = (part.ts // MINUTE * MINUTE).tolist()
        rates |= {ts: round(rate / float(UNIT)) * UNIT for ts, rate in zip(instants, part.rates.tolist(), strict=True)}
    return rates
