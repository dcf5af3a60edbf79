"""What a market channel is: something that has a state, and news each time the market has moved."""

from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

from jtrader.exchange.sim.history import History
from jtrader.exchange.sim.world import World
from jtrader.matching.book import Book
from jtrader.venue.listing import Listing
from jtrader.venue.records import TradePrinted

Tick = dict[str, Any]
"""What stands in a message's `tick`."""


class Place(msgspec.Struct, frozen=True):
    """What a channel is about."""

    world: World
    listing: Listing
    channel: str

    @property
    def book(self) -> Book:
        return self.world.venues[str(self.listing.instrument.market)].books[self.listing.symbol]

    @property
    def history(self) -> History:
        return self.world.histories[self.listing.instrument.id]


class Moment(msgspec.Struct, frozen=True):
    """What has happened to an instrument up to `now`: its trades in order, whether its book changed, and whether a
    second of market time began."""

    now: int
    printed: list[TradePrinted]
    book_changed: bool
    second_began: bool


class Stream(Protocol):
    """One channel while somebody reads it."""

    def opening(self) -> Tick | None:
        """What a new reader gets at once: the state that the next news goes on from."""
        ...

    def tell(self, moment: Moment) -> Iterable[Tick]:
        """The news."""
        ...
