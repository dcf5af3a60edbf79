"""Whether a page of candles may be stored. A doubtful candle is put aside with its reason; it never stops the rest."""

import math
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


def check(page: Sequence[Candle], instrument: InstrumentId, span: Span) -> Checked:
    """Sorts a page that was asked for `span`: right instrument, whole minutes, inside the span, ascending, one candle
    a minute, prices and volume sane. A repeat that says the same is dropped."""
    good: list[Candle] = []
    doubtful = []
    for candle in page:
        if _is_plain(candle, instrument, span, good[-1].ts if good else -1):
            good.append(candle)
            continue
        if good and candle == good[-1]:
            continue
        reason = _doubt(candle, instrument, span, good)
        if reason is None:
            good.append(candle)
        else:
            doubtful.append(Doubt(candle, reason))
    return Checked(good, doubtful)


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


def _doubt(candle: Candle, instrument: InstrumentId, span: Span, good: Sequence[Candle]) -> str | None:
    if candle.instrument != instrument:
        return f"it is of {candle.instrument}, asked for was {instrument}"
    if candle.ts % MINUTE:
        return f"{iso(candle.ts)} is not the start of a minute"
    if not span.start <= candle.ts < span.end:
        return f"{iso(candle.ts)} is outside the range that was asked for, {iso(span.start)} to {iso(span.end)}"
    if good and candle.ts == good[-1].ts:
        return f"a second candle of {iso(candle.ts)} that differs from the first"
    if good and candle.ts < good[-1].ts:
        return f"{iso(candle.ts)} comes after {iso(good[-1].ts)}"
    try:
        check_candle(candle)
    except BadInput as error:
        return str(error)
    return None
