"""Order book updates by column: each row's numbers of levels, and the levels of all rows one after the other."""

from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Depth, Level
from jtrader.store.ticks import columns as c

SIDES = ("bid", "ask")
_ROW = ("received", "ts", "update_id", "is_snapshot")


class DepthKind:
    """`Kind` of Depth. Columns of rows: received, ts, update_id, is_snapshot, bids, asks (how many levels); of levels:
    bid_price, bid_quantity, ask_price, ask_quantity."""

    name = "depth"
    event = Depth

    def table(self, events: Sequence[Depth], received: int) -> dict[str, Any]:
        return {
            "received": np.arange(received, received + len(events), dtype=np.int64),
            "ts": np.array([e.ts for e in events], np.int64),
            "update_id": np.array([e.update_id for e in events], np.int64),
            "is_snapshot": np.array([e.snapshot for e in events], np.int64),
            **_levels("bid", [e.bids for e in events]),
            **_levels("ask", [e.asks for e in events]),
        }

    def events(self, instrument: InstrumentId, table: dict[str, Any]) -> list[Depth]:
        bids, asks = (_level_tuples(table, side) for side in SIDES)
        rows = zip(*(table[name].tolist() for name in ("ts", "update_id", "is_snapshot")), bids, asks, strict=True)
        return [Depth(instrument, ts, bid, ask, number, bool(whole)) for ts, number, whole, bid, ask in rows]

    def pack(self, table: dict[str, Any], level: int) -> dict[str, bytes]:
        rows = {name: c.pack_integers(table[name], level) for name in (*_ROW, "bids", "asks")}
        return rows | {
            name: c.pack_floats(table[name], level) for side in SIDES for name in (f"{side}_price", f"{side}_quantity")
        }

    def unpack(self, packed: Mapping[str, bytes], count: int) -> dict[str, Any]:
        table: dict[str, Any] = {name: c.unpack_integers(packed[name], count) for name in (*_ROW, "bids", "asks")}
        for side in SIDES:
            levels = int(table[f"{side}s"].sum())
            for name in (f"{side}_price", f"{side}_quantity"):
                table[name] = c.unpack_floats(packed[name], levels)
        return table

    def take(self, table: dict[str, Any], rows: Any) -> dict[str, Any]:
        wanted = np.arange(len(table["ts"]))[rows]
        taken = {name: table[name][wanted] for name in (*_ROW, "bids", "asks")}
        for side in SIDES:
            flat = level_rows(table[f"{side}s"], wanted)
            for name in (f"{side}_price", f"{side}_quantity"):
                taken[name] = table[name][flat]
        return taken

    def merge(self, tables: Sequence[dict[str, Any]]) -> dict[str, Any]:
        whole = concatenated(tables)
        received = whole["received"]
        if (np.diff(received) > 0).all():
            return whole
        _, rows = np.unique(received, return_index=True)
        return self.take(whole, rows)


def concatenated(tables: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One after the other, as they are."""
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def book_after(table: dict[str, Any]) -> dict[str, Any] | None:
    """The book that a table of updates leaves, as a table of one snapshot; None where it holds no snapshot."""
    snapshots = np.flatnonzero(table["is_snapshot"])
    if not len(snapshots):
        return None
    rows = np.arange(snapshots[-1], len(table["ts"]))
    book = {name: table[name][-1:] for name in _ROW} | {"is_snapshot": np.ones(1, np.int64)}
    for side in SIDES:
        flat = level_rows(table[f"{side}s"], rows)
        prices, quantities = table[f"{side}_price"][flat], table[f"{side}_quantity"][flat]
        levels, last = np.unique(prices[::-1], return_index=True)
        there = quantities[::-1][last]
        order = np.flatnonzero(there != 0.0)
        order = order[::-1] if side == "bid" else order
        book |= {
            f"{side}s": np.array([len(order)], np.int64),
            f"{side}_price": levels[order],
            f"{side}_quantity": there[order],
        }
    return book


def level_rows(counts: Any, rows: Any) -> Any:
    """Where the levels of the given rows stand among the levels of all."""
    ends = np.cumsum(counts)
    lengths = counts[rows]
    starts = ends[rows] - lengths
    inner = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return inner + np.repeat(starts, lengths)


def _levels(side: str, rows: Sequence[Sequence[Level]]) -> dict[str, Any]:
    flat = np.array([level for levels in rows for level in levels], np.float64).reshape(-1, 2)
    return {
        f"{side}s": np.array([len(levels) for levels in rows], np.int64),
        f"{side}_price": flat[:, 0].copy(),
        f"{side}_quantity": flat[:, 1].copy(),
    }


def _level_tuples(table: dict[str, Any], side: str) -> list[tuple[Level, ...]]:
    levels = list(zip(table[f"{side}_price"].tolist(), table[f"{side}_quantity"].tolist(), strict=True))
    borders = accumulate(table[f"{side}s"].tolist(), initial=0)
    return [tuple(levels[low:high]) for low, high in pairwise(borders)]
