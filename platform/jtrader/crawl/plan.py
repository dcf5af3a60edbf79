"""What a crawl has to fetch: the parts of a range that are neither stored nor known to be missing at the venue."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from jtrader.crawl.gaps import QUARANTINED, is_settled
from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId, Market, split_instrument_id
from jtrader.domain.times import DAY, MINUTE, Span, iso
from jtrader.ports.stores import Gap

SOON = 5 * MINUTE
"""A range may end that far ahead of the venues' time: it is tried again then."""


class Kind(StrEnum):
    CANDLES = "candles"
    TRADES = "trades"
    FUNDING = "funding"
    OPEN_INTEREST = "open_interest"
    INSTRUMENTS = "instruments"


class CrawlRequest(NamedTuple):
    """Rows of some instruments whose times lie in `span`, on whole minutes; `newest` is the venue's last one."""

    instruments: tuple[InstrumentId, ...]
    kinds: tuple[Kind, ...]
    span: Span
    newest: int


class Plan(NamedTuple):
    requests: tuple[CrawlRequest, ...]
    """One a market, as far as its time has come."""
    span: Span
    """From the first to the last moment of them."""
    late: tuple[str, ...]
    """A sentence for each market whose time has not reached the end."""


def plan(
    instruments: Sequence[str],
    kinds: Sequence[str],
    days: int,
    start: int | None,
    end: int | None,
    newest: Mapping[Market, int],
) -> Plan:
    """`request` for instruments of several markets, by the time that each has reached: a clock that stands still is its
    market's own. An end that is reached within `SOON` is late, one beyond that is BadInput."""
    latest = max(newest.values()) // MINUTE * MINUTE
    allowed = end if end is not None and latest < end <= latest + SOON else latest
    whole = request(instruments, kinds, days, start, end, allowed)
    requests, late = [], []
    for market, time in newest.items():
        reached = time // MINUTE * MINUTE
        wanted = reached if end is None else end
        span = Span(wanted - days * DAY if start is None else start, min(wanted, reached))
        if span.start < span.end:
            names = tuple(name for name in whole.instruments if split_instrument_id(name)[0] == market)
            requests.append(CrawlRequest(names, whole.kinds, span, reached))
        if span.end < wanted or span.start >= span.end:
            late.append(
                f"{market} has only reached {iso(reached)}: what comes until {iso(whole.span.end)} is for later"
            )
    spans = [one.span for one in requests] or [whole.span]
    return Plan(tuple(requests), Span(min(s.start for s in spans), max(s.end for s in spans)), tuple(late))


def request(
    instruments: Sequence[str],
    kinds: Sequence[str],
    days: int,
    start: int | None,
    end: int | None,
    market_time: int,
) -> CrawlRequest:
    """From `start`, or `days` whole days, up to `end`, by default up to the newest closed minute. Raises BadInput."""
    newest = market_time // MINUTE * MINUTE
    end = newest if end is None else end
    if not instruments:
        raise BadInput("no instrument to crawl: name at least one, for example binance_usdm:BTCUSDT")
    if days < 1:
        raise BadInput(f"days = {days}: the range of candles is empty; ask for at least 1 day")
    start = end - days * DAY if start is None else start
    for name, ts in (("start", start), ("end", end)):
        if ts % MINUTE:
            raise BadInput(f"{name} {iso(ts)} is not on a whole minute")
    if end > newest:
        raise BadInput(f"end {iso(end)} lies in the future: the venue's newest closed minute ends at {iso(newest)}")
    if start >= end:
        raise BadInput(f"the range from {iso(start)} to {iso(end)} is empty: its end must lie after its start")
    names = tuple(dict.fromkeys(InstrumentId(i) for i in instruments))
    return CrawlRequest(names, kinds_of(kinds), Span(start, end), newest)


def kinds_of(names: Sequence[str]) -> tuple[Kind, ...]:
    """Each once, candles when none is named. Raises BadInput for one that is none."""
    try:
        return tuple(dict.fromkeys(Kind(name) for name in names)) or (Kind.CANDLES,)
    except ValueError as error:
        raise BadInput(f"{error}; allowed is {', '.join(Kind)}") from None


def missing(times: Iterable[int], start: int, end: int) -> list[Span]:
    """The holes of [start, end) between open times that are stored (ascending)."""
    holes, expected = [], start
    for ts in (*times, end):
        if ts > expected:
            holes.append(Span(expected, ts))
        expected = ts + MINUTE
    return holes


def unasked(
    whole: Span, asked: Iterable[Span], gaps: Iterable[Gap], instrument: InstrumentId, again: bool = False
) -> list[Span]:
    """The parts of the range that were never asked for, and its holes that a second look may fill, in order; `again`
    looks once more at what was put aside."""
    open_holes = [
        gap
        for gap in gaps
        if gap.instrument == instrument and (not is_settled(gap.cause) or (again and gap.cause == QUARANTINED))
    ]
    answered = without(asked, (Span(gap.start, gap.end) for gap in open_holes))
    return without([whole], answered)


def without(spans: Iterable[Span], covered: Iterable[Span]) -> list[Span]:
    """The spans less what is covered."""
    left = list(spans)
    for start, end in covered:
        left = [
            part
            for span in left
            for part in (Span(span.start, min(span.end, start)), Span(max(span.start, end), span.end))
            if part.start < part.end
        ]
    return left
