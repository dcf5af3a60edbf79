"""What a crawl did, as figures, and how far it is while it works."""

from collections.abc import Callable

import msgspec

from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import MINUTE, Span

Progress = Callable[[str, int, int], None]
"""(what, minutes done, minutes of the range): once at the start and after each page, from the working thread."""


class InstrumentResult(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of one instrument: `stored` of its rows in the range are there now, `new` were written by this run.

    `first` is the time of the earliest one, ns: later than the range's start where the history begins later.
    """

    instrument: InstrumentId
    first: int | None
    stored: int
    new: int
    pages: int
    gaps: int
    quarantined: int
    kind: str = "candles"
    trouble: str = ""
    """Why nothing could be crawled."""


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


class Tally:
    """The counts of one kind of one instrument while it is crawled; tells `progress` after each page."""

    def __init__(self, kind: str, instrument: InstrumentId, whole: Span, progress: Progress) -> None:
        self._kind = kind
        self._instrument = instrument
        self._whole = whole
        self._name = instrument if kind == "candles" else f"{instrument} {kind.replace('_', ' ')}"
        self._progress = progress
        self._left = 0
        self.new = 0
        self.pages = 0
        self.quarantined = 0

    def begin(self, todo: list[Span]) -> None:
        self._left = sum(span.end - span.start for span in todo)
        self._tell()

    def advance(self, start: int, reached: int) -> None:
        self._left -= reached - start
        self._tell()

    def result(self, first: int | None, stored: int, gaps: int, trouble: str = "") -> InstrumentResult:
        return InstrumentResult(
            instrument=self._instrument,
            first=first,
            stored=stored,
            new=self.new,
            pages=self.pages,
            gaps=gaps,
            quarantined=self.quarantined,
            kind=self._kind,
            trouble=trouble,
        )

    def _tell(self) -> None:
        self._progress(self._name, self._whole.minutes - -(-self._left // MINUTE), self._whole.minutes)
