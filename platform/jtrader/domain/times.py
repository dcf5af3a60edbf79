"""Time is UTC in int nanoseconds since 1970 (`Nanos`). Trading days run from 00:00 to 00:00 UTC (the cut)."""

import datetime as dt
from typing import NamedTuple, NewType

from jtrader.domain.errors import BadInput

Nanos = NewType("Nanos", int)

MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Span(NamedTuple):
    """[start, end), ns."""

    start: int
    end: int

    @property
    def minutes(self) -> int:
        return (self.end - self.start) // MINUTE


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def nanos(moment: dt.datetime) -> Nanos:
    """An aware datetime as nanoseconds; exact to the microsecond. Raises BadInput for a naive one."""
    if moment.tzinfo is None:
        raise BadInput(f"time {moment.isoformat()} has no zone; write it in UTC, for example 2026-01-15T15:30:00Z")
    delta = moment - _EPOCH
    return Nanos((delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * 1_000)


def parse_time(text: str) -> Nanos:
    """ISO 8601 with a zone, or a plain date (its 00:00 UTC). Raises BadInput otherwise."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"'{text}' is not a time; write 2026-01-15 or 2026-01-15T15:30:00Z") from error
    if moment.tzinfo is None and len(text) == len("2026-01-15"):
        moment = moment.replace(tzinfo=dt.UTC)
    return nanos(moment)


def to_datetime(ts: int) -> dt.datetime:
    """Nanoseconds as an aware UTC datetime (cut to the microsecond)."""
    return _EPOCH + dt.timedelta(microseconds=ts // 1_000)


def iso(ts: int) -> str:
    """`2026-01-15T15:30:00.250Z`; milliseconds are left out when zero."""
    text = to_datetime(ts).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return text.removesuffix(".000") + "Z"


def from_millis(millis: int) -> Nanos:
    return Nanos(millis * MILLISECOND)


def to_millis(ts: int) -> int:
    return ts // MILLISECOND


def day_bounds(day: dt.date) -> tuple[Nanos, Nanos]:
    """The trading day `[start, end)`: from its 00:00 UTC to the next day's."""
    start = nanos(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC))
    return start, Nanos(start + DAY)
