"""What a venue tells a page at a time, read whole: whichever end of the asked time it begins with."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from jtrader.domain.errors import Broken

Row = dict[str, Any]


class Paged(NamedTuple):
    """`pages`: how many of them brought something new."""

    rows: list[Row]
    pages: int


async def by_time(
    ask: Callable[[int, int | None], Awaitable[Sequence[Row]]], since: int, until: int | None, page: int
) -> Paged:
    """`ask(since, until)` gives one page of the rows between, both included (ms; no `until` = up to now). What lies
    before and behind a page is asked for until nothing new comes. Raises Broken where something may be left out: the
    venue heeds no `until`, or has more rows of one moment than it tells at once."""
    found: dict[tuple[Any, Any], Row] = {}
    spans, pages = [(since, until)], 0
    while spans:
        first, last = spans.pop()
        rows = await ask(first, last)
        fresh = {key: row for row in rows if (key := _key(row)) not in found}
        times = [_millis(row) for row in rows]
        if fresh:
            found |= fresh
            pages += 1
            spans += [(first, min(times) + 1), (max(times), last)]
        elif rows and (len(rows) >= page or await _is_more(ask, first, min(times) - 1)):
            raise Broken(f"the venue's rows from {first} to {last} (ms) can't be read whole: {len(rows)} and no others")
    return Paged(list(found.values()), pages)


async def _is_more(ask: Callable[[int, int | None], Awaitable[Sequence[Row]]], first: int, last: int) -> bool:
    return first <= last and any(first <= _millis(row) <= last for row in await ask(first, last))


async def by_cursor(ask: Callable[[Mapping[str, Any]], Awaitable[Sequence[Row]]], cursor: Sequence[str]) -> Paged:
    """From the newest back. `cursor`: see CcxtMarket; `ask` gets it as a parameter."""
    param, *fields = cursor
    found: dict[tuple[Any, Any], Row] = {}
    older: dict[str, Any] = {}
    pages = 0
    while rows := await ask(older):
        fresh = {key: row for row in rows if (key := _key(row)) not in found}
        if not fresh:
            raise Broken(f"the venue heeds no '{param}': what is older than {older.get(param)} can't be read")
        found |= fresh
        pages += 1
        older = {param: str(min(_number(row, fields) for row in rows))}
    return Paged(list(found.values()), pages)


def _key(row: Row) -> tuple[Any, Any]:
    """Both sides of a trade with oneself have its number."""
    return row["id"], row.get("order")


def _millis(row: Row) -> int:
    try:
        return int(row["timestamp"])
    except (KeyError, TypeError, ValueError) as error:
        raise Broken(f"a row has no time: {row}") from error


def _number(row: Row, fields: Sequence[str]) -> int:
    info = row.get("info") or {}
    try:
        return int(next(info[field] for field in fields if info.get(field)))
    except (StopIteration, ValueError) as error:
        raise Broken(f"a row has no number in {', '.join(fields)}: {row}") from error
