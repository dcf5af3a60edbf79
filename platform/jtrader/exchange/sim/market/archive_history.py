"""CSV files of Binance's public archive, as they are downloaded (.csv, or .zip with one .csv in it).

The name tells the symbol and the kind: BTCUSDT-1m-2025-05.csv, BTCUSDT-trades-2025-05-01.csv,
BTCUSDT-aggTrades-2025-05-01.csv. The market is told by the folders above it: the archive's own `futures/um` or `spot`,
or a folder called `binance_usdm` or `binance_spot`. A header line may be there or not; times are ms or µs.
"""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from jtrader.domain.errors import BadInput
from jtrader.domain.times import MILLISECOND
from jtrader.exchange.sim.market.latent import Floats
from jtrader.exchange.sim.market.parquet_history import known
from jtrader.exchange.sim.market.rows import CandleRows, Rows, TradeRows

_TOLD = ("quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume")
KLINE_COLUMNS = ("open_time", "open", "high", "low", "close", "volume", "close_time", *_TOLD, "ignore")
TRADE_COLUMNS = ("id", "price", "qty", "quote_qty", "time", "is_buyer_maker")
AGGREGATE_COLUMNS = ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "time", "is_buyer_maker")
_KINDS = {"1m": KLINE_COLUMNS, "trades": TRADE_COLUMNS, "aggTrades": AGGREGATE_COLUMNS}
_NAME = re.compile(r"^(?P<symbol>[A-Z0-9]+)-(?P<kind>1m|trades|aggTrades)-[0-9-]+\.(csv|zip)$")
_LAST_MS = 10**14
"""Times at or above this are µs (ms reach it in the year 5138)."""


def read_archive(file: Path) -> list[Rows]:
    """Raises BadInput that names the file, the row and what is allowed."""
    name = _NAME.match(file.name)
    if name is None:
        raise BadInput(f"{file}: not a name of Binance's archive, for example BTCUSDT-1m-2025-05.csv")
    columns = list(_KINDS[name["kind"]])
    instrument = known(file, 1, _market(file), name["symbol"])
    lines, header = _lines(file, columns)
    rows = np.arange(lines.num_rows, dtype=np.int64) + 1 + header
    numbers = {c: _numbers(file, c, lines[c], header) for c in columns if c not in ("is_buyer_maker", "ignore")}
    if "open_time" in numbers:
        values = np.stack([numbers[c] for c in ("open", "high", "low", "close", "volume")])
        taken = np.stack([numbers[c] for c in _TOLD])
        ts = _nanoseconds(numbers["open_time"])
        return [CandleRows(file=file, instrument=instrument, rows=rows, ts=ts, values=values, taken=taken)]
    size = "qty" if "qty" in numbers else "quantity"
    return [
        TradeRows(
            file=file,
            instrument=instrument,
            rows=rows,
            ids=numbers[columns[0]].astype(np.int64),
            ts=_nanoseconds(numbers["time"]),
            values=np.stack((numbers["price"], numbers[size])),
            buys=_buys(file, lines["is_buyer_maker"], header),
        )
    ]


def _market(file: Path) -> str:
    folders = file.absolute().parent.parts
    if "binance_usdm" in folders or ("futures" in folders and "um" in folders):
        return "binance_usdm"
    if "binance_spot" in folders or "spot" in folders:
        return "binance_spot"
    raise BadInput(f"{file}: no folder above tells the market; put it below binance_usdm/ or binance_spot/")


def _lines(file: Path, columns: list[str]) -> tuple[pa.Table, int]:
    """All columns as text, and how many header lines were skipped. Spot trades have one column more, ignored."""
    content = _content(file)
    first = content.split(b"\n", 1)[0].split(b",")
    if len(first) not in (len(columns), len(columns) + 1):
        raise BadInput(f"{file}, row 1: {len(first)} columns; expected are {', '.join(columns)}")
    header = 0 if first[0].strip().isdigit() else 1
    names = columns + [f"more_{i}" for i in range(len(first) - len(columns))]
    try:
        table = pacsv.read_csv(
            io.BytesIO(content),
            read_options=pacsv.ReadOptions(column_names=names, skip_rows=header),
            convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as error:
        raise BadInput(f"{file}: {error}; expected columns are {', '.join(columns)}") from error
    return table, header


def _content(file: Path) -> bytes:
    if file.suffix != ".zip":
        return file.read_bytes()
    try:
        with zipfile.ZipFile(file) as archive:
            inside = archive.namelist()
            if len(inside) != 1:
                raise BadInput(f"{file}: holds {len(inside)} files; expected is one CSV")
            return archive.read(inside[0])
    except zipfile.BadZipFile as error:
        raise BadInput(f"{file}: not a zip file ({error})") from error


def _numbers(file: Path, name: str, column: pa.ChunkedArray, header: int) -> Floats:
    try:
        return np.asarray(column.cast(pa.float64()).to_numpy())
    except pa.ArrowInvalid:
        for row, text in enumerate(column.to_pylist(), 1 + header):
            try:
                float(text)
            except ValueError as error:
                raise BadInput(f"{file}, row {row}: {name} '{text}' is not a number") from error
        raise


def _buys(file: Path, column: pa.ChunkedArray, header: int) -> np.ndarray:
    texts = [str(text).strip().lower() for text in column.to_pylist()]
    for row, text in enumerate(texts, 1 + header):
        if text not in ("true", "false"):
            raise BadInput(f"{file}, row {row}: is_buyer_maker '{text}' is neither true nor false")
    return np.array([text == "false" for text in texts], dtype=np.int64)


def _nanoseconds(times: Floats) -> np.ndarray:
    whole = times.astype(np.int64)
    return np.where(whole < _LAST_MS, whole * MILLISECOND, whole * 1_000)
