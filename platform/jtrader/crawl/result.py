"""What a crawl did, as figures."""

import msgspec

from jtrader.domain.ids import InstrumentId


class InstrumentResult(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument: `stored` of its minutes in the range are there now, `new` were written by this run.

    `first` is the open time of the earliest one, ns: later than the range's start where the history begins later.
    """

    instrument: InstrumentId
    first: int | None
    stored: int
    new: int
    pages: int
    gaps: int
    quarantined: int


class CrawlResult(msgspec.Struct, frozen=True, kw_only=True):
    """The range is [start, end) ns; `gaps` counts recorded holes in it, `seconds` is wall time."""

    start: int
    end: int
    instruments: tuple[InstrumentResult, ...]
    seconds: float = 0.0

    @property
    def stored(self) -> int:
        return sum(i.stored for i in self.instruments)

    @property
    def new(self) -> int:
        return sum(i.new for i in self.instruments)

    @property
    def pages(self) -> int:
        return sum(i.pages for i in self.instruments)

    @property
    def gaps(self) -> int:
        return sum(i.gaps for i in self.instruments)

    @property
    def quarantined(self) -> int:
        return sum(i.quarantined for i in self.instruments)
