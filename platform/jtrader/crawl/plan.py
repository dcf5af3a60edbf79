"""What a crawl has to fetch: the minutes of a range that are neither stored nor known to be missing at the venue."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.times import DAY, MINUTE, iso
from jtrader.ports.stores import Gap


class Span(NamedTuple):
    """Minutes [start, end), ns."""

    start: int
    end: int

    @property
    def minutes(self) -> int:
        return (self.end - self.start) // MINUTE


class CrawlRequest(NamedTuple):
    """1-minute candles of some instruments whose open times lie in [start, end), both on whole minutes."""

    instruments: tuple[InstrumentId, ...]
    start: int
    end: int


def request(instruments: Sequence[str], days: int, end: int | None, market_time: int) -> CrawlRequest:
    """`days` whole days up to `end`, by default up to the newest closed minute. Raises BadInput."""
    newest = market_time // MINUTE * MINUTE
    end = newest if end is None else end
    if not instruments:
        raise BadInput("no instrument to crawl: name at least one, for example binance_usdm:BTCUSDT")
    if days < 1:
        raise BadInput(f"days = {days}: the range of candles is empty; ask for at least 1 day")
    if end % MINUTE:
        raise BadInput(f"end {iso(end)} is not on a whole minute")
    if end > newest:
        raise BadInput(f"end {iso(end)} lies in the future: the venue's newest closed minute ends at {iso(newest)}")
    return CrawlRequest(tuple(dict.fromkeys(InstrumentId(i) for i in instruments)), end - days * DAY, end)


def missing(times: Iterable[int], start: int, end: int) -> list[Span]:
    """The holes of [start, end) between open times that are stored (ascending)."""
    holes, expected = [], start
    for ts in (*times, end):
        if ts > expected:
            holes.append(Span(expected, ts))
        expected = ts + MINUTE
    return holes


def without(spans: Iterable[Span], gaps: Iterable[Gap]) -> list[Span]:
    """The spans less what the gaps cover."""
    left = list(spans)
    for gap in gaps:
        left = [
            part
            for span in left
            for part in (Span(span.start, min(span.end, gap.start)), Span(max(span.start, gap.end), span.end))
            if part.start < part.end
        ]
    return left
