"""Recorded Parquet files. A file holds candles, trades or funding, told apart by its columns:

* candles: `ts` (start of the minute, UTC), `venue`, `symbol`, `open`, `high`, `low`, `close`, `volume` (order units);
* trades: `ts`, `venue`, `symbol`, `trade_id`, `price`, `amount` (order units), `side` (the taker's: buy or sell);
* funding: `ts`, `venue`, `symbol`, `rate` (fraction per interval).

Order units are the base coin or, where the instrument counts them, contracts. `venue` is a market of ours
(binance_usdm, binance_spot, bitmex, …); more columns are allowed and ignored.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, instrument_id
from jtrader.exchange.sim.market.listing import LISTED
from jtrader.exchange.sim.market.rows import CandleRows, RateRows, Rows, TradeRows

_KEY = ("ts", "venue", "symbol")
CANDLES = (*_KEY, "open", "high", "low", "close", "volume")
TRADES = (*_KEY, "trade_id", "price", "amount", "side")
FUNDING = (*_KEY, "rate")


def read_parquet(file: Path) -> list[Rows]:
    """Raises BadInput for a file that is none of the three, a missing value, an unknown market or symbol."""
    try:
        present = set(pq.read_schema(file).names)
        columns = next((kind for kind in (CANDLES, TRADES, FUNDING) if present.issuperset(kind)), None)
        if columns is None:
            raise BadInput(
                f"{file}: columns {', '.join(sorted(present))} are neither candles ({', '.join(CANDLES)}), "
                f"trades ({', '.join(TRADES)}) nor funding ({', '.join(FUNDING)})"
            )
        table = pq.read_table(file, columns=list(columns))
    except (pa.ArrowInvalid, OSError) as error:
        raise BadInput(f"{file}: not a Parquet file ({error})") from error
    for name in columns:
        missing = np.flatnonzero(table[name].is_null().to_numpy())
        if missing.size:
            raise BadInput(f"{file}, row {missing[0] + 1}: {name} is missing; every row needs {', '.join(columns)}")
    return [_part(file, columns, table, venue, symbol) for venue, symbol in instruments_of(table)]


def instruments_of(table: pa.Table) -> list[tuple[str, str]]:
    """(market, symbol) of every instrument in the rows."""
    groups = table.select(["venue", "symbol"]).cast(pa.schema([("venue", pa.string()), ("symbol", pa.string())]))
    return sorted(
        (row["venue"], row["symbol"]) for row in groups.group_by(["venue", "symbol"]).aggregate([]).to_pylist()
    )


def _part(file: Path, columns: tuple[str, ...], table: pa.Table, venue: str, symbol: str) -> Rows:
    chosen = pc.and_(pc.equal(table["venue"], venue), pc.equal(table["symbol"], symbol)).to_numpy()
    rows = np.flatnonzero(chosen) + 1
    instrument = known(file, int(rows[0]), venue, symbol)
    part = table.filter(pa.array(chosen))

    def floats(*names: str) -> np.ndarray:
        try:
            return np.stack([part[name].cast(pa.float64()).to_numpy() for name in names])
        except pa.ArrowInvalid as error:
            raise BadInput(f"{file}: {', '.join(names)} must be numbers ({error})") from error

    ts = nanoseconds(file, part["ts"])
    if columns is CANDLES:
        values = floats("open", "high", "low", "close", "volume")
        return CandleRows(file=file, instrument=instrument, rows=rows, ts=ts, values=values)
    if columns is FUNDING:
        return RateRows(file=file, instrument=instrument, rows=rows, ts=ts, rates=floats("rate")[0])
    sides = part["side"].cast(pa.string()).to_numpy(zero_copy_only=False)
    strange = np.flatnonzero((sides != "buy") & (sides != "sell"))
    if strange.size:
        raise BadInput(f"{file}, row {rows[strange[0]]}: side '{sides[strange[0]]}' is neither buy nor sell")
    ids = part["trade_id"].cast(pa.int64()).to_numpy()
    buys = (sides == "buy").astype(np.int64)
    values = floats("price", "amount")
    return TradeRows(file=file, instrument=instrument, rows=rows, ids=ids, ts=ts, values=values, buys=buys)


def nanoseconds(file: Path, column: pa.ChunkedArray) -> np.ndarray:
    """Times as int ns. Raises BadInput for a column of another type or zone."""
    if not pa.types.is_timestamp(column.type) or column.type.tz is None:
        raise BadInput(f"{file}: ts is {column.type}; it must be a timestamp with zone UTC")
    return np.asarray(column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.int64()).to_numpy())


def known(file: Path, row: int, market: str, symbol: str) -> InstrumentId:
    """The instrument of a recorded market and symbol. Raises BadInput for one that can't be simulated."""
    instrument = instrument_id(market, symbol)
    if instrument not in LISTED:
        raise BadInput(f"{file}, row {row}: '{market}' '{symbol}' can't be simulated; known are {', '.join(LISTED)}")
    return instrument
