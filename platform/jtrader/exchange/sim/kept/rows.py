"""The rows of the state file, and the words in which it is read back."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import msgspec

from jtrader.domain.ids import InstrumentId
from jtrader.exchange.sim.market.tape import Print
from jtrader.venue.past import Past


class Moment(msgspec.Struct, frozen=True):
    """Where the world stood: market time, the clock (`speed` 0 = paused), and each book's number of changes."""

    now: int
    speed: float
    until: int | None
    versions: dict[InstrumentId, int]


class KeptKey(msgspec.Struct, frozen=True):
    """An API key; its accounts have its name."""

    key: str
    secret: str
    pace: float


class Kept(Protocol):
    """A world as it was written down."""

    @property
    def moment(self) -> Moment: ...

    @property
    def venues(self) -> Mapping[str, bytes]:
        """By market: a dump without the past."""
        ...

    def pasts(self, market: str) -> dict[str, Past]:
        """By account."""
        ...

    def prints(self, instrument: InstrumentId) -> Iterator[Print]:
        """The trades of the live window, ascending."""
        ...

    def known_keys(self) -> list[KeptKey]:
        """In the order in which they were made."""
        ...
