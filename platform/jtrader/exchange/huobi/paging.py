"""Reading a range that HTX serves in windows of some days and in pages."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from jtrader.domain.errors import BadInput
from jtrader.domain.times import DAY, MINUTE, to_millis
from jtrader.exchange.huobi.rows import Row

WINDOW = 2 * DAY
"""How much time one query of own trades or of ledger rows may span, in ns."""
KEPT = 120 * DAY
"""Older than this HTX tells nothing of an account."""
MOST_PAGES = 10_000


async def in_windows(
    read: Callable[[int, int], Awaitable[Sequence[Row]]], start: int, end: int, now: int, width: int = WINDOW
) -> list[Row]:
    """The rows of [start, end) in ns, `now` being the venue's time. `read` is asked for [first ms, last ms], at most
    `width` and both included, the newest first. Of a range that begins before what the venue keeps all is read that it
    still tells, however long nothing happened in between."""
    found: list[Row] = []
    oldest, last = max(start, now - KEPT), min(end, now + MINUTE)
    while last > oldest:
        first = max(oldest, last - width)
        found += await read(to_millis(first), to_millis(last - 1))
        last = first
    return found


async def all_pages(
    ask: Callable[[str | None], Awaitable[Sequence[Row]]], size: int, cursor: Callable[[Row], Any]
) -> list[Row]:
    """Every row of a query that is asked with the last row's cursor until a page is not full. A page that brings
    nothing new ends it: some endpoints begin with the row that was named."""
    found: dict[str, Row] = {}
    at: str | None = None
    for _ in range(MOST_PAGES):
        page = await ask(at)
        fresh = [row for row in page if str(cursor(row)) not in found]
        found.update((str(cursor(row)), row) for row in fresh)
        if len(page) < size or not fresh:
            return list(found.values())
        at = str(cursor(page[-1]))
    raise BadInput(f"more than {MOST_PAGES} pages of {size} rows; ask for a shorter time")
