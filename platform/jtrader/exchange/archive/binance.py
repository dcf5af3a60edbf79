"""CSV files of Binance's public archive, as they are downloaded (.csv, or .zip with one .csv in it).

The name tells the symbol and the kind: BTCUSDT-1m-2025-05.csv, BTCUSDT-trades-2025-05-01.csv,
BTCUSDT-aggTrades-2025-05-01.csv. The market is told by the folders above it: the archive's own `futures/um`,
`futures/cm` or `spot`, or a folder called `binance_usdm`, `binance_coinm` or `binance_spot`. A header line may be there
or not; times are ms or µs. https://github.com/binance/binance-public-data
"""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from jtrader.domain.errors import BadInput
from jtrader.domain.times import DAY, MILLISECOND, Span, parse_time

TAKEN = ("quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume")
KLINE_COLUMNS = ("open_time", "open", "high", "low", "close", "volume", "close_time", *TAKEN, "ignore")
TRADE_COLUMNS = ("id", "price", "qty", "quote_qty", "time", "is_buyer_maker")
AGGREGATE_COLUMNS = ("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "time", "is_buyer_maker")
_KINDS = {"1m": KLINE_COLUMNS, "trades": TRADE_COLUMNS, "aggTrades": AGGREGATE_COLUMNS}
_NAME = re.compile(r"^(?P<symbol>[A-Z0-9_]+)-(?P<kind>1m|trades|aggTrades)-(?P<date>[0-9-]+)\.(csv|zip)$")
_MARKETS = {"um": "binance_usdm", "cm": "binance_coinm"}
_LAST_MS = 10**14
"""Times at or above this are µs (ms reach it in the year 5138)."""


class ArchiveName(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is called: `kind` is 1m, trades or aggTrades, `date` a day or a month."""

    file: Path
    market: str
    symbol: str
    kind: str
    date: str

    @property
    def span(self) -> Span:
        """The day or month. Raises BadInput for what is neither."""
        if len(self.date) == len("2025-05-01"):
            start = parse_time(self.date)
            return Span(start, start + DAY)
        start = parse_time(f"{self.date}-01")
        year, month = (int(part) for part in self.date.split("-"))
        return Span(start, parse_time(f"{year + month // 12}-{month % 12 + 1:02d}-01"))


class ArchiveRows(msgspec.Struct, frozen=True, kw_only=True):
    """A file's columns by name, as numbers; `ts` is the row's time in ns, `buys` 1 where the taker bought (trades
    only), `rows` the file's row numbers from 1."""

    name: ArchiveName
    rows: NDArray[np.int64]
    ts: NDArray[np.int64]
    numbers: dict[str, NDArray[np.float64]]
    buys: NDArray[np.int64] | None


def name_of(file: Path, market: str | None = None) -> ArchiveName:
    """`market` where the folders don't tell it. Raises BadInput."""
    found = _NAME.match(file.name)
    if found is None:
        raise BadInput(f"{file}: not a name of Binance's archive, for example BTCUSDT-1m-2025-05.csv")
    return ArchiveName(
        file=file, market=market or _market(file), symbol=found["symbol"], kind=found["kind"], date=found["date"]
    )


def read_rows(name: ArchiveName) -> ArchiveRows:
    """Raises BadInput that names the file, the row and what is allowed."""
    file, columns = name.file, list(_KINDS[name.kind])
    lines, header = _lines(file, columns)
    numbers = {c: _numbers(file, c, lines[c], header) for c in columns if c not in ("is_buyer_maker", "ignore")}
    is_trades = "is_buyer_maker" in columns
    return ArchiveRows(
        name=name,
        rows=np.arange(lines.num_rows, dtype=np.int64) + 1 + header,
        ts=_nanoseconds(numbers["time" if is_trades else "open_time"]),
        numbers=numbers,
        buys=_buys(file, lines["is_buyer_maker"], header) if is_trades else None,
    )


def _market(file: Path) -> str:
    folders = file.absolute().parent.parts
    for kind, market in _MARKETS.items():
        if market in folders or ("futures" in folders and kind in folders):
            return market
    if "binance_spot" in folders or "spot" in folders:
        return "binance_spot"
    raise BadInput(
        f"{file}: no folder above tells the market; put it below binance_usdm/, binance_coinm/ or binance_spot/"
    )


def _lines(file: Path, columns: list[str]) -> tuple[Any, int]:
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


def _numbers(file: Path, name: str, column: Any, header: int) -> NDArray[np.float64]:
    try:
        return np.asarray(column.cast(pa.float64()).to_numpy())
    except pa.ArrowInvalid:
        for row, text in enumerate(column.to_pylist(), 1 + header):
            try:
                float(text)
            except ValueError as error:
                raise BadInput(f"{file}, row {row}: {name} '{text}' is not a number") from error
        raise


def _buys(file: Path, column: Any, header: int) -> NDArray[np.int64]:
    texts = [str(text).strip().lower() for text in column.to_pylist()]
    for row, text in enumerate(texts, 1 + header):
        if text not in ("true", "false"):
            raise BadInput(f"{file}, row {row}: is_buyer_maker '{text}' is neither true nor false")
    return np.array([text == "false" for text in texts], dtype=np.int64)


def _nanoseconds(times: NDArray[np.float64]) -> NDArray[np.int64]:
    whole = times.astype(np.int64)
    return np.where(whole < _LAST_MS, whole * MILLISECOND, whole * 1_000)
