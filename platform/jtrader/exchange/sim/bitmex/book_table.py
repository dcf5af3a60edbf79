"""One symbol's book as its readers know it: levels that were told, and the rows that bring them up to date."""

from typing import Any

from jtrader.exchange.sim.bitmex.market_rows import level_row
from jtrader.exchange.sim.world import World
from jtrader.matching.book import BUY, SELL, Book
from jtrader.venue.listing import Listing

Key = tuple[int, int]
"""(side, ticks)"""
Rows = list[dict[str, Any]]


class BookTable:
    """`depth` levels a side, None = all. A reader begins with `rows` and is then told every `changes`."""

    def __init__(self, world: World, listing: Listing, depth: int | None) -> None:
        self._world = world
        self._listing = listing
        self._depth = depth
        self._told: dict[Key, int] = {}

    def rows(self) -> Rows:
        """What was told, asks first and from the highest price down."""
        ordered = sorted(self._told.items(), key=lambda item: (item[0][0], -item[0][1]))
        return [self._row(side, ticks, lots) for (side, ticks), lots in ordered]

    def reset(self, book: Book) -> None:
        self._told = self._levels(book)

    def changes(self, book: Book, drained: list[tuple[int, int, int]]) -> dict[str, Rows]:
        """By action, deletes first. `drained`: (side, ticks, lots now) of what changed."""
        now = self._levels(book) if self._depth is not None else self._whole(drained)
        found: dict[str, Rows] = {"delete": [], "update": [], "insert": []}
        before = self._told
        touched = now.keys() | before.keys() if self._depth is not None else {(s, t) for s, t, _ in drained}
        for key in sorted(touched):
            old, new = before.get(key, 0), now.get(key, 0)
            if old == new:
                continue
            action = "delete" if not new else "insert" if not old else "update"
            row = self._row(*key, new)
            if action == "delete":
                del row["size"]
            found[action].append(row)
        self._told = now
        return {action: rows for action, rows in found.items() if rows}

    def _whole(self, drained: list[tuple[int, int, int]]) -> dict[Key, int]:
        now = dict(self._told)
        for side, ticks, lots in drained:
            if lots:
                now[(side, ticks)] = lots
            else:
                now.pop((side, ticks), None)
        return now

    def _levels(self, book: Book) -> dict[Key, int]:
        depth = self._depth or 10**9
        return {(side, level.ticks): level.lots for side in (BUY, SELL) for level in book.depth(side, depth)}

    def _row(self, side: int, ticks: int, lots: int) -> dict[str, Any]:
        return level_row(self._world, self._listing, side, ticks, lots)
