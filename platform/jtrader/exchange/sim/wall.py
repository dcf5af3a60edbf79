"""The venue's wall clock: what its time answers tell and its signature checks go by."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_offset_ns: ContextVar[int] = ContextVar("offset_ns", default=0)


def venue_wall_ns() -> int:
    """Wall time in ns as the venue believes it during this request."""
    return time.time_ns() + _offset_ns.get()


@contextmanager
def clock_off_by(offset_ns: int) -> Iterator[None]:
    """Within it the venue's clock is wrong by so much; other requests don't see that."""
    token = _offset_ns.set(offset_ns)
    try:
        yield
    finally:
        _offset_ns.reset(token)
