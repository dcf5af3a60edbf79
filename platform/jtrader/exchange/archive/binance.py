"""CSV files of Binance's public archive, as they are downloaded (.csv, or .zip with one .csv in it).

The name tells the symbol and the kind: BTCUSDT-1m-2025-05.csv, BTCUSDT-trades-2025-05-01.csv,
BTCUSDT-aggTrades-2025-05-01.csv. The market is told by the folders above it: the archive's own `futures/um`,
`futures/cm` or `spot`, or a folder called `binance_usdm`, `binance_coinm` or `binance_spot`. A header line may be there
or not; times are ms or µs. https://github.com/binance/binance-public-data
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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
BLOCK_BYTES = 1024 * 1024
"""Of a file's text that are looked at together."""
_LONGEST_LINE = 4_096
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
    """The whole file. Raises BadInput that names the file, the row and what is allowed."""
    blocks = list(read_blocks(name))
    first = blocks[0]
    return ArchiveRows(
        name=name,
        rows=np.concatenate([one.rows for one in blocks]),
        ts=np.concatenate([one.ts for one in blocks]),
        numbers={column: np.concatenate([one.numbers[column] for one in blocks]) for column in first.numbers},
        buys=None if first.buys is None else np.concatenate([one.buys for one in blocks if one.buys is not None]),
    )


def read_blocks(name: ArchiveName) -> Iterator[ArchiveRows]:
    """The file's rows in its order, some at a time, so that the largest file takes little memory; at least one block.
    Raises BadInput as `read_rows` does, once it comes to the row."""
    file, columns = name.file, list(_KINDS[name.kind])
    row = 1
    for lines, header in _lines(file, columns):
        row += header
        numbers = {c: _numbers(file, c, lines[c], row) for c in columns if c not in ("is_buyer_maker", "ignore")}
        is_trades = "is_buyer_maker" in columns
        yield ArchiveRows(
            name=name,
            rows=np.arange(lines.num_rows, dtype=np.int64) + row,
            ts=_nanoseconds(numbers["time" if is_trades else "open_time"]),
            numbers=numbers,
            buys=_buys(file, lines["is_buyer_maker"], row) if is_trades else None,
        )
        row += lines.num_rows


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


def _lines(file: Path, columns: list[str]) -> Iterator[tuple[Any, int]]:
    """Blocks with all columns as text, and how many header lines were skipped before; the first is empty. Spot trades
    have one column more, ignored."""
    with _content(file) as content:
        first = content.readline(_LONGEST_LINE).split(b",")
    if len(first) not in (len(columns), len(columns) + 1):
        raise BadInput(f"{file}, row 1: {len(first)} columns; expected are {', '.join(columns)}")
    header = 0 if first[0].strip().isdigit() else 1
    names = columns + [f"more_{i}" for i in range(len(first) - len(columns))]
    try:
        with _content(file) as content:
            blocks = pacsv.open_csv(
                content,
                read_options=pacsv.ReadOptions(
                    use_threads=False, column_names=names, skip_rows=header, block_size=BLOCK_BYTES
                ),
                convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
            )
            yield pa.RecordBatch.from_pylist([], schema=blocks.schema), header
            for block in blocks:
                yield block, 0
    except pa.ArrowInvalid as error:
        raise BadInput(f"{file}: {error}; expected columns are {', '.join(columns)}") from error
    except (zipfile.BadZipFile, zlib.error) as error:
        raise BadInput(f"{file}: the zip file is damaged ({error})") from error


@contextmanager
def _content(file: Path) -> Iterator[IO[bytes]]:
    if file.suffix != ".zip":
        with file.open("rb") as plain:
            yield plain
        return
    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise BadInput(f"{file}: not a zip file ({error})") from error
    with archive:
        inside = archive.namelist()
        if len(inside) != 1:
            raise BadInput(f"{file}: holds {len(inside)} files; expected is one CSV")
        with archive.open(inside[0]) as packed:
            yield packed


def _numbers(file: Path, name: str, column: Any, row: int) -> NDArray[np.float64]:
    """`row`: the file's number of the first one."""
    try:
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        for at, text in enumerate(column.to_pylist(), row):
            try:
                float(text)
            except ValueError as error:
                raise BadInput(f"{file}, row {at}: {name} '{text}' is not a number") from error
        raise


def _buys(file: Path, column: Any, row: int) -> NDArray[np.int64]:
    texts = pc.utf8_lower(pc.utf8_trim_whitespace(column))
    is_known = pc.is_in(texts, pa.array(["true", "false"]))
    if not pc.all(is_known, min_count=0).as_py():
        at = is_known.to_pylist().index(False)
        raise BadInput(f"{file}, row {row + at}: is_buyer_maker '{texts[at]}' is neither true nor false")
    return np.asarray(pc.equal(texts, "false").to_numpy(zero_copy_only=False), dtype=np.int64)


def _nanoseconds(times: NDArray[np.float64]) -> NDArray[np.int64]:
    whole = times.astype(np.int64)
    return np.where(whole < _LAST_MS, whole * MILLISECOND, whole * 1_000)
