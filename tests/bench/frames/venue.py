"""What a benchmark needs of a venue: frames as it sends them, made from a seed, and how the feed in use reads them.

The proportions (trades a frame, levels a frame, comings and goings) are those of recorded connections.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jtrader.domain.market import Event
from jtrader.exchange.common.feed import Feed

START_MS = 1_768_491_000_000
"""2026-01-15T15:30:00Z"""


class Frames(NamedTuple):
    """`units` are the trades, quotes or price levels in them. `opening` leads up to them and is not measured."""

    frames: list[bytes]
    units: int
    opening: list[bytes]


class Venue(ABC):
    name: str
    symbols: tuple[str, ...]

    @abstractmethod
    def feed(self, books: bool = False) -> Feed:
        """The adapter in use, not connected."""

    @abstractmethod
    def trades(self, rng: random.Random, count: int) -> Frames: ...

    @abstractmethod
    def books(self, rng: random.Random, levels: int) -> Frames: ...

    @abstractmethod
    def bare(self, kind: str) -> Callable[[bytes], Any]:
        """What msgspec (and inflation) alone does with a frame of trades or books: no feed, no event, no book."""

    def begin(self, feed: Feed, opening: Sequence[bytes]) -> None:
        """Brings a feed to where the frames go on from."""
        reading = self.reading(feed)
        for frame in opening:
            reading(frame)

    def reading(self, feed: Feed) -> Callable[[bytes], Sequence[Event]]:
        """What happens to a frame in production, up to its events."""
        return feed.read
