"""Which price values a position: the venue's mark, else the mid of a fresh and uncrossed quote, else the last trade if
it is young enough, else the newest of them all, flagged stale. Zero and NaN are never taken."""

import math
from decimal import Decimal
from enum import StrEnum

import msgspec

from jtrader.domain.market import Mark, Quote, Trade
from jtrader.domain.money import round_half_even
from jtrader.domain.times import MINUTE, SECOND

MARK_UNIT = Decimal("0.00000001")


class Source(StrEnum):
    MARK = "mark"
    MID = "mid"
    LAST = "last"
    PREVIOUS = "previous"


class Ages(msgspec.Struct, frozen=True, kw_only=True):
    """How old each may be, ns of market time."""

    mark: int = MINUTE
    mid: int = 10 * SECOND
    last: int = MINUTE


class Valued(msgspec.Struct, frozen=True):
    """A price to 8 decimals, what it is, and its own market time."""

    price: Decimal
    source: Source
    ts: int

    @property
    def is_stale(self) -> bool:
        return self.source is Source.PREVIOUS


AGES = Ages()


def valued(mark: Mark | None, quote: Quote | None, last: Trade | None, now: int, ages: Ages = AGES) -> Valued | None:
    """None where nothing usable was ever seen."""
    mid = quote.mid if quote is not None and 0 < quote.bid < quote.ask < math.inf else math.nan
    candidates = [
        (Source.MARK, mark.mark if mark else math.nan, mark.ts if mark else 0, ages.mark),
        (Source.MID, mid, quote.ts if quote else 0, ages.mid),
        (Source.LAST, last.price if last else math.nan, last.ts if last else 0, ages.last),
    ]
    usable = [one for one in candidates if 0 < one[1] < math.inf]
    for source, price, ts, age in usable:
        if now - ts <= age:
            return Valued(_exact(price), source, ts)
    if not usable:
        return None
    _, price, ts, _ = max(usable, key=lambda one: one[2])
    return Valued(_exact(price), Source.PREVIOUS, ts)


def _exact(price: float) -> Decimal:
    return round_half_even(Decimal(repr(price)), MARK_UNIT)
