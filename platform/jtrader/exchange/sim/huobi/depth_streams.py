"""Channels of the order book: whole at intervals, or what changes within the best levels of each side."""

from collections.abc import Iterator
from typing import Any

from jtrader.domain.times import to_millis
from jtrader.exchange.sim.huobi.market import FULL_DEPTH, depth_tick, level_row
from jtrader.exchange.sim.huobi.stream import Moment, Place, Tick
from jtrader.matching.book import BUY, SELL, Book
from jtrader.venue.listing import Listing

Levels = dict[int, int]
"""Lots by ticks."""


class Window:
    """The best `size` levels of each side, as they were told last. A level that left it has 0 lots in the changes."""

    def __init__(self, book: Book, size: int) -> None:
        self._book = book
        self._size = size
        self.bids: Levels = {}
        self.asks: Levels = {}
        self.take()

    def take(self) -> tuple[Levels, Levels]:
        """What has changed since: bids and asks, the best first."""
        bids, asks = self._now(BUY), self._now(SELL)
        changed = _changes(self.bids, bids, BUY), _changes(self.asks, asks, SELL)
        self.bids, self.asks = bids, asks
        return changed

    def _now(self, side: int) -> Levels:
        return {level.ticks: level.lots for level in self._book.depth(side, self._size)}


def _changes(before: Levels, now: Levels, side: int) -> Levels:
    changed = {ticks: lots for ticks, lots in now.items() if before.get(ticks) != lots}
    changed |= {ticks: 0 for ticks in before if ticks not in now}
    return {ticks: changed[ticks] for ticks in sorted(changed, reverse=side == BUY)}


def _rows(levels: Levels, listing: Listing) -> list[list[Any]]:
    return [level_row(ticks, lots, listing) for ticks, lots in levels.items()]


class StepDepthStream:
    """`depth.stepN`: the merged book, once a second while it changes."""

    def __init__(self, place: Place, kind: str, most: int = FULL_DEPTH) -> None:
        self._place = place
        self._kind = kind
        self._most = most
        self._version = -1

    def opening(self) -> Tick | None:
        place = self._place
        self._version = place.book.version
        return depth_tick(place.book, place.listing, self._kind, self._most, place.channel, place.world.now)

    def tell(self, moment: Moment) -> Iterator[Tick]:
        if moment.second_began and self._place.book.version != self._version:
            tick = self.opening()
            if tick is not None:
                yield tick


class RefreshStream:
    """`mbp.refresh.N`, of spot: the best levels, whole, whenever the book changes."""

    def __init__(self, place: Place, size: int) -> None:
        self._place = place
        self._size = size

    def opening(self) -> Tick | None:
        window, listing = Window(self._place.book, self._size), self._place.listing
        return {
            "seqNum": self._place.book.version,
            "bids": _rows(window.bids, listing),
            "asks": _rows(window.asks, listing),
        }

    def tell(self, moment: Moment) -> Iterator[Tick]:
        if moment.book_changed:
            tick = self.opening()
            if tick is not None:
                yield tick


class IncrementStream:
    """`mbp.N`, of spot: changes alone, each naming the one before it; the whole is asked for (`req`)."""

    def __init__(self, place: Place, size: int) -> None:
        self._place = place
        self._window = Window(place.book, size)
        self._number = place.book.version

    def opening(self) -> Tick | None:
        return None

    def whole(self) -> Tick:
        """As of the last change that was told."""
        listing = self._place.listing
        bids, asks = _rows(self._window.bids, listing), _rows(self._window.asks, listing)
        return {"seqNum": self._number, "bids": bids, "asks": asks}

    def tell(self, moment: Moment) -> Iterator[Tick]:
        if not moment.book_changed:
            return
        bids, asks = self._window.take()
        if bids or asks:
            before, self._number = self._number, self._place.book.version
            listing = self._place.listing
            tick: Tick = {"seqNum": self._number, "prevSeqNum": before}
            yield tick | {name: _rows(levels, listing) for name, levels in (("bids", bids), ("asks", asks)) if levels}


class HighFrequencyStream:
    """`depth.size_N.high_freq`, of contracts: whole each time, or changes after a snapshot. `version` grows by one a
    message."""

    def __init__(self, place: Place, size: int, incremental: bool) -> None:
        self._place = place
        self._incremental = incremental
        self._window = Window(place.book, size)
        self._version = place.book.version

    def opening(self) -> Tick | None:
        return self._tick(self._window.bids, self._window.asks, "snapshot")

    def tell(self, moment: Moment) -> Iterator[Tick]:
        if not moment.book_changed:
            return
        bids, asks = self._window.take()
        if bids or asks:
            self._version += 1
            if self._incremental:
                yield self._tick(bids, asks, "update")
            else:
                yield self._tick(self._window.bids, self._window.asks, "snapshot")

    def _tick(self, bids: Levels, asks: Levels, event: str) -> Tick:
        place, version = self._place, self._place.book.version
        return {
            "asks": _rows(asks, place.listing),
            "bids": _rows(bids, place.listing),
            "ch": place.channel,
            "event": event,
            "id": version,
            "mrid": version,
            "ts": to_millis(place.world.now),
            "version": self._version,
        }
