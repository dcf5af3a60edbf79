"""Files of Binance's public archive as recorded history."""

from pathlib import Path

import numpy as np

from jtrader.exchange.archive.binance import TAKEN, name_of, read_rows
from jtrader.exchange.sim.market.parquet_history import known
from jtrader.exchange.sim.market.rows import CandleRows, Rows, TradeRows


def read_archive(file: Path) -> list[Rows]:
    """Raises BadInput that names the file, the row and what is allowed."""
    name = name_of(file)
    instrument = known(file, 1, name.market, name.symbol)
    found = read_rows(name)
    numbers = found.numbers
    if found.buys is None:
        values = np.stack([numbers[c] for c in ("open", "high", "low", "close", "volume")])
        taken = np.stack([numbers[c] for c in TAKEN])
        return [CandleRows(file=file, instrument=instrument, rows=found.rows, ts=found.ts, values=values, taken=taken)]
    ids, size = ("id", "qty") if name.kind == "trades" else ("agg_trade_id", "quantity")
    return [
        TradeRows(
            file=file,
            instrument=instrument,
            rows=found.rows,
            ids=numbers[ids].astype(np.int64),
            ts=found.ts,
            values=np.stack((numbers["price"], numbers[size])),
            buys=found.buys,
        )
    ]
