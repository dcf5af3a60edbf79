"""Whether a page of candles may be stored. A doubtful candle is put aside with its reason; it never stops the rest."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from jtrader.domain.errors import BadInput
from jtrader.domain.ids import InstrumentId
from jtrader.domain.market import Candle, check_candle
from jtrader.domain.times import MINUTE, Span, iso


class Doubt(NamedTuple):
    candle: Candle
    reason: str


class Checked(NamedTuple):
    good: list[Candle]
    doubtful: list[Doubt]
    reached: int
    """After the newest minute that stands in order, ns; the span's start where the page tells nothing of the span."""


def check(page: Sequence[Candle], instrument: InstrumentId, span: Span) -> Checked:
    """Sorts a page that was asked for `span`: right instrument, whole minutes, inside the span, ascending, one candle
    a minute, prices and volume sane. A repeat that says the same is dropped."""
    last = -1
    for candle in page:
        if not _is_plain(candle, instrument, span, last):
            return _sorted_out(page, instrument, span)
        last = candle.ts
    return Checked(list(page), [], last + MINUTE if page else span.start)


def _is_plain(candle: Candle, instrument: InstrumentId, span: Span, last: int) -> bool:
    """Nothing is wrong with it: what nearly every candle is, told at once. NaN compares with nothing."""
    return (
        last < candle.ts
        and candle.ts % MINUTE == 0
        and span.start <= candle.ts < span.end
        and 0.0 < candle.low <= candle.open <= candle.high < math.inf
        and candle.low <= candle.close <= candle.high
        and 0.0 <= candle.volume < math.inf
        and candle.instrument == instrument
    )


def _sorted_out(page: Sequence[Candle], instrument: InstrumentId, span: Span) -> Checked:
    """Candle by candle. Of minutes that stand out of order as few as possible are doubted."""
    order = _longest_ascending(list(dict.fromkeys(row.ts for row in page if span.start <= row.ts < span.end)))
    in_order = set(order)
    first: dict[int, Candle] = {}
    good: list[Candle] = []
    doubtful = []
    for candle in page:
        reason = _fault(candle, instrument, span)
        if reason is None and candle.ts in first:
            if first[candle.ts] == candle:
                continue
            reason = f"a second candle of {iso(candle.ts)} that differs from the first"
        elif reason is None:
            first[candle.ts] = candle
            reason = None if candle.ts in in_order else f"{iso(candle.ts)} is out of the page's order"
        if reason is None:
            good.append(candle)
        else:
            doubtful.append(Doubt(candle, reason))
    return Checked(good, doubtful, order[-1] // MINUTE * MINUTE + MINUTE if order else span.start)


def _fault(candle: Candle, instrument: InstrumentId, span: Span) -> str | None:
    """What is wrong with it by itself."""
    if candle.instrument != instrument:
        return f"it is of {candle.instrument}, asked for was {instrument}"
    if candle.ts % MINUTE:
        return f"{iso(candle.ts)} is not the start of a minute"
    if not span.start <= candle.ts < span.end:
        return f"{iso(candle.ts)} is outside the range that was asked for, {iso(span.start)} to {iso(span.end)}"
    try:
        check_candle(candle)
    except BadInput as error:
        return str(error)
    return None


def _longest_ascending(times: Sequence[int]) -> list[int]:
    """The longest ascending part of different times: https://en.wikipedia.org/wiki/Longest_increasing_subsequence"""
    ends: list[int] = []
    """Of the ascending parts of each length the one that ends lowest."""
    before: dict[int, int | None] = {}
    for ts in times:
        length = bisect_left(ends, ts)
        before[ts] = ends[length - 1] if length else None
        ends[length : length + 1] = [ts]
    at = ends[-1] if ends else None
    found = []
    while at is not None:
        found.append(at)
        at = before[at]
    return found[::-1]
