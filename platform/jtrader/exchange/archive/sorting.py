"""The trades of an archive file in the order of time, however many they are: they lie in a scratch file."""

from typing import IO

import numpy as np
from numpy.typing import NDArray

from jtrader.exchange.archive.binance import ArchiveName, ArchiveRows, read_blocks

TRADE_ROW = np.dtype([("ts", "<i8"), ("trade_id", "<i8"), ("price", "<f8"), ("quantity", "<f8"), ("side", "i1")])
_ORDER = ("ts", "trade_id")


def trades_by_time(name: ArchiveName, scratch: IO[bytes]) -> NDArray[np.void]:
    """Rows of `TRADE_ROW`, ascending by time and number: the scratch file's own pages, which the system takes out of
    the memory when it needs room. Aggregated trades are one each, under the number of their first. Raises BadInput."""
    is_sorted, last = True, np.zeros(1, dtype=TRADE_ROW)
    for block in read_blocks(name):
        rows = _rows(block)
        rows_from_last = np.concatenate((last, rows))
        is_sorted, last = is_sorted and _is_ascending(rows_from_last), rows_from_last[-1:]
        scratch.write(rows.tobytes())
    scratch.flush()
    if not scratch.tell():
        return np.empty(0, dtype=TRADE_ROW)
    found = np.memmap(scratch, dtype=TRADE_ROW, mode="r+")
    if not is_sorted:
        found.sort(order=_ORDER)
    return found


def _rows(block: ArchiveRows) -> NDArray[np.void]:
    assert block.buys is not None
    ids, size = ("id", "qty") if block.name.kind == "trades" else ("first_trade_id", "quantity")
    rows = np.empty(len(block.ts), dtype=TRADE_ROW)
    rows["ts"] = block.ts
    rows["trade_id"] = block.numbers[ids]
    rows["price"] = block.numbers["price"]
    rows["quantity"] = block.numbers[size]
    rows["side"] = 2 * block.buys - 1
    return rows


def _is_ascending(rows: NDArray[np.void]) -> bool:
    ts, numbers = rows["ts"], rows["trade_id"]
    later = ts[1:] > ts[:-1]
    return bool(np.all(later | ((ts[1:] == ts[:-1]) & (numbers[1:] >= numbers[:-1]))))
